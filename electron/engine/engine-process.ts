import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** An engine that we started, whichever kind of process carries it. */
export interface EngineProcess {
  onLine(listener: (line: string) => void): void;
  onErrorOutput(listener: (text: string) => void): void;
  /** Called once; `reason` is for a person. */
  onExit(listener: (reason: string) => void): void;
  /** Asks it to drain and stop. */
  terminate(): void;
  /** Ends it at once. */
  kill(): void;
}

/** Starts `drydock up` for these mesh files; it prints its ready line on stdout. */
export type LaunchEngine = (meshFiles: readonly string[]) => EngineProcess;

export interface NodeEngineOptions {
  /** The Node that runs the engine. */
  node: string;
  /** The command line's script. */
  script: string;
  home: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
}

export function engineArguments(home: string, meshFiles: readonly string[]): string[] {
  return ['up', '--json', '--headless', '--home', home, ...meshFiles.flatMap((file) => ['-f', file])];
}

/** In development and tests the engine runs on the project's own Node, straight from its sources. */
export function launchWithNode(options: NodeEngineOptions): LaunchEngine {
  return (meshFiles) => {
    const child = spawn(options.node, [options.script, ...engineArguments(options.home, meshFiles)], {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    return fromChildProcess(child);
  };
}

function fromChildProcess(child: ChildProcess): EngineProcess {
  let failure = '';
  child.once('error', (error) => {
    failure = error.message;
  });
  return {
    onLine: (listener) => readLines(child.stdout, listener),
    onErrorOutput: (listener) => child.stderr?.on('data', (chunk: Buffer) => listener(chunk.toString())),
    onExit: (listener) => {
      let told = false;
      const tell = (reason: string) => {
        if (!told) listener(reason);
        told = true;
      };
      child.once('close', (code, signal) => tell(failure || describeExit(code, signal)));
      child.once('error', (error) => {
        if (child.pid === undefined) tell(error.message);
      });
    },
    terminate: () => child.kill('SIGTERM'),
    kill: () => child.kill('SIGKILL'),
  };
}

export function readLines(stream: Readable | null, listener: (line: string) => void): void {
  if (stream) createInterface({ input: stream }).on('line', listener);
}

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ? `ended by ${signal}` : `exit code ${code ?? 'unknown'}`;
}
