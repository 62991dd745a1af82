import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Diagnostic } from './api/diagnostic.schema.ts';
import type { Exchange, ExchangeDetail } from './api/exchange.schema.ts';
import type { ClusterStatus } from './api/observability.schema.ts';
import type { Ready, Status } from './api/status.schema.ts';
import { meshesOf } from './config/hosts.ts';
import type { Applied } from './config/index.ts';
import { loadFiles, ProtoReader, ResourceSet } from './config/index.ts';
import { isPortFree } from './control-plane/app-ports.ts';
import { type Committed, Configuration } from './control-plane/apply.ts';
import { appliedEvents, rejectionWords } from './control-plane/config-events.ts';
import { DataPlaneGone } from './control-plane/data-plane/data-plane-thread.ts';
import { DataPlaneWorkers } from './control-plane/data-plane/data-plane-workers.ts';
import { EngineLog } from './control-plane/engine-log.ts';
import { describeStatus, readyLine } from './control-plane/engine-status.ts';
import { FileWatcher } from './control-plane/file-watcher.ts';
import { graphFacts } from './control-plane/graph-facts.ts';
import { createHandlers, registeredServices, windowMs } from './control-plane/handlers.ts';
import { type HomeLock, lockHome } from './control-plane/home.ts';
import { GivenProtos } from './control-plane/message-names/given-protos.ts';
import { Reflection } from './control-plane/message-names/reflection.ts';
import { findPortOwner } from './control-plane/port-owner.ts';
import { createRemoteCheck, createSteering, ReplayCaller } from './control-plane/replay-send.ts';
import { MeshOfScenario } from './control-plane/scenario-mesh.ts';
import { ApiError } from './control-plane/server/api-error.ts';
import type { ControlServer } from './control-plane/server/control-server.ts';
import type { ApiHandlers } from './control-plane/server/route-table.ts';
import { StreamHub } from './control-plane/server/stream-hub.ts';
import { Simulations } from './control-plane/simulations.ts';
import { listenControl, listenToxiproxy, StartError } from './control-plane/start-listeners.ts';
import { Supervisor } from './control-plane/supervisor/supervisor.ts';
import { type ProxyState, type ToxiproxyApi, ToxiproxyState } from './control-plane/toxiproxy/index.ts';
import { describeWorkloads, supervisedWorkloads } from './control-plane/workloads.ts';
import { DetailBudget } from './data-plane/detail-budget.ts';
import type { DataPlaneCounters, DataPlaneEvent, ExchangeTally } from './data-plane/messages.ts';
import { createSystemClock } from './data-plane/system-clock.ts';
import { toxicTypes } from './data-plane/toxics/index.ts';
import { type CertificateAuthority, openAuthority } from './pki/authority.ts';
import { WorkloadCertificates } from './pki/workload-certificates.ts';
import { Recorder } from './recorder/recorder.ts';
import { RecordingEditor } from './recorder/recording-editor.ts';
import { RecordingImporter } from './recorder/recording-importer.ts';
import { Redactor } from './recorder/redact.ts';
import { openRedactionKey } from './recorder/redaction-key.ts';
import { Replayer } from './recorder/replay.ts';
import { LoadThread } from './scenarios/load-thread.ts';
import { Scenarios } from './scenarios/scenarios.ts';
import { Store } from './store/store.ts';
import { accessLogSettings } from './telemetry/access-log-settings.ts';
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
const housekeepingMs = 1_000;
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
  readonly #telemetryBudget = new DetailBudget(telemetryBudget, this.#clock.now());
  readonly #startedAt = Date.now();
  readonly #version = readVersion();
  readonly #token = randomBytes(32).toString('base64url');
  readonly #log: EngineLog;
  readonly #closers: (() => Promise<unknown> | unknown)[] = [];
  #parts!: Parts;
  #counters: DataPlaneCounters | null = null;
  #clusters: ClusterStatus[] = [];
  #crashed = '';
  /** Why what is on disk now is not what runs; '' when it is. */
  #filesRejected = '';
  #stopping: Promise<void> | null = null;
  /** Why a run: service has another port than before, by workload. */
  readonly #moved = new Map<string, string>();

  private constructor(options: EngineOptions) {
    this.#options = options;
    this.#log = new EngineLog(options.home, Date.now);
  }

  /** Throws StartError or HomeBusy. */
  static async start(options: EngineOptions): Promise<Engine> {
    const engine = new Engine(options);
    try {
      await engine.#start();
      return engine;
    } catch (error) {
      engine.#log.write(`start failed: ${(error as Error).message}`);
      await engine.#closeAll();
      throw error;
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
      this.#openAuthority(mesh.trustDomain),
      store.getSetting<Record<string, number>>(portsKey),
    ]);
    const rememberedPorts = ports ?? {};
    const parts = await this.#join({ lock, dataPlane, store, authority, rememberedPorts });
    this.#parts = parts;
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
    this.#housekeep();
    const absolute = paths.map((one) => path.resolve(one));
    await lock.publish({ pid: process.pid, url: parts.server.url, token: this.#token, paths: absolute });
    this.#emit('engine.started', mesh.name, `Engine ${this.#version} serves ${mesh.name}`, { pid: process.pid });
  }

  #startDataPlane(): DataPlaneWorkers {
    const dataPlane = new DataPlaneWorkers({
      entry: this.#options.dataPlaneEntry ?? dataPlaneEntry,
      clock: this.#clock,
      onExchanges: (exchanges, dropped, tallies) => this.#receive(exchanges, dropped, tallies),
      onOpen: (changed, ids) => this.#receiveOpen(changed, ids),
      onEvents: (events) => this.#receiveEvents(events),
      onCrash: ({ reason, worker, workers, proxies, stillOpen }) => {
        this.#endOpen(stillOpen);
        const who = workers === 1 ? 'The data plane' : `Worker ${worker} of ${workers} of the data plane`;
        this.#crashed = `${who} crashed and is being restarted`;
        this.#log.write(`data plane crashed: ${reason}`);
        const carried = workers === 1 ? '' : ` with ${proxies.join(', ')}`;
        const data = { worker, workers, proxies };
        this.#emit('data-plane.crashed', 'data-plane', `${this.#crashed}${carried}: ${reason.split('\n')[0]}`, data);
      },
      onRecovered: ({ worker, workers, bound, whole }) => {
        if (whole) this.#crashed = '';
        this.#parts.configuration.rebound(bound);
        if (worker === 1) void this.#parts.toxiproxyState.resume().catch(ignoreGone);
        const who = workers === 1 ? 'The data plane' : `Worker ${worker} of ${workers} of the data plane`;
        this.#emit('data-plane.recovered', 'data-plane', `${who} serves again on the same ports`, { worker, workers });
      },
    });
    this.#closers.push(() => dataPlane.close());
    return dataPlane;
  }

  async #openStore(): Promise<Store> {
    const early: { type: string; message: string; data: Record<string, unknown> }[] = [];
    const onNotice = (notice: (typeof early)[number]) => {
      if (this.#parts) this.#emit(notice.type, 'store', notice.message, notice.data);
      else early.push(notice);
    };
    try {
      const file = path.join(this.#options.home, 'drydock.db');
      const store = await Store.open({ path: file, clock: this.#clock, onNotice });
      this.#closers.push(() => store.close());
      for (const notice of early) this.#log.write(`${notice.type}: ${notice.message}`);
      return store;
    } catch (error) {
      throw new StartError([{ severity: 'error', code: 'DD1201', message: (error as Error).message }]);
    }
  }

  async #openAuthority(trustDomain: string): Promise<CertificateAuthority> {
    try {
      return await openAuthority({ folder: path.join(this.#options.home, 'ca'), trustDomain, wallNow: Date.now });
    } catch (error) {
      throw new StartError([{ severity: 'error', code: 'DD1202', message: (error as Error).message }]);
    }
  }

  async #join(given: Given): Promise<Parts> {
    const { dataPlane, store, authority, rememberedPorts } = given;
    const clock = this.#clock;
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
    const supervisor = new Supervisor({
      clock,
      onEvent: (event) => this.#emit(event.type, event.subject, event.message, event.data),
      onChange: () => this.#parts?.hub.statusChanged(),
      isPortFree,
      findPortOwner,
      onPortTaken: (id, port, owner) => void this.#moveApp(id, port, owner),
    });
    const mesh = () => (this.#parts?.configuration.isReady ? this.#parts.configuration.current.snapshot.meshName : '');
    const telemetry = new Telemetry({ clock, store, trustDomain: authority.trustDomain, mesh });
    const redactor = new Redactor({ key: await openRedactionKey(this.#options.home) });
    const onEvent = (event: { type: string; subject: string; message: string; data: Record<string, unknown> }) => {
      this.#emit(event.type, event.subject, event.message, event.data);
      this.#parts?.simulations.heard(event);
    };
    const accessLog = new AccessLog({ clock, onEvent });
    const otlpExport = new OtlpExporter({ clock, version: this.#version, onEvent });
    const onRecording = () => this.#chooseWhatIsKept();
    const collect = () => dataPlane.flush().catch(ignoreGone);
    const recorder = new Recorder({ store, clock, random: Math.random, redactor, collect, onEvent, onRecording });
    void recorder.stubs.sweep();
    const recordings = new RecordingEditor({ store, recorder, clock, random: Math.random, onEvent });
    const importer = new RecordingImporter({ store, recorder, clock, random: Math.random, redactor });
    const protoReader = new ProtoReader();
    const configuration = new Configuration({
      paths: this.#options.paths,
      clock,
      dataPlane,
      certificates,
      authority,
      forbiddenUpstreams: () => this.#ownAddresses(),
      rememberedPorts,
      onPortsChanged: (ports) => void store.setSetting(portsKey, { ...ports, control: this.#parts.server?.port ?? 0 }),
      onCommitted: (committed, applied) => this.#committed(committed, applied),
      onRejected: (diagnostics, source) => this.#rejected(diagnostics, source),
      protoReader,
    });
    const protos = new GivenProtos({ store, reader: protoReader, current: () => configuration.current });
    const simulations = new Simulations({
      ...{ store, clock, redactor, configuration, random: Math.random, onEvent },
      onChange: () => this.#parts?.hub.statusChanged(),
    });
    const caller = new ReplayCaller(() => configuration.current);
    const steer = createSteering(
      () => configuration.current,
      (prefix, pins) => dataPlane.pinTraces(prefix, pins),
    );
    const { send } = caller;
    const onActive = () => this.#chooseWhatIsKept();
    const leavesMachine = createRemoteCheck(() => configuration.current);
    const replaying = { send, steer, leavesMachine, flush: collect, onActive };
    const replayer = new Replayer({ store, clock, random: Math.random, redactor, ...replaying });
    const scenarios = new Scenarios({
      ...{ store, clock, random: Math.random, openLoads: () => LoadThread.open(), onEvent },
      mesh: (scenario) =>
        new MeshOfScenario({ configuration, recorder, supervisor, flush: () => dataPlane.flush().catch(ignoreGone) }, scenario),
      onChange: () => this.#chooseWhatIsKept(),
    });
    const hub = new StreamHub({
      clock,
      version: this.#version,
      pid: process.pid,
      graph: (window) => telemetry.graph(windowMs(window), this.#graphFacts()),
      status: () => this.#status(),
      onError: (message) => this.#log.write(message),
    });
    const watcher = new FileWatcher({ clock, onChange: () => void this.#filesChanged() });
    const toxiproxyState = new ToxiproxyState({
      dataPlane: { set: (spec) => dataPlane.setToxicProxy(spec), remove: (name) => dataPlane.removeToxicProxy(name) },
      toxicTypes,
      load: async () => (await store.getSetting<ProxyState[]>(toxicProxiesKey)) ?? [],
      save: async (proxies) => {
        await store.setSetting(toxicProxiesKey, proxies);
      },
    });
    this.#closers.push(
      () => certificates.close(),
      () => caller.close(),
      () => replayer.close(),
      () => simulations.close(),
      () => recorder.close(),
      () => accessLog.close(),
      () => otlpExport.close(),
      () => telemetry.close(),
      () => supervisor.close(),
      () => watcher.close(),
      () => scenarios.close(),
    );
    return {
      ...given,
      certificates,
      supervisor,
      telemetry,
      redactor,
      recorder,
      recordings,
      importer,
      accessLog,
      otlpExport,
      configuration,
      protos,
      send,
      replayer,
      simulations,
      scenarios,
      hub,
      watcher,
      toxiproxyState,
      server: null,
      toxiproxy: null,
      otlp: null,
    };
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
        reflection: new Reflection({ clock: this.#clock, forbidden: () => this.#ownAddresses() }),
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
      workloads: describeWorkloads(committed, (id) => parts.supervisor.health(id)),
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
      problems: [this.#crashed, this.#filesRejected].filter((problem) => problem !== ''),
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
    return graphFacts(committed, workloads, this.#clusters);
  }

  /** Once a second: what the graph shows of clusters, and faults whose time is over. */
  #housekeep(): void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy || this.#stopping) return;
      busy = true;
      void this.#tidy().finally(() => {
        busy = false;
      });
    }, housekeepingMs);
    this.#closers.push(() => clearInterval(timer));
  }

  async #tidy(): Promise<void> {
    const { dataPlane, configuration } = this.#parts;
    try {
      this.#clusters = await dataPlane.clusters();
    } catch (error) {
      if (!(error instanceof DataPlaneGone)) throw error;
    }
    const { snapshot, set } = configuration.current;
    const over = snapshot.faults.filter((fault) => fault.expiresAt !== null && fault.expiresAt <= Date.now());
    const entries = over.map((fault) => set.get('Fault', fault.namespace, fault.name)).filter((entry) => entry !== null);
    const live = entries.filter((entry) => entry.live);
    if (live.length === 0) return;
    for (const { resource } of live) this.#emit('fault.expired', resource.name, `Fault ${resource.name} is over`, {});
    await configuration.removeAll(live);
  }

  #receive(exchanges: ExchangeDetail[], dropped: number, tallies: ExchangeTally[]): void {
    if (!this.#parts) return;
    const { redactor, telemetry, store, recorder, accessLog, otlpExport, scenarios, simulations, hub } = this.#parts;
    const safe = simulations.mark(redactor.redact(exchanges));
    telemetry.record(safe);
    telemetry.recordTallies(tallies);
    store.insertExchanges(recorder.isRecording ? this.#forTelemetry(safe) : safe);
    recorder.offer(safe);
    scenarios.offerExchanges(safe);
    this.#parts.replayer.observe(safe);
    accessLog.record(safe);
    otlpExport.record(safe);
    if (dropped > 0) recorder.noteDropped(dropped);
    if (dropped > 0) scenarios.noteDropped(dropped);
    accessLog.noteDropped(dropped);
    hub.publishExchanges(safe, dropped);
  }

  /** A recording takes more than the store of recent exchanges would get without it: that one is thinned as ever, so as not to write all twice. */
  #forTelemetry(exchanges: readonly ExchangeDetail[]): ExchangeDetail[] {
    const now = this.#clock.now();
    return exchanges.filter(({ traceId, status }) => this.#telemetryBudget.keeps(traceId, status === 0 || status >= 500, now));
  }

  #receiveOpen(changed: Exchange[], ids: string[]): void {
    if (!this.#parts) return;
    const { redactor, store, hub } = this.#parts;
    const safe = changed.map((exchange) => redactor.redactSummary(exchange));
    store.setOpenExchanges(safe, ids);
    hub.publishExchanges(safe);
  }

  /** A worker took the others along: whoever watches them learns that nothing more will come. */
  #endOpen(stillOpen: readonly string[]): void {
    if (!this.#parts) return;
    const { store, hub } = this.#parts;
    const nothing = { headers: [], body: null, trailers: [] };
    const ended = store.setOpenExchanges([], stillOpen).map(({ open: _open, ...exchange }) => ({
      ...exchange,
      durationMs: Math.max(exchange.durationMs, Date.now() - Date.parse(exchange.time)),
      details: 'data_plane_crashed',
      request: nothing,
      response: nothing,
      timeline: [],
      decision: null,
      peer: { address: '', spiffeId: '' },
      redacted: [],
    }));
    store.insertExchanges(ended);
    hub.publishExchanges(ended);
  }

  /** A recording, an access log and some scenarios promise every request; otherwise the records of a flood may be thinned. */
  #chooseWhatIsKept(): void {
    const { dataPlane, recorder, scenarios, accessLog } = this.#parts;
    dataPlane.keepAllExchanges(
      recorder.isRecording || this.#parts.replayer.isActive || scenarios.wantsEveryExchange || accessLog.isOn,
    );
  }

  #receiveEvents(events: DataPlaneEvent[]): void {
    if (!this.#parts) return;
    const rows = events.map(({ at, type, subject, message, data }) => ({
      time: new Date(at).toISOString(),
      type,
      subject,
      message,
      data,
    }));
    const { store, scenarios, hub } = this.#parts;
    const numbered = store.insertEvents(rows);
    scenarios.offerEvents(numbered);
    hub.publishEvents(numbered);
  }

  #emit(type: string, subject: string, message: string, data: Record<string, unknown>): void {
    this.#log.write(`${type} ${message}`);
    this.#receiveEvents([{ at: Date.now(), type, subject, message, data }]);
  }

  async #committed(committed: Committed, applied: readonly Applied[]): Promise<void> {
    const { supervisor, redactor, accessLog, otlpExport, simulations, hub } = this.#parts;
    redactor.setNames(committed.snapshot.redact);
    accessLog.set(accessLogSettings(committed.set));
    otlpExport.set(meshesOf(committed.set)[0]?.mesh.spec.tracing?.exportTo ?? '');
    this.#chooseWhatIsKept();
    await supervisor.setWorkloads(supervisedWorkloads(committed, process.env, this.#moved));
    const { meshName, version } = committed.snapshot;
    for (const { type, subject, message, data } of appliedEvents(meshName, version, applied))
      this.#emit(type, subject, message, data);
    hub.statusChanged();
    // Not awaited: it changes the config again.
    void simulations.follow().catch((error: Error) => this.#log.write(`Stand-ins: ${error.stack}`));
  }

  async #moveApp(id: string, port: number, owner: string): Promise<void> {
    const { configuration } = this.#parts;
    this.#moved.set(id, `Moved here because ${owner} holds port ${port}`);
    try {
      const outcome = await configuration.moveApp(id);
      const to = configuration.current.appAddresses[id]?.port;
      if (!outcome.ok || to === undefined || to === port) return;
      this.#emit('service.moved', id, `${id} moved from port ${port}, which ${owner} holds, to ${to}`, { from: port, to, owner });
    } catch (error) {
      if (!(error instanceof DataPlaneGone)) throw error; // it asks again
    }
  }

  #rejected(diagnostics: readonly Diagnostic[], source: string): void {
    const reason = rejectionWords(diagnostics);
    if (source === 'files') this.#filesRejected = `The files on disk are not in force: ${reason}`;
    this.#parts.hub.statusChanged();
    this.#emit('config.rejected', source, `Rejected, nothing changed: ${reason}`, { diagnostics: diagnostics.slice(0, 20) });
  }

  async #filesChanged(): Promise<void> {
    const { configuration, watcher } = this.#parts;
    try {
      const outcome = await configuration.reloadFiles();
      if (outcome.ok) this.#filesRejected = '';
    } catch (error) {
      if (!(error instanceof DataPlaneGone)) throw error;
      this.#log.write(`files changed while the data plane was away: ${error.message}`);
    }
    await watcher.watch(this.#options.paths, configuration.files);
  }

  async #stop(): Promise<void> {
    this.#log.write('stopping');
    this.#parts.watcher.close();
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
  send: ReplayCaller['send'];
  replayer: Replayer;
  simulations: Simulations;
  scenarios: Scenarios;
  hub: StreamHub;
  watcher: FileWatcher;
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

function readVersion(): string {
  const file = fileURLToPath(new URL('../package.json', import.meta.url));
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** A data plane that is being restarted has nothing more to hand over. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof DataPlaneGone)) throw error;
}
