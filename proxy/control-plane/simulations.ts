import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Simulation, SimulationMiss, SimulationRequest } from '../api/simulation.schema.ts';
import type { HostPort } from '../data-plane/snapshot.ts';
import { decodeBody } from '../recorder/decode-body.ts';
import type { Redactor } from '../recorder/redact.ts';
import { StandIn, type StandInEntry, type StandInRequest } from '../recorder/stand-in.ts';
import type { Clock } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';
import type { Configuration } from './apply.ts';
import { ApiError } from './server/api-error.ts';
import { plain, type StandInAnswer, type StandInCall, StandInServer } from './stand-in-server.ts';

export interface SimulationsOptions {
  store: Store;
  clock: Clock;
  redactor: Redactor;
  configuration: Configuration;
  onEvent: (event: { type: string; subject: string; message: string; data: Record<string, unknown> }) => void;
}

interface Running {
  simulation: Simulation;
  standIn: StandIn<StandInAnswer>;
  servers: Map<string, StandInServer>;
}

const maxAnswers = 50_000;
const keptMisses = 20;

/** Services that a recording answers for. Each workload of such a service has a stand-in in its process's place. */
export class Simulations {
  readonly #options: SimulationsOptions;
  readonly #running = new Map<string, Running>();
  #count = 0;

  constructor(options: SimulationsOptions) {
    this.#options = options;
  }

  list(): Simulation[] {
    return [...this.#running.values()].map(({ simulation, standIn }) => ({ ...simulation, answers: standIn.size }));
  }

  get(id: string): Simulation | null {
    return this.list().find((simulation) => simulation.id === id) ?? null;
  }

  async start(request: SimulationRequest): Promise<Simulation> {
    const { configuration, clock, onEvent } = this.#options;
    const namespace = request.namespace ?? configuration.current.set.defaultNamespace;
    const workloads = this.#workloads(request.service, namespace);
    const known = this.list().find((one) => one.service === request.service && one.namespace === namespace);
    if (known) throw new ApiError('conflict', `${known.recording} already answers for ${request.service} (${known.id})`);
    const entries = await this.#answers(request, namespace);
    const id = `sim-${++this.#count}`;
    const running: Running = {
      simulation: {
        ...{ ...request, id, namespace, startedAt: new Date(clock.wallNow()).toISOString(), answers: entries.length },
        ...{ hits: { exact: 0, masked: 0, template: 0 }, misses: 0, forwarded: 0, recentMisses: [] },
      },
      standIn: new StandIn(entries, request),
      servers: new Map(),
    };
    for (const workload of workloads) {
      const options = { decide: (call: StandInCall) => this.#decide(running, call), app: () => this.#appOf(workload) };
      running.servers.set(workload, await StandInServer.listen(options));
    }
    this.#running.set(id, running);
    await this.#commit(running);
    const message = `${request.recording} answers for ${request.service}: ${entries.length} recorded answers`;
    onEvent({ type: 'simulation.started', subject: request.service, message, data: { id } });
    return this.get(id)!;
  }

  /** The service answers for itself again. False when there is no such simulation. */
  async stop(id: string): Promise<boolean> {
    const running = this.#running.get(id);
    if (!running) return false;
    this.#running.delete(id);
    await this.#options.configuration.setStandIns(this.#addresses());
    for (const server of running.servers.values()) server.close();
    const { service } = running.simulation;
    this.#options.onEvent({
      type: 'simulation.stopped',
      subject: service,
      message: `${service} answers for itself again`,
      data: { id },
    });
    return true;
  }

  close(): void {
    for (const { servers } of this.#running.values()) for (const server of servers.values()) server.close();
    this.#running.clear();
  }

  async #commit(running: Running): Promise<void> {
    const outcome = await this.#options.configuration.setStandIns(this.#addresses());
    if (outcome.ok) return;
    this.#running.delete(running.simulation.id);
    for (const server of running.servers.values()) server.close();
    throw new ApiError('conflict', `The stand-in could not be put in place: ${outcome.diagnostics[0]?.message ?? 'refused'}`);
  }

  #addresses(): Record<string, HostPort> {
    return Object.fromEntries(
      [...this.#running.values()].flatMap(({ servers }) => [...servers].map(([id, server]) => [id, server.address])),
    );
  }

