import { z } from 'zod';
import { durationSchema, faultSpecSchema } from './fault.schema.ts';

/** `0s`, `10s`: a place on the timeline, counted from the scenario's start. */
const offsetSchema = durationSchema;

/**
 * Open-loop traffic: every start is computed in advance and kept whether or not earlier calls have come back. `rate` is in requests per second; a ramp
 * goes from one rate to another over the load's time.
 */
export const loadSchema = z.strictObject({
  name: z.string().min(1),
  /** Who calls: a service of the mesh, by its sidecar; omitted: the ingress. */
  from: z.strictObject({ service: z.string(), namespace: z.string().optional() }).optional(),
  at: offsetSchema.default('0s'),
  for: durationSchema,
  rate: z.union([z.number().positive().max(5000), z.strictObject({ from: z.number().min(0), to: z.number().min(0).max(5000) })]),
  /** `constant`: evenly spaced; `poisson`: as independent callers arrive. */
  arrivals: z.enum(['constant', 'poisson']).default('constant'),
  /** In flight at most; a start beyond it is counted as dropped, never delayed. */
  maxInFlight: z.number().int().min(1).max(10_000).default(200),
  timeout: durationSchema.default('15s'),
  /** `http2`: with prior knowledge; `grpc`: unary calls, over the same. */
  protocol: z.enum(['http', 'http2', 'grpc']).default('http'),
  /** One request, or several taken by weight. */
  requests: z
    .array(
      z.strictObject({
        method: z.string().default('GET'),
        /** `http://reviews:9080/reviews/1`; from the ingress, its host is the Host header. A gRPC call: `http://ratings:9080/shop.Ratings/Get`. */
        url: z.string().regex(/^http:\/\/[^/\s]+(\/\S*)?$/, 'a url looks like http://reviews:9080/reviews/1'),
        headers: z.record(z.string(), z.string()).default({}),
        body: z.string().optional(),
        /** Of a gRPC call, as JSON; the service's .proto or its server reflection says how it is written. Without it an empty message is sent. */
        message: z.record(z.string(), z.unknown()).optional(),
        /** The same already encoded, in base64. */
        messageBytes: z.base64().optional(),
        weight: z.number().min(0).default(1),
      }),
    )
    .min(1),
});
export type ScenarioLoad = z.infer<typeof loadSchema>;

/** Requests of all loads together; more would be kept and judged by nobody. */
export const maxScenarioRequests = 500_000;

/** A fault of the timeline: armed at `at`, gone after `for` (default: the scenario's end). */
export const scenarioFaultSchema = z.strictObject({
  name: z.string().min(1),
  at: offsetSchema.default('0s'),
  for: durationSchema.optional(),
  spec: faultSpecSchema.omit({ schedule: true, expires: true, enabled: true }),
});

/** A change of the mesh at a time. What it changed is put back when the scenario ends, however it ends. */
export const scenarioChangeSchema = z
  .strictObject({
    name: z.string().min(1),
    at: offsetSchema,
    /** Whole resources, as in a mesh file. */
    apply: z.array(z.looseObject({ apiVersion: z.string(), kind: z.string() })).optional(),
    delete: z.array(z.strictObject({ kind: z.string(), name: z.string(), namespace: z.string().optional() })).optional(),
    /** Weights by version in every weighted route of the service's VirtualServices. */
    shift: z
      .strictObject({
        service: z.string(),
        namespace: z.string().optional(),
        weights: z.record(z.string(), z.number().int().min(0).max(100)),
      })
      .optional(),
    /** Stop or start a `run:` workload. */
    stop: z.string().optional(),
    start: z.string().optional(),
  })
  .refine((change) => change.apply || change.delete || change.shift || change.stop || change.start, {
    message: 'a change says apply, delete, shift, stop or start',
  });

/** Which exchanges a condition counts; omitted: all that the scenario's own loads sent, as their sender saw them. */
export const scenarioScopeSchema = z.strictObject({
  load: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  version: z.string().optional(),
  method: z.string().optional(),
  /** A prefix. */
  path: z.string().optional(),
});

