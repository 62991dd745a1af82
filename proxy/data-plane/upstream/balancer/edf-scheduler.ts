/**
 * Earliest deadline first: picks every entry in proportion to its weight and spread out evenly (Envoy: edf_scheduler.h). The weight is read
 * again at each pick, so it may move with load or warm-up.
 */
export class EdfScheduler<T> {
  readonly #entries: { value: T; deadline: number; order: number }[] = [];
  readonly #weightOf: (value: T) => number;
  #now = 0;
  #order = 0;

  constructor(values: readonly T[], weightOf: (value: T) => number) {
    this.#weightOf = weightOf;
    for (const value of values) this.#entries.push({ value, deadline: 1 / weightOf(value), order: this.#order++ });
  }

  pick(): T | null {
    let best = this.#entries[0];
    if (best === undefined) return null;
    for (let i = 1; i < this.#entries.length; i++) {
      const entry = this.#entries[i]!;
      if (entry.deadline < best.deadline || (entry.deadline === best.deadline && entry.order < best.order)) best = entry;
    }
    this.#now = best.deadline;
    best.deadline = this.#now + 1 / this.#weightOf(best.value);
    best.order = this.#order++;
    return best.value;
  }
}
