import type { ClusterSnapshot } from '../../snapshot.ts';
import type { Host } from '../host.ts';

/**
 * Slow start: a host that joined less than durationMs ago gets weight × max(minimumPercent, (t / duration)^(1 / aggression))
 * (DestinationRule warmup; Envoy: load_balancing/slow_start).
 */
export class WarmUp {
  readonly #settings: ClusterSnapshot['warmup'];
  readonly #now: () => number;

  constructor(settings: ClusterSnapshot['warmup'], now: () => number) {
    this.#settings = settings;
    this.#now = now;
  }

  /** Monotonic ms when the last of these hosts has warmed up; −Infinity when none is warming. */
  endsAt(hosts: readonly Host[]): number {
    const settings = this.#settings;
    let last = Number.NEGATIVE_INFINITY;
    if (settings === null) return last;
    for (const host of hosts) last = Math.max(last, host.addedAt + settings.durationMs);
    return last > this.#now() ? last : Number.NEGATIVE_INFINITY;
  }

  /** Factor on the host's weight, in (0, 1]. */
  factor(host: Host): number {
    const settings = this.#settings;
    if (settings === null) return 1;
    const age = this.#now() - host.addedAt;
    if (age >= settings.durationMs) return 1;
    const time = Math.max(age, 1) / settings.durationMs;
    const grown = settings.aggression === 1 ? time : time ** (1 / settings.aggression);
    return Math.max(grown, settings.minimumPercent / 100, Number.EPSILON);
  }
}

/** True when some hosts should get more than others. */
export function weightsDiffer(hosts: readonly Host[]): boolean {
  const first = hosts[0]?.endpoint.weight;
  return hosts.some((host) => host.endpoint.weight !== first);
}

export function weightOf(host: Host): number {
  return Math.max(host.endpoint.weight, 1);
}
