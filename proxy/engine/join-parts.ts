import { ProtoReader } from '../config/index.ts';
import { isPortFree } from '../control-plane/app-ports.ts';
import { Configuration } from '../control-plane/apply.ts';
import { ConfigReactions } from '../control-plane/config-reactions.ts';
import { ExchangeIntake } from '../control-plane/exchange-intake.ts';
import { FileWatcher } from '../control-plane/file-watcher.ts';
import { windowMs } from '../control-plane/handlers/index.ts';
import { GivenProtos } from '../control-plane/message-names/given-protos.ts';
import { typesForHost } from '../control-plane/message-names/message-names.ts';
import { Reflection } from '../control-plane/message-names/reflection.ts';
import { findPortOwner } from '../control-plane/port-owner.ts';
import { createRemoteCheck, createSteering, ReplayCaller } from '../control-plane/replay-send.ts';
import { createReplayStandIns } from '../control-plane/replay-stand-ins.ts';
import { Rotation } from '../control-plane/rotation.ts';
import { MeshOfScenario } from '../control-plane/scenario-mesh.ts';
import { StreamHub } from '../control-plane/server/stream-hub.ts';
import { Simulations } from '../control-plane/simulations.ts';
import { Supervisor } from '../control-plane/supervisor/supervisor.ts';
import { type ProxyState, ToxiproxyState } from '../control-plane/toxiproxy/index.ts';
import { DetailBudget } from '../data-plane/detail-budget.ts';
import { toxicTypes } from '../data-plane/toxics/index.ts';
import { WorkloadCertificates } from '../pki/workload-certificates.ts';
import { Recorder } from '../recorder/recorder.ts';
import { RecordingEditor } from '../recorder/recording-editor.ts';
import { RecordingImporter } from '../recorder/recording-importer.ts';
import { Redactor } from '../recorder/redact.ts';
import { openRedactionKey } from '../recorder/redaction-key.ts';
import { Replayer } from '../recorder/replay.ts';
import { LoadThread } from '../scenarios/load-thread.ts';
import { Scenarios } from '../scenarios/scenarios.ts';
import { AccessLog } from '../telemetry/access-log-writer.ts';
import { OtlpExporter } from '../telemetry/otlp/exporter.ts';
import { OtlpMetricsExporter } from '../telemetry/otlp/metrics-exporter.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import type { EngineCore } from './engine-core.ts';
import { ignoreGone } from './ignore-gone.ts';
import { openExchange } from './open-exchange.ts';
import type { Foundation, Listening, Parts } from './parts.ts';
import type { SelfDescription } from './self-description.ts';

/** Of the store's recent exchanges while a recording runs: what the data plane leaves of a flood without one. */
const telemetryBudget = { perSecond: 2_000, perSecondAtFullSpeed: 400, burst: 5_000 };
const flawWords = { expired: 'expired', 'wrong-name': 'for another workload', untrusted: 'by an unknown authority' } as const;
/** Settings of the store. */
export const portsKey = 'ports';
const toxicProxiesKey = 'toxiproxy';

/**
 * Makes every part that does not listen, each from those before it. A part that needs a later one asks `core` for it when it needs it.
 *
 *   foundation ─▶ configuration ─▶ telemetry ─▶ recordings ─▶ replays, stand-ins ─▶ scenarios ─▶ what follows from traffic and changes
 */
export async function joinParts(core: EngineCore, self: SelfDescription, foundation: Foundation): Promise<Parts> {
  const configured = { ...foundation, ...joinConfiguration(core, self, foundation) };
  const observing = { ...configured, ...joinTelemetry(core, self, configured) };
  const redactor = new Redactor({ key: await openRedactionKey(core.options.home) });
  const recording = { ...observing, redactor, ...joinRecordings(core, { ...observing, redactor }) };
  const playing = { ...recording, ...joinReplays(core, recording), simulations: joinSimulations(core, recording) };
  const acting = { ...playing, scenarios: joinScenarios(core, playing), toxiproxyState: joinToxiproxy(foundation) };
  const listening = { housekeeping: null, server: null, toxiproxy: null, otlp: null };
  return { ...acting, ...joinReactions(core, acting), ...listening };
}

