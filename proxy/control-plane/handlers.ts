import { stringify } from 'yaml';
import type { ApplyResult } from '../api/diagnostic.schema.ts';
import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { ClusterStatus } from '../api/observability.schema.ts';
import type { RegisterService, Status } from '../api/status.schema.ts';
import { type ResourceEntry, resourceId } from '../config/index.ts';
import type { DataPlaneCounters } from '../data-plane/messages.ts';
import type { WorkloadCertificates } from '../pki/workload-certificates.ts';
import { decodeMessage } from '../recorder/decode-body.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { RecordingEditor } from '../recorder/recording-editor.ts';
import type { RecordingImporter } from '../recorder/recording-importer.ts';
import type { Redactor } from '../recorder/redact.ts';
import type { Replayer, ReplaySend } from '../recorder/replay.ts';
import type { Scenarios } from '../scenarios/scenarios.ts';
import type { Clock } from '../shared/clock.ts';
import { parseDurationMs } from '../shared/duration.ts';
import type { Store } from '../store/store.ts';
import { viewMessages } from '../telemetry/messages/view-messages.ts';
import type { GraphFacts, Telemetry } from '../telemetry/telemetry.ts';
import type { ApplyOutcome, Configuration } from './apply.ts';
import { DataPlaneGone } from './data-plane/data-plane-thread.ts';
import { exportConfig } from './export-config.ts';
import { describeResource, faultDocument, faultStatus, listFaultStatuses } from './fault-status.ts';
import { StatusFacts } from './gateway-status/index.ts';
import { createMessageHandlers } from './message-handlers.ts';
import type { GivenProtos } from './message-names/given-protos.ts';
import { namesOf } from './message-names/message-names.ts';
import { createProtoHandlers } from './message-names/proto-handlers.ts';
import type { Reflection } from './message-names/reflection.ts';
import { createRecordingHandlers } from './recording-handlers.ts';
import { createReplayHandlers } from './replay-handlers.ts';
import { createRotationHandlers, type Rotation } from './rotation-handlers.ts';
import { createRunHandlers } from './run-handlers.ts';
import { createScenarioHandlers } from './scenario-handlers.ts';
import { ApiError, Reply } from './server/api-error.ts';
import type { ApiHandlers } from './server/route-table.ts';
import { stored } from './server/stored.ts';
import { createSimulationHandlers } from './simulation-handlers.ts';
import type { Simulations } from './simulations.ts';
import type { Supervisor } from './supervisor/supervisor.ts';
import { createToxiproxyHandlers, type ToxicTypes, type ToxiproxyState } from './toxiproxy/index.ts';

/** What the operations of the API work on; engine.ts puts it together. */
export interface EngineParts {
  clock: Clock;
  configuration: Configuration;
  certificates: WorkloadCertificates;
  supervisor: Supervisor;
  store: Store;
  telemetry: Telemetry;
  recorder: Recorder;
  recordings: RecordingEditor;
  importer: RecordingImporter;
  replayer: Replayer;
  rotation: Rotation;
  simulations: Simulations;
  scenarios: Scenarios;
  send: ReplaySend;
  status(): Promise<Status>;
  /** Asked of the data plane now; the last known while it restarts. */
  counters(): Promise<DataPlaneCounters | null>;
  clusters(): Promise<ClusterStatus[]>;
  /** One that still goes on, redacted; null when there is none of that id. */
  openExchange(id: string): Promise<ExchangeDetail | null>;
  reflection: Reflection;
  protos: GivenProtos;
  redactor: Redactor;
  /** Everything finished so far has reached store and telemetry. */
  flush(): Promise<void>;
  graphFacts(): GraphFacts;
  random: () => number;
  /** Drains and stops, after the answer has gone out. */
  shutdown(): void;
  toxiproxyState: ToxiproxyState;
  toxicTypes: ToxicTypes;
}

const registeredKey = (mesh: string, namespace: string, name: string) => `service/${mesh}/${namespace}/${name}`;
const registeredFile = 'registered in the app';

/** Documents of services registered in earlier runs of this mesh. */
export async function registeredServices(store: Store, mesh: string): Promise<{ yaml: string; file: string }[]> {
  const kept = await store.listSettings<string>(`service/${mesh}/`);
  return kept.map(({ value }) => ({ yaml: value, file: registeredFile }));
}

