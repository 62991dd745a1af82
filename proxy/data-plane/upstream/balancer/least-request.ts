import type { Random } from '../../clock.ts';
import type { Host } from '../host.ts';
import type { Balancer } from './balancer.ts';
import { EdfScheduler } from './edf-scheduler.ts';
import { type WarmUp, weightOf, weightsDiffer } from './warm-up.ts';

/**
 * The least busy of `choices` hosts drawn at random; with unequal weights, or while a host warms up, weighted round robin with
 * weight / (active requests + 1) (Envoy: load_balancers#weighted-least-request).
 */
export class LeastRequestBalancer implements Balancer {
  readonly #hosts: readonly Host[];
  readonly #choices: number;
  readonly #random: Random;
  readonly #weighted: boolean;
  readonly #warmUp: WarmUp;
  #scheduler: EdfScheduler<Host> | null = null;

  constructor(hosts: readonly Host[], choices: number, warmUp: WarmUp, random: Random) {
    this.#hosts = hosts;
    this.#choices = Math.max(choices, 1);
    this.#random = random;
    this.#warmUp = warmUp;
    this.#weighted = weightsDiffer(hosts);
    if (hosts.length > 1 && (this.#weighted || warmUp.endsAt(hosts) !== Number.NEGATIVE_INFINITY)) {
      this.#scheduler = new EdfScheduler(hosts, (host) => (weightOf(host) * warmUp.factor(host)) / (host.activeRequests + 1));
      for (let i = Math.floor(random() * hosts.length); i > 0; i--) this.#scheduler.pick();
    }
  }

  pick(): Host | null {
    const hosts = this.#hosts;
    if (hosts.length < 2) return hosts[0] ?? null;
    if (this.#scheduler !== null) {
      if (this.#weighted || this.#warmUp.endsAt(hosts) !== Number.NEGATIVE_INFINITY) return this.#scheduler.pick();
      this.#scheduler = null;
    }
    let best = hosts[Math.floor(this.#random() * hosts.length)]!;
    for (let i = 1; i < this.#choices; i++) {
      const other = hosts[Math.floor(this.#random() * hosts.length)]!;
      if (other.activeRequests < best.activeRequests) best = other;
    }
    return best;
  }
}
