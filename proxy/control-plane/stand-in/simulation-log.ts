import type { StandInNote } from '../../api/exchange.schema.ts';
import type { MatchTier, Simulation, SimulationCall, SimulationMiss } from '../../api/simulation.schema.ts';
import type { Clock } from '../../shared/clock.ts';

type Asked = Pick<SimulationCall, 'method' | 'path' | 'caller'>;

const shownMisses = 20;
const shownCalls = 50;
/** Exchanges of calls that are older have been told of long ago. */
const keptCalls = 1000;

/** What became of a simulation's calls: counts, the latest ones, and by number what to say of each on its exchange. */
export class SimulationLog {
  readonly #clock: Clock;
  readonly #calls = new Map<number, SimulationCall>();
  readonly #hits = { stub: 0, exact: 0, masked: 0, template: 0 };
  readonly #misses: SimulationMiss[] = [];
  #missed = 0;
  #forwarded = 0;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get counts(): Pick<Simulation, 'hits' | 'misses' | 'forwarded' | 'recentMisses' | 'recent'> {
    const recent = [...this.#calls.values()].slice(-shownCalls).reverse();
    return {
      ...{ hits: { ...this.#hits }, misses: this.#missed, forwarded: this.#forwarded },
      recentMisses: [...this.#misses],
      recent: recent.map((call) => ({ ...call, differs: [...call.differs] })),
    };
  }

  noteForwarded(): void {
    this.#forwarded++;
  }

  hit(asked: Asked, outcome: MatchTier, answeredBy: string, differs: readonly string[]): SimulationCall {
    this.#hits[outcome]++;
    return this.#add({ ...asked, outcome, answeredBy, differs: [...differs], nearest: null, forwarded: false });
  }

  /** What is known of a conversation grows while it goes on. */
  becomes(call: SimulationCall, outcome: MatchTier, answeredBy: string, differs: readonly string[]): void {
    if (call.outcome !== outcome && call.outcome !== 'miss') {
      this.#hits[call.outcome]--;
      this.#hits[outcome]++;
    }
    Object.assign(call, { outcome, answeredBy, differs: [...differs] });
  }

  miss(asked: Asked, nearest: SimulationMiss['nearest'], forwarded: boolean): SimulationCall {
    this.#missed++;
    if (forwarded) this.#forwarded++;
    const call = this.#add({ ...asked, outcome: 'miss', answeredBy: '', differs: [], nearest, forwarded });
    const { time, method, path } = call;
    this.#misses.unshift({ time, method, path, nearest });
    this.#misses.length = Math.min(this.#misses.length, shownMisses);
    return call;
  }

  /** Undefined when it was too long ago. */
  noteOf(number: number): Pick<StandInNote, 'outcome' | 'answeredBy' | 'nearest' | 'differs'> | undefined {
    const call = this.#calls.get(number);
    if (call === undefined) return undefined;
    const { outcome, answeredBy, nearest, differs } = call;
    return { outcome, answeredBy, nearest, ...(differs.length === 0 ? {} : { differs: [...differs] }) };
  }

  #add(call: Omit<SimulationCall, 'number' | 'time'>): SimulationCall {
    const kept = { number: ++this.#count, time: new Date(this.#clock.wallNow()).toISOString(), ...call };
    this.#calls.set(kept.number, kept);
    if (this.#calls.size > keptCalls) this.#calls.delete(this.#calls.keys().next().value!);
    return kept;
  }
}