export function createHandlers(parts: EngineParts): ApiHandlers {
  return {
    ...configurationHandlers(parts),
    ...trafficHandlers(parts),
    ...createRecordingHandlers(parts),
    ...createReplayHandlers(parts.replayer, stored),
    ...createToxiproxyHandlers(parts),
    ...createRunHandlers({ runs: parts.telemetry.runs, flush: parts.flush }),
    ...createSimulationHandlers(parts),
    ...createRotationHandlers(parts),
    ...createScenarioHandlers(parts),
    ...createProtoHandlers(parts),
    ...createMessageHandlers({ ...parts, exchange: (id) => needExchange(parts, id) }),
  };
}

type ConfigurationHandlers = Pick<
  ApiHandlers,
  | 'getStatus'
  | 'listResources'
  | 'listResourcesOfKind'
  | 'getResource'
  | 'postResources'
  | 'deleteResource'
  | 'apply'
  | 'lint'
  | 'exportConfig'
  | 'registerService'
  | 'deregisterService'
  | 'restartWorkload'
  | 'getWorkloadOutput'
  | 'listFaults'
  | 'addFault'
  | 'deleteFault'
  | 'stopAllFaults'
  | 'listCertificates'
  | 'rotateCertificates'
  | 'breakCertificate'
  | 'shutdown'
>;

function configurationHandlers(parts: EngineParts): ConfigurationHandlers {
  const { configuration, supervisor, certificates } = parts;
  const describe = async (entries: readonly ResourceEntry[]) => {
    const counters = await parts.counters();
    const facts = new StatusFacts(configuration.current.set);
    return entries.map((entry) => describeResource(entry, configuration.current, counters, facts));
  };
  const applyYaml = async ({ body }: { body: { yaml: string; file: string } }) =>
    answered(await configuration.applyText(body.yaml, body.file));
  return {
    getStatus: () => parts.status(),
    listResources: async () => ({ resources: await describe(configuration.current.set.list()) }),
    listResourcesOfKind: async ({ params }) => {
      const wanted = params.kind.toLowerCase();
      const entries = configuration.current.set.list().filter(({ resource }) => resource.kind.toLowerCase() === wanted);
      return { resources: await describe(entries) };
    },
    getResource: async ({ params }) => {
      const [found] = await describe([needResource(configuration, params)]);
      return found!;
    },
    postResources: applyYaml,
    apply: applyYaml,
    deleteResource: async ({ params }) => {
      const { resource } = needResource(configuration, params);
      const outcome = await configuration.remove(resource.kind, resource.namespace, resource.name);
      if (!outcome) throw new ApiError('not_found', `There is no ${resourceId(resource)}`);
      return answered(outcome);
    },
    lint: async ({ body }) => ({ applied: [], diagnostics: await configuration.lintText(body.yaml, body.file) }),
    exportConfig: ({ params, query }) => exportConfig(configuration.current, params.format, query.workload),
    registerService: ({ body }) => registerService(parts, body),
    deregisterService: ({ params }) => deregisterService(parts, params.namespace, params.name),
    restartWorkload: async ({ params }) => {
      if (!(await supervisor.restart(params.id))) throw new ApiError('not_found', `Drydock does not run a workload ${params.id}`);
      return { restarted: params.id };
    },
    getWorkloadOutput: ({ params }) => {
      const output = supervisor.output(params.id);
      if (!output) throw new ApiError('not_found', `Drydock does not run a workload ${params.id}, so it has no output of it`);
      return output;
    },
    listFaults: async () => ({ faults: listFaultStatuses(configuration.current, await parts.counters(), parts.clock.wallNow()) }),
    addFault: async ({ body }) => {
      const name =
        body.name ??
        `fault-${Math.floor(parts.random() * 36 ** 6)
          .toString(36)
          .padStart(6, '0')}`;
      const outcome = await configuration.applyText(faultDocument(body, name), 'fault');
      const [applied] = outcome.applied;
      if (!outcome.ok || !applied) {
        throw new ApiError('rejected', outcome.diagnostics[0]?.message ?? 'The fault was rejected', outcome.diagnostics);
      }
      const entry = configuration.current.set.get('Fault', applied.namespace, name)!;
      return faultStatus(entry, configuration.current, await parts.counters(), parts.clock.wallNow());
    },
    deleteFault: async ({ params }) => {
      const [namespace, name] = params.name.includes('~') ? (params.name.split('~', 2) as [string, string]) : ['', params.name];
      const outcome = await configuration.remove('Fault', namespace, name);
      if (!outcome) throw new ApiError('not_found', `There is no fault ${params.name}`);
      return { removed: name };
    },
    stopAllFaults: async () => {
      const outcome = await configuration.removeAll(configuration.current.set.list('Fault'));
      const healed = await certificates.heal();
      const restored = await parts.rotation.restoreAll();
      return { stopped: [...outcome.applied.map((applied) => applied.name), ...healed, ...restored] };
    },
    listCertificates: () => ({ certificates: certificates.facts() }),
    rotateCertificates: async ({ body }) => {
      const rotated = await certificates.rotate(body.spiffeId);
      if (body.spiffeId !== undefined && rotated.length === 0)
        throw new ApiError('not_found', `There is no certificate for ${body.spiffeId}`);
      return { certificates: rotated };
    },
    breakCertificate: async ({ body }) => {
      const forMs = parseDurationMs(body.for) ?? 0;
      if (!(await certificates.breakIdentity(body.spiffeId, body.as, forMs)))
        throw new ApiError('not_found', `There is no certificate for ${body.spiffeId}`);
      return { certificates: certificates.facts().filter(({ spiffeId }) => spiffeId === body.spiffeId) };
    },
    shutdown: () => {
      parts.shutdown();
      return { stopping: true };
    },
  };
}

