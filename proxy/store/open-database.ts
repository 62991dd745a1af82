import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database as Connection } from 'better-sqlite3';
import Database from 'better-sqlite3';
import { classifyError, describeError } from './errors.ts';
import { migrate, readSchemaVersion, schemaVersion } from './migrations.ts';

/**
 * Two connections to one file, used by one thread, so they never wait for each other:
 *
 *   telemetry  synchronous=NORMAL: a commit survives the process, not necessarily the machine
 *   durable    synchronous=FULL:   a commit is in the write-ahead log on disk (fsync) before it returns
 */
export interface OpenedDatabase {
  telemetry: Connection;
  durable: Connection;
  /** Set when a file that could not be used was put aside. */
  quarantined: { file: string; reason: string } | null;
}

export type OpenOutcome =
  | { ok: true; database: OpenedDatabase }
  /** newer-schema and locked are for a person; unavailable (disk full, read only, I/O error) may pass. */
  | { ok: false; code: 'newer-schema' | 'locked' | 'unavailable'; message: string };

/** Above this size opening skips the whole-file check; corruption then shows when it is met. */
const fullCheckBytes = 64 * 1024 * 1024;

export function openDatabase(path: string, lockTimeoutMs: number, maxWalBytes: number, now: () => number): OpenOutcome {
  const refusal = refuseNewer(headerVersion(path));
  if (refusal) return refusal;
  let quarantined: OpenedDatabase['quarantined'] = null;
  for (let tries = 0; tries < 2; tries++) {
    const opened: Connection[] = [];
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      if (tries === 0 && existsSync(path) && statSync(path).size === 0) throw new UnusableFile('the file is empty');
      makePrivate(path);
      const durable = connect(path, lockTimeoutMs, maxWalBytes, 'FULL', opened);
      const newer = refuseNewer(readSchemaVersion(durable));
      if (newer) {
        closeAll(opened);
        return newer;
      }
      checkUsable(durable, path);
      durable.pragma('journal_mode = WAL');
      migrate(durable);
      const telemetry = connect(path, Math.min(lockTimeoutMs, 1000), maxWalBytes, 'NORMAL', opened);
      return { ok: true, database: { telemetry, durable, quarantined } };
    } catch (error) {
      closeAll(opened);
      const kind = error instanceof UnusableFile ? 'corrupt' : classifyError(error);
      if (kind === 'busy') return { ok: false, code: 'locked', message: lockedMessage(path, lockTimeoutMs) };
      if (kind !== 'corrupt' || tries > 0) return { ok: false, code: 'unavailable', message: describeError(error) };
      try {
        quarantined = { file: quarantine(path, now), reason: describeError(error) };
      } catch (moveError) {
        return {
          ok: false,
          code: 'unavailable',
          message: `${describeError(error)}, and it could not be put aside: ${describeError(moveError)}`,
        };
      }
    }
  }
  return { ok: false, code: 'unavailable', message: 'the database could not be opened' };
}

/** Held as long as the process lives: only one engine writes a database. Freed by the system however the process ends. */
export function acquireLock(
  path: string,
  lockTimeoutMs: number,
): { ok: true; lock: Connection | null } | { ok: false; message: string } {
  let lock: Connection | null = null;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    makePrivate(`${path}.lock`);
    lock = new Database(`${path}.lock`, { timeout: lockTimeoutMs });
    lock.exec('BEGIN EXCLUSIVE');
    return { ok: true, lock };
  } catch (error) {
    lock?.close();
    if (classifyError(error) === 'busy') return { ok: false, message: lockedMessage(path, lockTimeoutMs) };
    // A disk that cannot even hold an empty lock file: go on; opening the database will say what is wrong.
    return { ok: true, lock: null };
  }
}

/** Moves the file and its log aside; nothing is deleted. Returns the new name. */
export function quarantine(path: string, now: () => number): string {
  const stamp = new Date(now()).toISOString().replaceAll(':', '-');
  let aside = `${path}.quarantine-${stamp}`;
  for (let n = 1; existsSync(aside) && n < 1000; n++) aside = `${path}.quarantine-${stamp}-${n}`;
  renameSync(path, aside);
  for (const suffix of ['-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  return aside;
}

/**
 * It holds headers and bodies: nobody else's to read, also in a folder that others may enter. SQLite gives its log the same mode. An existing file
 * is not opened here, since closing it again would drop the locks this process holds on it.
 */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    for (const file of [path, `${path}-wal`, `${path}-shm`]) restrict(file);
  }
}

function restrict(file: string): void {
  const info = statSync(file, { throwIfNoEntry: false });
  if (!info?.isFile() || (info.mode & 0o077) === 0) return;
  try {
    chmodSync(file, 0o600);
  } catch (error) {
    // Somebody else's file, or a disk that takes no writes: whether it can be used, opening it tells.
    if (!hasCode(error, 'EPERM') && !hasCode(error, 'EROFS')) throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

class UnusableFile extends Error {}

function connect(
  path: string,
  timeoutMs: number,
  maxWalBytes: number,
  synchronous: 'FULL' | 'NORMAL',
  opened: Connection[],
): Connection {
  const connection = new Database(path, { timeout: timeoutMs });
  opened.push(connection);
  connection.pragma('auto_vacuum = INCREMENTAL');
  connection.pragma(`synchronous = ${synchronous}`);
  connection.pragma('foreign_keys = ON');
  connection.pragma('temp_store = MEMORY');
  connection.pragma(`journal_size_limit = ${maxWalBytes}`);
  return connection;
}

function checkUsable(database: Connection, path: string): void {
  const tables = Number(database.prepare('SELECT count(*) FROM sqlite_master').pluck().get());
  if (tables > 0 && readSchemaVersion(database) === 0) throw new UnusableFile('it is a database, but not one of Drydock');
  if (tables === 0 || statSync(path).size > fullCheckBytes) return;
  const verdict = String(database.prepare('PRAGMA quick_check(1)').pluck().get());
  if (verdict !== 'ok') throw new UnusableFile(verdict);
}

/** user_version from the file's header (offset 60), so that a newer database is refused without opening it; 0 when there is none. */
function headerVersion(path: string): number {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return 0; // no file yet, or unreadable: opening it will tell
  }
  try {
    const header = Buffer.alloc(64);
    if (readSync(file, header, 0, 64, 0) < 64 || header.toString('latin1', 0, 15) !== 'SQLite format 3') return 0;
    // Bytes 21..23 are 64, 32, 32 in every database: a torn header must not pass for a newer one.
    if (header[21] !== 64 || header[22] !== 32 || header[23] !== 32) return 0;
    return header.readInt32BE(60);
  } finally {
    closeSync(file);
  }
}

function refuseNewer(version: number): { ok: false; code: 'newer-schema'; message: string } | null {
  if (version <= schemaVersion) return null;
  const message =
    `the database was written by a newer Drydock (schema ${version}, this one knows ${schemaVersion}). ` +
    'It was left as it is: use that version, or another --home.';
  return { ok: false, code: 'newer-schema', message };
}

function lockedMessage(path: string, waitedMs: number): string {
  return `the database ${path} is held by another process (waited ${waitedMs / 1000} s). Is another Drydock running with this --home?`;
}

function closeAll(connections: Connection[]): void {
  for (const connection of connections) connection.close();
}
