import { spawn } from 'node:child_process';

/**
 * Runs a command to its end.
 * @returns {Promise<{code: number | null, output: string, timedOut: boolean}>} never rejects; a command that cannot be started has code null
 * options.stdio 'inherit' shows the output live (then `output` is empty); 'capture' collects stdout and stderr together.
 */
export function run(command, args, { cwd, env = process.env, stdio = 'capture', timeoutMs = 600_000 } = {}) {
  return new Promise((resolve) => {
    let output = '';
    let timedOut = false;
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: stdio === 'inherit' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32' && /\.cmd$/.test(command),
    });
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const collect = (chunk) => {
      output = (output + chunk).slice(-200_000);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.once('error', (error) => {
      clearTimeout(timer);
      resolve({ code: null, output: `${output}${error.message}`, timedOut });
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output, timedOut });
    });
  });
}

/** Ends one child that we started: asks first, insists after graceMs. Resolves when it has ended. */
export function stopChild(child, { signal = 'SIGTERM', graceMs = 8_000 } = {}) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill(signal);
  });
}
