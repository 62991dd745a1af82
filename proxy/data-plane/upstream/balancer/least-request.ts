import type { Random } from '../../clock.ts';
import type { Host } from '../host.ts';
import type { Balancer } from './balancer.ts';
import { type WarmUp, weightOf } from './warm-up.ts';
import { WeightedTurns } from './weighted-turns.ts';

/**
 * The least busy of `choices` hosts drawn at random; with unequal weights, or while a host warms up, weighted round robin with
 * weight / (active requests + 1) (Envoy: load_balancers#weighted-least-request).
 */
export class LeastRequestBalancer implements Balancer {
  readonly #hosts: readonly Host[];
  readonly #choices: number;
  readonly #random: Random;
  readonly #turns: WeightedTurns;

  constructor(hosts: readonly Host[], choices: number, warmUp: WarmUp, random: Random) {
    this.#hosts = hosts;
    this.#choices = Math.max(choices, 1);
    this.#random = random;
    const weigh = (host: Host) => (weightOf(host) * warmUp.factor(host)) / (host.activeRequests + 1);
    this.#turns = new WeightedTurns(hosts, warmUp, weigh, random);
  }

  pick(): Host | null {
    const hosts = this.#hosts;
    if (hosts.length < 2) return hosts[0] ?? null;
    const next = this.#turns.pick();
    if (next !== null) return next;
    let best = hosts[Math.floor(this.#random() * hosts.length)]!;
    for (let i = 1; i < this.#choices; i++) {
      const other = hosts[Math.floor(this.#random() * hosts.length)]!;
      if (other.activeRequests < best.activeRequests) best = other;
    }
    return best;
  }
}
