import { styleText } from 'node:util';
import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { layColumns, type TableShape, toWidth, widthOf } from './columns.ts';

const usualColumns = 80;
const leastColumns = 40;

type Style = Parameters<typeof styleText>[0];

/** What a command prints. Colours and column alignment only where a person reads it. */
export class Output {
  readonly isTerminal: boolean;
  readonly #colour: boolean;
  readonly #columns: () => number | undefined;
  readonly #write: (text: string) => void;
  readonly #writeError: (text: string) => void;

  constructor(options: {
    isTerminal: boolean;
    /** Default: in a terminal. */
    colour?: boolean;
    /** Asked for every line: a window may become narrower while a command runs. */
    columns?: () => number | undefined;
    write: (text: string) => void;
    writeError: (text: string) => void;
  }) {
    this.isTerminal = options.isTerminal;
    this.#colour = options.colour ?? options.isTerminal;
    this.#columns = options.columns ?? (() => undefined);
    this.#write = options.write;
    this.#writeError = options.writeError;
  }

  /** Of the terminal; nothing is cut in a pipe. */
  get columns(): number {
    return this.isTerminal ? Math.max(leastColumns, this.#columns() || usualColumns) : Number.POSITIVE_INFINITY;
  }

  line(text = ''): void {
    this.#write(`${text}\n`);
  }
  json(value: unknown): void {
    this.#write(`${JSON.stringify(value)}\n`);
  }
  error(text: string): void {
    this.#writeError(`${text}\n`);
  }
  style(style: Style, text: string): string {
    return this.#colour ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Aligned columns for a terminal, as far as they fit; tab-separated and whole for a pipe. */
  table(header: string[], rows: string[][], shape: TableShape = {}): void {
    if (!this.isTerminal) {
      for (const row of rows) this.line(row.join('\t'));
      return;
    }
    const natural = header.map((title, i) => Math.max(title.length, ...rows.map((row) => widthOf(row[i] ?? ''))));
    const widths = layColumns(natural, this.columns, shape);
    const pad = (row: string[]) =>
      row
        .flatMap((cell, i) => (widths[i] ? [toWidth(cell, widths[i])] : []))
        .join('  ')
        .trimEnd();
    this.line(this.style('dim', pad(header)));
    for (const row of rows) this.line(pad(row));
  }

  diagnostics(diagnostics: readonly Diagnostic[]): void {
    const colours = { error: 'red', warning: 'yellow', info: 'cyan' } as const;
    for (const { severity, code, message, file, line, column, suggestion, resource } of diagnostics) {
      const place = file ? `${file}${line === undefined ? '' : `:${line}${column === undefined ? '' : `:${column}`}`}: ` : '';
      const subject = resource && !file ? `${resource}: ` : '';
      this.line(`${place}${subject}${this.style(colours[severity], severity)} ${this.style('dim', code)} ${message}`);
      if (suggestion) this.line(`    ${this.style('dim', `→ ${suggestion}`)}`);
    }
  }
}

export const milliseconds = (ms: number): string =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
