import type { Ready, Status } from '../api/status.schema.ts';
import { DataPlaneGone } from '../control-plane/data-plane/data-plane-thread.ts';
import { describeStatus, readyLine } from '../control-plane/engine-status.ts';
import { graphFacts } from '../control-plane/graph-facts.ts';
import { describeWorkloads } from '../control-plane/workloads.ts';
import type { DataPlaneCounters } from '../data-plane/messages.ts';
import type { GraphFacts } from '../telemetry/telemetry.ts';
import type { EngineCore } from './engine-core.ts';

/** What an engine says of itself: the ready line, its status, where it listens. */
export class SelfDescription {
  readonly #core: EngineCore;
  #counters: DataPlaneCounters | null = null;

  constructor(core: EngineCore) {
    this.#core = core;
  }

  ready(): Ready {
    return readyLine(this.#described());
  }

  async status(): Promise<Status> {
    const { configuration, authority, certificates, store, telemetry, reactions, simulations } = this.#core.parts;
    return describeStatus({
      ...this.#described(),
      files: configuration.files,
      authority,
      certificates,
      counters: await this.counters(),
      store: store.counters(),
      telemetry,
      version: this.#core.version,
      startedAt: this.#core.startedAt,
      now: Date.now(),
      problems: [this.#core.crashed, reactions.filesRejected].filter((problem) => problem !== ''),
      simulations: simulations.facts(),
    });
  }

  /** Asked of the data plane now; the last known while it restarts. */
  async counters(): Promise<DataPlaneCounters | null> {
    try {
      this.#counters = await this.#core.parts.dataPlane.counters();
    } catch (error) {
      if (!(error instanceof DataPlaneGone)) throw error; // the last known go on until it is back
    }
    return this.#counters;
  }

  graphFacts(): GraphFacts {
    const { committed, workloads } = this.#described();
    return graphFacts(committed, workloads, this.#core.parts.housekeeping?.clusters ?? []);
  }

  /** `host:port` of our own listeners: nothing may be routed there. */
  ownAddresses(): string[] {
    const { server, toxiproxy, otlp } = this.#core.parts;
    const toxiproxyPort = toxiproxy ? Number(new URL(toxiproxy.url).port) : 0;
    const ports = [server?.port ?? 0, toxiproxyPort, otlp?.httpPort ?? 0, otlp?.grpcPort ?? 0].filter((port) => port !== 0);
    return ports.flatMap((port) => [`127.0.0.1:${port}`, `[::1]:${port}`, `::1:${port}`]);
  }

  #described() {
    const { configuration, supervisor, rotation, server, toxiproxy, otlp } = this.#core.parts;
    const committed = configuration.current;
    return {
      committed,
      workloads: describeWorkloads(
        committed,
        (id) => supervisor.health(id),
        (id) => rotation.isDrained(id),
      ),
      control: { url: server?.url ?? '', token: this.#core.token },
      toxiproxy: toxiproxy?.url ?? '',
      otlp: {
        http: otlp?.httpPort ? `http://127.0.0.1:${otlp.httpPort}` : '',
        grpc: otlp?.grpcPort ? `127.0.0.1:${otlp.grpcPort}` : '',
      },
    };
  }
}
