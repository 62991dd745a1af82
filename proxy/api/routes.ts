import { z } from 'zod';
import { appMetricsSchema } from './app-metric.schema.ts';
import { bodyViewSchema, resendAnswerSchema, resendRequestSchema, sendAnswerSchema, sendRequestSchema } from './body.schema.ts';
import { applyResultSchema, diagnosticSchema, resourceSchema } from './diagnostic.schema.ts';
import { exchangeDetailSchema, exchangePageSchema, exchangeQuerySchema, messagePageSchema } from './exchange.schema.ts';
import { explainRequestSchema, explanationSchema } from './explain.schema.ts';
import { durationSchema, faultRequestSchema, faultStatusSchema } from './fault.schema.ts';
import {
  clustersSchema,
  eventSchema,
  graphSchema,
  seriesQuerySchema,
  seriesSchema,
  traceListSchema,
  traceSchema,
} from './observability.schema.ts';
import { protosRequestSchema, serviceProtosSchema } from './proto.schema.ts';
import { importedRecordingSchema } from './recording.schema.ts';
import { recordingRoutes } from './recording-routes.ts';
import { replayPlanSchema, replayRequestSchema, replayRulesSchema, replaySchema } from './replay.schema.ts';
import { runComparisonSchema, runSchema, runSummarySchema } from './runs.schema.ts';
import { scenarioRunRequestSchema, scenarioRunSchema } from './scenario.schema.ts';
import { simulationChangeSchema, simulationRequestSchema, simulationSchema } from './simulation.schema.ts';
import {
  certificateFlawSchema,
  certificateSchema,
  registerServiceSchema,
  serviceOutputSchema,
  statusSchema,
} from './status.schema.ts';
import {
  proxyToxicChangeSchema,
  proxyToxicRequestSchema,
  proxyToxicSchema,
  toxicTypeSchema,
  toxiproxyProxyChangeSchema,
  toxiproxyProxyRequestSchema,
  toxiproxyProxySchema,
} from './toxic.schema.ts';

/**
 * Every operation of the control API, below /api/v1. One table: the server validates with it, the client is typed by it, docs/openapi.json
 * is generated from it. `body: 'yaml'` takes YAML text (application/yaml or text/plain) or {yaml, file?} as JSON, `body: 'bytes'` a file as it is.
 */
