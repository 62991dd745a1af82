import type { ExchangeDetail, StandInNote } from '../api/exchange.schema.ts';
import type { Explanation } from '../api/explain.schema.ts';
import type { Simulation, SimulationChange, SimulationRequest } from '../api/simulation.schema.ts';
import type { HostPort, ProxySnapshot } from '../data-plane/snapshot.ts';
import type { Redactor } from '../recorder/redact.ts';
import { StubSet } from '../recorder/stubs/stub-set.ts';
import { StubStore } from '../recorder/stubs/stub-store.ts';
import type { Clock } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';
import type { Configuration } from './apply.ts';
import { ApiError } from './server/api-error.ts';
import { headerOf } from './stand-in/answer.ts';
import { loadAnswers } from './stand-in/load-answers.ts';
import { RunningSimulation } from './stand-in/running-simulation.ts';
import { ServiceStandIn, type StoodInPort } from './stand-in/service-stand-in.ts';
import { readTold, toldHeader } from './stand-in/told-header.ts';

export interface SimulationsOptions {
  store: Store;
  clock: Clock;
  redactor: Redactor;
  configuration: Configuration;
  /** Uniform [0,1). */
  random: () => number;
  onEvent: (event: { type: string; subject: string; message: string; data: Record<string, unknown> }) => void;
}

/** Simulations that have ended are remembered: their last exchanges are still on their way. */
const remembered = 200;

/** Services that recordings and stubs answer for. Each workload of such a service has a stand-in in its process's place. */
export class Simulations {
  readonly #options: SimulationsOptions;
  readonly #stubs: StubStore;
  /** `namespace/service` → what stands in for it. */
  readonly #services = new Map<string, ServiceStandIn>();
  /** By id, ended ones too. */
  readonly #known = new Map<string, { running: RunningSimulation; service: string; namespace: string }>();
  /** `host:port` of stand-ins → their service's simulations. */
  readonly #byAddress = new Map<string, readonly RunningSimulation[]>();
  #count = 0;

  constructor(options: SimulationsOptions) {
    this.#options = options;
    this.#stubs = new StubStore(options.store);
  }

