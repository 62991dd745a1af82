import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import type { Exchange, ExchangeDetail } from '../../api/exchange.schema.ts';
import type { ExplainRequest, Explanation } from '../../api/explain.schema.ts';
import type { ClusterStatus } from '../../api/observability.schema.ts';
import type { RotationAction } from '../../api/status.schema.ts';
import type {
  DataPlaneCounters,
  DataPlaneEvent,
  ExchangeTally,
  IdentityMaterial,
  ToxicProxySpec,
  TracePin,
} from '../../data-plane/messages.ts';
import type { BoundListener, MeshSnapshot, PrepareResult } from '../../data-plane/snapshot.ts';
import type { Clock } from '../../shared/clock.ts';
import { assignProxies } from './assign-proxies.ts';
import { DataPlaneGone, type DataPlaneThread, type Told } from './data-plane-thread.ts';
import { sumCounters } from './merge-answers.ts';
import { SharedFaults } from './shared-faults.ts';
import { withBoundPorts } from './with-bound-ports.ts';
import { WorkerSlot } from './worker-slot.ts';

/** A worker that died, and what died with it. */
export interface WorkerCrash {
  reason: string;
  /** From 1. */
  worker: number;
  workers: number;
  /** Proxies it carried. */
  proxies: string[];
  /** Exchanges of other workers that still go on. */
  stillOpen: string[];
}

export interface DataPlaneWorkersOptions {
  /** Module of the worker thread. */
  entry: URL;
  clock: Clock;
  /** `dropped` exchanges have no record; `tallies` count them. */
  onExchanges: (exchanges: ExchangeDetail[], dropped: number, tallies: ExchangeTally[]) => void;
  /** Exchanges that go on for long: those that changed, and the ids of all there are. */
  onOpen: (changed: Exchange[], ids: string[]) => void;
  onEvents: (events: DataPlaneEvent[]) => void;
  /** A worker died; it is started again with the same proxies on the same ports. */
  onCrash: (crash: WorkerCrash) => void;
  /** It serves again. `bound`: the listeners of all workers; `whole`: no other one is away. */
  onRecovered: (recovered: { worker: number; workers: number; bound: BoundListener[]; whole: boolean }) => void;
}

interface InForce {
  snapshot: MeshSnapshot;
  assigned: ReadonlyMap<string, number>;
  bound: BoundListener[];
}

/**
 * The data plane, seen from the control plane: one worker thread or several (`Mesh.spec.dataPlane.workers`), each proxy whole on one of them,
 * so that limits, ejections and connections stay per proxy as in Envoy.
 *
 *   apply ─▶ prepare on all (bind, build) ─▶ commit on all ─▶ settle on all (stop what is gone)
 *                      └─ one refuses ─▶ abandon on all
 *
 * Every worker gets the whole snapshot and serves the proxies that are its own. Survives the death of a worker: a new one gets identities,
 * pins and the snapshot in force with the ports it had. Toxic proxies live on the first worker.
 */
export class DataPlaneWorkers {
  readonly #options: DataPlaneWorkersOptions;
  readonly #slots: WorkerSlot[] = [];
  readonly #faults = new SharedFaults();
  readonly #pins = new Map<string, TracePin[]>();
  readonly #drained = new Set<string>();
  readonly #identities = new Map<string, IdentityMaterial>();
  #inForce: InForce | null = null;
  #keepsAll = false;
  /** Applies and restarts run one after another. */
  #changes: Promise<unknown> = Promise.resolve();

  /** The first worker starts at once, others with the first snapshot that asks for them. */
  constructor(options: DataPlaneWorkersOptions) {
    this.#options = options;
    this.#addWorker();
  }

