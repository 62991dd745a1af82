import { StringDecoder } from 'node:string_decoder';
import type { ServiceOutput } from '../../api/status.schema.ts';

type Line = ServiceOutput['lines'][number];
const maxLines = 1000;
const maxLineLength = 4096;
/** As runtimes begin the line that says what killed them; a stack, or the runtime's version, often follows it. */
const namesError =
  /^(Uncaught |Exception in thread |Caused by: |Unhandled exception|panic:|fatal|error\b|[\w.]*(Error|Exception)\b( \[\w+\])?:)/i;

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

  /** What the service said of its end: the last error it named since it was started, else its last line; '' when it said nothing. */
  lastWords(): string {
    const start = this.#lines.findLastIndex((line) => line.stream === 'drydock');
    const said = this.#lines
      .slice(start + 1)
      .map(({ text }) => text.trim())
      .filter((text) => text !== '');
    return said.findLast((text) => namesError.test(text)) ?? said.at(-1) ?? '';
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
