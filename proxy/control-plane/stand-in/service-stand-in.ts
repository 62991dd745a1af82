import type { HostPort, InboundPort } from '../../data-plane/snapshot.ts';
import type { StandInPort } from './answer.ts';
import type { AnsweringPort, RunningSimulation } from './running-simulation.ts';
import { StandInServer } from './stand-in-server.ts';

/** A port of one workload whose process a stand-in takes the place of. */
export interface StoodInPort {
  workload: string;
  version: string;
  port: Pick<InboundPort, 'name' | 'port' | 'protocol'>;
}

/** Stands in for every workload of a service, on every port of HTTP; several simulations may answer, each for callers of its own. */
export class ServiceStandIn {
  readonly service: string;
  readonly namespace: string;
  readonly #simulations: RunningSimulation[] = [];
  /** `<workload id>/<port name>` → its server. */
  readonly #servers = new Map<string, StandInServer>();
  /** Keys of servers, also of those that are about to listen. */
  readonly #taken = new Set<string>();

  constructor(service: string, namespace: string) {
    this.service = service;
    this.namespace = namespace;
  }

  /** On those of the ports that have none yet; false when all have. `appOf` says where the process itself listens now. */
  async listen(ports: readonly StoodInPort[], appOf: (one: StoodInPort) => HostPort | null): Promise<boolean> {
    let isNew = false;
    for (const one of ports) {
      const { workload, port } = one;
      const key = `${workload}/${port.name}`;
      if (this.#taken.has(key)) continue;
      this.#taken.add(key);
      isNew = true;
      const options = {
        http2: port.protocol !== 'http',
        port: this.#portOf({ port: port.port, version: one.version }),
        app: () => appOf(one),
      };
      this.#servers.set(key, await StandInServer.listen(options));
    }
    return isNew;
  }

  get addresses(): [string, HostPort][] {
    return [...this.#servers].map(([key, { address }]) => [key, address]);
  }

  get simulations(): readonly RunningSimulation[] {
    return this.#simulations;
  }

  add(simulation: RunningSimulation): void {
    this.#simulations.push(simulation);
  }

  /** False when no simulation is left. */
  remove(simulation: RunningSimulation): boolean {
    const at = this.#simulations.indexOf(simulation);
    if (at !== -1) this.#simulations.splice(at, 1);
    return this.#simulations.length > 0;
  }

  close(): void {
    for (const server of this.#servers.values()) server.close();
  }

  /** Takes no more calls; those under way may end. */
  drain(): void {
    for (const server of this.#servers.values()) server.drain();
  }

  /** The simulation for a caller: one of its own before one for all. */
  #concerned(headers: readonly (readonly [string, string])[]): RunningSimulation | null {
    const concerned = this.#simulations.filter((one) => one.concerns(headers));
    return concerned.find(({ from }) => from !== undefined) ?? concerned[0] ?? null;
  }

  #portOf(at: AnsweringPort): StandInPort {
    return {
      concerns: (headers) => {
        if (this.#concerned(headers) !== null) return true;
        for (const simulation of this.#simulations) simulation.noteForwarded();
        return false;
      },
      // It may have been switched off while the body was read.
      decide: (call) => this.#concerned(call.headers)?.decide(call, at) ?? { forward: true },
      open: (head, kind) => this.#concerned(head.headers)?.open(head, kind, at) ?? null,
    };
  }
}
