import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unusedPort } from '../../testing/unused-port.ts';
import { poll, RawClient } from './kit.ts';

/* A PostgreSQL server of our own, and the few messages of its protocol a test needs (PostgreSQL documentation, "Frontend/Backend Protocol"). */

/** Debian keeps the server outside PATH. */
function findServer(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  for (const version of versions) {
    const folder = path.join(debian, version, 'bin');
    if (existsSync(path.join(folder, 'initdb')) && existsSync(path.join(folder, 'postgres'))) return folder;
  }
  return null;
}

/** The server refuses to run as root: then it runs as whoever this names. */
function userForServer(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, name]).stdout.toString().trim() || Number.NaN));
    if (Number.isInteger(uid) && Number.isInteger(gid)) return { uid: uid!, gid: gid! };
  }
  return null;
}

export const postgresFolder = findServer();

/** A fresh cluster in a temporary folder, trusting every connection over loopback. */
export class PostgresServer {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port;
    this.#child = child;
    this.#folder = folder;
  }

  static async start(binaries: string): Promise<PostgresServer> {
    const folder = mkdtempSync(path.join(tmpdir(), 'drydock-postgres-'));
    const user = userForServer();
    chmodSync(folder, 0o700);
    if (user !== null) chownSync(folder, user.uid, user.gid);
    const data = path.join(folder, 'data');
    const run = { cwd: folder, ...(user ?? {}) };
    const made = spawnSync(
      path.join(binaries, 'initdb'),
      ['-D', data, '-U', 'drydock', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
      run,
    );
    if (made.status !== 0) {
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`initdb: ${made.stderr?.toString() ?? made.error?.message}`);
    }
    const port = await unusedPort();
    const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', max_connections: '20' };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const child = spawn(path.join(binaries, 'postgres'), ['-D', data, '-p', String(port), ...options], {
      ...run,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2_000);
    });
    const server = new PostgresServer(port, child, folder);
    const ready = await poll(
      () => said.includes('ready to accept connections') || child.exitCode !== null,
      (over) => over,
    );
    if (!ready || child.exitCode !== null) {
      await server.stop();
      throw new Error(`postgres: ${said}`);
    }
    return server;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      // SIGINT: fast shutdown, sessions are cut.
      this.#child.kill('SIGINT');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3_000);
      await new Promise((resolve) => this.#child.once('exit', resolve));
      clearTimeout(timer);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface Message {
  /** One letter: R authentication, S parameter, Z ready, T row description, D row, C complete, E error, N notice. */
  type: string;
  body: Buffer;
}

/** A session: startup, simple queries, copy. */
export class PostgresClient {
  readonly raw: RawClient;
  readonly #arrived: Message[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #bare = 0;

  constructor(port: number) {
    this.raw = new RawClient(port);
    this.raw.socket.prependListener('data', (chunk: Buffer) => this.#onData(chunk));
  }

  /** The one byte the server answers to SSLRequest: S or N. It is the only message without a type. */
  async askForTls(): Promise<string> {
    this.#bare = 1;
    this.raw.socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]));
    await this.raw.until(({ bytes }) => bytes >= 1);
    return this.raw.text[0]!;
  }

  /** Logs in; all messages up to ReadyForQuery. */
  startup(): Promise<Message[]> {
    const parameters = Buffer.from('user\0drydock\0database\0postgres\0\0');
    const head = Buffer.alloc(8);
    head.writeUInt32BE(8 + parameters.length, 0);
    head.writeUInt32BE(0x00030000, 4);
    this.raw.socket.write(Buffer.concat([head, parameters]));
    return this.untilReady();
  }

  send(type: string, body: Buffer | string): void {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(`${body}\0`);
    const head = Buffer.alloc(5);
    head.write(type, 'latin1');
    head.writeUInt32BE(4 + bytes.length, 1);
    this.raw.socket.write(Buffer.concat([head, bytes]));
  }

  query(sql: string): Promise<Message[]> {
    this.send('Q', sql);
    return this.untilReady();
  }

  untilReady(): Promise<Message[]> {
    return this.until('Z');
  }

  /** Messages up to the first of this type. */
  async until(type: string): Promise<Message[]> {
    const messages: Message[] = [];
    while (messages.at(-1)?.type !== type) {
      const message = this.#arrived.shift();
      if (message !== undefined) {
        messages.push(message);
        continue;
      }
      await this.raw.until(({ closed }) => this.#arrived.length > 0 || closed);
      if (this.raw.closed && this.#arrived.length === 0) throw new Error(`closed; got ${messages.map((m) => m.type).join('')}`);
    }
    return messages;
  }

  #onData(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    bytes = bytes.subarray(this.#bare);
    this.#bare = 0;
    while (bytes.length >= 5) {
      const end = 1 + bytes.readUInt32BE(1);
      if (bytes.length < end) break;
      this.#arrived.push({ type: String.fromCharCode(bytes[0]!), body: bytes.subarray(5, end) });
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }
}

/** Columns of a DataRow as text. */
export function rowOf({ body }: Message): string[] {
  const columns: string[] = [];
  let at = 2;
  for (let n = body.readUInt16BE(0); n > 0; n--) {
    const length = body.readInt32BE(at);
    columns.push(length < 0 ? '' : body.toString('utf8', at + 4, at + 4 + length));
    at += 4 + Math.max(0, length);
  }
  return columns;
}
