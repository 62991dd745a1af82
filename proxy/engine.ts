import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ready, Status } from './api/status.schema.ts';
import { meshesOf } from './config/hosts.ts';
import { loadFiles, ProtoReader, ResourceSet } from './config/index.ts';
import { isPortFree } from './control-plane/app-ports.ts';
import { Configuration } from './control-plane/apply.ts';
import { ConfigReactions } from './control-plane/config-reactions.ts';
import { DataPlaneGone } from './control-plane/data-plane/data-plane-thread.ts';
import { DataPlaneWorkers } from './control-plane/data-plane/data-plane-workers.ts';
import { describeCrash, nameWorker } from './control-plane/data-plane/describe-crash.ts';
import { EngineLog } from './control-plane/engine-log.ts';
import { describeStatus, readyLine } from './control-plane/engine-status.ts';
import { ExchangeIntake } from './control-plane/exchange-intake.ts';
import { FileWatcher } from './control-plane/file-watcher.ts';
import { graphFacts } from './control-plane/graph-facts.ts';
import { createHandlers, registeredServices, windowMs } from './control-plane/handlers.ts';
import { type HomeLock, lockHome } from './control-plane/home.ts';
import { explainHomeError } from './control-plane/home-unusable.ts';
import { Housekeeping } from './control-plane/housekeeping.ts';
import { GivenProtos } from './control-plane/message-names/given-protos.ts';
import { typesForHost } from './control-plane/message-names/message-names.ts';
import { Reflection } from './control-plane/message-names/reflection.ts';
import { openHomeAuthority, openHomeStore } from './control-plane/open-home.ts';
import { findPortOwner } from './control-plane/port-owner.ts';
import { createRemoteCheck, createSteering, ReplayCaller } from './control-plane/replay-send.ts';
import { Rotation } from './control-plane/rotation-handlers.ts';
import { MeshOfScenario } from './control-plane/scenario-mesh.ts';
import { ApiError } from './control-plane/server/api-error.ts';
import type { ControlServer } from './control-plane/server/control-server.ts';
import type { ApiHandlers } from './control-plane/server/route-table.ts';
import { StreamHub } from './control-plane/server/stream-hub.ts';
import { Simulations } from './control-plane/simulations.ts';
import { listenControl, listenToxiproxy, StartError } from './control-plane/start-listeners.ts';
import { Supervisor } from './control-plane/supervisor/supervisor.ts';
import { type ProxyState, type ToxiproxyApi, ToxiproxyState } from './control-plane/toxiproxy/index.ts';
import { describeWorkloads } from './control-plane/workloads.ts';
import { DetailBudget } from './data-plane/detail-budget.ts';
import type { DataPlaneCounters } from './data-plane/messages.ts';
import { createSystemClock } from './data-plane/system-clock.ts';
import { toxicTypes } from './data-plane/toxics/index.ts';
import type { CertificateAuthority } from './pki/authority.ts';
import { WorkloadCertificates } from './pki/workload-certificates.ts';
import { Recorder } from './recorder/recorder.ts';
import { RecordingEditor } from './recorder/recording-editor.ts';
import { RecordingImporter } from './recorder/recording-importer.ts';
import { Redactor } from './recorder/redact.ts';
import { openRedactionKey } from './recorder/redaction-key.ts';
import { Replayer } from './recorder/replay.ts';
import { LoadThread } from './scenarios/load-thread.ts';
import { Scenarios } from './scenarios/scenarios.ts';
import type { Store } from './store/store.ts';
import type { StoreNotice } from './store/store-types.ts';
import { AccessLog } from './telemetry/access-log-writer.ts';
import { OtlpExporter } from './telemetry/otlp/exporter.ts';
import { OtlpReceiver, otlpGrpcPort, otlpHttpPort } from './telemetry/otlp/receiver.ts';
import { Telemetry } from './telemetry/telemetry.ts';

export interface EngineOptions {
  home: string;
  /** Config files and folders. */
  paths: readonly string[];
  /** Fixed; omitted = last run's when free, else any. */
  controlPort?: number;
  toxiproxyPort?: number;
  /** Module of the data plane's workers; omitted = ours. */
  dataPlaneEntry?: URL;
  /** The engine has stopped by itself (POST /shutdown). */
  onStopped?: () => void;
}