  #workloads(service: string, namespace: string): string[] {
    const { snapshot } = this.#options.configuration.current;
    const own = snapshot.proxies.filter(
      ({ kind, workload }) => kind === 'sidecar' && workload.service === service && workload.namespace === namespace,
    );
    if (own.length === 0) throw new ApiError('not_found', `There is no service ${service} with a workload in ${namespace}`);
    const inbound = own[0]!.listeners.find((listener) => listener.role === 'inbound');
    const protocol = inbound?.role === 'inbound' ? (inbound.ports[0]?.protocol ?? 'http') : 'http';
    if (protocol !== 'http')
      throw new ApiError('invalid_request', `${service} speaks ${protocol}: only HTTP/1.1 services can be stood in for`);
    return own.map(({ id }) => id);
  }

  #appOf(workload: string): HostPort | null {
    const proxy = this.#options.configuration.current.snapshot.proxies.find(({ id }) => id === workload);
    const inbound = proxy?.listeners.find((listener) => listener.role === 'inbound');
    return inbound?.role === 'inbound' ? (inbound.ports[0]?.app ?? null) : null;
  }

  /** What the service answered in the recording, as its own sidecar saw it; as its callers did, where that is all there is. */
  async #answers(request: SimulationRequest, namespace: string): Promise<StandInEntry<StandInAnswer>[]> {
    const { store } = this.#options;
    const recording = await store.getRecording(request.recording);
    if (recording === null) throw new ApiError('not_found', `There is no recording ${request.recording}`);
    const own: ExchangeDetail[] = [];
    const seen: ExchangeDetail[] = [];
    for await (const exchange of store.eachRecordedExchange(recording.id)) {
      const theirs = exchange.destination === request.service && (exchange.destinationNamespace || namespace) === namespace;
      if (!theirs || exchange.status === 0 || exchange.method === '' || exchange.protocol === 'WebSocket') continue;
      (exchange.reporter === 'destination' ? own : seen).push(exchange);
      if (own.length + seen.length >= maxAnswers) break;
    }
    const chosen = own.length > 0 ? own : seen;
    if (chosen.length === 0) throw new ApiError('not_found', `Recording ${recording.name} has no answer of ${request.service}`);
    return chosen.map((exchange) => entryOf(exchange, request.latency));
  }

  #decide(running: Running, call: StandInCall): StandInAnswer | { forward: true; learn?: (answer: StandInAnswer) => void } {
    const { simulation, standIn } = running;
    if (simulation.from !== undefined && !isCaller(call, simulation.from)) {
      simulation.forwarded++;
      return { forward: true };
    }
    const request = this.#redacted(call);
    const outcome = standIn.match(request);
    if (outcome.tier !== null) {
      simulation.hits[outcome.tier]++;
      const { answer, id } = outcome.entry;
      const told: [string, string] = [
        'x-drydock-simulated',
        `${outcome.tier}; recording=${simulation.recording}; exchange=${id}`,
      ];
      return { ...answer, headers: [...answer.headers, told] };
    }
    simulation.misses++;
    const miss: SimulationMiss = {
      time: new Date(this.#options.clock.wallNow()).toISOString(),
      method: request.method,
      path: request.path,
      nearest: outcome.nearest && {
        ...{ exchangeId: outcome.nearest.entry.id, path: outcome.nearest.entry.path, differs: outcome.nearest.differs },
      },
    };
    simulation.recentMisses = [miss, ...simulation.recentMisses].slice(0, keptMisses);
    if (simulation.mode === 'simulate') return missed(simulation, miss);
    simulation.forwarded++;
    if (simulation.mode === 'spy') return { forward: true };
    const learn = (answer: StandInAnswer) => standIn.add({ id: `learned-${simulation.forwarded}`, ...request, answer });
    return { forward: true, learn };
  }

  /** Recorded requests are redacted: what comes in is brought to the same form before it is looked up. */
  #redacted(call: StandInCall): StandInRequest {
    const header = (wanted: string) => call.headers.find(([name]) => name === wanted)?.[1] ?? '';
    const body =
      call.body.length === 0
        ? null
        : {
            ...{ bytes: call.body.length, capturedBytes: call.body.length, truncated: false, encoding: 'base64' as const },
            ...{
              content: call.body.toString('base64'),
              contentType: header('content-type'),
              contentEncoding: header('content-encoding'),
            },
          };
    const redacted = this.#options.redactor.redactRequest(call.path, { headers: call.headers, body, trailers: [] });
    const traceId = header('traceparent').split('-')[1] ?? '';
    return {
      method: call.method,
      path: redacted.path,
      headers: redacted.request.headers,
      body: textOf(redacted.request.body),
      traceId,
    };
  }
}

function entryOf(exchange: ExchangeDetail, latency: boolean): StandInEntry<StandInAnswer> {
  const { response, request } = exchange;
  const body =
    response.body === null
      ? Buffer.alloc(0)
      : (decodeBody(response.body) ?? Buffer.from(response.body.content, response.body.encoding));
  // The body is kept without its content encoding; the sidecar's own headers are written again by the sidecar.
  const dropped = new Set(['content-encoding', 'x-envoy-upstream-service-time', 'server', 'date']);
  return {
    id: exchange.id,
    method: exchange.method,
    path: exchange.path,
    body: textOf(request.body),
    answer: {
      status: exchange.status,
      headers: response.headers
        .map(([name, value]): [string, string] => [name.toLowerCase(), value])
        .filter(([name]) => !dropped.has(name)),
      body,
      delayMs: latency ? exchange.durationMs : 0,
    },
  };
}

function textOf(body: ExchangeDetail['request']['body']): string {
  if (body === null) return '';
  return (decodeBody(body) ?? Buffer.from(body.content, body.encoding)).toString('utf8');
}

/** The callee's sidecar names the caller's identity (x-forwarded-client-cert: `…;URI=spiffe://…/sa/reviews`). */
function isCaller(call: StandInCall, from: string): boolean {
  const certificate = call.headers.find(([name]) => name === 'x-forwarded-client-cert')?.[1] ?? '';
  return certificate.split(/[;,]/).some((part) => part.startsWith('URI=') && part.endsWith(`/sa/${from}`));
}

function missed({ recording, service }: Simulation, { method, path, nearest }: SimulationMiss): StandInAnswer {
  const near = nearest
    ? `Nearest: ${nearest.path} (${nearest.exchangeId}); differs in ${nearest.differs.join('; ')}.`
    : 'Nothing like it was recorded.';
  const answer = plain(501, `Recording ${recording} has no answer of ${service} to ${method} ${path}. ${near}\n`);
  return { ...answer, headers: [...answer.headers, ['x-drydock-simulated', `miss; recording=${recording}`]] };
}
