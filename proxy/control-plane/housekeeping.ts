import type { ClusterStatus } from '../api/observability.schema.ts';
import type { Configuration } from './apply.ts';
import { DataPlaneGone } from './data-plane/data-plane-thread.ts';
import type { DataPlaneWorkers } from './data-plane/data-plane-workers.ts';

const everyMs = 1_000;

export interface HousekeepingDeps {
  dataPlane: Pick<DataPlaneWorkers, 'clusters'>;
  configuration: Configuration;
  emit: (type: string, subject: string, message: string, data: Record<string, unknown>) => void;
}

/** Once a second: what the graph shows of clusters, and faults whose time is over. */
export class Housekeeping {
  readonly #deps: HousekeepingDeps;
  readonly #timer: NodeJS.Timeout;
  #busy = false;
  /** As of the last round. */
  clusters: ClusterStatus[] = [];

  constructor(deps: HousekeepingDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.#round(), everyMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #round(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      this.clusters = await this.#deps.dataPlane.clusters();
      await this.#endFaults();
    } catch (error) {
      if (!(error instanceof DataPlaneGone)) throw error; // the next round finds it back
    } finally {
      this.#busy = false;
    }
  }

  async #endFaults(): Promise<void> {
    const { configuration, emit } = this.#deps;
    const { snapshot, set } = configuration.current;
    const over = snapshot.faults.filter((fault) => fault.expiresAt !== null && fault.expiresAt <= Date.now());
    const entries = over.map((fault) => set.get('Fault', fault.namespace, fault.name)).filter((entry) => entry !== null);
    const live = entries.filter((entry) => entry.live);
    if (live.length === 0) return;
    for (const { resource } of live) emit('fault.expired', resource.name, `Fault ${resource.name} is over`, {});
    await configuration.removeAll(live);
  }
}
