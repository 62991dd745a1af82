import { z } from 'zod';
import { resourceRefSchema } from './diagnostic.schema.ts';
import { healthThresholdsSchema } from './health.ts';
import { traceLogSchema } from './log.schema.ts';

// ── traces ────────────────────────────────────────────────────────────────────────────────────────────────────────
export const spanAttributesSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
export const spanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string(),
  name: z.string(),
  kind: z.enum(['client', 'server', 'internal', 'producer', 'consumer']),
  service: z.string(),
  /** Made by a sidecar rather than by the app. */
  mesh: z.boolean(),
  /** ISO 8601. */
  start: z.string(),
  /** From the trace's start, milliseconds. */
  startMs: z.number(),
  durationMs: z.number(),
  error: z.boolean(),
  attributes: spanAttributesSchema,
  events: z.array(z.object({ name: z.string(), atMs: z.number(), attributes: spanAttributesSchema.optional() })),
  /** Other spans this one names: what a batch was made of, the message that was answered. */
  links: z.array(z.object({ traceId: z.string(), spanId: z.string(), attributes: spanAttributesSchema.optional() })).optional(),
  exchangeId: z.string().optional(),
  /** The app dropped the trace headers; the link is drawn from timing, not from ids. */
  inferred: z.boolean().optional(),
  /** It goes on: the duration is what has passed until it was asked for. */
  open: z.boolean().optional(),
  /** Its clock differs from ours: `startMs` is where it must have been, this much after (or before) what it said; `start` is as it said. */
  movedMs: z.number().optional(),
});
export type Span = z.infer<typeof spanSchema>;

export const traceSummarySchema = z.object({
  traceId: z.string(),
  start: z.string(),
  durationMs: z.number(),
  rootService: z.string(),
  rootName: z.string(),
  services: z.array(z.string()),
  /** All there are in the trace: of the sidecars, of their attempts, of the apps. */
  spans: z.number().int(),
  errors: z.number().int(),
  status: z.number().int(),
  faults: z.number().int(),
  /** Something of it goes on. */
  open: z.boolean().optional(),
  /** Only apps told of it: no sidecar saw any call. */
  appOnly: z.boolean().optional(),
});
export type TraceSummary = z.infer<typeof traceSummarySchema>;
export const traceListSchema = z.object({ traces: z.array(traceSummarySchema), next: z.string().nullable() });
export const traceSchema = z.object({
  traceId: z.string(),
  start: z.string(),
  durationMs: z.number(),
  /** Spans of calls sent without trace headers stand here too when it is known what they were made for; they keep their own traceId. */
  spans: z.array(spanSchema),
  /** Services that did not forward the trace headers: calls sent without them, and how many of those have a place in this trace. */
  contextLost: z.array(z.object({ service: z.string(), calls: z.number().int(), linked: z.number().int() })).optional(),
  /** The call this trace was made for, when its first caller did not forward the trace headers of what it was answering. */
  continues: z
    .object({ traceId: z.string(), spanId: z.string(), service: z.string(), by: z.enum(['request-id', 'timing']) })
    .nullable()
    .optional(),
  /** What the apps logged, by time. */
  logs: z.array(traceLogSchema).optional(),
});
export type Trace = z.infer<typeof traceSchema>;

// ── graph ─────────────────────────────────────────────────────────────────────────────────────────────────────────
export const redSchema = z.object({
  /** Requests per second over the window. */
  rate: z.number(),
  count: z.number().int(),
  /** 0..1, status >= 500 or a transport failure. */
  errorShare: z.number(),
  /** 0..1, status 400 to 499, and gRPC statuses that are the caller's fault. */
  clientErrorShare: z.number().optional(),
  /** Milliseconds; null without data. */
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
});
export type Red = z.infer<typeof redSchema>;

export const graphNodeSchema = redSchema.extend({
  /** `default/reviews`, `ingress`, `outside` */
  id: z.string(),
  kind: z.enum(['service', 'gateway', 'outside', 'external']),
  name: z.string(),
  namespace: z.string(),
  protocol: z.string(),
  versions: z.array(
    z.object({
      version: z.string(),
      workloads: z.number().int(),
      ready: z.number().int(),
      rate: z.number(),
      errorShare: z.number(),
      clientErrorShare: z.number().optional(),
    }),
  ),
  /** Known from spans of the apps alone: a database, a queue's reader, somebody who was called past the mesh. */
  inferred: z.boolean().optional(),
  /** `down` when no workload answers its readiness check. */
  health: z.enum(['ok', 'degraded', 'failing', 'down', 'idle']),
});
export type GraphNode = z.infer<typeof graphNodeSchema>;

