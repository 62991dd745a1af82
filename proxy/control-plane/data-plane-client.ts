import { Worker } from 'node:worker_threads';
import type { Exchange, ExchangeDetail } from '../api/exchange.schema.ts';
import type { ExplainRequest, Explanation } from '../api/explain.schema.ts';
import type { ClusterStatus } from '../api/observability.schema.ts';
import type {
  DataPlaneCounters,
  DataPlaneEvent,
  ExchangeTally,
  FromDataPlane,
  IdentityMaterial,
  ToDataPlane,
  ToxicProxySpec,
  TracePin,
} from '../data-plane/messages.ts';
import type { BoundListener, MeshSnapshot, PrepareResult } from '../data-plane/snapshot.ts';
import type { Clock, Timer } from '../shared/clock.ts';
import { workerEnvironment } from '../shared/worker-environment.ts';

type Answer = Extract<FromDataPlane, { id: number }>;
type Question = Extract<ToDataPlane, { id: number }>;
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

export interface DataPlaneClientOptions {
  /** Module of the worker thread. */
  entry: URL;
  clock: Clock;
  /** `dropped` exchanges have no record; `tallies` count them. */
  onExchanges: (exchanges: ExchangeDetail[], dropped: number, tallies: ExchangeTally[]) => void;
  /** Exchanges that go on for long: those that changed, and the ids of all there are. */
  onOpen: (changed: Exchange[], ids: string[]) => void;
  onEvents: (events: DataPlaneEvent[]) => void;
  /** The worker died; it is started again with the same ports. `back` tells when it serves again. */
  onCrash: (message: string) => void;
  onRecovered: (bound: BoundListener[]) => void;
}

/** The worker died before it answered. */
export class DataPlaneGone extends Error {
  override name = 'DataPlaneGone';
}

const restartDelayMs = 50;
const maxRestartDelayMs = 5_000;

/** The data plane's worker thread, seen from the control plane. Survives its crash: identities and snapshot are given to a new one. */
export class DataPlaneClient {
  readonly #options: DataPlaneClientOptions;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  #worker: Worker | null = null;
  #nextId = 1;
  #closed = false;
  #restartDelayMs = restartDelayMs;
  #timer: Timer | null = null;
  #identities: IdentityMaterial[] = [];
  #committed: MeshSnapshot | null = null;
  #keepsAll = false;
  readonly #pins = new Map<string, TracePin[]>();

  constructor(options: DataPlaneClientOptions) {
    this.#options = options;
    this.#start();
  }

