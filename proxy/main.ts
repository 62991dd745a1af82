import { appendFileSync } from 'node:fs';
import path from 'node:path';
import type { Ready } from './api/status.schema.ts';
import { Engine, type EngineOptions } from './engine.ts';

/** Exit code of an engine that failed while it ran: the shell starts it again. */
const crashedExitCode = 70;

export interface EngineRun {
  ready: Ready;
  /** Resolves with the exit code once the engine has stopped. */
  finished: Promise<number>;
}

/**
 * Runs the engine as this process: signals drain and stop it, a second one ends it at once, what nobody catches is written down and ends
 * the process with a code of its own. Throws StartError or HomeBusy when it cannot start.
 */
export async function runEngine(options: Omit<EngineOptions, 'onStopped'>): Promise<EngineRun> {
  let finish: (code: number) => void = () => {};
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const fatal = (error: unknown) => {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`drydock: the engine failed: ${reason}\n`);
    try {
      // Synchronously: nothing can be relied on any more.
      appendFileSync(path.join(options.home, 'crash.log'), `${new Date().toISOString()} ${reason}\n`, { mode: 0o600 });
    } finally {
      process.exit(crashedExitCode); // also when the disk takes nothing
    }
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  // A terminal or a parent that has gone must not end the mesh through its pipe.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

  let engine: Engine | null = null;
  let signalled = false;
  const stop = () => {
    if (signalled) process.exit(130);
    signalled = true;
    if (engine) void engine.stop().then(() => finish(0));
    else process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', stop);
  engine = await Engine.start({ ...options, onStopped: () => finish(0) });
  return { ready: engine.ready(), finished };
}
