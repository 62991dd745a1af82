import type { Clock, Timer } from '../clock.ts';
import type { Host } from './host.ts';

/** Envoy's common_lb_config.update_merge_window, which istiod leaves at its default. */
const MERGE_WINDOW_MS = 1000;

interface Window {
  appliedAt: number;
  timer: Timer | null;
}

/**
 * When a change of a host's health reaches the balancers (Envoy: cluster_manager_impl.cc scheduleUpdate). The first in a priority does so at
 * once; one that comes within a second of it waits for a second, and takes along what else has changed by then. So of two hosts that go bad
 * together the second is still picked for a while.
 */
export class HealthUpdates {
  readonly #clock: Clock;
  readonly #hosts: () => readonly Host[];
  readonly #apply: () => void;
  readonly #windows = new Map<number, Window>();

  constructor(clock: Clock, hosts: () => readonly Host[], apply: () => void) {
    this.#clock = clock;
    this.#hosts = hosts;
    this.#apply = apply;
  }

  /** This host's health is another now; `before` is what it was. */
  changed(host: Host, before: boolean): void {
    const { priority } = host;
    const window = this.#windows.get(priority) ?? { appliedAt: Number.NEGATIVE_INFINITY, timer: null };
    this.#windows.set(priority, window);
    if (this.#clock.now() - window.appliedAt > MERGE_WINDOW_MS) {
      this.#deliver(priority, window);
      return;
    }
    host.heldHealth ??= before;
    window.timer ??= this.#clock.setTimer(() => this.#deliver(priority, window), MERGE_WINDOW_MS);
  }

  /** Nothing is held back any more: hosts were added or removed, or the cluster goes. The caller rebuilds. */
  flush(): void {
    for (const window of this.#windows.values()) window.timer?.cancel();
    this.#windows.clear();
    for (const host of this.#hosts()) host.heldHealth = null;
  }

  #deliver(priority: number, window: Window): void {
    window.timer?.cancel();
    window.timer = null;
    window.appliedAt = this.#clock.now();
    for (const host of this.#hosts()) if (host.priority === priority) host.heldHealth = null;
    this.#apply();
  }
}
