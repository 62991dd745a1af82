import type { Random } from '../../clock.ts';
import type { Host } from '../host.ts';
import type { Balancer } from './balancer.ts';
import { randomHash } from './ring-hash.ts';
import { weightOf } from './warm-up.ts';
import { type Hash64, modulo, xxHash64 } from './xxhash64.ts';

/**
 * Maglev table: every host fills slots in its own permutation, in turns by weight, hosts in address order (Envoy: load_balancers#maglev,
 * same hash and order, so the same key finds the same address).
 */
export class MaglevBalancer implements Balancer {
  readonly #hosts: readonly Host[];
  readonly #size: number;
  readonly #random: Random;
  #table: Uint16Array | null = null;
  #sorted: Host[] = [];

  constructor(hosts: readonly Host[], size: number, random: Random) {
    this.#hosts = hosts;
    this.#size = size;
    this.#random = random;
  }

  pick(hash: Hash64 | null, redraw: number): Host | null {
    if (this.#hosts.length === 0) return null;
    if (this.#table === null) {
      this.#sorted = [...this.#hosts].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
      this.#table = buildTable(this.#sorted, this.#size);
    }
    let wanted = hash ?? randomHash(this.#random);
    // All bits but the lowest flip, so that a redraw lands far away.
    if (redraw > 0) wanted = { high: ~wanted.high >>> 0, low: (wanted.low ^ -redraw) >>> 0 };
    return this.#sorted[this.#table[modulo(wanted, this.#size)]!]!;
  }
}

function buildTable(hosts: readonly Host[], size: number): Uint16Array {
  const empty = 0xffff;
  const table = new Uint16Array(size).fill(empty);
  let heaviest = 0;
  for (const host of hosts) heaviest = Math.max(heaviest, weightOf(host));
  const entries = hosts.map((host, index) => ({
    index,
    slot: modulo(xxHash64(host.address), size),
    skip: modulo(xxHash64(host.address, { high: 0, low: 1 }), size - 1) + 1,
    weight: weightOf(host),
    target: 0,
  }));
  let filled = 0;
  for (let turn = 1; filled < size; turn++) {
    for (let i = 0; i < entries.length && filled < size; i++) {
      const entry = entries[i]!;
      if (turn * entry.weight < entry.target) continue;
      entry.target += heaviest;
      while (table[entry.slot] !== empty) entry.slot = (entry.slot + entry.skip) % size;
      table[entry.slot] = entry.index;
      entry.slot = (entry.slot + entry.skip) % size;
      filled++;
    }
  }
  return table;
}
