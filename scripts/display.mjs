import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { SetupError } from './log.mjs';
import { stopChild } from './processes.mjs';

/** Whether a window can be shown to somebody. */
export function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/**
 * A display without a screen, for tests. Xvfb itself picks a free number and says which when it is ready.
 * @returns {Promise<{display: string, stop(): Promise<void>}>}
 */
export async function startVirtualDisplay({ size = '1600x1000x24' } = {}) {
  if (!existsSync('/usr/bin/Xvfb')) {
    throw new SetupError('there is no display, and Xvfb is not installed.', 'sudo apt-get install -y xvfb');
  }
  const child = spawn('/usr/bin/Xvfb', ['-displayfd', '3', '-screen', '0', size, '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const number = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new SetupError('Xvfb did not start in 15 s.')), 15_000);
    child.stdio[3].once('data', (chunk) => {
      clearTimeout(timer);
      resolve(chunk.toString().trim());
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new SetupError(`Xvfb ended with exit code ${code}.`));
    });
  });
  return { display: `:${number}`, stop: () => stopChild(child, { graceMs: 2_000 }) };
}

/** Chromium's sandbox needs an ordinary user and user namespaces; says why when it must be left out. */
export function sandboxSwitches() {
  if (process.platform !== 'linux') return { switches: [], reason: '' };
  if (process.getuid?.() === 0) return { switches: ['--no-sandbox'], reason: 'running as root' };
  const restricted =
    readSetting('/proc/sys/kernel/unprivileged_userns_clone') === '0' ||
    readSetting('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1';
  return restricted
    ? { switches: ['--no-sandbox'], reason: 'this kernel forbids user namespaces' }
    : { switches: [], reason: '' };
}

function readSetting(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return ''; // kernels without the setting do not restrict
  }
}
