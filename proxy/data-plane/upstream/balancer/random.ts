import type { Random } from '../../clock.ts';
import type { Host } from '../host.ts';
import type { Balancer } from './balancer.ts';

/** Any host, weights ignored (Envoy: load_balancers#random). */
export class RandomBalancer implements Balancer {
  readonly #hosts: readonly Host[];
  readonly #random: Random;

  constructor(hosts: readonly Host[], random: Random) {
    this.#hosts = hosts;
    this.#random = random;
  }

  pick(): Host | null {
    return this.#hosts[Math.floor(this.#random() * this.#hosts.length)] ?? null;
  }
}
