import type { Host } from '../host.ts';
import type { Balancer, BalancerInputs } from './balancer.ts';
import { type WarmUp, weightOf } from './warm-up.ts';
import { WeightedTurns } from './weighted-turns.ts';

/** In turn from a random start; by weight when weights differ or a host warms up (Envoy: load_balancers#weighted-round-robin). */
export class RoundRobinBalancer implements Balancer {
  readonly #hosts: readonly Host[];
  readonly #inputs: BalancerInputs;
  readonly #turns: WeightedTurns;

  constructor(hosts: readonly Host[], warmUp: WarmUp, inputs: BalancerInputs) {
    this.#hosts = hosts;
    this.#inputs = inputs;
    this.#turns = new WeightedTurns(hosts, warmUp, (host) => weightOf(host) * warmUp.factor(host), inputs.random);
  }

  pick(): Host | null {
    const hosts = this.#hosts;
    if (hosts.length < 2) return hosts[0] ?? null;
    const next = this.#turns.pick();
    if (next !== null) return next;
    const { memory, group, random } = this.#inputs;
    const index = memory.roundRobinIndex.get(group) ?? Math.floor(random() * hosts.length);
    memory.roundRobinIndex.set(group, (index + 1) % 0x40000000);
    return hosts[index % hosts.length]!;
  }
}
