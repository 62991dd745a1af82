import type { Random } from '../../clock.ts';
import type { Host } from '../host.ts';
import type { Balancer } from './balancer.ts';
import { weightOf } from './warm-up.ts';
import { compare, type Hash64, xxHash64 } from './xxhash64.ts';

/** Envoy's RingHash maximum_ring_size default. */
const MAXIMUM_RING_SIZE = 8 * 1024 * 1024;

/**
 * Ketama ring: each host owns points `address_0`, `address_1` … in proportion to its weight, a key belongs to the next point clockwise
 * (Envoy: load_balancers#ring-hash, same hash and same point names, so the same key finds the same address).
 */
export class RingHashBalancer implements Balancer {
  readonly #hosts: readonly Host[];
  readonly #minimumSize: number;
  readonly #random: Random;
  #ring: { hash: Hash64; host: Host }[] | null = null;

  constructor(hosts: readonly Host[], minimumSize: number, random: Random) {
    this.#hosts = hosts;
    this.#minimumSize = minimumSize;
    this.#random = random;
  }

  pick(hash: Hash64 | null, redraw: number): Host | null {
    if (this.#hosts.length === 0) return null;
    this.#ring ??= buildRing(this.#hosts, this.#minimumSize);
    const ring = this.#ring;
    const wanted = hash ?? randomHash(this.#random);
    let low = 0;
    let high = ring.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(ring[middle]!.hash, wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return ring[(low + redraw) % ring.length]!.host;
  }
}

export function randomHash(random: Random): Hash64 {
  return { high: Math.floor(random() * 0x100000000), low: Math.floor(random() * 0x100000000) };
}

function buildRing(hosts: readonly Host[], minimumSize: number): { hash: Hash64; host: Host }[] {
  let total = 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (const host of hosts) {
    total += weightOf(host);
    smallest = Math.min(smallest, weightOf(host));
  }
  const smallestShare = smallest / total;
  const scale = Math.min(Math.ceil(smallestShare * minimumSize) / smallestShare, MAXIMUM_RING_SIZE);
  const ring: { hash: Hash64; host: Host }[] = [];
  let current = 0;
  let target = 0;
  for (const host of hosts) {
    target += (scale * weightOf(host)) / total;
    for (let point = 0; current < target; point++, current++) ring.push({ hash: xxHash64(`${host.address}_${point}`), host });
  }
  return ring.sort((a, b) => compare(a.hash, b.hash));
}
