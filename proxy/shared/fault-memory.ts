/** What one fault has done so far. Each `next…` counts one more and tells how many there were before. */
export interface FaultMemory {
  readonly matched: number;
  readonly hits: number;
  nextMatch(): number;
  nextHit(): number;
  /** Of keys (connections, traces, clients) that have drawn. */
  nextKey(): number;
  readonly keys: number;
  /** What a key's first request drew; undefined: this is its first. */
  decisionOf(key: string): boolean | undefined;
  remember(key: string, acts: boolean): void;
}

/** Keys remembered per fault; the oldest are forgotten. */
const MAX_KEYS = 10_000;

/** Of a fault whose requests all pass through one thread. */
export class OwnFaultMemory implements FaultMemory {
  matched = 0;
  hits = 0;
  keys = 0;
  readonly #byKey = new Map<string, boolean>();

  nextMatch(): number {
    return this.matched++;
  }

  nextHit(): number {
    return this.hits++;
  }

  nextKey(): number {
    return this.keys++;
  }

  decisionOf(key: string): boolean | undefined {
    return this.#byKey.get(key);
  }

  remember(key: string, acts: boolean): void {
    if (this.#byKey.size >= MAX_KEYS) this.#byKey.delete(this.#byKey.keys().next().value!);
    this.#byKey.set(key, acts);
  }
}

/*
 * Int32 words:   matched │ hits │ keys │ – │ slot 0: hash, hash, decision, – │ slot 1 …
 * A slot is taken by writing the first hash into it; the decision follows (0 = not drawn yet).
 */
const MATCHED = 0;
const HITS = 1;
const KEYS = 2;
const HEAD_WORDS = 4;
const SLOT_WORDS = 4;
const SLOTS = 16_384;
/** Slots looked through for a key before the first of them is given to it. */
const PROBES = 16;
const ACTS = 1;
const SPARES = 2;
/** How long the thread that saw a key first may take for its draw: microseconds, unless it has just died. */
const DRAW_WAIT_MS = 5;

/**
 * Of a fault whose requests pass through several threads: they count in one piece of memory, so that `only` and seeds mean what they mean on
 * one thread. Two keys with the same 62 bits of hash share a decision.
 */
export class SharedFaultMemory implements FaultMemory {
  readonly #words: Int32Array;

  /** `withKeys`: the fault draws per trace or client, not per request. */
  static create(withKeys: boolean): SharedArrayBuffer {
    return new SharedArrayBuffer((HEAD_WORDS + (withKeys ? SLOTS * SLOT_WORDS : 0)) * Int32Array.BYTES_PER_ELEMENT);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  get matched(): number {
    return Atomics.load(this.#words, MATCHED);
  }

  get hits(): number {
    return Atomics.load(this.#words, HITS);
  }

  get keys(): number {
    return Atomics.load(this.#words, KEYS);
  }

  nextMatch(): number {
    return Atomics.add(this.#words, MATCHED, 1);
  }

  nextHit(): number {
    return Atomics.add(this.#words, HITS, 1);
  }

  nextKey(): number {
    return Atomics.add(this.#words, KEYS, 1);
  }

  decisionOf(key: string): boolean | undefined {
    const [slot, taken] = this.#slotOf(key);
    if (taken) return undefined;
    const decision = slot + 2;
    if (Atomics.load(this.#words, decision) === 0) Atomics.wait(this.#words, decision, 0, DRAW_WAIT_MS);
    const drawn = Atomics.load(this.#words, decision);
    return drawn === 0 ? undefined : drawn === ACTS;
  }

  remember(key: string, acts: boolean): void {
    const [slot] = this.#slotOf(key);
    Atomics.store(this.#words, slot + 2, acts ? ACTS : SPARES);
    Atomics.notify(this.#words, slot + 2);
  }

  /** The key's slot, and whether it has just been taken for it. */
  #slotOf(key: string): [slot: number, taken: boolean] {
    const [first, second] = hashOf(key);
    const at = (probe: number) => HEAD_WORDS + ((first + probe) & (SLOTS - 1)) * SLOT_WORDS;
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = at(probe);
      const found = Atomics.compareExchange(this.#words, slot, 0, first);
      if (found === 0) {
        Atomics.store(this.#words, slot + 1, second);
        return [slot, true];
      }
      if (found === first && this.#isSecond(slot, second)) return [slot, false];
    }
    const slot = at(0);
    Atomics.store(this.#words, slot + 2, 0);
    Atomics.store(this.#words, slot, first);
    Atomics.store(this.#words, slot + 1, second);
    return [slot, true];
  }

  /** 0: whoever has just taken the slot writes its second half next. */
  #isSecond(slot: number, second: number): boolean {
    const found = Atomics.load(this.#words, slot + 1);
    return found === second || found === 0;
  }
}

/** Two 31-bit hashes (FNV-1a with different beginnings), never 0. */
function hashOf(key: string): [first: number, second: number] {
  let first = 0x811c9dc5;
  let second = 0x050c5d1f;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x01000193) ^ (second >>> 15);
  }
  return [(first & 0x7fffffff) | 1, (second & 0x7fffffff) | 1];
}
