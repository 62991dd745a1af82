const keep = 5;

/** The few requests most worth looking at: those with the highest score; none with a score of 0. */
export class WorstTraces {
  #worst: { score: number; traceId: string }[] = [];

  add(score: number, traceId: string): void {
    if (score <= 0 || (this.#worst.length === keep && score <= this.#worst.at(-1)!.score)) return;
    const known = this.#worst.find((one) => one.traceId === traceId);
    if (known && known.score >= score) return;
    this.#worst = [...this.#worst.filter((one) => one !== known), { score, traceId }]
      .sort((a, b) => b.score - a.score)
      .slice(0, keep);
  }

  list(): string[] {
    return this.#worst.map(({ traceId }) => traceId);
  }
}