export const graphEdgeSchema = redSchema.extend({
  /** `default/reviews->default/ratings` */
  id: z.string(),
  from: z.string(),
  to: z.string(),
  protocol: z.string(),
  /** 0..1 */
  mtlsShare: z.number(),
  /** Attempts beyond the first, per request. */
  retryRatio: z.number(),
  timeouts: z.number().int(),
  overflows: z.number().int(),
  /** Faults armed on this edge. */
  faults: z.array(z.string()),
  faultHits: z.number().int(),
  ejected: z.number().int(),
  /** Request and response bodies together. */
  bytesPerSecond: z.number().optional(),
  /** Exchanges that go on now, for more than a second: WebSockets, streams, connections. */
  open: z.number().int().optional(),
  /** Known from spans of the apps alone, because it passes no sidecar: what kind of call. */
  inferred: z.enum(['call', 'database', 'messaging']).optional(),
  /** Services that get copies of these requests: `default/reviews-next`. */
  mirrors: z.array(z.string()).optional(),
  /** `split` counts only the last so many seconds: the weights changed then. Absent: the whole window. */
  splitSeconds: z.number().optional(),
  /** Wanted (weights in force; null without a split) and actual shares per version. */
  split: z.array(z.object({ version: z.string(), wanted: z.number().nullable(), actual: z.number(), count: z.number().int() })),
});
export type GraphEdge = z.infer<typeof graphEdgeSchema>;

export const graphSchema = z.object({
  time: z.string(),
  windowSeconds: z.number(),
  nodes: z.array(graphNodeSchema),
  edges: z.array(graphEdgeSchema),
  /** What `health` was judged by, and edges and versions are to be judged by. */
  thresholds: healthThresholdsSchema.optional(),
});
export type Graph = z.infer<typeof graphSchema>;

// ── metrics ───────────────────────────────────────────────────────────────────────────────────────────────────────
/** `2xx` … `other`: requests per second by what became of them; `other` got no answer, or was no request. `count`: how many ended. */
export const metricNameSchema = z.enum([
  ...(['rate', 'errors', 'p50', 'p95', 'p99', 'max', 'mean', 'retries', 'throughput', 'inflight', 'count'] as const),
  ...(['2xx', '3xx', '4xx', '5xx', 'other'] as const),
]);
export const seriesQuerySchema = z.object({
  /** `reviews->ratings`, `->ratings` (everyone's), `reviews->`, or omitted for the whole mesh. Names may carry `namespace/`. */
  edge: z.string().optional(),
  /** Comma-separated metric names; omitted = rate,errors,p50,p95,p99. */
  metric: z.string().optional(),
  window: z.string().default('5m'),
  step: z.string().optional(),
  version: z.string().optional(),
  /** `true`: the latency histogram of every slot as well. */
  heat: z.string().optional(),
  /** `true`: the shares of the destination's versions as well; for one destination. */
  split: z.string().optional(),
});
export const seriesSchema = z.object({
  stepSeconds: z.number(),
  /** Epoch milliseconds of each slot's start. */
  times: z.array(z.number()),
  /** Metric name → one value per slot; null where nothing happened. Latencies in milliseconds, errors as a share 0..1. */
  series: z.record(z.string(), z.array(z.number().nullable())),
  /** A trace per slot to open from the chart, the slowest; '' when there is none. */
  exemplars: z.array(z.string()),
  /** The same of a request that failed. */
  errorExemplars: z.array(z.string()).optional(),
  /** The last slot goes on: its values are of what has passed of it. */
  partial: z.boolean().optional(),
  /** Lowest and highest of the parts that make up one slot, where slots were put together: a spike of ten seconds is still seen after hours. */
  extremes: z
    .record(z.string(), z.object({ low: z.array(z.number().nullable()), high: z.array(z.number().nullable()) }))
    .optional(),
  /** Shares 0..1 per version: where requests went, and where the weights in force at that time wanted them; null where nothing was. */
  split: z
    .array(z.object({ version: z.string(), actual: z.array(z.number().nullable()), wanted: z.array(z.number().nullable()) }))
    .optional(),
  /** Requests per slot and latency band: `counts[slot][band]`; a band ends at its bound and begins at the one before, the first at 0. */
  heat: z.object({ boundsMs: z.array(z.number()), counts: z.array(z.array(z.number().int())) }).optional(),
});
export type Series = z.infer<typeof seriesSchema>;