/**
 * One thing the scenario promises. Either `that`, a condition on numbers, or `event`, something that must (or with `never`, must not) happen.
 * Conditions: `METRIC OP VALUE`, OP one of < <= > >= ==. Metrics: p(50) … p(99.9), avg, min, max (durations: 400ms), errors (share: 1%), rate
 * (requests per second), count, attempts (per request, mean), max_attempts, retries (per request), share(v2) (share of requests answered by a version),
 * status(503) (share), flag(UO) (share), dropped. No request in its time is a failure, not a pass.
 */
export const scenarioExpectationSchema = z
  .strictObject({
    name: z.string().min(1).optional(),
    that: z.string().optional(),
    of: scenarioScopeSchema.optional(),
    /** Default: the whole scenario. */
    during: z.strictObject({ from: offsetSchema.default('0s'), to: offsetSchema.optional() }).optional(),
    /** End the scenario as soon as it is not met; looked at each second, after `delayAbort`. */
    abortOnFail: z.boolean().default(false),
    delayAbort: durationSchema.default('0s'),
    event: z
      .strictObject({
        /** `endpoint.ejected`, `endpoint.returned`, `cluster.overflow`, `fault.armed` … */
        type: z.string().min(1),
        /** Contained in the event's subject, e.g. `payments`. */
        subject: z.string().optional(),
        /** A fault or change of this scenario; default its start. */
        after: z.string().optional(),
        within: durationSchema.optional(),
        never: z.boolean().default(false),
      })
      .optional(),
  })
  .refine((expectation) => (expectation.that === undefined) !== (expectation.event === undefined), {
    message: 'an expectation says either that (a condition) or event',
  });
export type ScenarioExpectation = z.infer<typeof scenarioExpectationSchema>;

export const scenarioSpecSchema = z.strictObject({
  description: z.string().optional(),
  /** Default: until the last load, fault and change are over. */
  duration: durationSchema.optional(),
  seed: z.number().int().default(1),
  /** Must hold before anything is done, by ten probes of each load's requests, or the scenario does not begin: `errors < 1%`. */
  hypothesis: z.array(z.string()).default([]),
  load: z.array(loadSchema).default([]),
  faults: z.array(scenarioFaultSchema).default([]),
  changes: z.array(scenarioChangeSchema).default([]),
  /** Record what happens under this name. */
  record: z.string().optional(),
  expect: z.array(scenarioExpectationSchema).default([]),
});
export type ScenarioSpec = z.infer<typeof scenarioSpecSchema>;

export const scenarioSchema = z.strictObject({
  apiVersion: z.literal('drydock.dev/v1'),
  kind: z.literal('Scenario'),
  metadata: z.looseObject({ name: z.string().min(1), namespace: z.string().optional() }),
  spec: scenarioSpecSchema,
});
export type Scenario = z.infer<typeof scenarioSchema>;

/** POST /scenarios/runs: a scenario that is applied, by name, or a document of its own. */
export const scenarioRunRequestSchema = z
  .strictObject({
    name: z.string().optional(),
    namespace: z.string().optional(),
    yaml: z.string().optional(),
    /** In place of the scenario's own. */
    seed: z.number().int().optional(),
    /** By hand: load runs, each later entry of the timeline waits for POST /scenarios/runs/{id}/step. Ten minutes at most. */
    stepped: z.boolean().optional(),
  })
  .refine((request) => (request.name === undefined) !== (request.yaml === undefined), { message: 'say either name or yaml' });
export type ScenarioRunRequest = z.infer<typeof scenarioRunRequestSchema>;

/** POST /scenarios/runs/{id}/step: the next entry of the timeline, or all that are left at their planned distances. */
export const scenarioStepSchema = z.strictObject({ runOn: z.boolean().default(false) });

