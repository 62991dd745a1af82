import { appendFile, mkdir, stat, truncate } from 'node:fs/promises';
import path from 'node:path';

const maxBytes = 5 * 1024 * 1024;

/** One line per happening in `<home>/logs/engine.log`. Never a token, a header or a body. */
export class EngineLog {
  readonly #file: string;
  readonly #wallNow: () => number;
  #queue: Promise<void>;

  constructor(home: string, wallNow: () => number) {
    this.#file = path.join(home, 'logs', 'engine.log');
    this.#wallNow = wallNow;
    // A home that takes nothing is told by whoever needs it.
    this.#queue = this.#prepare().catch(() => undefined);
  }

  write(line: string): void {
    const text = `${new Date(this.#wallNow()).toISOString()} ${line.replaceAll('\n', '\n  ')}\n`;
    // A full disk must not stop the mesh: the line is lost, the events table has what matters.
    this.#queue = this.#queue.then(() => appendFile(this.#file, text, { mode: 0o600 })).catch(() => undefined);
  }

  flush(): Promise<void> {
    return this.#queue;
  }

  async #prepare(): Promise<void> {
    await mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
    const info = await stat(this.#file).catch(() => null);
    if (info && info.size > maxBytes) await truncate(this.#file);
  }
}