export const apiRoutes = {
  getStatus: {
    method: 'GET',
    path: '/status',
    summary: 'The ready line plus health, versions, certificates, counters',
    response: statusSchema,
  },
  listResources: {
    method: 'GET',
    path: '/resources',
    summary: 'All resources',
    response: z.object({ resources: z.array(resourceSchema) }),
  },
  listResourcesOfKind: {
    method: 'GET',
    path: '/resources/:kind',
    summary: 'Resources of a kind',
    response: z.object({ resources: z.array(resourceSchema) }),
  },
  getResource: { method: 'GET', path: '/resources/:kind/:namespace/:name', summary: 'One resource', response: resourceSchema },
  postResources: {
    method: 'POST',
    path: '/resources',
    summary: 'Apply YAML documents (as /apply)',
    body: 'yaml',
    response: applyResultSchema,
  },
  deleteResource: {
    method: 'DELETE',
    path: '/resources/:kind/:namespace/:name',
    summary: 'Remove a resource',
    response: applyResultSchema,
  },
  apply: {
    method: 'POST',
    path: '/apply',
    summary: 'Apply YAML documents atomically',
    body: 'yaml',
    response: applyResultSchema,
  },
  lint: {
    method: 'POST',
    path: '/lint',
    summary: 'Diagnostics of YAML documents together with what runs, applying nothing',
    body: 'yaml',
    response: z.object({ applied: z.array(z.never()), diagnostics: z.array(diagnosticSchema) }),
  },
  exportConfig: {
    method: 'GET',
    path: '/export/:format',
    summary: 'What runs, written for a real mesh: istio, gateway-api, or envoy (the bootstrap of one workload)',
    query: z.object({ workload: z.string().optional() }),
    response: z.object({ format: z.string(), text: z.string(), notes: z.array(z.string()) }),
  },
  registerService: {
    method: 'POST',
    path: '/services',
    summary: 'Register a local service',
    body: registerServiceSchema,
    response: applyResultSchema,
  },
  deregisterService: {
    method: 'DELETE',
    path: '/services/:namespace/:name',
    summary: 'Take a service registered live out of the mesh',
    response: applyResultSchema,
  },
  listProtos: {
    method: 'GET',
    path: '/protos',
    summary: 'Names handed over for gRPC messages: .proto files and descriptor sets, by service',
    response: z.object({ protos: z.array(serviceProtosSchema) }),
  },
  addProtos: {
    method: 'POST',
    path: '/protos',
    summary: 'Hand over .proto files or descriptor sets for a service; they are kept',
    body: protosRequestSchema,
    response: serviceProtosSchema,
  },
  removeProtos: {
    method: 'DELETE',
    path: '/protos/:namespace/:service',
    summary: 'Forget what was handed over for a service; the namespace `-` is the mesh’s',
    response: z.object({ removed: z.string() }),
  },
  restartWorkload: {
    method: 'POST',
    path: '/workloads/:id/restart',
    summary: 'Restart a run: service',
    response: z.object({ restarted: z.string() }),
  },
  getWorkloadOutput: {
    method: 'GET',
    path: '/workloads/:id/output',
    summary: 'Kept output of a run: service',
    response: serviceOutputSchema,
  },
  explain: {
    method: 'POST',
    path: '/explain',
    summary: 'Which objects and rules would apply to a request',
    body: explainRequestSchema,
    response: explanationSchema,
  },
  listExchanges: {
    method: 'GET',
    path: '/exchanges',
    summary: 'Exchanges, newest first',
    query: exchangeQuerySchema,
    response: exchangePageSchema,
  },
  getExchange: {
    method: 'GET',
    path: '/exchanges/:id',
    summary: 'One exchange with headers, bodies, decision and stage times',
    response: exchangeDetailSchema,
  },
  listMessages: {
    method: 'GET',
    path: '/exchanges/:id/messages',
    summary: 'Messages, frames or events of an exchange made readable, also while it goes on',
    query: z.object({ after: z.coerce.number().int().min(-1).default(-1) }),
    response: messagePageSchema,
  },
  getBody: {
    method: 'GET',
    path: '/exchanges/:id/bodies/:side',
    summary: 'The body of the `request` or the `response` made readable: without its content encoding, up to 1 MiB',
    response: bodyViewSchema,
  },
  resendExchange: {
    method: 'POST',
    path: '/exchanges/:id/resend',
    summary: 'Send a recorded request again from its source, as it was or changed; the answer comes with both comparisons',
    body: resendRequestSchema,
    response: resendAnswerSchema,
  },
  sendRequest: {
    method: 'POST',
    path: '/requests',
    summary: 'Send a request of one’s own through the ingress gateway, or as a service',
    body: sendRequestSchema,
    response: sendAnswerSchema,
  },
  listTraces: {
    method: 'GET',
    path: '/traces',
    summary: 'Traces, newest first',
    query: z.object({
      service: z.string().optional(),
      minDuration: z.string().optional(),
      error: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(500).default(50),
      cursor: z.string().optional(),
    }),
    response: traceListSchema,
  },
  getTrace: {
    method: 'GET',
    path: '/traces/:id',
    summary: 'One trace with its spans, mesh and app, and what the apps logged',
    query: z.object({ logs: z.enum(['true', 'false']).default('true') }),
    response: traceSchema,
  },
  getGraph: {
    method: 'GET',
    path: '/graph',
    summary: 'Nodes and edges with rate, errors, latency',
    query: z.object({ window: z.string().default('60s') }),
    response: graphSchema,
  },
  getSeries: {
    method: 'GET',
    path: '/metrics/series',
    summary: 'Series for charts',
    query: seriesQuerySchema,
    response: seriesSchema,
  },
  listRuns: {
    method: 'GET',
    path: '/runs',
    summary: 'The present run and the last ten',
    response: z.object({ runs: z.array(runSummarySchema) }),
  },
  getRun: {
    method: 'GET',
    path: '/runs/:id',
    summary: 'What the edges did in one run; `current` and `previous` are ids too',
    response: runSchema,
  },
  compareRuns: {
    method: 'GET',
    path: '/runs/:id/compare',
    summary: 'A run held against another, edge by edge',
    query: z.object({ with: z.string().default('current') }),
    response: runComparisonSchema,
  },
  getClusters: {
    method: 'GET',
    path: '/clusters',
    summary: 'Upstream clusters per source workload: endpoints, ejection, limits',
    query: z.object({ source: z.string().optional(), service: z.string().optional() }),
    response: clustersSchema,
  },
  listAppMetrics: {
    method: 'GET',
    path: '/app-metrics',
    summary: 'Last values of what the apps export of themselves over OTLP',
    query: z.object({ service: z.string().optional() }),
    response: appMetricsSchema,
  },
  listEvents: {
    method: 'GET',
    path: '/events',
    summary: 'Events, newest first',
    query: z.object({
      since: z.string().optional(),
      type: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(200),
    }),
    response: z.object({ events: z.array(eventSchema) }),
  },
  listFaults: {
    method: 'GET',
    path: '/faults',
    summary: 'Faults with their hits',
    response: z.object({ faults: z.array(faultStatusSchema) }),
  },
  addFault: {
    method: 'POST',
    path: '/faults',
    summary: 'Arm a fault; it expires after 10 minutes unless it says otherwise',
    body: faultRequestSchema,
    response: faultStatusSchema,
  },
  deleteFault: {
    method: 'DELETE',
    path: '/faults/:name',
    summary: 'Remove a fault (its name, or namespace~name)',
    response: z.object({ removed: z.string() }),
  },
  stopAllFaults: {
    method: 'POST',
    path: '/faults/stop',
    summary: 'Stop every fault at once',
    response: z.object({ stopped: z.array(z.string()) }),
  },
  listToxicTypes: {
    method: 'GET',
    path: '/toxics',
    summary: 'Kinds of toxics with their attributes, for Fault.spec.tcp and Toxiproxy proxies',
    response: z.object({ types: z.array(toxicTypeSchema) }),
  },
  listToxiproxyProxies: {
    method: 'GET',
    path: '/toxiproxy/proxies',
    summary: 'Proxies of the Toxiproxy API',
    response: z.object({ proxies: z.array(toxiproxyProxySchema) }),
  },
  addToxiproxyProxy: {
    method: 'POST',
    path: '/toxiproxy/proxies',
    summary: 'Create a toxic proxy, with toxics if given',
    body: toxiproxyProxyRequestSchema,
    response: toxiproxyProxySchema,
  },
  changeToxiproxyProxy: {
    method: 'POST',
    path: '/toxiproxy/proxies/:name',
    summary: 'Enable, disable or move a toxic proxy',
    body: toxiproxyProxyChangeSchema,
    response: toxiproxyProxySchema,
  },
  deleteToxiproxyProxy: {
    method: 'DELETE',
    path: '/toxiproxy/proxies/:name',
    summary: 'Remove a toxic proxy',
    response: z.object({ removed: z.string() }),
  },
  addProxyToxic: {
    method: 'POST',
    path: '/toxiproxy/proxies/:name/toxics',
    summary: 'Add a toxic to a proxy, live',
    body: proxyToxicRequestSchema,
    response: proxyToxicSchema,
  },
  changeProxyToxic: {
    method: 'POST',
    path: '/toxiproxy/proxies/:name/toxics/:toxic',
    summary: 'Change a toxic of a proxy, live',
    body: proxyToxicChangeSchema,
    response: proxyToxicSchema,
  },
  deleteProxyToxic: {
    method: 'DELETE',
    path: '/toxiproxy/proxies/:name/toxics/:toxic',
    summary: 'Take a toxic off a proxy; what it held goes on',
    response: z.object({ removed: z.string() }),
  },
  resetToxiproxy: {
    method: 'POST',
    path: '/toxiproxy/reset',
    summary: 'Enable every toxic proxy and remove all toxics',
    response: z.object({ proxies: z.array(toxiproxyProxySchema) }),
  },
  ...recordingRoutes,
  exportHar: {
    method: 'GET',
    path: '/recordings/:id/har',
    summary: 'HAR 1.2',
    response: z.looseObject({ log: z.looseObject({ entries: z.array(z.unknown()) }) }),
  },
  importRecording: {
    method: 'POST',
    path: '/recordings/import',
    summary: 'A recording from a HAR, a Hoverfly simulation or WireMock mappings; `notes` tell what was not taken over',
    body: z.union([z.looseObject({}), z.array(z.unknown())]),
    response: importedRecordingSchema,
  },
  startSimulation: {
    method: 'POST',
    path: '/simulations',
    summary: 'Answer for a service from a recording',
    body: simulationRequestSchema,
    response: simulationSchema,
  },
  listSimulations: {
    method: 'GET',
    path: '/simulations',
    summary: 'Services that recordings answer for, with hits and misses',
    response: z.object({ simulations: z.array(simulationSchema) }),
  },
  getSimulation: { method: 'GET', path: '/simulations/:id', summary: 'One simulation', response: simulationSchema },
  changeSimulation: {
    method: 'POST',
    path: '/simulations/:id',
    summary: 'Switch it on or off, or for another caller, while it goes on',
    body: simulationChangeSchema,
    response: simulationSchema,
  },
  stopSimulation: {
    method: 'DELETE',
    path: '/simulations/:id',
    summary: 'Let the service answer for itself again',
    response: z.object({ removed: z.string() }),
  },
  startScenario: {
    method: 'POST',
    path: '/scenarios/runs',
    summary: 'Run a scenario; one runs at a time',
    body: scenarioRunRequestSchema,
    response: scenarioRunSchema,
  },
  listScenarioRuns: {
    method: 'GET',
    path: '/scenarios/runs',
    summary: 'Runs of scenarios, newest first, the last fifty',
    query: z.object({ scenario: z.string().optional(), limit: z.coerce.number().int().min(1).max(50).default(50) }),
    response: z.object({ runs: z.array(scenarioRunSchema) }),
  },
  getScenarioRun: {
    method: 'GET',
    path: '/scenarios/runs/:id',
    summary: 'Progress and outcome of a run',
    response: scenarioRunSchema,
  },
  cancelScenarioRun: {
    method: 'POST',
    path: '/scenarios/runs/:id/cancel',
    summary: 'End a run now; what it changed is put back',
    response: scenarioRunSchema,
  },
  startReplay: {
    method: 'POST',
    path: '/recordings/:id/replay',
    summary: 'Send the root calls of a recording again',
    body: replayRequestSchema,
    response: replaySchema,
  },
  listReplays: {
    method: 'GET',
    path: '/replays',
    summary: 'Replays, newest first',
    response: z.object({ replays: z.array(replaySchema) }),
  },
  getReplay: { method: 'GET', path: '/replays/:id', summary: 'Progress and differences', response: replaySchema },
  cancelReplay: { method: 'POST', path: '/replays/:id/cancel', summary: 'Stop a running replay', response: replaySchema },
  pauseReplay: { method: 'POST', path: '/replays/:id/pause', summary: 'Send nothing new for now', response: replaySchema },
  resumeReplay: { method: 'POST', path: '/replays/:id/resume', summary: 'Go on where it was paused', response: replaySchema },
  judgeReplay: {
    method: 'POST',
    path: '/replays/:id/judge',
    summary: 'Judge the same answers by other rules; nothing is sent',
    body: replayRulesSchema,
    response: replaySchema,
  },
  planReplay: {
    method: 'GET',
    path: '/recordings/:id/replay-plan',
    summary: 'What a replay would send, and which variables it seems to need',
    response: replayPlanSchema,
  },
  listCertificates: {
    method: 'GET',
    path: '/certificates',
    summary: 'Workload certificates',
    response: z.object({ certificates: z.array(certificateSchema) }),
  },
  rotateCertificates: {
    method: 'POST',
    path: '/certificates/rotate',
    summary: 'Issue new workload certificates now',
    body: z.object({ spiffeId: z.string().optional() }),
    response: z.object({ certificates: z.array(certificateSchema) }),
  },
  breakCertificate: {
    method: 'POST',
    path: '/certificates/break',
    summary:
      'Give a workload a wrong certificate, to see how its callers bear it; it heals by itself, by rotation, and with all faults',
    body: z.strictObject({
      spiffeId: z.string(),
      as: certificateFlawSchema,
      /** Default 10m. */
      for: durationSchema.default('10m'),
    }),
    response: z.object({ certificates: z.array(certificateSchema) }),
  },
  shutdown: {
    method: 'POST',
    path: '/shutdown',
    summary: 'Drain and stop the engine',
    response: z.object({ stopping: z.boolean() }),
  },
} as const satisfies Record<string, ApiRoute>;

export interface ApiRoute {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  summary: string;
  query?: z.ZodType;
  body?: z.ZodType | 'yaml' | 'bytes';
  response: z.ZodType;
  /** Where the answer is not JSON. */
  responseType?: string;
}
export type ApiRouteName = keyof typeof apiRoutes;
export type ApiResponse<K extends ApiRouteName> = z.infer<(typeof apiRoutes)[K]['response']>;