/** One bar of the timeline. */
export const scenarioTrackSchema = z.object({
  kind: z.enum(['load', 'fault', 'change']),
  name: z.string(),
  /** In words: `20 req/s from ingress`, `503 for 50 % at payments`, `reviews v1 90, v2 10`. */
  label: z.string(),
  /** Milliseconds from the start; null: until the end. */
  startMs: z.number(),
  endMs: z.number().nullable(),
  state: z.enum(['waiting', 'active', 'done', 'failed']),
  message: z.string(),
});

export const scenarioLoadResultSchema = z.object({
  name: z.string(),
  intended: z.number().int(),
  sent: z.number().int(),
  /** Not sent because `maxInFlight` was reached. */
  dropped: z.number().int(),
  ok: z.number().int(),
  /** Answers of 500 and more, and transport failures. */
  failed: z.number().int(),
  rate: z.number(),
  /** Milliseconds from the *intended* start to the end of the answer. */
  response: z.object({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() }).nullable(),
  /** Milliseconds from the actual start. */
  service: z.object({ p50: z.number(), p95: z.number(), p99: z.number(), max: z.number() }).nullable(),
  /** How late requests left, milliseconds. Above 5 the run says nothing about latency. */
  lagP99Ms: z.number(),
  /** Attempts beyond the first in the caller's proxy, per request. */
  retries: z.number().optional(),
});

export const scenarioOutcomeSchema = z.object({
  name: z.string(),
  /** The condition in words. */
  text: z.string(),
  state: z.enum(['waiting', 'passed', 'failed', 'no_data']),
  /** What was measured: `612 ms`, `+3.1 s`. */
  actual: z.string(),
  /** When it was decided, milliseconds from the start. */
  atMs: z.number().nullable(),
  message: z.string(),
  /** Up to five traces to look at. */
  traceIds: z.array(z.string()),
});

/** What differs from another run, load by load; what is the same is left out. */
export const scenarioComparisonSchema = z.object({
  /** The other run. */
  id: z.string(),
  number: z.number().int(),
  /** `delta`: `+180 ms`; '' where one of the two has no figure. */
  differences: z.array(z.object({ what: z.string(), before: z.string(), now: z.string(), delta: z.string().optional() })),
});
export type ScenarioComparison = z.infer<typeof scenarioComparisonSchema>;

export const scenarioRunSchema = z.object({
  id: z.string(),
  /** Counts the runs of this scenario. */
  number: z.number().int(),
  scenario: z.string(),
  namespace: z.string(),
  description: z.string(),
  /** `error`: it could not be carried out (broken setup), which is not a failed expectation. */
  state: z.enum(['running', 'passed', 'failed', 'cancelled', 'error']),
  message: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  /** Planned, and gone by, in milliseconds. */
  durationMs: z.number(),
  elapsedMs: z.number(),
  seed: z.number().int(),
  tracks: z.array(scenarioTrackSchema),
  load: z.array(scenarioLoadResultSchema),
  expectations: z.array(scenarioOutcomeSchema),
  /** A point each second. `p95` in milliseconds, null without an answer. */
  series: z.array(z.object({ t: z.number(), sent: z.number(), failed: z.number(), p95: z.number().nullable() })),
  /** What happened when, in words. */
  journal: z.array(z.object({ atMs: z.number(), kind: z.string(), message: z.string() })),
  /** False when the load generator could not keep its schedule. */
  valid: z.boolean(),
  /**
   * Of a run carried out by hand. Its tracks stand where they were stepped to, and what has not come yet where it would come next. `next`: what the next
   * step does, in words; null when nothing waits for one. `left`: steps to the end.
   */
  stepped: z.object({ next: z.array(z.string()).nullable(), left: z.number().int() }).optional(),
  /** Trace ids of all requests its loads sent begin with it; four hex digits follow, the load counted from 1. */
  mark: z.string().optional(),
  /** The last passed run before this one, and what differs. */
  baseline: scenarioComparisonSchema.nullable(),
});
export type ScenarioRun = z.infer<typeof scenarioRunSchema>;
