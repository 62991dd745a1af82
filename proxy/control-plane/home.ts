import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/** What another process needs to find and use the running engine; `<home>/engine.json`, mode 0600. */
export interface EngineFile {
  pid: number;
  url: string;
  token: string;
  /** The mesh files and folders it was started with, absolute: who starts another in its place opens the same. */
  paths?: string[];
}

/** `$DRYDOCK_HOME`, else the platform's folder for application data. */
export function defaultHome(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  if (environment.DRYDOCK_HOME) return path.resolve(environment.DRYDOCK_HOME);
  if (process.platform === 'darwin') return path.join(homedir(), 'Library', 'Application Support', 'drydock');
  if (process.platform === 'win32')
    return path.join(environment.LOCALAPPDATA ?? path.join(homedir(), 'AppData', 'Local'), 'drydock');
  return path.join(environment.XDG_DATA_HOME ?? path.join(homedir(), '.local', 'share'), 'drydock');
}

const engineFilePath = (home: string): string => path.join(home, 'engine.json');
const lockPath = (home: string): string => path.join(home, 'engine.lock');

/** The engine of this home, or null when none runs: a file left by one that died is not taken for a running engine. */
export async function readEngineFile(home: string): Promise<EngineFile | null> {
  const file = (await readJson(engineFilePath(home))) as Partial<EngineFile> | null;
  const lock = (await readJson(lockPath(home))) as Partial<Lock> | null;
  if (!file || typeof file.pid !== 'number' || typeof file.url !== 'string' || typeof file.token !== 'string') return null;
  if (!lock || lock.pid !== file.pid || !isHeld(lock)) return null;
  const paths = Array.isArray(file.paths) ? file.paths.filter((one) => typeof one === 'string') : [];
  return { pid: file.pid, url: file.url, token: file.token, paths };
}

interface Lock {
  pid: number;
  /** When the process started, as the system tells: a process id may be another program's by now. */
  started: string;
}

export class HomeBusy extends Error {
  override name = 'HomeBusy';
}

export interface HomeLock {
  /** Tells other processes where the engine is. */
  publish(engine: EngineFile): Promise<void>;
  release(): Promise<void>;
}

/** Takes the home folder for this process, or throws HomeBusy with the running engine's pid and URL. */
export async function lockHome(home: string): Promise<HomeLock> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const lock: Lock = { pid: process.pid, started: startOf(process.pid) };
  for (let tries = 0; ; tries++) {
    if (await createExclusively(lockPath(home), JSON.stringify(lock))) break;
    const held = (await readJson(lockPath(home))) as Lock | null;
    if (held && isHeld(held)) throw new HomeBusy(await busyMessage(home, held.pid));
    if (tries >= 3) throw new HomeBusy(`The lock ${lockPath(home)} can neither be taken nor removed`);
    await rm(lockPath(home), { force: true });
  }
  await rm(engineFilePath(home), { force: true });
  return {
    publish: async (engine) => {
      const temporary = `${engineFilePath(home)}.${process.pid}.tmp`;
      await writeFile(temporary, `${JSON.stringify(engine)}\n`, { mode: 0o600 });
      await chmod(temporary, 0o600);
      await rename(temporary, engineFilePath(home));
    },
    release: async () => {
      await rm(engineFilePath(home), { force: true });
      await rm(lockPath(home), { force: true });
    },
  };
}

async function busyMessage(home: string, pid: number): Promise<string> {
  const file = (await readJson(engineFilePath(home))) as Partial<EngineFile> | null;
  const where = file?.pid === pid && file.url ? ` at ${file.url}` : '';
  return (
    `An engine already runs for ${home} (pid ${pid}${where}). Use it (drydock status, drydock apply -f …, drydock open), ` +
    'stop it with drydock down, or start another one with --home DIR'
  );
}

function isHeld(lock: Partial<Lock>): boolean {
  if (typeof lock.pid !== 'number') return false;
  try {
    process.kill(lock.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(lock.pid) === lock.started;
}

/** A mark that differs between two processes that had the same id; '' where the system does not tell. */
function startOf(pid: number): string {
  try {
    if (process.platform === 'win32') return '';
    if (process.platform === 'linux') {
      // State and start (fields 3 and 22 of /proc/PID/stat), counted after the name, which may hold spaces.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
      // Killed, and not yet collected by its parent: it holds nothing any more.
      return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? '');
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    }).trim();
  } catch {
    return ''; // no such process, or no ps
  }
}

async function createExclusively(file: string, content: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.writeFile(content);
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null; // absent, or half written by a process that died
  }
}