/** In the order of their making; they are closed the other way round. */
export function closersOf(parts: Parts): (() => unknown)[] {
  const { certificates, caller, replayer, simulations, recorder, accessLog, otlpExport, metricsExport, telemetry } = parts;
  const closeable = [certificates, caller, replayer, simulations, recorder, accessLog, otlpExport, metricsExport, telemetry];
  return [...closeable, parts.supervisor, parts.watcher, parts.scenarios].map((part) => () => part.close());
}

/** The path from files to the data plane, and the services it runs. */
function joinConfiguration(core: EngineCore, self: SelfDescription, foundation: Foundation) {
  const { dataPlane, authority, rememberedPorts, store } = foundation;
  const { clock, options } = core;
  const certificates = joinCertificates(core, foundation);
  const protoReader = new ProtoReader();
  const configuration = new Configuration({
    ...{ paths: options.paths, clock, dataPlane, certificates, authority, rememberedPorts, protoReader },
    forbiddenUpstreams: () => self.ownAddresses(),
    onPortsChanged: (ports) => void store.setSetting(portsKey, { ...ports, control: core.parts.server?.port ?? 0 }),
    onCommitted: (committed, applied) => core.parts.reactions.committed(committed, applied),
    onRejected: (diagnostics, source) => core.parts.reactions.rejected(diagnostics, source),
  });
  const supervisor = new Supervisor({
    clock,
    onEvent: (event) => core.emit(event.type, event.subject, event.message, event.data),
    onChange: () => core.joined?.hub.statusChanged(),
    isPortFree,
    findPortOwner,
    onPortTaken: (id, port, owner) => void core.parts.reactions.moveApp(id, port, owner),
  });
  const protos = new GivenProtos({ store, reader: protoReader, current: () => configuration.current });
  const reflection = new Reflection({ clock, forbidden: () => self.ownAddresses() });
  return { certificates, configuration, supervisor, protos, reflection };
}

function joinCertificates({ emit, log, random }: EngineCore, { authority, dataPlane }: Foundation): WorkloadCertificates {
  const certificates = new WorkloadCertificates({
    authority,
    wallNow: Date.now,
    random,
    every: (periodMs, callback) => {
      const timer = setInterval(callback, periodMs);
      return { cancel: () => clearInterval(timer) };
    },
    onIssued: (identities) => {
      dataPlane.setIdentities(identities);
      const flawOf = new Map(certificates.facts().map(({ spiffeId, flaw }) => [spiffeId, flaw]));
      for (const { spiffeId } of identities) {
        const flaw = flawOf.get(spiffeId);
        if (flaw === undefined) emit('certificate.issued', spiffeId, `New certificate for ${spiffeId}`, {});
        else emit('certificate.broken', spiffeId, `The certificate of ${spiffeId} is ${flawWords[flaw]}, on purpose`, { flaw });
      }
    },
    onError: (message) => log.write(message),
  });
  return certificates;
}

/** Measuring, and telling whoever watches. */
function joinTelemetry(core: EngineCore, self: SelfDescription, parts: Pick<Parts, 'store' | 'configuration'>) {
  const { clock, version, hear: onEvent } = core;
  const { store, configuration } = parts;
  const mesh = () => (configuration.isReady ? configuration.current.snapshot.meshName : '');
  const telemetry = new Telemetry({ clock, store, mesh });
  const hub = new StreamHub({
    clock,
    version,
    pid: process.pid,
    graph: (window) => telemetry.graph(windowMs(window), self.graphFacts()),
    status: () => self.status(),
    onError: (message) => core.log.write(message),
  });
  return {
    telemetry,
    hub,
    accessLog: new AccessLog({ clock, onEvent }),
    otlpExport: new OtlpExporter({ clock, version, onEvent }),
    metricsExport: new OtlpMetricsExporter({ clock, encode: () => telemetry.otlpMetrics(version), onEvent }),
  };
}

