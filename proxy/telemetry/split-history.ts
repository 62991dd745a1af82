/** Weights in force towards a service: version → share 0..1. */
export interface WantedSplit {
  /** `default/ratings` */
  to: string;
  wanted: Record<string, number>;
}

/** Changes of weights kept; a canary stepped every second for a quarter of an hour fits. */
const MAX_CHANGES = 1000;

/** Which weights were in force when, so that a chart holds the traffic of a moment against what was wanted then. */
export class SplitHistory {
  readonly #changes: { atMs: number; byService: Map<string, Record<string, number>> }[] = [];

  /** What is in force from now on. */
  note(atMs: number, splits: readonly WantedSplit[]): void {
    const byService = new Map(splits.map(({ to, wanted }) => [to, wanted]));
    const last = this.#changes.at(-1);
    if (last !== undefined && JSON.stringify([...last.byService]) === JSON.stringify([...byService])) return;
    this.#changes.push({ atMs, byService });
    if (this.#changes.length > MAX_CHANGES) this.#changes.shift();
  }

  /** When what is in force for this service now came into force; null when it is split by no weights, or its beginning is forgotten. */
  since(service: string): number | null {
    const now = JSON.stringify(this.#changes.at(-1)?.byService.get(service));
    if (now === undefined) return null;
    const last = this.#changes.findLastIndex(({ byService }) => JSON.stringify(byService.get(service)) !== now);
    return last < 0 ? null : (this.#changes[last + 1]?.atMs ?? null);
  }

  /** In force just before this moment; null when nothing was split then. */
  at(service: string, atMs: number): Record<string, number> | null {
    return this.#changes.findLast((change) => change.atMs < atMs)?.byService.get(service) ?? null;
  }
}
