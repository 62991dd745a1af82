import { StringDecoder } from 'node:string_decoder';
import type { ServiceOutput } from '../../api/status.schema.ts';

type Line = ServiceOutput['lines'][number];
const maxLines = 1000;
const maxLineLength = 4096;

/** The last lines a service wrote. */
export class LineRing {
  readonly #lines: Line[] = [];
  readonly #wallNow: () => number;

  constructor(wallNow: () => number) {
    this.#wallNow = wallNow;
  }

  add(stream: Line['stream'], text: string): void {
    const shown = text.length > maxLineLength ? `${text.slice(0, maxLineLength)}…` : text;
    this.#lines.push({ time: new Date(this.#wallNow()).toISOString(), stream, text: shown });
    if (this.#lines.length > maxLines) this.#lines.splice(0, this.#lines.length - maxLines);
  }

  list(): Line[] {
    return [...this.#lines];
  }

  /** The service's own last words. */
  last(): string {
    return this.#lines.findLast((line) => line.stream !== 'drydock' && line.text.trim() !== '')?.text ?? '';
  }

  /** A sink for one stream's bytes; `end` writes what had no line end. */
  sink(stream: Line['stream']): { write(chunk: Buffer): void; end(): void } {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    return {
      write: (chunk) => {
        const parts = (rest + decoder.write(chunk)).split('\n');
        rest = parts.pop() ?? '';
        for (const part of parts) this.add(stream, part.replace(/\r$/, ''));
        // A service that never ends its line must not grow without bound.
        if (rest.length > maxLineLength) {
          this.add(stream, rest);
          rest = '';
        }
      },
      end: () => {
        if (rest !== '') this.add(stream, rest);
        rest = '';
      },
    };
  }
}
