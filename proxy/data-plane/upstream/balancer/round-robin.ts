import type { Host } from '../host.ts';
import type { Balancer, BalancerInputs } from './balancer.ts';
import { EdfScheduler } from './edf-scheduler.ts';
import { type WarmUp, weightOf, weightsDiffer } from './warm-up.ts';

/** In turn from a random start; by weight when weights differ or a host warms up (Envoy: load_balancers#weighted-round-robin). */
export class RoundRobinBalancer implements Balancer {
  readonly #hosts: readonly Host[];
  readonly #inputs: BalancerInputs;
  readonly #weighted: boolean;
  readonly #warmUp: WarmUp;
  #scheduler: EdfScheduler<Host> | null = null;

  constructor(hosts: readonly Host[], warmUp: WarmUp, inputs: BalancerInputs) {
    this.#hosts = hosts;
    this.#inputs = inputs;
    this.#warmUp = warmUp;
    this.#weighted = weightsDiffer(hosts);
    if (hosts.length > 1 && (this.#weighted || warmUp.endsAt(hosts) !== Number.NEGATIVE_INFINITY)) {
      this.#scheduler = new EdfScheduler(hosts, (host) => weightOf(host) * warmUp.factor(host));
      for (let i = Math.floor(inputs.random() * hosts.length); i > 0; i--) this.#scheduler.pick();
    }
  }

  pick(): Host | null {
    const hosts = this.#hosts;
    if (hosts.length < 2) return hosts[0] ?? null;
    if (this.#scheduler !== null) {
      if (this.#weighted || this.#warmUp.endsAt(hosts) !== Number.NEGATIVE_INFINITY) return this.#scheduler.pick();
      this.#scheduler = null;
    }
    const { memory, group, random } = this.#inputs;
    const index = memory.roundRobinIndex.get(group) ?? Math.floor(random() * hosts.length);
    memory.roundRobinIndex.set(group, (index + 1) % 0x40000000);
    return hosts[index % hosts.length]!;
  }
}
