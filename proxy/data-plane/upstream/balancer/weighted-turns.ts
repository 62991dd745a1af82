import type { Random } from '../../clock.ts';
import type { Host } from '../host.ts';
import { EdfScheduler } from './edf-scheduler.ts';
import { type WarmUp, weightsDiffer } from './warm-up.ts';

/** Turns by weight, from a random start, as long as weights differ or a host warms up; from then on all hosts are alike and there are none. */
export class WeightedTurns {
  readonly #hosts: readonly Host[];
  readonly #warmUp: WarmUp;
  readonly #differ: boolean;
  #scheduler: EdfScheduler<Host> | null = null;

  /** `weigh` is asked at each turn, so that a weight may move. */
  constructor(hosts: readonly Host[], warmUp: WarmUp, weigh: (host: Host) => number, random: Random) {
    this.#hosts = hosts;
    this.#warmUp = warmUp;
    this.#differ = weightsDiffer(hosts);
    if (hosts.length < 2 || !this.#areWanted()) return;
    this.#scheduler = new EdfScheduler(hosts, weigh);
    for (let i = Math.floor(random() * hosts.length); i > 0; i--) this.#scheduler.pick();
  }

  /** Null: weights are of no matter. */
  pick(): Host | null {
    if (this.#scheduler === null) return null;
    if (this.#areWanted()) return this.#scheduler.pick();
    this.#scheduler = null;
    return null;
  }

  #areWanted(): boolean {
    return this.#differ || this.#warmUp.endsAt(this.#hosts) !== Number.NEGATIVE_INFINITY;
  }
}
