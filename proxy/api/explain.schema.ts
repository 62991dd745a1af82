import { z } from 'zod';
import { resourceRefSchema } from './diagnostic.schema.ts';
import { clusterStatusSchema } from './observability.schema.ts';

export const explainRequestSchema = z.object({
  /** Service, `namespace/service`, workload id, or `ingress`. */
  from: z.string(),
  /** Host as the caller would write it: `ratings`, `ratings:9080`, `ratings.default`. */
  to: z.string(),
  method: z.string().default('GET'),
  path: z.string().default('/'),
  headers: z.record(z.string(), z.string()).default({}),
});
export type ExplainRequest = z.infer<typeof explainRequestSchema>;

export const ruleTraceSchema = z.object({
  route: z.string(),
  resource: resourceRefSchema.nullable(),
  matched: z.boolean(),
  /** The first reason a skipped rule did not match: `header end-user is absent`. */
  reason: z.string(),
});

/** A value in effect and where it came from: `default`, `mesh`, or an object. */
const sourced = <T extends z.ZodType>(value: T) => z.object({ value, from: z.string() });

export const explanationSchema = z.object({
  request: explainRequestSchema,
  outcome: z.enum(['forward', 'redirect', 'direct-response', 'no-route', 'passthrough', 'blocked', 'cluster-not-found']),
  summary: z.string(),
  objects: z.array(z.object({ resource: resourceRefSchema, role: z.string(), used: z.boolean(), reason: z.string() })),
  virtualHost: z.string(),
  rules: z.array(ruleTraceSchema),
  route: z.string(),
  /** The matched rule’s `statPrefix`: Envoy counts its requests as `vhost.<virtual host>.route.<statPrefix>.…` too. */
  statPrefix: z.string().optional(),
  clusters: z.array(
    z.object({
      cluster: z.string(),
      weight: z.number(),
      share: z.number(),
      endpoints: z.array(z.object({ address: z.string(), workload: z.string(), version: z.string() })),
      policy: resourceRefSchema.nullable(),
      /** As the caller's sidecar has it now: limits with current values, ejections, why a host was not ejected. Absent without an engine. */
      status: clusterStatusSchema.optional(),
    }),
  ),
  rewrittenPath: z.string().nullable(),
  timeoutMs: sourced(z.number().nullable()),
  perTryTimeoutMs: sourced(z.number().nullable()),
  retries: sourced(z.object({ attempts: z.number().int(), retryOn: z.string() }).nullable()),
  /** Longest the caller can wait: tries × per-try timeout plus backoff, cut by the timeout; null = unbounded. */
  worstCaseMs: z.number().nullable(),
  mirrors: z.array(z.object({ cluster: z.string(), percentage: z.number() })),
  faults: z.array(z.object({ name: z.string(), side: z.enum(['client', 'server']), effect: z.string(), percentage: z.number() })),
  policies: z.array(z.object({ resource: resourceRefSchema, outcome: z.string(), reason: z.string() })),
  /** Simulations that stand in for a destination. `from` is the only caller they answer, '' is everyone. */
  standIns: z
    .array(
      z.object({
        simulation: z.string(),
        recording: z.string(),
        service: z.string(),
        from: z.string(),
        mode: z.string(),
        enabled: z.boolean(),
      }),
    )
    .optional(),
});
export type Explanation = z.infer<typeof explanationSchema>;
