import type { ScenarioRun } from '../../api/scenario.schema.ts';
import { clip } from '../columns.ts';
import { milliseconds, type Output } from '../output.ts';
import { mark, marks } from './print-run.ts';

const barWidth = 40;

/** For a log: each entry of the journal once, as it comes. */
export class JournalLines {
  readonly #out: Output;
  /** Entries are in order of their time, and some are told late: the number of those shown says nothing. */
  readonly #shown = new Set<string>();

  constructor(out: Output) {
    this.#out = out;
  }

  show({ journal }: ScenarioRun): void {
    for (const { atMs, kind, message } of journal) {
      const key = `${atMs} ${kind} ${message}`;
      if (this.#shown.has(key)) continue;
      this.#shown.add(key);
      this.#out.line(`${`+${(atMs / 1000).toFixed(1)} s`.padStart(9)}  ${kind.padEnd(11)} ${message}`);
    }
  }
  end(run: ScenarioRun): void {
    this.show(run);
  }
}

/** For a terminal: timeline, load and expectations in place, drawn again as they change. */
export class LiveView {
  readonly #out: Output;
  #drawn = 0;

  constructor(out: Output) {
    this.#out = out;
  }

  show(run: ScenarioRun): void {
    // A line that wraps would not be erased whole.
    const width = this.#out.columns - 1;
    const lines = [
      ...[this.#title(run), ''],
      ...run.tracks.map((track) => this.#track(run, track)),
      ...(run.tracks.length > 0 ? [''] : []),
      ...run.load.map((load) => this.#load(load)),
      ...run.expectations.map((one) => `  ${mark(this.#out, one.state)} ${one.text}  ${this.#out.style('dim', one.actual)}`),
    ]
      // What has scrolled away cannot be drawn again.
      .slice(0, Math.max(1, (process.stdout.rows ?? 24) - 2))
      .map((line) => clip(line, width));
    this.#erase();
    for (const line of lines) this.#out.line(line);
    this.#drawn = lines.length;
  }

  /** The final table takes its place. */
  end(_run: ScenarioRun): void {
    this.#erase();
    this.#drawn = 0;
  }

  #erase(): void {
    // Up, and clear to the end of the screen; the newline of line() is taken back by one line more.
    if (this.#drawn > 0) this.#out.line(`\x1b[${this.#drawn}A\x1b[0J\x1b[1A`);
  }

  #title({ scenario, number, elapsedMs, durationMs, state }: ScenarioRun): string {
    const share = durationMs === 0 ? 0 : Math.min(1, elapsedMs / durationMs);
    const done = Math.round(share * barWidth);
    const bar = '━'.repeat(done) + this.#out.style('dim', '─'.repeat(barWidth - done));
    const time = `${(elapsedMs / 1000).toFixed(0)} of ${(durationMs / 1000).toFixed(0)} s`;
    return `${mark(this.#out, state)} ${scenario} #${number}  ${bar} ${time}`;
  }

  /** A bar from its start to its end on the width of the whole. */
  #track({ durationMs }: ScenarioRun, { name, label, startMs, endMs, state }: ScenarioRun['tracks'][number]): string {
    const at = (ms: number) => Math.min(barWidth - 1, Math.floor((ms / Math.max(1, durationMs)) * barWidth));
    const [from, to] = [at(startMs), at(endMs ?? durationMs)];
    const bar = `${' '.repeat(from)}${'█'.repeat(Math.max(1, to - from))}`.padEnd(barWidth);
    const style = { waiting: 'dim', active: 'cyan', done: 'green', failed: 'red' } as const;
    return `  ${name.padEnd(12).slice(0, 12)} ${this.#out.style(style[state], bar)} ${label}`;
  }

  #load({ name, sent, intended, dropped, failed, response }: ScenarioRun['load'][number]): string {
    const late = response === null ? '' : `, p95 ${milliseconds(response.p95)}`;
    const lost = dropped > 0 ? `, ${dropped} dropped` : '';
    return `  ${this.#out.style('cyan', `${marks.running.glyph} load     `)} ${name}: ${sent} of ${intended} sent, ${failed} failed${lost}${late}`;
  }
}
