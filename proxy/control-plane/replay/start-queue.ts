/** Starts things at their moment, to a fraction of a millisecond. */
export interface Start {
  /** performance.now() of this thread. */
  at: number;
  run: () => void;
}

/** Timers fire up to a millisecond late or early; what is left after one is waited for turn by turn of the event loop, which goes on reading sockets. */
const TURNS_BELOW_MS = 1.2;
/** Closer than this is now. */
const EXACT_MS = 0.1;

export class StartQueue {
  /** Soonest first. */
  #starts: Start[] = [];
  #timer: NodeJS.Timeout | null = null;
  #turn: NodeJS.Immediate | null = null;

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
    if (waitMs > TURNS_BELOW_MS) this.#timer = setTimeout(() => this.#arm(), Math.floor(waitMs - TURNS_BELOW_MS / 2));
    else if (waitMs > EXACT_MS) this.#turn = setImmediate(() => this.#arm());
    else this.#run();
  }

  #run(): void {
    const now = performance.now();
    let due = 0;
    while (due < this.#starts.length && this.#starts[due]!.at - now <= EXACT_MS) due++;
    for (const start of this.#starts.splice(0, due)) start.run();
    this.#arm();
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#turn !== null) clearImmediate(this.#turn);
    this.#timer = null;
    this.#turn = null;
  }
}