function joinRecordings(core: EngineCore, { store, redactor, dataPlane }: Pick<Parts, 'store' | 'redactor' | 'dataPlane'>) {
  const { clock, random, hear: onEvent } = core;
  const onRecording = () => core.joined?.intake.chooseWhatIsKept();
  const recorder = new Recorder({ store, clock, random, collect: collecting(dataPlane), onEvent, onRecording });
  void recorder.stubs.sweep();
  return {
    recorder,
    recordings: new RecordingEditor({
      ...{ store, clock, random, recorder, onEvent },
      openExchange: async (id) => (await openExchange({ dataPlane, redactor }, id).catch(ignoreGone)) ?? null,
    }),
    importer: new RecordingImporter({ store, clock, random, recorder, redactor }),
  };
}

function joinReplays(core: EngineCore, parts: Pick<Parts, 'store' | 'redactor' | 'dataPlane' | 'configuration'>) {
  const { store, redactor, dataPlane, configuration } = parts;
  const { clock, random } = core;
  const current = () => configuration.current;
  const caller = new ReplayCaller(current);
  const { send, prepare } = caller;
  const steer = createSteering(current, (prefix, pins) => dataPlane.pinTraces(prefix, pins));
  const standIn = createReplayStandIns(() => core.joined?.simulations);
  const sending = { send, prepare, steer, standIn, leavesMachine: createRemoteCheck(current), flush: collecting(dataPlane) };
  const onActive = () => core.joined?.intake.chooseWhatIsKept();
  return { caller, send, replayer: new Replayer({ store, clock, random, redactor, ...sending, onActive }) };
}

function joinSimulations(core: EngineCore, parts: Pick<Parts, 'store' | 'redactor' | 'configuration'>): Simulations {
  const { store, redactor, configuration } = parts;
  const { clock, random, hear: onEvent } = core;
  const onChange = () => core.joined?.hub.statusChanged();
  return new Simulations({ store, clock, redactor, configuration, random, onEvent, onChange });
}

type ScenarioParts = Pick<Parts, 'store' | 'dataPlane' | 'configuration' | 'recorder' | 'supervisor' | 'protos' | 'reflection'>;

function joinScenarios(core: EngineCore, parts: ScenarioParts): Scenarios {
  const { store, dataPlane, configuration, recorder, supervisor, protos, reflection } = parts;
  const { clock, random, hear: onEvent } = core;
  const current = () => configuration.current;
  const typesOf = (namespace: string, service: string, method: string) =>
    typesForHost({ protos, reflection, current }, { namespace, service, method });
  const mesh = { configuration, recorder, supervisor, typesOf, flush: collecting(dataPlane) };
  return new Scenarios({
    ...{ store, clock, random, onEvent },
    openLoads: () => LoadThread.open(),
    mesh: (scenario) => new MeshOfScenario(mesh, scenario),
    onChange: () => core.joined?.intake.chooseWhatIsKept(),
  });
}

function joinToxiproxy({ dataPlane, store }: Foundation): ToxiproxyState {
  return new ToxiproxyState({
    dataPlane: { set: (spec) => dataPlane.setToxicProxy(spec), remove: (name) => dataPlane.removeToxicProxy(name) },
    toxicTypes,
    load: async () => (await store.getSetting<ProxyState[]>(toxicProxiesKey)) ?? [],
    save: async (proxies) => {
      await store.setSetting(toxicProxiesKey, proxies);
    },
  });
}

/** What everybody hears of: finished exchanges, configurations in force, files that change. */
function joinReactions(core: EngineCore, parts: Omit<Parts, 'intake' | 'reactions' | 'rotation' | 'watcher' | keyof Listening>) {
  const { clock, log, emit, options } = core;
  const watcher = new FileWatcher({ clock, onChange: () => void core.parts.reactions.filesChanged() });
  const intake = new ExchangeIntake({ ...parts, clock, recent: new DetailBudget(telemetryBudget, clock.now()) });
  const reactions = new ConfigReactions({ ...parts, paths: options.paths, intake, watcher, log, emit });
  return { watcher, intake, reactions, rotation: new Rotation(parts.dataPlane, emit) };
}

/** Everything that has finished so far is handed over. */
function collecting(dataPlane: Parts['dataPlane']): () => Promise<void> {
  return () => dataPlane.flush().catch(ignoreGone);
}
