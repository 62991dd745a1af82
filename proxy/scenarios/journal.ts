import type { ScenarioRun } from '../api/scenario.schema.ts';

type Entry = ScenarioRun['journal'][number];

const maxEntries = 500;

/** What happened when, in words. Beyond its size the middle is left out: beginning and end tell most. */
export class Journal {
  readonly #nowMs: () => number;
  readonly #entries: Entry[] = [];
  #left = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(kind: string, message: string, atMs = this.#nowMs()): void {
    this.#entries.push({ atMs: Math.round(atMs), kind, message });
    if (this.#entries.length <= maxEntries) return;
    this.#entries.splice(maxEntries / 2, 1);
    this.#left++;
  }

  list(): Entry[] {
    // An event is told a little after its time, a step when it is done.
    const entries = this.#entries.map((entry) => ({ ...entry })).sort((a, b) => a.atMs - b.atMs);
    if (this.#left > 0) {
      const { atMs } = entries[maxEntries / 2 - 1]!;
      entries.splice(maxEntries / 2, 0, { atMs, kind: 'gap', message: `${this.#left} entries are left out` });
    }
    return entries;
  }
}
