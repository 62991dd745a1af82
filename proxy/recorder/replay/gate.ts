/** Lets through or holds up: a pause, and how long pauses lasted so far. */
export class Gate {
  readonly #now: () => number;
  #closedAt: number | null = null;
  #heldMs = 0;
  #waiting: (() => void)[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  get isOpen(): boolean {
    return this.#closedAt === null;
  }

  /** All pauses together, milliseconds. */
  get heldMs(): number {
    return this.#heldMs + (this.#closedAt === null ? 0 : this.#now() - this.#closedAt);
  }

  close(): void {
    this.#closedAt ??= this.#now();
  }

  open(): void {
    if (this.#closedAt === null) return;
    this.#heldMs += this.#now() - this.#closedAt;
    this.#closedAt = null;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Resolves once it is open. */
  async passed(): Promise<void> {
    while (this.#closedAt !== null) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
