import type { Random } from '../../clock.ts';
import type { ClusterSnapshot, WorkloadInfo } from '../../snapshot.ts';
import type { Host } from '../host.ts';
import { type Balancer, BalancerMemory, createBalancer } from './balancer.ts';
import { EdfScheduler } from './edf-scheduler.ts';
import { distribution, shareLocalities } from './locality.ts';
import { randomHash } from './ring-hash.ts';
import { weightOf } from './warm-up.ts';
import type { Hash64 } from './xxhash64.ts';

/** A level is full while healthy × 1.4 covers it (Envoy's overprovisioning factor). */
const OVERPROVISIONING_PERCENT = 140;

interface Level {
  hosts: Host[];
  healthy: Host[];
  panic: boolean;
  /** Share of the load, percent; all levels add up to 100. */
  load: number;
  /** Share of the whole load it could take, percent. */
  availability: number;
  pick: (hash: Hash64 | null, redraw: number) => Host | null;
}

/**
 * The hosts of a cluster as the balancer sees them (Envoy: load_balancing/{priority,panic_threshold,locality_weight}).
 *
 *   pick ──▶ priority level by load ──▶ locality by share ──▶ balancer over the healthy hosts (all of them in panic)
 */
export class HostSet {
  readonly #random: Random;
  readonly #now: () => number;
  readonly #memory = new BalancerMemory();
  #levels: Level[] = [];
  #noHealthy = true;

  constructor(random: Random, now: () => number) {
    this.#random = random;
    this.#now = now;
  }

  /** Called when hosts, their health or the settings changed. */
  rebuild(hosts: readonly Host[], cluster: ClusterSnapshot, caller: WorkloadInfo): void {
    const panicPercent = cluster.outlierDetection?.minHealthPercent ?? 0;
    const byPriority = new Map<number, Host[]>();
    for (const host of hosts) {
      const level = byPriority.get(host.priority);
      if (level === undefined) byPriority.set(host.priority, [host]);
      else level.push(host);
    }
    const priorities = [...byPriority.keys()].sort((a, b) => a - b);
    this.#levels = priorities.map((priority) => {
      const members = byPriority.get(priority)!;
      return {
        hosts: members,
        healthy: members.filter((host) => host.inRotation),
        panic: false,
        load: 0,
        availability: 0,
        pick: () => null,
      };
    });
    this.#noHealthy = this.#levels.every((level) => level.healthy.length === 0);
    this.#spreadLoad(panicPercent);
    this.#levels.forEach((level, index) => {
      level.pick = this.#createPick(level, `${index}`, cluster, caller);
    });
  }

  /** True when not one host is in rotation and panic does not help. */
  get exhausted(): boolean {
    return this.#noHealthy && !this.#levels.some((level) => level.panic);
  }

  /** What each priority could take, percent of the whole, highest priority first. */
  get availability(): number[] {
    return this.#levels.map((level) => level.availability);
  }

  /** `loads` replaces the priorities' own shares of the load. */
  pick(hash: Hash64 | null, redraw: number, loads: readonly number[] | null = null): Host | null {
    const levels = this.#levels;
    if (levels.length === 1) return levels[0]!.pick(hash, redraw);
    if (levels.length === 0) return null;
    // A hashed request picks its level by the hash too, so that it stays there.
    const point = hash === null ? this.#random() * 100 : hash.low % 100;
    let sum = 0;
    for (const [index, level] of levels.entries()) {
      sum += loads?.[index] ?? level.load;
      if (point < sum) return level.pick(hash, redraw);
    }
    return levels[0]!.pick(hash, redraw);
  }

  #spreadLoad(panicPercent: number): void {
    const levels = this.#levels;
    for (const level of levels) {
      const percent = Math.floor((OVERPROVISIONING_PERCENT * level.healthy.length) / Math.max(level.hosts.length, 1));
      level.availability = Math.min(100, percent);
    }
    const health = levels.map((level) => level.availability);
    const total = Math.min(
      100,
      health.reduce((sum, value) => sum + value, 0),
    );
    let allPanic = levels.length > 0;
    for (const level of levels) {
      const healthyPercent = (100 * level.healthy.length) / level.hosts.length;
      level.panic = total < 100 && healthyPercent < panicPercent;
      allPanic &&= level.panic;
    }
    if (allPanic) {
      const hosts = levels.reduce((sum, level) => sum + level.hosts.length, 0);
      for (const level of levels) level.load = (100 * level.hosts.length) / hosts;
      return;
    }
    if (total === 0) {
      if (levels[0] !== undefined) levels[0].load = 100;
      return;
    }
    let left = 100;
    levels.forEach((level, index) => {
      level.load = Math.min(left, Math.floor((health[index]! * 100) / total));
      left -= level.load;
    });
    const first = levels.find((level) => level.load > 0);
    if (first !== undefined) first.load += left;
  }

  #createPick(level: Level, group: string, cluster: ClusterSnapshot, caller: WorkloadInfo): Level['pick'] {
    const usable = level.panic ? level.hosts : level.healthy;
    const shares = distribution(caller, cluster.locality);
    if (shares === null) {
      const balancer = this.#balancer(usable, group, cluster);
      return (hash, redraw) => balancer.pick(hash, redraw);
    }
    const localities = new Map<string, { usable: Host[]; all: number; weight: number }>();
    for (const host of level.hosts) {
      const entry = localities.get(host.endpoint.locality) ?? { usable: [], all: 0, weight: 0 };
      entry.all++;
      entry.weight += weightOf(host);
      if (usable.includes(host)) entry.usable.push(host);
      localities.set(host.endpoint.locality, entry);
    }
    const weights = shareLocalities(new Map([...localities].map(([name, entry]) => [name, entry.weight])), shares);
    const groups: { balancer: Balancer; weight: number }[] = [];
    for (const [name, entry] of localities) {
      const availability = Math.min(1, (OVERPROVISIONING_PERCENT / 100) * (entry.usable.length / entry.all));
      const weight = (weights.get(name) ?? 0) * availability;
      if (weight > 0) groups.push({ balancer: this.#balancer(entry.usable, `${group}/${name}`, cluster), weight });
    }
    const scheduler = new EdfScheduler(groups, (entry) => entry.weight);
    return (hash, redraw) => scheduler.pick()?.balancer.pick(hash ?? randomHash(this.#random), redraw) ?? null;
  }

  #balancer(hosts: readonly Host[], group: string, cluster: ClusterSnapshot): Balancer {
    return createBalancer(hosts, cluster, { random: this.#random, now: this.#now, memory: this.#memory, group });
  }
}
