import { type FaultMemory, OwnFaultMemory, SharedFaultMemory } from '../../../shared/fault-memory.ts';
import type { Clock, Random } from '../../clock.ts';
import type { FaultCounters } from '../../messages.ts';
import type { FaultSnapshot } from '../../snapshot.ts';
import { type DrawSequence, seededDraws } from './draw.ts';

/** What one fault has done so far. It lives on through snapshots as long as the fault is the same. */
class FaultRuntime {
  fault: FaultSnapshot;
  readonly signature: string;
  /** The last decision in words: `draw 73.2 of 50 %`. */
  reason = '';
  readonly #memory: FaultMemory;
  /** A connection stays on one worker: what it drew is nobody else's business, and its number means another connection elsewhere. */
  readonly #keys: FaultMemory;
  readonly #random: Random;

  constructor(fault: FaultSnapshot, signature: string, random: Random) {
    this.fault = fault;
    this.signature = signature;
    this.#random = random;
    this.#memory = fault.memory === undefined ? new OwnFaultMemory() : new SharedFaultMemory(fault.memory);
    this.#keys = fault.per === 'connection' ? new OwnFaultMemory() : this.#memory;
  }

  /** Requests that met the fault's match. */
  get matched(): number {
    return this.#memory.matched;
  }
  /** … and those it acted on. */
  get hits(): number {
    return this.#memory.hits;
  }

  /**
   * Counts a matching request and decides whether the fault acts on it. Returns the draws for its delay and damage, or null. `key` tells
   * requests of one connection, trace or client from others; '' = each request for itself.
   */
  decide(key: string): DrawSequence | null {
    const { fault } = this;
    const nth = this.#memory.nextMatch();
    if (fault.only !== null) {
      const { skip, first } = fault.only;
      if (nth < skip || (first !== null && nth >= skip + first)) {
        this.reason = `request ${nth + 1} is outside of its \`only\``;
        return null;
      }
    }
    const known = key === '' ? undefined : this.#keys.decisionOf(key);
    const keyed = () => (known === undefined ? this.#memory.nextKey() : this.#memory.keys);
    const draws = this.#draws(key === '' ? nth : keyed());
    const acts = known === undefined ? this.#roll(draws) : this.#again(known);
    if (key !== '' && known === undefined) this.#keys.remember(key, acts);
    if (!acts) return null;
    this.#memory.nextHit();
    return draws;
  }

  #draws(ordinal: number): DrawSequence {
    return this.fault.seed === null ? this.#random : seededDraws(this.fault.seed, ordinal);
  }

  #roll(draw: DrawSequence): boolean {
    const { percentage } = this.fault;
    // Drawn also at 100 %, so that a changed percentage leaves the delays of a seeded fault as they were.
    const drawn = draw() * 100;
    this.reason = `draw ${Math.round(drawn * 10) / 10} of ${percentage} %`;
    return drawn < percentage;
  }

  /** The first request of a key draws for all of them. */
  #again(known: boolean): boolean {
    this.reason = `as the first of its ${this.fault.per}`;
    return known;
  }
}

/** The faults of this data plane with their counters. */
export class FaultState {
  readonly #runtimes = new Map<string, FaultRuntime>();
  readonly #random: Random;
  readonly #clock: Clock;

  constructor(deps: { clock: Clock; random: Random }) {
    this.#clock = deps.clock;
    this.#random = deps.random;
  }

  /** Keeps counters of faults that did not change, forgets those that are gone. */
  update(faults: readonly FaultSnapshot[]): void {
    const ids = new Set(faults.map((f) => f.id));
    for (const id of this.#runtimes.keys()) if (!ids.has(id)) this.#runtimes.delete(id);
    for (const fault of faults) this.runtimeOf(fault);
  }

  runtimeOf(fault: FaultSnapshot): FaultRuntime {
    const known = this.#runtimes.get(fault.id);
    if (known?.fault === fault) return known;
    const signature = JSON.stringify({ ...fault, resource: null, memory: undefined });
    if (known?.signature === signature) {
      known.fault = fault;
      return known;
    }
    const runtime = new FaultRuntime(fault, signature, this.#random);
    this.#runtimes.set(fault.id, runtime);
    return runtime;
  }

  /** Whether the fault's schedule and expiry let it act now. */
  isActive(fault: FaultSnapshot): boolean {
    return isFaultActive(fault, this.#clock.wallNow());
  }

  counters(): FaultCounters[] {
    return [...this.#runtimes.values()].map(({ fault, matched, hits }) => ({ id: fault.id, matched, hits }));
  }
}

/** The same at any wall-clock time, epoch ms. */
export function isFaultActive(fault: FaultSnapshot, nowWallMs: number): boolean {
  if (!fault.enabled) return false;
  if (fault.expiresAt !== null && nowWallMs >= fault.expiresAt) return false;
  return fault.schedule === null || inSchedule(fault.schedule, nowWallMs - fault.armedAt);
}

/** `after` from arming it begins; each window lasts `for` (no end without it) and comes again `every`. */
function inSchedule(schedule: NonNullable<FaultSnapshot['schedule']>, elapsedMs: number): boolean {
  const sinceStart = elapsedMs - schedule.afterMs;
  if (sinceStart < 0) return false;
  if (schedule.forMs === null) return true;
  const inWindow = schedule.everyMs === null ? sinceStart : sinceStart % schedule.everyMs;
  return inWindow < schedule.forMs;
}