type TrafficHandlers = Pick<
  ApiHandlers,
  | 'explain'
  | 'listExchanges'
  | 'getExchange'
  | 'listMessages'
  | 'listTraces'
  | 'getTrace'
  | 'getGraph'
  | 'getSeries'
  | 'getClusters'
  | 'listAppMetrics'
  | 'listEvents'
>;

function trafficHandlers(parts: EngineParts): TrafficHandlers {
  const { store, telemetry, configuration } = parts;
  return {
    explain: async ({ body }) => {
      const { explanation, error } = await gone(() => configuration.explain(body));
      if (!explanation) throw new ApiError('invalid_request', error || 'This request cannot be explained');
      const standIns = parts.simulations.explain(explanation);
      return standIns.length === 0 ? explanation : { ...explanation, standIns };
    },
    listExchanges: async ({ query }) => {
      await parts.flush();
      return store.queryExchanges(query);
    },
    getExchange: async ({ params }) => {
      await parts.flush();
      return needExchange(parts, params.id);
    },
    listMessages: async ({ params, query }) => {
      await parts.flush();
      const exchange = await needExchange(parts, params.id);
      const { types, why, files } = await namesOf({ ...parts, current: () => configuration.current }, exchange);
      return viewMessages(exchange, {
        types,
        names: why,
        files,
        after: query.after,
        inflate: decodeMessage,
        redact: (name, value) => parts.redactor.redactField(name, value),
      });
    },
    listTraces: async ({ query }) => {
      await parts.flush();
      return badQuery(() => telemetry.listTraces(query));
    },
    getTrace: async ({ params, query }) => {
      await parts.flush();
      const trace = await telemetry.getTrace(params.id, { logs: query.logs === 'true' });
      if (!trace) throw new ApiError('not_found', `There is no trace ${params.id}`);
      return trace;
    },
    getGraph: async ({ query }) => {
      await parts.flush();
      return telemetry.graph(windowMs(query.window), parts.graphFacts());
    },
    getSeries: ({ query }) => badQuery(() => telemetry.series(query)),
    getClusters: async ({ query }) => {
      const clusters = await gone(() => parts.clusters());
      const isSource = (cluster: ClusterStatus) => !query.source || [cluster.source, cluster.proxy].includes(query.source);
      const isService = (cluster: ClusterStatus) =>
        !query.service || [cluster.service, cluster.service.split('.')[0]].includes(query.service);
      return { clusters: clusters.filter((cluster) => isSource(cluster) && isService(cluster)) };
    },
    listAppMetrics: ({ query }) => telemetry.appMetrics.list(query.service),
    listEvents: async ({ query }) => ({ events: await store.listEvents(query) }),
  };
}

