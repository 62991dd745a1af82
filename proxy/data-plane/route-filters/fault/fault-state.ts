import type { Random } from '../../clock.ts';
import type { FaultCounters } from '../../messages.ts';
import type { FaultSnapshot } from '../../snapshot.ts';
import { seededRandom } from './seeded-random.ts';

/** Keys of one draw (connections, traces, clients) remembered per fault; the oldest go first. */
const maxRememberedKeys = 10_000;

/** What a fault has seen and done so far. */
export class FaultEntry {
  readonly fault: FaultSnapshot;
  /** Requests that met the match while the fault was armed. */
  matched = 0;
  /** Requests it acted on. */
  hits = 0;
  readonly #seed: number;
  readonly #draws = new Map<string, Random>();
  #distinctKeys = 0;

  constructor(fault: FaultSnapshot, seed: number) {
    this.fault = fault;
    this.#seed = seed;
  }

  /**
   * Random numbers for one decision. Per request: one stream per matching request. Per connection, trace or client: the percentage is drawn
   * once per key, in order of first appearance, so equal runs draw equally whatever their trace ids and port numbers are.
   */
  drawFor(key: string | null): { roll: number; random: Random } {
    if (key === null) {
      const random = seededRandom(this.#seed, this.matched - 1);
      return { roll: random(), random };
    }
    const known = this.#draws.get(key);
    if (known !== undefined) return { roll: known(), random: seededRandom(this.#seed ^ 0x5bd1e995, this.matched - 1) };
    if (this.#draws.size >= maxRememberedKeys) this.#draws.delete(this.#draws.keys().next().value!);
    const roll = seededRandom(this.#seed, this.#distinctKeys++)();
    this.#draws.set(key, () => roll);
    return { roll, random: seededRandom(this.#seed ^ 0x5bd1e995, this.matched - 1) };
  }
}

/**
 * Counters and draws of all faults, by id. Lives as long as the worker: a new snapshot keeps the entry of a fault that has not changed, so
 * that editing one object does not restart another's `first: 3`.
 */
export class FaultState {
  readonly #entries = new Map<string, { text: string; entry: FaultEntry }>();
  readonly #random: Random;

  constructor(deps: { random: Random }) {
    this.#random = deps.random;
  }

  /** The entry of this very fault; a changed one starts from zero. */
  entry(fault: FaultSnapshot): FaultEntry {
    const text = JSON.stringify({ ...fault, source: null });
    const known = this.#entries.get(fault.id);
    if (known !== undefined && known.text === text) return known.entry;
    const entry = new FaultEntry(fault, fault.seed ?? Math.floor(this.#random() * 0x7fffffff));
    this.#entries.set(fault.id, { text, entry });
    return entry;
  }

  peek(id: string): FaultEntry | undefined {
    return this.#entries.get(id)?.entry;
  }

  /** Forgets faults that are gone. */
  retain(faults: readonly FaultSnapshot[]): void {
    const ids = new Set(faults.map((fault) => fault.id));
    for (const id of this.#entries.keys()) if (!ids.has(id)) this.#entries.delete(id);
  }

  counters(): FaultCounters[] {
    return [...this.#entries].map(([id, { entry }]) => ({ id, matched: entry.matched, hits: entry.hits }));
  }
}