// ── clusters ──────────────────────────────────────────────────────────────────────────────────────────────────────
export const limitSchema = z.object({
  /** `maxConnections`, `http1MaxPendingRequests`, `http2MaxRequests`, `maxRetries` */
  name: z.string(),
  current: z.number().int(),
  /** null: unlimited (Istio's default of 2³²−1). */
  limit: z.number().int().nullable(),
  overflowed: z.number().int(),
});
export const endpointStatusSchema = z.object({
  address: z.string(),
  workload: z.string(),
  version: z.string(),
  healthy: z.boolean(),
  /** Taken out of rotation by hand; `healthy` is outlier detection's word alone. */
  drained: z.boolean().optional(),
  ejected: z.object({ reason: z.string(), until: z.string(), remainingMs: z.number(), count: z.number().int() }).nullable(),
  activeRequests: z.number().int(),
  connections: z.number().int(),
  requests: z.number().int(),
  errors: z.number().int(),
  consecutive5xx: z.number().int(),
  consecutiveGatewayErrors: z.number().int(),
  consecutiveLocalOriginFailures: z.number().int(),
  /** Of the last whole interval of outlier detection; null when it saw nothing. */
  successRate: z.object({ percent: z.number(), requests: z.number().int() }).nullable().optional(),
  /** 0 = highest: the endpoint's own, refined by locality. */
  priority: z.number().int().optional(),
  locality: z.string().optional(),
  weight: z.number(),
});
export const clusterStatusSchema = z.object({
  proxy: z.string(),
  source: z.string(),
  sourceNamespace: z.string(),
  /** `outbound|9080|v1|ratings.default.svc.cluster.local` */
  cluster: z.string(),
  service: z.string(),
  namespace: z.string(),
  subset: z.string(),
  loadBalancer: z.string(),
  state: z.enum(['healthy', 'overflow', 'ejected', 'no-healthy-host']),
  endpoints: z.array(endpointStatusSchema),
  activeRequests: z.number().int(),
  pendingRequests: z.number().int(),
  connections: z.number().int(),
  limits: z.array(limitSchema),
  outlierDetection: z
    .object({
      consecutive5xxErrors: z.number().int(),
      intervalMs: z.number(),
      baseEjectionMs: z.number(),
      maxEjectionPercent: z.number(),
      /** 0 = off, as for consecutive5xxErrors. */
      consecutiveGatewayErrors: z.number().int().optional(),
      /** Absent: local failures count as 503 and 504. */
      consecutiveLocalOriginFailures: z.number().int().optional(),
      minHealthPercent: z.number().optional(),
      errorCodes: z.array(z.number().int()).optional(),
      successRate: z.object({ minimumHosts: z.number(), requestVolume: z.number(), stdevFactor: z.number() }).optional(),
      failurePercentage: z.object({ threshold: z.number(), minimumHosts: z.number(), requestVolume: z.number() }).optional(),
    })
    .nullable(),
  /** Why a host that earned it was not ejected, most recent first. */
  notEjected: z.array(z.object({ endpoint: z.string(), reason: z.string(), time: z.string() })),
  policy: resourceRefSchema.nullable(),
});
export type ClusterStatus = z.infer<typeof clusterStatusSchema>;
export const clustersSchema = z.object({ clusters: z.array(clusterStatusSchema) });

// ── events ────────────────────────────────────────────────────────────────────────────────────────────────────────
export const eventSchema = z.object({
  id: z.number().int(),
  time: z.string(),
  /** `fault.armed`, `fault.expired`, `endpoint.ejected`, `endpoint.returned`, `cluster.overflow`, `config.applied`, `config.rejected`,
   * `certificate.issued`, `service.started`, `service.exited`, `recording.started`, `engine.started`, `store.degraded` … */
  type: z.string(),
  /** What it is about: `ratings`, `ratings-v1-0`, `reviews->ratings`. */
  subject: z.string(),
  message: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type MeshEvent = z.infer<typeof eventSchema>;