  /** Replaces certificates; a later apply may name their identities. */
  setIdentities(identities: IdentityMaterial[]): void {
    const changed = new Map([...this.#identities, ...identities].map((identity) => [identity.spiffeId, identity]));
    this.#identities = [...changed.values()];
    this.#worker?.postMessage({ type: 'identities', identities } satisfies ToDataPlane);
  }

  async apply(snapshot: MeshSnapshot): Promise<PrepareResult> {
    const { result } = await this.#ask({ type: 'apply', snapshot }, 'applied');
    if (result.ok) this.#committed = withBoundPorts(snapshot, result.bound);
    return result;
  }

  async clusters(): Promise<ClusterStatus[]> {
    return (await this.#ask({ type: 'clusters' }, 'clusters')).clusters;
  }

  async explain(request: ExplainRequest): Promise<{ explanation: Explanation | null; error: string }> {
    return this.#ask({ type: 'explain', request }, 'explained');
  }

  async counters(): Promise<DataPlaneCounters> {
    return (await this.#ask({ type: 'counters' }, 'counters')).counters;
  }

  /** One that still goes on, with its messages so far; not yet redacted. */
  async openExchange(exchange: string): Promise<ExchangeDetail | null> {
    return (await this.#ask({ type: 'open-exchange', exchange }, 'open-exchange')).detail;
  }

  /** Resolves when every exchange finished before now has been handed to onExchanges: a reader sees what it has just done. */
  async flush(): Promise<void> {
    await this.#ask({ type: 'flush' }, 'flushed');
  }

  /** Returns how many connections had to be cut. */
  async drain(graceMs: number): Promise<number> {
    return (await this.#ask({ type: 'drain', graceMs }, 'drained')).cut;
  }

  /** On while a recording runs: full records of every exchange, as far as they can be taken. */
  keepAllExchanges(on: boolean): void {
    if (on === this.#keepsAll) return;
    this.#keepsAll = on;
    this.#worker?.postMessage({ type: 'keep-all', on } satisfies ToDataPlane);
  }

  /** Resolves when calls of traces that begin with `prefix` go where the pins say; none: as routed again. */
  async pinTraces(prefix: string, pins: TracePin[]): Promise<void> {
    if (pins.length === 0) this.#pins.delete(prefix);
    else this.#pins.set(prefix, pins);
    await this.#ask({ type: 'pin-traces', prefix, pins }, 'pinned');
  }

  captureBodies(bodies: boolean): void {
    this.#worker?.postMessage({ type: 'capture', bodies } satisfies ToDataPlane);
  }

  async setToxicProxy(spec: ToxicProxySpec): Promise<{ listen: string; error: string }> {
    return this.#ask({ type: 'set-toxic-proxy', spec }, 'toxic-proxy');
  }

  async removeToxicProxy(name: string): Promise<void> {
    await this.#ask({ type: 'remove-toxic-proxy', name }, 'toxic-proxy');
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    const worker = this.#worker;
    this.#worker = null;
    this.#rejectWaiting('the engine stops');
    await worker?.terminate();
  }

  #start(): void {
    const worker = new Worker(this.#options.entry, {
      name: 'data-plane',
      stdout: false,
      stderr: false,
      env: workerEnvironment(),
    });
    this.#worker = worker;
    worker.on('message', (message: FromDataPlane) => this.#receive(message));
    worker.on('error', (error) => this.#died(worker, error.stack ?? error.message));
    worker.on('exit', (code) => this.#died(worker, `exit code ${code}`));
  }

  #receive(message: FromDataPlane): void {
    if ('id' in message) {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      waiting?.resolve(message);
    } else if (message.type === 'exchanges') this.#takeExchanges(message);
    else if (message.type === 'open') this.#options.onOpen(message.changed, message.ids);
    else if (message.type === 'events') this.#options.onEvents(message.events);
    else if (message.type === 'failed' && this.#worker) this.#died(this.#worker, `${message.message}\n${message.stack}`);
  }

  /** Acknowledged only after it was worked on: a data plane that runs ahead keeps fewer records, nothing piles up here. */
  #takeExchanges({ exchanges, dropped, tallies }: Extract<FromDataPlane, { type: 'exchanges' }>): void {
    this.#options.onExchanges(exchanges, dropped, tallies ?? []);
    if (exchanges.length > 0) {
      this.#worker?.postMessage({ type: 'acknowledge', exchanges: exchanges.length } satisfies ToDataPlane);
    }
  }

  #died(worker: Worker, reason: string): void {
    if (this.#closed || worker !== this.#worker) return;
    this.#worker = null;
    void worker.terminate();
    this.#rejectWaiting(reason);
    this.#options.onCrash(reason);
    this.#timer = this.#options.clock.setTimer(() => void this.#restart(), this.#restartDelayMs);
    this.#restartDelayMs = Math.min(maxRestartDelayMs, this.#restartDelayMs * 2);
  }

  async #restart(): Promise<void> {
    if (this.#closed) return;
    this.#start();
    this.#worker?.postMessage({ type: 'keep-all', on: this.#keepsAll } satisfies ToDataPlane);
    for (const [prefix, pins] of this.#pins)
      this.#worker?.postMessage({ type: 'pin-traces', id: 0, prefix, pins } satisfies ToDataPlane);
    if (!this.#committed) return;
    this.#worker?.postMessage({ type: 'identities', identities: this.#identities } satisfies ToDataPlane);
    try {
      const { result } = await this.#ask({ type: 'apply', snapshot: this.#committed }, 'applied');
      if (!result.ok) {
        if (this.#worker) this.#died(this.#worker, result.diagnostics.map((diagnostic) => diagnostic.message).join('; '));
        return;
      }
      this.#restartDelayMs = restartDelayMs;
      this.#options.onRecovered(result.bound);
    } catch (error) {
      if (!(error instanceof DataPlaneGone)) throw error; // it died again: #died has set the next try
    }
  }

  #rejectWaiting(reason: string): void {
    const gone = new DataPlaneGone(`The data plane is not running: ${reason.split('\n')[0]}`);
    for (const waiting of this.#waiting.values()) waiting.reject(gone);
    this.#waiting.clear();
  }

  #ask<T extends Answer['type']>(question: WithoutId<Question>, _answers: T): Promise<Extract<Answer, { type: T }>> {
    const worker = this.#worker;
    if (!worker) return Promise.reject(new DataPlaneGone('The data plane is being restarted'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: Answer) => void, reject });
      worker.postMessage({ ...question, id });
    });
  }
}

/** The same snapshot asking for exactly the ports it got, so that a restarted worker takes them again. */
function withBoundPorts(snapshot: MeshSnapshot, bound: readonly BoundListener[]): MeshSnapshot {
  const ports = new Map(bound.map((listener) => [`${listener.proxy}/${listener.listener}`, listener.port]));
  return {
    ...snapshot,
    proxies: snapshot.proxies.map((proxy) => ({
      ...proxy,
      listeners: proxy.listeners.map((listener) => ({
        ...listener,
        port: ports.get(`${proxy.id}/${listener.id}`) ?? listener.port,
      })),
    })),
  };
}
