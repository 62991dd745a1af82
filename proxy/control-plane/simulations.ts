import type { ExchangeDetail, StandInNote } from '../api/exchange.schema.ts';
import type { Explanation } from '../api/explain.schema.ts';
import type { Simulation, SimulationChange, SimulationRequest } from '../api/simulation.schema.ts';
import type { Status } from '../api/status.schema.ts';
import type { HostPort, ProxySnapshot } from '../data-plane/snapshot.ts';
import type { Redactor } from '../recorder/redact.ts';
import { StubSet } from '../recorder/stubs/stub-set.ts';
import { StubStore } from '../recorder/stubs/stub-store.ts';
import type { Clock } from '../shared/clock.ts';
import { messageOf } from '../shared/message-of.ts';
import { nearest } from '../shared/nearest.ts';
import type { Store } from '../store/store.ts';
import type { Configuration } from './apply.ts';
import { ApiError } from './server/api-error.ts';
import { headerOf } from './stand-in/answer.ts';
import { loadAnswers } from './stand-in/load-answers.ts';
import { RunningSimulation, type SimulationFacts } from './stand-in/running-simulation.ts';
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
  /** They are others now, or otherwise. */
  onChange?: () => void;
}

/** What is kept of a simulation, so that it comes back with the engine. */
interface Saved {
  id: string;
  startedAt: string;
  request: SimulationRequest;
}
const savedPrefix = 'simulation:';

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

  /** Goes on until it is stopped, over restarts of the engine too unless it is only `passing`. */
  async start(request: SimulationRequest, { passing = false }: { passing?: boolean } = {}): Promise<Simulation> {
    const startedAt = new Date(this.#options.clock.wallNow()).toISOString();
    const view = await this.#start({ id: `sim-${++this.#count}`, startedAt, request }, undefined);
    if (!passing) await this.#save(view);
    const answers = view.answers === 1 ? '1 answer' : `${view.answers} answers`;
    this.#tell('simulation.started', view, `${view.recording} answers for ${view.service}: ${answers}`);
    return view;
  }

  /** Those that went on when the engine ended. One that cannot come back is told, and is over. */
  async restore(): Promise<void> {
    const { store, clock, onEvent } = this.#options;
    const saved = (await store.listSettings<Saved>(savedPrefix)).map(({ value }) => value);
    const numberOf = ({ id }: Saved) => Number(id.slice(id.lastIndexOf('-') + 1)) || 0;
    this.#count = Math.max(this.#count, ...saved.map(numberOf));
    for (const one of saved.sort((a, b) => numberOf(a) - numberOf(b))) {
      try {
        const view = await this.#start(one, new Date(clock.wallNow()).toISOString());
        this.#tell('simulation.restored', view, `${view.recording} answers for ${view.service} again, as before the restart`);
      } catch (error) {
        // Whatever is wrong with it is no reason not to start; what may pass is tried again at the next start.
        if (error instanceof ApiError) await store.deleteSetting(`${savedPrefix}${one.id}`);
        const { service } = one.request;
        const message = `Nothing answers for ${service} any more, as ${one.id} did before the restart: ${messageOf(error)}`;
        onEvent({ type: 'simulation.lost', subject: service, message, data: { id: one.id } });
      }
    }
  }

  async #start({ id, startedAt, request }: Saved, restoredAt: string | undefined): Promise<Simulation> {
    const { configuration, clock, random, redactor } = this.#options;
    const namespace = request.namespace ?? configuration.current.set.defaultNamespace;
    const { ports, notes } = this.#portsOf(request.service, namespace);
    const key = `${namespace}/${request.service}`;
    this.#refuseSecond(key, request.service, request.from, null);
    const { recording, stubs, stubsName, loaded } = await this.#load(request, namespace, ports);
    // Another may have been started while this one's recording was read.
    this.#refuseSecond(key, request.service, request.from, null);
    const simulation: SimulationFacts = {
      ...{ ...request, recording: recording.name, recordingId: recording.id, id, namespace, startedAt },
      ...(restoredAt === undefined ? {} : { restoredAt }),
      ...{ answers: loaded.count + (stubs?.size ?? 0), notes: [...notes, ...loaded.notes] },
    };
    const servicesOf = (spiffeId: string) => this.#servicesOf(spiffeId);
    const running = new RunningSimulation({
      ...{ simulation, ports: loaded.ports, stubs, stubsName, redactor, clock, random, servicesOf },
    });
    await this.#place(key, running, ports, request.service, namespace);
    return running.view();
  }

  /** One for each caller, and one for everyone else. */
  #refuseSecond(key: string, service: string, from: string | undefined, except: RunningSimulation | null): void {
    const other = this.#services.get(key)?.simulations.find((one) => one !== except && one.from === from);
    if (other === undefined) return;
    const whom = from === undefined ? '' : ` to ${from}`;
    const { recording, id } = other.view();
    throw new ApiError('conflict', `${recording} already answers for ${service}${whom}: change ${id}, or stop it first`);
  }

  async #save({ id, startedAt, recordingId, stubs, ...view }: Simulation): Promise<void> {
    const { service, namespace, from, mode, exhaustion, session, latency, latencyScale, streams, templated, enabled } = view;
    const request: SimulationRequest = {
      ...{ recording: recordingId ?? view.recording, service, namespace, mode, exhaustion, session, latency, latencyScale },
      ...{ streams, templated, enabled, ...(from === undefined ? {} : { from }), ...(stubs === undefined ? {} : { stubs }) },
    };
    const saved: Saved = { id, startedAt, request };
    const outcome = await this.#options.store.setSetting(`${savedPrefix}${id}`, saved);
    const [subject, data] = [service, { id }];
    // It goes on all the same.
    if (!outcome.ok)
      this.#options.onEvent({
        type: 'simulation.unsaved',
        subject,
        message: `${id} will not survive a restart of the engine`,
        data,
      });
  }

  #tell(type: string, { id, service, recording }: Simulation, message: string, more: Record<string, unknown> = {}): void {
    this.#options.onEvent({ type, subject: service, message, data: { id, recording, ...more } });
    this.#options.onChange?.();
  }

  /** Null when there is no such simulation. */
  async change(id: string, change: SimulationChange): Promise<Simulation | null> {
    const known = this.#known.get(id);
    const standIn = known && this.#services.get(`${known.namespace}/${known.service}`);
    if (!known || !standIn?.simulations.includes(known.running)) return null;
    const { running } = known;
    const from = change.from === undefined ? running.from : (change.from ?? undefined);
    this.#refuseSecond(`${known.namespace}/${known.service}`, known.service, from, running);
    running.change(change);
    const view = running.view();
    await this.#save(view);
    const message = `${view.recording} for ${view.service}: ${view.enabled ? 'answers' : 'paused'}${view.from ? `, only for ${view.from}` : ''}, mode ${view.mode}`;
    this.#tell('simulation.changed', view, message, change);
    return view;
  }

  /** The service answers for itself again. False when there is no such simulation. */
  async stop(id: string): Promise<boolean> {
    const known = this.#known.get(id);
    const key = known ? `${known.namespace}/${known.service}` : '';
    const standIn = this.#services.get(key);
    if (!known || !standIn?.simulations.includes(known.running)) return false;
    await this.#options.store.deleteSetting(`${savedPrefix}${id}`);
    if (!standIn.remove(known.running)) {
      this.#services.delete(key);
      await this.#options.configuration.setStandIns(this.#addresses());
      standIn.drain();
    }
    this.#tell('simulation.stopped', known.running.view(), `${known.service} answers for itself again`);
    return true;
  }

  /** What the status tells of each. */
  facts(): NonNullable<Status['simulations']> {
    return this.list().map(({ id, service, namespace, recording, mode, enabled, from, startedAt, restoredAt, hits, misses }) => ({
      ...{ id, service, namespace, recording, mode, enabled, from: from ?? '', startedAt, ...(restoredAt ? { restoredAt } : {}) },
      ...{ hits: Object.values(hits).reduce((sum, count) => sum + count, 0), misses },
    }));
  }

  /** When its recording is deleted (or comes back), what answers from it does so from memory. */
  heard({ type, data }: { type: string; data: Record<string, unknown> }): void {
    if (type !== 'recording.deleted' && type !== 'recording.restored') return;
    for (const { running } of this.#known.values()) running.noteDeleted(String(data.id), type === 'recording.deleted');
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
    if (recording === null) {
      const near = didYouMean(
        request.recording,
        (await store.listRecordings()).map(({ name }) => name),
      );
      throw new ApiError('not_found', `There is no recording ${request.recording}${near}`);
    }
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
    return { recording, stubs, stubsName: stubsOf.name, loaded };
  }

  #portsOf(service: string, namespace: string): { ports: StoodInPort[]; notes: string[] } {
    const { ports, tcp } = this.#httpPorts(service, namespace);
    if (ports.length + tcp.length === 0)
      throw new ApiError(
        'not_found',
        `There is no service ${service} with a workload in ${namespace}${didYouMean(
          service,
          this.#options.configuration.current.snapshot.services.map(({ name }) => name),
        )}`,
      );
    if (ports.length === 0)
      throw new ApiError('invalid_request', `${service} speaks tcp: only HTTP and gRPC can be stood in for`);
    return { ports, notes: tcp.map((port) => `Port ${port} speaks tcp: its connections go to the service`) };
  }

  #httpPorts(service: string, namespace: string): { ports: StoodInPort[]; tcp: number[] } {
    const { snapshot } = this.#options.configuration.current;
    const own = snapshot.proxies.filter(
      ({ kind, workload }) => kind === 'sidecar' && workload.service === service && workload.namespace === namespace,
    );
    const all = own.flatMap((proxy) =>
      inboundPorts(proxy).map((port): StoodInPort => ({ workload: proxy.id, version: proxy.workload.version, port })),
    );
    const tcp = all.filter(({ port }) => port.protocol === 'tcp').map(({ port }) => port.port);
    return { ports: all.filter(({ port }) => port.protocol !== 'tcp'), tcp: [...new Set(tcp)] };
  }

  #servicesOf(spiffeId: string): string[] {
    const { proxies } = this.#options.configuration.current.snapshot;
    const same = proxies.filter(({ workload }) => workload.spiffeId === spiffeId);
    return [...new Set(same.map(({ workload }) => workload.service))];
  }

  #appOf({ workload, port }: StoodInPort): HostPort | null {
    const proxy = this.#options.configuration.current.snapshot.proxies.find(({ id }) => id === workload);
    return (proxy && inboundPorts(proxy).find(({ name }) => name === port.name)?.app) ?? null;
  }
}

function didYouMean(text: string, names: readonly string[]): string {
  const found = nearest(text, names);
  return found === null || found === text ? '' : `; did you mean ${found}?`;
}

function inboundPorts(proxy: ProxySnapshot) {
  const inbound = proxy.listeners.find((listener) => listener.role === 'inbound');
  return inbound?.role === 'inbound' ? inbound.ports : [];
}
