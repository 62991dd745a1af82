/** Something with a moment to begin at. */
export interface Start {
  /** performance.now() of this thread. */
  at: number;
  /** Called shortly before, so that nothing but the beginning itself is left to do. */
  prepare(): void;
  run(): void;
}

/** A start is prepared this long before. */
const PREPARE_MS = 15;
/** What is nearer than this is now. */
const NOW_MS = 0.06;
/** Node's timers come in whole milliseconds and are up to one late: they are left this long before a start. */
const FINE_MS = 2;
/** The last of it is slept through in pieces, to a tenth of a millisecond each, so that what arrives meanwhile waits no longer than one. */
const PIECE_MS = 0.6;
/** What the system takes to wake a thread that sleeps. */
const WAKE_MS = 0.05;

/** Starts things at their moment, to a tenth of a millisecond when the machine has a core for this thread, and without spinning. */
export class StartQueue {
  /** Soonest first. */
  #starts: Start[] = [];
  /** How many of them, from the first, are prepared. */
  #prepared = 0;
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;
  readonly #never = new Int32Array(new SharedArrayBuffer(4));

  add(start: Start): void {
    let index = this.#starts.length;
    while (index > 0 && this.#starts[index - 1]!.at > start.at) index--;
    this.#starts.splice(index, 0, start);
    if (index < this.#prepared) {
      this.#prepared++;
      start.prepare();
    }
    if (index <= this.#prepared) this.#arm();
  }

  remove(start: Start): void {
    const index = this.#starts.indexOf(start);
    if (index === -1) return;
    this.#starts.splice(index, 1);
    if (index < this.#prepared) this.#prepared--;
  }

  close(): void {
    this.#starts = [];
    this.#prepared = 0;
    this.#disarm();
  }

  #arm(): void {
    this.#disarm();
    this.#runDue();
    this.#prepareNear();
    const [first] = this.#starts;
    if (first === undefined) return;
    const now = performance.now();
    const fineMs = first.at - now - FINE_MS;
    if (fineMs < 1) {
      this.#immediate = setImmediate(() => this.#sleepPiece());
      return;
    }
    const unprepared = this.#starts[this.#prepared];
    const prepareMs = unprepared === undefined ? Number.POSITIVE_INFINITY : unprepared.at - PREPARE_MS - now;
    this.#timer = setTimeout(() => this.#arm(), Math.max(1, Math.floor(Math.min(fineMs, prepareMs))));
  }

  #sleepPiece(): void {
    this.#immediate = null;
    const waitMs = (this.#starts[0]?.at ?? 0) - performance.now() - WAKE_MS;
    if (waitMs > 0) Atomics.wait(this.#never, 0, 0, Math.min(waitMs, PIECE_MS));
    this.#arm();
  }

  #runDue(): void {
    while (this.#starts.length > 0 && this.#starts[0]!.at - performance.now() <= NOW_MS) {
      const start = this.#starts.shift()!;
      if (this.#prepared > 0) this.#prepared--;
      else start.prepare();
      start.run();
    }
  }

  #prepareNear(): void {
    const until = performance.now() + PREPARE_MS;
    while (this.#prepared < this.#starts.length && this.#starts[this.#prepared]!.at <= until) {
      const start = this.#starts[this.#prepared++]!;
      start.prepare();
    }
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#timer = null;
    this.#immediate = null;
  }
}
