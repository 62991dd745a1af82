/** Starts things at their moment, to a millisecond. */
export interface Start {
  /** performance.now() of this thread. */
  at: number;
  run: () => void;
}

/** Node's timers come in whole milliseconds: what is nearer than this is now. Half early, half late, and nothing is spent on spinning. */
const NOW_MS = 0.6;
/** Timers are later than asked more often than earlier. */
const AIM_EARLY_MS = 0.4;

export class StartQueue {
  /** Soonest first. */
  #starts: Start[] = [];
  #timer: NodeJS.Timeout | null = null;

  add(start: Start): void {
    let index = this.#starts.length;
    while (index > 0 && this.#starts[index - 1]!.at > start.at) index--;
    this.#starts.splice(index, 0, start);
    if (index === 0) this.#arm();
  }

  remove(start: Start): void {
    this.#starts = this.#starts.filter((one) => one !== start);
  }

  close(): void {
    this.#starts = [];
    this.#disarm();
  }

  #arm(): void {
    this.#disarm();
    const [next] = this.#starts;
    if (next === undefined) return;
    const waitMs = next.at - performance.now();
    if (waitMs > NOW_MS) this.#timer = setTimeout(() => this.#arm(), Math.max(1, Math.floor(waitMs - AIM_EARLY_MS)));
    else this.#run();
  }

  #run(): void {
    const now = performance.now();
    let due = 0;
    while (due < this.#starts.length && this.#starts[due]!.at - now <= NOW_MS) due++;
    for (const start of this.#starts.splice(0, due)) start.run();
    this.#arm();
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