  list(): Simulation[] {
    return [...this.#services.values()].flatMap(({ simulations }) => simulations.map((one) => one.view()));
  }

  get(id: string): Simulation | null {
    return this.list().find((simulation) => simulation.id === id) ?? null;
  }

  async start(request: SimulationRequest): Promise<Simulation> {
    const { configuration, clock, random, redactor, onEvent } = this.#options;
    const namespace = request.namespace ?? configuration.current.set.defaultNamespace;
    const { ports, notes } = this.#portsOf(request.service, namespace);
    const key = `${namespace}/${request.service}`;
    const known = this.#services.get(key)?.simulations.find(({ from }) => from === request.from);
    if (known) throw new ApiError('conflict', `${known.view().recording} already answers for ${request.service} (${known.id})`);
    const { recording, stubs, stubsName, loaded } = await this.#load(request, namespace, ports);
    const id = `sim-${++this.#count}`;
    const simulation: Simulation = {
      ...{ ...request, recording, id, namespace, startedAt: new Date(clock.wallNow()).toISOString() },
      ...{ answers: loaded.count + (stubs?.size ?? 0) },
      ...{ hits: { stub: 0, exact: 0, masked: 0, template: 0 }, misses: 0, forwarded: 0, recentMisses: [] },
      notes: [...notes, ...loaded.notes],
    };
    const running = new RunningSimulation({ simulation, standIns: loaded.standIns, stubs, stubsName, redactor, clock, random });
    await this.#place(key, running, ports, request.service, namespace);
    const view = running.view();
    const message = `${recording} answers for ${request.service}: ${view.answers} answers`;
    onEvent({ type: 'simulation.started', subject: request.service, message, data: { id } });
    return view;
  }

  /** Null when there is no such simulation. */
  change(id: string, change: SimulationChange): Simulation | null {
    const known = this.#known.get(id);
    const standIn = known && this.#services.get(`${known.namespace}/${known.service}`);
    if (!known || !standIn?.simulations.includes(known.running)) return null;
    const { running } = known;
    const from = change.from === undefined ? running.from : (change.from ?? undefined);
    const other = standIn.simulations.find((one) => one !== running && one.from === from);
    if (other) throw new ApiError('conflict', `${other.view().recording} already answers for ${known.service} (${other.id})`);
    running.change(change);
    const view = running.view();
    const message = `${view.recording} for ${view.service}: ${view.enabled ? 'answers' : 'switched off'}${view.from ? `, only for ${view.from}` : ''}, mode ${view.mode}`;
    this.#options.onEvent({ type: 'simulation.changed', subject: view.service, message, data: { id, ...change } });
    return view;
  }

  /** The service answers for itself again. False when there is no such simulation. */
  async stop(id: string): Promise<boolean> {
    const known = this.#known.get(id);
    const key = known ? `${known.namespace}/${known.service}` : '';
    const standIn = this.#services.get(key);
    if (!known || !standIn?.simulations.includes(known.running)) return false;
    if (!standIn.remove(known.running)) {
      this.#services.delete(key);
      await this.#options.configuration.setStandIns(this.#addresses());
      standIn.drain();
    }
    const message = `${known.service} answers for itself again`;
    this.#options.onEvent({ type: 'simulation.stopped', subject: known.service, message, data: { id } });
    return true;
  }

  /** Workloads and ports that came with a new config are stood in for too. */
  async follow(): Promise<void> {
    let isNew = false;
    for (const standIn of this.#services.values()) {
      const { ports } = this.#httpPorts(standIn.service, standIn.namespace);
      if (!(await standIn.listen(ports, (one) => this.#appOf(one)))) continue;
      isNew = true;
      this.#rememberAddresses(standIn);
    }
    if (isNew) await this.#options.configuration.setStandIns(this.#addresses());
  }

  close(): void {
    for (const standIn of this.#services.values()) standIn.close();
    this.#services.clear();
  }

  /** Says on each exchange what a simulation did with it. The batch itself when none did anything. */
  mark(batch: readonly ExchangeDetail[]): ExchangeDetail[] {
    if (this.#known.size === 0) return batch as ExchangeDetail[];
    return batch.map((exchange) => {
      const standIn = this.#noteOn(exchange);
      if (standIn === null) return exchange;
      return { ...exchange, standIn, ...(standIn.outcome === 'forwarded' ? {} : { simulated: true }) };
    });
  }

  /** Which simulations would see a request that goes where the explanation says. */
  explain(explanation: Explanation): NonNullable<Explanation['standIns']> {
    const hosts = explanation.clusters.map(({ cluster }) => cluster.split('|')[3] ?? '');
    return this.list()
      .filter(({ service, namespace }) => hosts.some((host) => host.startsWith(`${service}.${namespace}.`)))
      .map(({ id, recording, service, from, mode, enabled }) => ({
        simulation: id,
        recording,
        service,
        from: from ?? '',
        mode,
        enabled,
      }));
  }

  #noteOn(exchange: ExchangeDetail): StandInNote | null {
    const told = readTold(headerOf(exchange.response.headers, toldHeader));
    const known = told && this.#known.get(told.simulation);
    if (told && known?.service === exchange.destination) return { ...known.running.note(told), recording: told.recording };
    const passed = exchange.reporter === 'destination' ? this.#byAddress.get(exchange.endpoint)?.[0] : undefined;
    return passed ? passed.note({ outcome: 'forwarded', answeredBy: '' }) : null;
  }

  async #place(key: string, running: RunningSimulation, ports: readonly StoodInPort[], service: string, namespace: string) {
    const there = this.#services.get(key);
    const standIn = there ?? new ServiceStandIn(service, namespace);
    standIn.add(running);
    this.#known.set(running.id, { running, service, namespace });
    if (this.#known.size > remembered) this.#known.delete(this.#known.keys().next().value!);
    if (there) return;
    this.#services.set(key, standIn);
    await standIn.listen(ports, (one) => this.#appOf(one));
    const outcome = await this.#options.configuration.setStandIns(this.#addresses());
    if (outcome.ok) {
      this.#rememberAddresses(standIn);
      return;
    }
    this.#services.delete(key);
    this.#known.delete(running.id);
    standIn.close();
    throw new ApiError('conflict', `The stand-in could not be put in place: ${outcome.diagnostics[0]?.message ?? 'refused'}`);
  }

  #rememberAddresses({ addresses, simulations }: ServiceStandIn): void {
    for (const [, { host, port }] of addresses) this.#byAddress.set(`${host}:${port}`, simulations);
  }

  #addresses(): Record<string, HostPort> {
    return Object.fromEntries([...this.#services.values()].flatMap(({ addresses }) => addresses));
  }

  async #load(request: SimulationRequest, namespace: string, ports: readonly StoodInPort[]) {
    const { store, random, clock } = this.#options;
    const recording = await store.getRecording(request.recording);
    if (recording === null) throw new ApiError('not_found', `There is no recording ${request.recording}`);
    const other = request.stubs === undefined ? null : await store.getRecording(request.stubs);
    if (request.stubs !== undefined && other === null) throw new ApiError('not_found', `There are no stubs ${request.stubs}`);
    const stubsOf = other ?? recording;
    const kept = await this.#stubs.get(stubsOf.id);
    if (other !== null && kept === null) throw new ApiError('not_found', `${other.name} has no stubs`);
    const numbers = [...new Set(ports.map(({ port }) => port.port))];
    const loaded = await loadAnswers(store, recording.id, request, namespace, numbers);
    if (loaded.count === 0 && kept === null)
      throw new ApiError('not_found', `Recording ${recording.name} has no answer of ${request.service}`);
    const names = [request.service, `${request.service}.${namespace}`, `${request.service}.${namespace}.svc.cluster.local`];
    const hosts = names.flatMap((name) => [name, ...numbers.map((port) => `${name}:${port}`)]);
    const stubs = kept && new StubSet(kept, { hosts, random, wallNow: () => clock.wallNow() });
    return { recording: recording.name, stubs, stubsName: stubsOf.name, loaded };
  }

  #portsOf(service: string, namespace: string): { ports: StoodInPort[]; notes: string[] } {
    const { ports, tcp } = this.#httpPorts(service, namespace);
    if (ports.length + tcp.length === 0)
      throw new ApiError('not_found', `There is no service ${service} with a workload in ${namespace}`);
    if (ports.length === 0)
      throw new ApiError('invalid_request', `${service} speaks tcp: only HTTP and gRPC can be stood in for`);
    return { ports, notes: tcp.map((port) => `Port ${port} speaks tcp: its connections go to the service`) };
  }

  #httpPorts(service: string, namespace: string): { ports: StoodInPort[]; tcp: number[] } {
    const { snapshot } = this.#options.configuration.current;
    const own = snapshot.proxies.filter(
      ({ kind, workload }) => kind === 'sidecar' && workload.service === service && workload.namespace === namespace,
    );
    const all = own.flatMap((proxy) => inboundPorts(proxy).map((port): StoodInPort => ({ workload: proxy.id, port })));
    const tcp = all.filter(({ port }) => port.protocol === 'tcp').map(({ port }) => port.port);
    return { ports: all.filter(({ port }) => port.protocol !== 'tcp'), tcp: [...new Set(tcp)] };
  }

  #appOf({ workload, port }: StoodInPort): HostPort | null {
    const proxy = this.#options.configuration.current.snapshot.proxies.find(({ id }) => id === workload);
    return (proxy && inboundPorts(proxy).find(({ name }) => name === port.name)?.app) ?? null;
  }
}

function inboundPorts(proxy: ProxySnapshot) {
  const inbound = proxy.listeners.find((listener) => listener.role === 'inbound');
  return inbound?.role === 'inbound' ? inbound.ports : [];
}
