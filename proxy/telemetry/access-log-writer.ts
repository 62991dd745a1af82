import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Clock, Timer } from '../shared/clock.ts';
import { messageOf } from '../shared/message-of.ts';
import { formatAccessLogJson, formatAccessLogLine } from './access-log.ts';

export interface AccessLogSettings {
  /** Absolute path, or `/dev/stdout` or `/dev/stderr` as in Istio's meshConfig.accessLogFile. */
  file: string;
  encoding: 'TEXT' | 'JSON';
}

export interface AccessLogOptions {
  clock: Clock;
  /** `access-log.failed`, `access-log.recovered`, `access-log.incomplete`: once per change, never per line. */
  onEvent: (event: { type: string; subject: string; message: string; data: Record<string, unknown> }) => void;
  /** Where `/dev/stdout` and `/dev/stderr` go; the process's own unless told. */
  standard?: { stdout: NodeJS.WritableStream; stderr: NodeJS.WritableStream };
}

const FLUSH_MS = 100;
/** Text waiting for a slow or broken disk; beyond it lines are lost and counted. */
const MAX_WAITING_CHARS = 8 * 1024 * 1024;
/** "Incomplete" is said at most this often. */
const TELL_MS = 60_000;
/** Opened for every write, so that a rotated file is followed; never waits for a reader of a pipe. */
const OPEN_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

/**
 * The access log of every sidecar and gateway, in one file: a line per record, appended in batches. Off until `set` names a file. Never in a
 * request's way: what cannot be written is counted and told, traffic goes on.
 *
 *   record ─▶ [ lines … ] ──100 ms──▶ append (one at a time)
 */
export class AccessLog {
  readonly #options: AccessLogOptions;
  #settings: AccessLogSettings | null = null;
  #lines: string[] = [];
  #waitingChars = 0;
  #timer: Timer | null = null;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;
  /** Lines lost since a person was told. */
  #lost = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#settings !== null;
  }

  /** Takes effect for records from now on; what waits still goes where it belonged. */
  set(settings: AccessLogSettings | null): void {
    const now = this.#settings;
    if (now?.file === settings?.file && now?.encoding === settings?.encoding) return;
    if (now?.file !== settings?.file) {
      void this.flush();
      this.#failed = false;
    }
    this.#settings = settings;
  }

  /** Already redacted exchanges. */
  record(batch: readonly ExchangeDetail[]): void {
    if (this.#settings === null || batch.length === 0) return;
    const format = this.#settings.encoding === 'JSON' ? formatAccessLogJson : formatAccessLogLine;
    for (const exchange of batch) {
      if (this.#waitingChars > MAX_WAITING_CHARS) {
        this.#lost++;
        continue;
      }
      const line = format(exchange);
      this.#lines.push(line);
      this.#waitingChars += line.length;
    }
    this.#timer ??= this.#options.clock.setTimer(() => void this.flush(), FLUSH_MS);
  }

  /** Exchanges that came without a record of their own: there is nothing to write a line from. */
  noteDropped(count: number): void {
    if (this.#settings === null || count === 0) return;
    this.#lost += count;
    this.#tellIncomplete();
  }

  /** Resolves when every line so far was written or given up. Never rejects. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    const settings = this.#settings;
    if (settings === null || this.#lines.length === 0) return this.#writing;
    const lines = this.#lines;
    this.#lines = [];
    this.#writing = this.#writing.then(() => this.#write(settings, lines));
    return this.#writing;
  }

  async close(): Promise<void> {
    await this.flush();
    this.#settings = null;
  }

  async #write(settings: AccessLogSettings, lines: string[]): Promise<void> {
    const text = lines.join('');
    try {
      await this.#append(settings.file, text);
      if (this.#failed) this.#tellRecovered(settings.file);
      else this.#tellIncomplete();
    } catch (error) {
      this.#lost += lines.length;
      if (!this.#failed) this.#tellFailed(settings.file, messageOf(error));
    } finally {
      this.#waitingChars -= text.length;
    }
  }

  async #append(file: string, text: string): Promise<void> {
    const standard = this.#options.standard ?? process;
    if (file === '/dev/stdout') return writeStream(standard.stdout, text);
    if (file === '/dev/stderr') return writeStream(standard.stderr, text);
    const handle = await open(file, OPEN_FLAGS, 0o600).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      await mkdir(path.dirname(file), { recursive: true });
      return open(file, OPEN_FLAGS, 0o600);
    });
    try {
      await handle.appendFile(text);
    } finally {
      await handle.close();
    }
  }

  #tellFailed(file: string, reason: string): void {
    this.#failed = true;
    this.#tell('failed', file, `The access log cannot be written: ${reason}. Traffic goes on; lines are lost`, { reason });
  }

  #tellRecovered(file: string): void {
    this.#failed = false;
    const lost = this.#lost;
    this.#lost = 0;
    this.#tell('recovered', file, `The access log is written again; ${lost} lines were lost`, { lost });
  }

  #tellIncomplete(): void {
    const { clock } = this.#options;
    if (this.#failed || this.#lost === 0 || this.#settings === null || clock.now() - this.#toldAt < TELL_MS) return;
    this.#toldAt = clock.now();
    const lost = this.#lost;
    this.#lost = 0;
    const message = `The access log is incomplete: ${lost} requests came faster than they could be logged`;
    this.#tell('incomplete', this.#settings.file, message, { lost });
  }

  #tell(what: string, subject: string, message: string, data: Record<string, unknown>): void {
    this.#options.onEvent({ type: `access-log.${what}`, subject, message, data });
  }
}

function writeStream(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