  /** Replaces certificates; a later apply may name their identities. */
  setIdentities(identities: IdentityMaterial[]): void {
    for (const identity of identities) this.#identities.set(identity.spiffeId, identity);
    for (const thread of this.#alive) thread.post({ type: 'identities', identities });
  }

  /** All workers take the snapshot or none. Rejects with DataPlaneGone, and nothing changed, while one of them is away. */
  apply(snapshot: MeshSnapshot): Promise<PrepareResult> {
    return this.#serialised(() => this.#apply(snapshot));
  }

  /** Of every proxy whose worker is there. */
  async clusters(): Promise<ClusterStatus[]> {
    return (await this.#askAlive((thread) => thread.ask({ type: 'clusters' }, 'clusters'))).flatMap(({ clusters }) => clusters);
  }

  async explain(request: ExplainRequest): Promise<{ explanation: Explanation | null; error: string }> {
    const { thread } = this.#slots[this.#workerOf(request.from)]!;
    if (thread === null) throw new DataPlaneGone('The data plane is being restarted');
    return thread.ask({ type: 'explain', request }, 'explained');
  }

  async counters(): Promise<DataPlaneCounters> {
    const answers = await this.#askAlive((thread) => thread.ask({ type: 'counters' }, 'counters'));
    return sumCounters(answers.map(({ counters }) => counters));
  }

  /** One that still goes on, with its messages so far; not yet redacted. */
  async openExchange(exchange: string): Promise<ExchangeDetail | null> {
    const answers = await this.#askAlive((thread) => thread.ask({ type: 'open-exchange', exchange }, 'open-exchange'));
    return answers.find(({ detail }) => detail !== null)?.detail ?? null;
  }

  /** Resolves when every exchange finished before now has been handed to onExchanges: a reader sees what it has just done. */
  async flush(): Promise<void> {
    await this.#askAlive((thread) => thread.ask({ type: 'flush' }, 'flushed'));
  }

  /** Returns how many connections had to be cut. */
  async drain(graceMs: number): Promise<number> {
    const answers = await this.#askAlive((thread) => thread.ask({ type: 'drain', graceMs }, 'drained'));
    return answers.reduce((sum, { cut }) => sum + cut, 0);
  }

  /** On while a recording runs: full records of every exchange, as far as they can be taken. */
  keepAllExchanges(on: boolean): void {
    if (on === this.#keepsAll) return;
    this.#keepsAll = on;
    for (const thread of this.#alive) thread.post({ type: 'keep-all', on });
  }

  /** Resolves when calls of traces that begin with `prefix` go where the pins say; none: as routed again. */
  async pinTraces(prefix: string, pins: TracePin[]): Promise<void> {
    if (pins.length === 0) this.#pins.delete(prefix);
    else this.#pins.set(prefix, pins);
    await this.#askAlive((thread) => thread.ask({ type: 'pin-traces', prefix, pins }, 'pinned'));
  }

  /** Workloads out of rotation by hand. */
  get drained(): ReadonlySet<string> {
    return this.#drained;
  }

  /** Returns how many clusters of callers that changed. */
  async rotate(workload: string, action: RotationAction): Promise<number> {
    if (action === 'drain') this.#drained.add(workload);
    if (action === 'restore') this.#drained.delete(workload);
    const answers = await this.#askAlive((thread) => thread.ask({ type: 'rotate', workload, action }, 'rotated'));
    return answers.reduce((sum, { clusters }) => sum + clusters, 0);
  }

  async setToxicProxy(spec: ToxicProxySpec): Promise<{ listen: string; error: string }> {
    return this.#first.ask({ type: 'set-toxic-proxy', spec }, 'toxic-proxy');
  }

  async removeToxicProxy(name: string): Promise<void> {
    await this.#first.ask({ type: 'remove-toxic-proxy', name }, 'toxic-proxy');
  }

  async close(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }

  // ── apply ──

  async #apply(compiled: MeshSnapshot): Promise<PrepareResult> {
    if (this.#inForce === null) while (this.#slots.length < (compiled.workers ?? 1)) this.#addWorker();
    const workers = this.#slots.length;
    const shared = workers === 1 ? null : this.#faults.withMemory(compiled.faults);
    const snapshot = shared === null ? compiled : { ...compiled, faults: shared.faults };
    const ids = snapshot.proxies.map(({ id }) => id);
    const assigned = assignProxies(ids, workers, this.#inForce?.assigned ?? new Map());
    const refused = (diagnostics: Diagnostic[]): PrepareResult => ({ ok: false, bound: [], diagnostics });
    const prepared = await this.#prepareAll(snapshot, assigned);
    const diagnostics = prepared.flatMap((result) => result.diagnostics);
    if (prepared.some(({ ok }) => !ok)) return refused(diagnostics);
    const bound = prepared.flatMap((result) => result.bound);
    // From here it is decided: a worker that dies now comes back with this snapshot.
    this.#inForce = { snapshot: withBoundPorts(snapshot, bound), assigned, bound };
    shared?.keep();
    await Promise.allSettled(this.#slots.map((slot) => slot.commit(bound)));
    for (const thread of this.#alive) thread.post({ type: 'settle' });
    return { ok: true, bound, diagnostics: [...diagnostics, ...tellOtherNumber(compiled, workers)] };
  }

  /** What one refuses, or does not live to answer, is abandoned by all. */
  async #prepareAll(snapshot: MeshSnapshot, assigned: ReadonlyMap<string, number>): Promise<PrepareResult[]> {
    const preparing = this.#slots.map((slot, worker) => slot.prepare(snapshot, ownOf(worker, assigned), this.#slots.length));
    const settled = await Promise.allSettled(preparing);
    const results = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed !== undefined || results.some(({ ok }) => !ok)) for (const thread of this.#alive) thread.post({ type: 'abandon' });
    if (failed !== undefined) throw failed.reason;
    return results;
  }

  #serialised<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(change);
    // A rejected promise is its caller's to handle; the next change runs either way.
    this.#changes = result.catch(() => undefined);
    return result;
  }

  // ── workers ──

  #addWorker(): void {
    const index = this.#slots.length;
    const slot: WorkerSlot = new WorkerSlot({
      entry: this.#options.entry,
      name: index === 0 ? 'data-plane' : `data-plane-${index + 1}`,
      clock: this.#options.clock,
      onTold: (message) => this.#hear(slot, message),
      onDied: (reason) => this.#died(index, reason),
      revive: () => {
        // At once: an apply that is already waiting comes first, and its listeners need their identities.
        slot.tell(this.#standing);
        return this.#serialised(() => this.#revive(slot, index));
      },
    });
    this.#slots.push(slot);
    slot.tell(this.#standing);
  }

  #hear(slot: WorkerSlot, message: Told): void {
    if (message.type === 'exchanges') {
      const { exchanges, dropped, tallies } = message;
      this.#options.onExchanges(exchanges, dropped, tallies ?? []);
      // Only now: a data plane that runs ahead keeps fewer records, nothing piles up here.
      if (exchanges.length > 0) slot.thread?.post({ type: 'acknowledge', exchanges: exchanges.length });
    } else if (message.type === 'open') {
      slot.openIds = message.ids;
      this.#options.onOpen(message.changed, this.#openIds);
    } else if (message.type === 'events') this.#options.onEvents(message.events);
  }

  #died(index: number, reason: string): void {
    const proxies = this.#inForce === null ? [] : ownOf(index, this.#inForce.assigned);
    this.#options.onCrash({ reason, worker: index + 1, workers: this.#slots.length, proxies, stillOpen: this.#openIds });
  }

  /** A new thread in the place of one that died: the same proxies on the same ports. */
  async #revive(slot: WorkerSlot, index: number): Promise<boolean> {
    const { thread } = slot;
    if (this.#inForce === null || thread === null) return true;
    const { snapshot, assigned } = this.#inForce;
    const own = ownOf(index, assigned);
    const result = await slot.prepare(snapshot, own, this.#slots.length);
    if (!result.ok) {
      thread.fail(result.diagnostics.map((diagnostic) => diagnostic.message).join('; '));
      return false;
    }
    const bound = [...this.#inForce.bound.filter(({ proxy }) => assigned.get(proxy) !== index), ...result.bound];
    this.#inForce = { snapshot: withBoundPorts(snapshot, bound), assigned, bound };
    await slot.commit(bound);
    for (const other of this.#alive) if (other !== thread) other.post({ type: 'peers', bound });
    const whole = this.#slots.every((one) => one.thread !== null);
    this.#options.onRecovered({ worker: index + 1, workers: this.#slots.length, bound, whole });
    return true;
  }

  get #standing() {
    return { keepsAll: this.#keepsAll, pins: this.#pins, drained: this.#drained, identities: [...this.#identities.values()] };
  }

  get #openIds(): string[] {
    return this.#slots.flatMap((slot) => slot.openIds);
  }

  get #alive(): DataPlaneThread[] {
    return this.#slots.flatMap(({ thread }) => (thread === null ? [] : [thread]));
  }

  get #first(): DataPlaneThread {
    const [first] = this.#slots;
    if (!first?.thread) throw new DataPlaneGone('The data plane is being restarted');
    return first.thread;
  }

  /** Answers of the workers that live; DataPlaneGone when none does. */
  async #askAlive<A>(ask: (thread: DataPlaneThread) => Promise<A>): Promise<A[]> {
    const asked = await Promise.allSettled(this.#alive.map(ask));
    const answers = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    if (answers.length > 0) return answers;
    const [failed] = asked;
    throw failed?.status === 'rejected' ? failed.reason : new DataPlaneGone('The data plane is being restarted');
  }

  /** Who knows how the caller's clusters fare. A caller nobody knows is the first worker's to refuse. */
  #workerOf(from: string): number {
    const proxy = this.#inForce?.snapshot.proxies.find(
      ({ id, workload }) => id === from || workload.service === from || `${workload.namespace}/${workload.service}` === from,
    );
    return (proxy === undefined ? undefined : this.#inForce?.assigned.get(proxy.id)) ?? 0;
  }
}

function ownOf(worker: number, assigned: ReadonlyMap<string, number>): string[] {
  return [...assigned].filter(([, carrier]) => carrier === worker).map(([proxy]) => proxy);
}

/** A sidecar cannot move to another worker without closing its port: the number of workers is that of the start. */
function tellOtherNumber({ workers: wanted = 1 }: MeshSnapshot, running: number): Diagnostic[] {
  if (wanted === running) return [];
  const message = `dataPlane.workers is ${wanted} now; the sidecars stay on ${running === 1 ? 'the one worker' : `the ${running} workers`} they run on until the engine is started again`;
  return [{ severity: 'warning', code: 'DD1207', message, path: 'spec.dataPlane.workers' }];
}