async function registerService({ configuration, store }: EngineParts, asked: RegisterService) {
  const { set, snapshot } = configuration.current;
  const namespace = asked.namespace ?? set.defaultNamespace;
  const name = documentName(namespace, asked.name);
  const ownAlready = set.get('Mesh', set.defaultNamespace, name) !== null;
  if (!ownAlready && snapshot.services.some((service) => service.name === asked.name && service.namespace === namespace)) {
    throw new ApiError('conflict', `The mesh already has a service ${namespace}/${asked.name}`);
  }
  const workload = asked.version ? { version: asked.version, address: asked.address } : { address: asked.address };
  const service = { name: asked.name, namespace, port: asked.port, protocol: asked.protocol, workloads: [workload] };
  const yaml = stringify({ apiVersion: 'drydock.dev/v1', kind: 'Mesh', metadata: { name }, spec: { services: [service] } });
  const outcome = await configuration.applyText(yaml, registeredFile);
  if (outcome.ok) stored(await store.setSetting(registeredKey(snapshot.meshName, namespace, asked.name), yaml));
  return answered(outcome);
}

async function deregisterService({ configuration, store }: EngineParts, namespace: string, name: string) {
  const { set, snapshot } = configuration.current;
  const outcome = await configuration.remove('Mesh', set.defaultNamespace, documentName(namespace, name));
  if (!outcome)
    throw new ApiError('not_found', `${namespace}/${name} was not registered live; services of a mesh file are removed there`);
  if (outcome.ok) stored(await store.deleteSetting(registeredKey(snapshot.meshName, namespace, name)));
  return answered(outcome);
}

const documentName = (namespace: string, name: string) => `service-${namespace}-${name}`.slice(0, 63);

function needResource(configuration: Configuration, params: { kind: string; namespace: string; name: string }): ResourceEntry {
  const { set } = configuration.current;
  const namespace = params.namespace === '-' ? set.defaultNamespace : params.namespace;
  const found = set
    .list()
    .find(
      ({ resource: r }) =>
        r.kind.toLowerCase() === params.kind.toLowerCase() && r.namespace === namespace && r.name === params.name,
    );
  return found ?? throwIt(new ApiError('not_found', `There is no ${params.kind}/${namespace}/${params.name}`));
}

function answered(outcome: ApplyOutcome): ApplyResult | Reply<ApplyResult> {
  const { applied, diagnostics } = outcome;
  return outcome.ok ? { applied, diagnostics } : rejected(outcome);
}

/** 422 with the usual error beside the diagnostics, so that a client that knows only errors can show one. */
function rejected({ diagnostics }: ApplyOutcome): Reply<ApplyResult> {
  const first = diagnostics.find((diagnostic) => diagnostic.severity === 'error');
  const error = { code: 'rejected', message: first?.message ?? 'Rejected; nothing was changed', details: diagnostics };
  return new Reply(422, { applied: [], diagnostics, error } as ApplyResult);
}

async function needExchange(parts: EngineParts, id: string): Promise<ExchangeDetail> {
  const { store } = parts;
  return (
    (await store.getExchange(id)) ??
    (await gone(() => parts.openExchange(id))) ??
    // It ended between the two.
    (await store.getExchange(id)) ??
    throwIt(new ApiError('not_found', `There is no exchange ${id}; the oldest are dropped first`))
  );
}

/** `5m`; `run` is everything since the engine started: infinite. */
export function windowMs(window: string): number {
  if (window === 'run') return Number.POSITIVE_INFINITY;
  const ms = parseDurationMs(window);
  if (ms === null || ms <= 0 || ms > 86_400_000)
    throw new ApiError('invalid_request', `${window} is not a window: write 60s, 5m, 1h or run`);
  return ms;
}

/** Telemetry names what is wrong with a query in a RangeError. */
async function badQuery<T>(ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RangeError) throw new ApiError('invalid_request', error.message);
    throw error;
  }
}

async function gone<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof DataPlaneGone) throw new ApiError('unavailable', error.message);
    throw error;
  }
}

function throwIt(error: Error): never {
  throw error;
}