const flawWords = { expired: 'expired', 'wrong-name': 'for another workload', untrusted: 'by an unknown authority' } as const;
const dataPlaneEntry = new URL(
  import.meta.url.endsWith('.ts') ? './data-plane/worker.ts' : './data-plane/worker.js',
  import.meta.url,
);
const drainMs = 5_000;
/** Of the store's recent exchanges while a recording runs: what the data plane leaves of a flood without one. */
const telemetryBudget = { perSecond: 2_000, perSecondAtFullSpeed: 400, burst: 5_000 };
/** How long the ready line waits for run: services to answer. */
const settleMs = 10_000;
const portsKey = 'ports';
const toxicProxiesKey = 'toxiproxy';

/**
 * Composition root: the only place that joins the parts. Order of a start: home lock → database, CA and data-plane thread at once → control
 * server (its port must be known, because nothing may be routed to it) → first apply → run: services → engine.json.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #clock = createSystemClock();
  readonly #startedAt = Date.now();
  readonly #version = readVersion();
  readonly #token = randomBytes(32).toString('base64url');
  readonly #log: EngineLog;
  readonly #closers: (() => Promise<unknown> | unknown)[] = [];
  #parts!: Parts;
  #counters: DataPlaneCounters | null = null;
  #crashed = '';
  /** What the store had to say before there was anybody to hear it. */
  readonly #early: (() => void)[] = [];
  #stopping: Promise<void> | null = null;

  private constructor(options: EngineOptions) {
    this.#options = options;
    this.#log = new EngineLog(options.home, Date.now);
  }

  /** Throws StartError, HomeBusy or HomeUnusable. */
  static async start(options: EngineOptions): Promise<Engine> {
    const engine = new Engine(options);
    try {
      await engine.#start();
      return engine;
    } catch (error) {
      engine.#log.write(`start failed: ${(error as Error).message}`);
      await engine.#closeAll();
      throw explainHomeError(options.home, error);
    }
  }

  ready(): Ready {
    return readyLine({ ...this.#described() });
  }

  /** Drains for at most five seconds, stops services, writes what is pending. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** For what nobody caught: the reason is on disk before the process ends. */
  async logFatal(reason: string): Promise<void> {
    this.#log.write(`fatal: ${reason}`);
    await this.#log.flush();
  }

  async #start(): Promise<void> {
    const { home, paths } = this.#options;
    const lock = await lockHome(home);
    this.#closers.push(() => lock.release());
    const dataPlane = this.#startDataPlane();
    const [store, loaded] = await Promise.all([this.#openStore(), loadFiles(paths)]);
    const peek = ResourceSet.empty.replaceFiles(loaded.documents, { now: 0 }).set;
    const mesh = firstMesh(peek);
    const [authority, ports] = await Promise.all([
      openHomeAuthority(home, mesh.trustDomain),
      store.getSetting<Record<string, number>>(portsKey),
    ]);
    const rememberedPorts = ports ?? {};
    const parts = await this.#join({ lock, dataPlane, store, authority, rememberedPorts });
    this.#parts = parts;
    for (const tell of this.#early.splice(0)) tell();
    parts.server = await this.#startServer(parts, rememberedPorts);
    this.#closers.push(() => parts.server?.close());
    const toxiproxy = await listenToxiproxy(parts.toxiproxyState, this.#options.toxiproxyPort);
    this.#closers.push(() => toxiproxy.close());
    parts.toxiproxy = toxiproxy;
    const otlp = await this.#listenOtlp(parts);
    this.#closers.push(() => otlp.close());
    parts.otlp = otlp;
    const outcome = await parts.configuration.start(await registeredServices(store, mesh.name));
    if (!outcome.ok) throw new StartError(outcome.diagnostics);
    await parts.toxiproxyState.restore();
    await parts.simulations.restore();
    await parts.supervisor.settled(settleMs);
    await parts.watcher.watch(paths, parts.configuration.files);
    parts.housekeeping = new Housekeeping({ ...parts, emit: this.#emit.bind(this) });
    this.#closers.push(() => parts.housekeeping?.close());
    const absolute = paths.map((one) => path.resolve(one));
    await lock.publish({ pid: process.pid, url: parts.server.url, token: this.#token, paths: absolute });
    this.#emit('engine.started', mesh.name, `Engine ${this.#version} serves ${mesh.name}`, { pid: process.pid });
  }

  #startDataPlane(): DataPlaneWorkers {
    const dataPlane = new DataPlaneWorkers({
      entry: this.#options.dataPlaneEntry ?? dataPlaneEntry,
      clock: this.#clock,
      onExchanges: (exchanges, dropped, tallies) => this.#parts?.intake.take(exchanges, dropped, tallies),
      onOpen: (changed, ids) => this.#parts?.intake.takeOpen(changed, ids),
      onEvents: (events) => this.#parts?.intake.takeEvents(events),
      onCrash: (crash) => {
        this.#parts?.intake.endOpen(crash.stillOpen);
        const { problem, message } = describeCrash(crash);
        this.#crashed = problem;
        this.#log.write(`data plane crashed: ${crash.reason}`);
        const { worker, workers, proxies } = crash;
        this.#emit('data-plane.crashed', 'data-plane', message, { worker, workers, proxies });
      },
      onRecovered: ({ worker, workers, bound, whole }) => {
        if (whole) this.#crashed = '';
        this.#parts.configuration.rebound(bound);
        if (worker === 1) void this.#parts.toxiproxyState.resume().catch(ignoreGone);
        const message = `${nameWorker({ worker, workers })} serves again on the same ports`;
        this.#emit('data-plane.recovered', 'data-plane', message, { worker, workers });
      },
    });
    this.#closers.push(() => dataPlane.close());
    return dataPlane;
  }

  async #openStore(): Promise<Store> {
    const onNotice = ({ type, message, data }: StoreNotice) => {
      const tell = () => this.#emit(type, 'store', message, data);
      if (this.#parts) tell();
      else this.#early.push(tell);
    };
    const store = await openHomeStore(this.#options.home, this.#clock, onNotice);
    this.#closers.push(() => store.close());
    return store;
  }

  async #join(given: Given): Promise<Parts> {
    const { dataPlane, store, authority, rememberedPorts } = given;
    const clock = this.#clock;
    const random = Math.random;
    const collect = () => dataPlane.flush().catch(ignoreGone);
    const certificates = this.#joinCertificates(authority, dataPlane);
    const supervisor = this.#joinSupervisor();
    const redactor = new Redactor({ key: await openRedactionKey(this.#options.home) });
    const protoReader = new ProtoReader();
    const configuration = new Configuration({
      ...{ paths: this.#options.paths, clock, dataPlane, certificates, authority, rememberedPorts, protoReader },
      forbiddenUpstreams: () => this.#ownAddresses(),
      onPortsChanged: (ports) => void store.setSetting(portsKey, { ...ports, control: this.#parts.server?.port ?? 0 }),
      onCommitted: (committed, applied) => this.#parts.reactions.committed(committed, applied),
      onRejected: (diagnostics, source) => this.#parts.reactions.rejected(diagnostics, source),
    });
    const protos = new GivenProtos({ store, reader: protoReader, current: () => configuration.current });
    const reflection = new Reflection({ clock, forbidden: () => this.#ownAddresses() });
    const onEvent = (event: Heard) => this.#hear(event);
    const observing = this.#joinTelemetry(given, configuration, onEvent);
    const recording = this.#joinRecorder({ store, redactor, collect, onEvent });
    const { recorder } = recording;
    const simulations = new Simulations({
      ...{ store, clock, redactor, configuration, random, onEvent },
      onChange: () => this.#parts?.hub.statusChanged(),
    });
    const caller = new ReplayCaller(() => configuration.current);
    const steer = createSteering(
      () => configuration.current,
      (prefix, pins) => dataPlane.pinTraces(prefix, pins),
    );
    const { send, prepare } = caller;
    const onActive = () => this.#parts?.intake.chooseWhatIsKept();
    const leavesMachine = createRemoteCheck(() => configuration.current);
    const sending = { send, prepare, steer, leavesMachine };
    const replayer = new Replayer({ store, clock, random, redactor, ...sending, flush: collect, onActive });
    const typesOf = (namespace: string, service: string, method: string) =>
      typesForHost({ protos, reflection, current: () => configuration.current }, { namespace, service, method });
    const scenarios = new Scenarios({
      ...{ store, clock, random, openLoads: () => LoadThread.open(), onEvent },
      mesh: (scenario) => new MeshOfScenario({ configuration, recorder, supervisor, typesOf, flush: collect }, scenario),
      onChange: onActive,
    });
    const hub = this.#joinHub(observing.telemetry);
    const watcher = new FileWatcher({ clock, onChange: () => void this.#parts.reactions.filesChanged() });
    const toxiproxyState = joinToxiproxy(dataPlane, store);
    const fed = { ...observing, redactor, store, recorder, replayer, scenarios, simulations, hub };
    const recent = new DetailBudget(telemetryBudget, clock.now());
    const intake = new ExchangeIntake({ ...fed, clock, dataPlane, recent });
    const emit = this.#emit.bind(this);
    const rotation = new Rotation(dataPlane, emit);
    const followers = { ...fed, paths: this.#options.paths, configuration, supervisor, intake, watcher };
    const reactions = new ConfigReactions({ ...followers, log: this.#log, emit });
    this.#closers.push(
      () => certificates.close(),
      () => caller.close(),
      () => replayer.close(),
      () => simulations.close(),
      () => recorder.close(),
      () => observing.accessLog.close(),
      () => observing.otlpExport.close(),
      () => observing.telemetry.close(),
      () => supervisor.close(),
      () => watcher.close(),
      () => scenarios.close(),
    );
    return {
      ...{
        ...given,
        ...observing,
        ...recording,
        certificates,
        supervisor,
        redactor,
        configuration,
        protos,
        reflection,
        send,
        replayer,
      },
      ...{ rotation, simulations, scenarios, hub, watcher, toxiproxyState, intake, reactions },
      ...{ housekeeping: null, server: null, toxiproxy: null, otlp: null },
    };
  }

  #joinCertificates(authority: CertificateAuthority, dataPlane: DataPlaneWorkers): WorkloadCertificates {
    const certificates = new WorkloadCertificates({
      authority,
      wallNow: Date.now,
      random: Math.random,
      every: (periodMs, callback) => {
        const timer = setInterval(callback, periodMs);
        return { cancel: () => clearInterval(timer) };
      },
      onIssued: (identities) => {
        dataPlane.setIdentities(identities);
        const flawOf = new Map(certificates.facts().map(({ spiffeId, flaw }) => [spiffeId, flaw]));
        for (const { spiffeId } of identities) {
          const flaw = flawOf.get(spiffeId);
          if (flaw === undefined) this.#emit('certificate.issued', spiffeId, `New certificate for ${spiffeId}`, {});
          else
            this.#emit('certificate.broken', spiffeId, `The certificate of ${spiffeId} is ${flawWords[flaw]}, on purpose`, {
              flaw,
            });
        }
      },
      onError: (message) => this.#log.write(message),
    });
    return certificates;
  }

  #joinSupervisor(): Supervisor {
    return new Supervisor({
      clock: this.#clock,
      onEvent: (event) => this.#emit(event.type, event.subject, event.message, event.data),
      onChange: () => this.#parts?.hub.statusChanged(),
      isPortFree,
      findPortOwner,
      onPortTaken: (id, port, owner) => void this.#parts.reactions.moveApp(id, port, owner),
    });
  }

  #joinTelemetry({ store, authority }: Given, configuration: Configuration, onEvent: (event: Heard) => void) {
    const clock = this.#clock;
    const mesh = () => (configuration.isReady ? configuration.current.snapshot.meshName : '');
    return {
      telemetry: new Telemetry({ clock, store, trustDomain: authority.trustDomain, mesh }),
      accessLog: new AccessLog({ clock, onEvent }),
      otlpExport: new OtlpExporter({ clock, version: this.#version, onEvent }),
    };
  }

  #joinRecorder(deps: { store: Store; redactor: Redactor; collect: () => Promise<void>; onEvent: (event: Heard) => void }) {
    const { store, redactor, onEvent } = deps;
    const common = { store, clock: this.#clock, random: Math.random };
    const onRecording = () => this.#parts?.intake.chooseWhatIsKept();
    const recorder = new Recorder({ ...common, redactor, collect: deps.collect, onEvent, onRecording });
    void recorder.stubs.sweep();
    return {
      recorder,
      recordings: new RecordingEditor({ ...common, recorder, onEvent }),
      importer: new RecordingImporter({ ...common, recorder, redactor }),
    };
  }

  #joinHub(telemetry: Telemetry): StreamHub {
    return new StreamHub({
      clock: this.#clock,
      version: this.#version,
      pid: process.pid,
      graph: (window) => telemetry.graph(windowMs(window), this.#graphFacts()),
      status: () => this.#status(),
      onError: (message) => this.#log.write(message),
    });
  }

  async #startServer(parts: Parts, rememberedPorts: Record<string, number>): Promise<ControlServer> {
    const handlers = this.#guarded(
      createHandlers({
        ...parts,
        toxicTypes,
        clock: this.#clock,
        random: Math.random,
        status: () => this.#status(),
        counters: () => this.#refreshCounters(),
        clusters: () => parts.dataPlane.clusters(),
        openExchange: async (id) => {
          const detail = await parts.dataPlane.openExchange(id);
          return detail === null ? null : parts.redactor.redactOne(detail);
        },
        flush: () => parts.dataPlane.flush().catch(ignoreGone),
        graphFacts: () => this.#graphFacts(),
        shutdown: () => void setTimeout(() => void this.stop().then(() => this.#options.onStopped?.()), 50),
      }),
    );
    const options = {
      token: this.#token,
      handlers,
      metricsText: () => parts.telemetry.prometheusText(),
      stream: parts.hub,
      uiRoot: fileURLToPath(new URL('../renderer/dist', import.meta.url)),
      onError: (message: string, stack: string) => this.#log.write(`API: ${message}\n${stack}`),
    };
    return listenControl(options, { fixed: this.#options.controlPort, remembered: rememberedPorts.control });
  }

  /** Traces, logs and metrics of the apps themselves. Not being able to listen is no reason not to start. */
  #listenOtlp({ redactor, store, telemetry }: Parts): Promise<OtlpReceiver> {
    return OtlpReceiver.listen({
      clock: this.#clock,
      httpPort: otlpHttpPort,
      grpcPort: otlpGrpcPort,
      onSpans: (spans) => store.insertAppSpans(redactor.redactSpans(spans)),
      onLogs: (logs) => store.insertAppLogs(redactor.redactLogs(logs)),
      onMetrics: (metrics) => telemetry.appMetrics.record(metrics),
      onProblem: (message) => this.#log.write(message),
    });
  }

  /** A request that comes before the first apply has nothing to be answered with. */
  #guarded(handlers: ApiHandlers): ApiHandlers {
    const wrap = (handler: (input: never) => unknown) => (input: never) => {
      if (!this.#parts?.configuration.isReady) throw new ApiError('unavailable', 'The engine is starting');
      return handler(input);
    };
    const wrapped = Object.entries(handlers).map(([name, handler]) => [name, wrap(handler as (input: never) => unknown)]);
    return Object.fromEntries(wrapped) as unknown as ApiHandlers;
  }

  #ownAddresses(): string[] {
    const { server, toxiproxy, otlp } = this.#parts;
    const toxiproxyPort = toxiproxy ? Number(new URL(toxiproxy.url).port) : 0;
    const ports = [server?.port ?? 0, toxiproxyPort, otlp?.httpPort ?? 0, otlp?.grpcPort ?? 0].filter((port) => port !== 0);
    return ports.flatMap((port) => [`127.0.0.1:${port}`, `[::1]:${port}`, `::1:${port}`]);
  }

  #described() {
    const parts = this.#parts;
    const committed = parts.configuration.current;
    return {
      committed,
      workloads: describeWorkloads(
        committed,
        (id) => parts.supervisor.health(id),
        (id) => parts.rotation.isDrained(id),
      ),
      control: { url: parts.server?.url ?? '', token: this.#token },
      toxiproxy: parts.toxiproxy?.url ?? '',
      otlp: {
        http: parts.otlp?.httpPort ? `http://127.0.0.1:${parts.otlp.httpPort}` : '',
        grpc: parts.otlp?.grpcPort ? `127.0.0.1:${parts.otlp.grpcPort}` : '',
      },
    };
  }

  async #status(): Promise<Status> {
    const { configuration, authority, certificates, store, telemetry } = this.#parts;
    return describeStatus({
      ...this.#described(),
      files: configuration.files,
      authority,
      certificates,
      counters: await this.#refreshCounters(),
      store: store.counters(),
      telemetry,
      version: this.#version,
      startedAt: this.#startedAt,
      now: Date.now(),
      problems: [this.#crashed, this.#parts.reactions.filesRejected].filter((problem) => problem !== ''),
      simulations: this.#parts.simulations.facts(),
    });
  }

  async #refreshCounters(): Promise<DataPlaneCounters | null> {
    try {
      this.#counters = await this.#parts.dataPlane.counters();
    } catch (error) {
      if (!(error instanceof DataPlaneGone)) throw error; // the last known go on until it is back
    }
    return this.#counters;
  }

  #graphFacts() {
    const { committed, workloads } = this.#described();
    return graphFacts(committed, workloads, this.#parts.housekeeping?.clusters ?? []);
  }

  #emit(type: string, subject: string, message: string, data: Record<string, unknown>): void {
    this.#log.write(`${type} ${message}`);
    this.#parts?.intake.takeEvents([{ at: Date.now(), type, subject, message, data }]);
  }

  /** What the recorder, telemetry and scenarios tell; simulations listen too. */
  #hear(event: Heard): void {
    this.#emit(event.type, event.subject, event.message, event.data);
    this.#parts?.simulations.heard(event);
  }

  async #stop(): Promise<void> {
    this.#log.write('stopping');
    this.#parts.watcher.close();
    this.#parts.housekeeping?.close();
    // What a scenario changed is put back while there is a mesh to put it back in.
    await this.#parts.scenarios.close();
    try {
      await this.#parts.dataPlane.drain(drainMs);
    } catch (error) {
      if (!(error instanceof DataPlaneGone)) throw error;
    }
    this.#emit('engine.stopped', this.#parts.configuration.current.snapshot.meshName, 'The engine stops', {});
    await this.#closeAll();
  }

  /** Last opened, first closed; one that fails does not keep the others open. */
  async #closeAll(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      await Promise.resolve(close()).catch((error: Error) => this.#log.write(`closing: ${error.message}`));
    }
    await this.#log.flush();
  }
}

/** An event that is not the data plane's. */
interface Heard {
  type: string;
  subject: string;
  message: string;
  data: Record<string, unknown>;
}

interface Given {
  lock: HomeLock;
  dataPlane: DataPlaneWorkers;
  store: Store;
  authority: CertificateAuthority;
  rememberedPorts: Record<string, number>;
}
interface Parts extends Given {
  certificates: WorkloadCertificates;
  supervisor: Supervisor;
  telemetry: Telemetry;
  redactor: Redactor;
  recorder: Recorder;
  recordings: RecordingEditor;
  importer: RecordingImporter;
  accessLog: AccessLog;
  otlpExport: OtlpExporter;
  configuration: Configuration;
  protos: GivenProtos;
  reflection: Reflection;
  send: ReplayCaller['send'];
  replayer: Replayer;
  rotation: Rotation;
  simulations: Simulations;
  scenarios: Scenarios;
  hub: StreamHub;
  watcher: FileWatcher;
  intake: ExchangeIntake;
  reactions: ConfigReactions;
  housekeeping: Housekeeping | null;
  toxiproxyState: ToxiproxyState;
  server: ControlServer | null;
  toxiproxy: ToxiproxyApi | null;
  otlp: OtlpReceiver | null;
}

/** Name and trust domain before anything is validated; a mesh that is wrong is told by the first apply. */
function firstMesh(set: ResourceSet): { name: string; trustDomain: string } {
  try {
    const [first] = meshesOf(set);
    return { name: first?.mesh.metadata.name ?? 'mesh', trustDomain: first?.mesh.spec.trustDomain ?? 'cluster.local' };
  } catch {
    return { name: 'mesh', trustDomain: 'cluster.local' };
  }
}

function joinToxiproxy(dataPlane: DataPlaneWorkers, store: Store): ToxiproxyState {
  return new ToxiproxyState({
    dataPlane: { set: (spec) => dataPlane.setToxicProxy(spec), remove: (name) => dataPlane.removeToxicProxy(name) },
    toxicTypes,
    load: async () => (await store.getSetting<ProxyState[]>(toxicProxiesKey)) ?? [],
    save: async (proxies) => {
      await store.setSetting(toxicProxiesKey, proxies);
    },
  });
}

function readVersion(): string {
  const file = fileURLToPath(new URL('../package.json', import.meta.url));
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** A data plane that is being restarted has nothing more to hand over. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof DataPlaneGone)) throw error;
}
