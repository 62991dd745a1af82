import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';

/** Who listens on a TCP port: `node (pid 4711): node server.js`; '' when it cannot be told. Linux: /proc; elsewhere: lsof. */
export async function findPortOwner(port: number): Promise<string> {
  try {
    return process.platform === 'linux' ? await ownerFromProc(port) : await ownerFromLsof(port);
  } catch {
    return ''; // the owner is a courtesy: another user's process, or no lsof
  }
}

async function ownerFromProc(port: number): Promise<string> {
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const lines = (await readFile(table, 'utf8').catch(() => '')).split('\n').slice(1);
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      const listening = fields[3] === '0A';
      if (listening && Number.parseInt(fields[1]?.split(':')[1] ?? '', 16) === port) inodes.add(fields[9] ?? '');
    }
  }
  if (inodes.size === 0) return '';
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (target.startsWith('socket:[') && inodes.has(target.slice(8, -1))) return describeProcess(pid);
    }
  }
  return '';
}

async function describeProcess(pid: string): Promise<string> {
  const [name, command] = await Promise.all(
    ['comm', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
  );
  // Node calls its main thread MainThread, which says nothing about the program.
  const program = name!.trim() === 'MainThread' ? path.basename(command!.split('\0')[0]!) : name!.trim();
  return `${program} (pid ${pid}): ${command!.replaceAll('\0', ' ').trim().slice(0, 120)}`;
}

function ownerFromLsof(port: number): Promise<string> {
  return new Promise((resolve) => {
    execFile('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { timeout: 2000 }, (_error, stdout) => {
      const field = (letter: string) =>
        stdout
          .split('\n')
          .find((line) => line.startsWith(letter))
          ?.slice(1);
      const [pid, command] = [field('p'), field('c')];
      resolve(pid ? `${command ?? 'a process'} (pid ${pid})` : '');
    });
  });
}
