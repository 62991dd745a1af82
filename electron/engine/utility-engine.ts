import type { Readable } from 'node:stream';
import { utilityProcess } from 'electron';
import { engineArguments, type LaunchEngine, readLines } from './engine-process.ts';

/** In the packaged app the engine is the bundled one, on Electron's own Node; there is no other Node to rely on. */
export function launchAsUtility(options: { script: string; home: string; cwd: string; env: NodeJS.ProcessEnv }): LaunchEngine {
  return (meshFiles) => {
    const child = utilityProcess.fork(options.script, engineArguments(options.home, meshFiles), {
      cwd: options.cwd,
      env: options.env as Record<string, string>,
      stdio: ['ignore', 'pipe', 'pipe'],
      serviceName: 'Drydock engine',
    });
    return {
      onLine: (listener) => readLines(child.stdout as Readable | null, listener),
      onErrorOutput: (listener) => child.stderr?.on('data', (chunk: Buffer) => listener(chunk.toString())),
      onExit: (listener) => child.once('exit', (code) => listener(`exit code ${code}`)),
      terminate: () => child.kill(),
      kill: () => {
        if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
      },
    };
  };
}
