import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../shared/clock.ts';
import type { LineRing } from './line-ring.ts';
import type { Watchdog } from './watchdog.ts';

export interface ProcessOptions {
  command: string;
  cwd: string;
  env: Record<string, string>;
  output: LineRing;
  watchdog: Watchdog;
  clock: Clock;
  onExit: (exit: ProcessExit) => void;
}
/** `error` is set when the command could not be started at all. */
export interface ProcessExit {
  code: number | null;
  signal: string | null;
  error: string;
}
export interface ServiceProcess {
  readonly pid: number | null;
  /** SIGTERM to the whole group, SIGKILL after `graceMs`; resolves when the process has exited. */
  stop(graceMs: number): Promise<void>;
}

/** The command runs only once the watchdog guards its group, so that not even a kill in between leaves an orphan. */
const gate = 'read -r go <&3 || exit 125; exec 3<&-; exec /bin/sh -c "$1"';

/** Starts a command in a process group of its own. */
export function startProcess(options: ProcessOptions): ServiceProcess {
  const child = process.platform === 'win32' ? spawnWindows(options) : spawnPosix(options);
  const exited = new Promise<void>((resolve) => {
    let done = false;
    const finish = (exit: ProcessExit) => {
      if (done) return;
      done = true;
      if (child.pid !== undefined) {
        signalGroup(child.pid, 'SIGKILL'); // whatever it left behind would keep its port
        options.watchdog.release(child.pid);
      }
      resolve();
      options.onExit(exit);
    };
    child.on('error', (error) => finish({ code: null, signal: null, error: error.message }));
    child.on('exit', (code, signal) => finish({ code, signal, error: '' }));
  });
  for (const name of ['stdout', 'stderr'] as const) {
    const sink = options.output.sink(name);
    child[name]?.on('data', sink.write);
    child[name]?.on('end', sink.end);
  }
  return {
    pid: child.pid ?? null,
    stop: async (graceMs) => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return exited;
      signalGroup(child.pid, 'SIGTERM');
      const timer = options.clock.setTimer(() => signalGroup(child.pid!, 'SIGKILL'), graceMs);
      await exited;
      timer.cancel();
    },
  };
}

function spawnPosix({ command, cwd, env, watchdog }: ProcessOptions): ChildProcess {
  const child = spawn('/bin/sh', ['-c', gate, 'drydock', command], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const go = child.stdio[3] as NodeJS.WritableStream | null | undefined;
  go?.on('error', () => {}); // the command ended first; its exit is reported
  if (child.pid !== undefined) watchdog.guard(child.pid);
  go?.end('go\n');
  return child;
}

function spawnWindows({ command, cwd, env }: ProcessOptions): ChildProcess {
  return spawn(command, { cwd, env, shell: true, windowsHide: true, stdio: ['ignore', 'pipe', 'pipe'] });
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).on('error', () => {});
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
