import { z } from 'zod';

/** What is compared how. `$.items[*].at` names a member in every element; a path also covers what lies below it. */
const compareRules = {
  /** Left out: `$.id`, `$.items[*].at`, `header:date`, `body`, `trailer:x`, `messages`, `calls`, `attempts:reviews→ratings`. */
  ignore: z.array(z.string()).default([]),
  /** Arrays whose order says nothing: `$.items`; `$` for the body itself, `*` for every array. */
  unordered: z.array(z.string()).default([]),
  /** Numbers that may differ a little: `$.total±0.01`, `$.price±1%`; `+-` is understood for `±`. */
  tolerance: z.array(z.string()).default([]),
};

export const replayRequestSchema = z.strictObject({
  /** 1 = original timing, 10 = ten times faster, 0 = as fast as possible. */
  speed: z.number().min(0).max(1000).default(1),
  /** `original` keeps the recorded starts at the given speed, `fast` sends as soon as there is a place, `one-by-one` waits for each answer. */
  pace: z.enum(['original', 'fast', 'one-by-one']).optional(),
  /** Gaps in which nothing was sent are at most this long, `5s`. */
  maxIdle: z.string().optional(),
  /** In flight at most; 512 by default at the original pace, 32 as fast as possible. */
  concurrency: z.number().int().min(1).max(1000).optional(),
  /** `reviews=v2`: what goes to reviews goes to its version v2; `reviews=http://127.0.0.1:9999`: to that address. In every call of the trace. */
  to: z.string().optional(),
  /** Hosts off this machine that may be sent to: exactly the host in `to`. */
  confirmRemote: z.array(z.string()).default([]),
  diff: z.boolean().default(true),
  ...compareRules,
  /** Every call is sent a second time (with `to`: three times, twice as it goes without `to`), so that what changes by itself is told from what changed. */
  noise: z.boolean().default(false),
  /** With `noise`: POST, PUT, PATCH and DELETE too; they are sent once otherwise. */
  noiseWrites: z.boolean().default(false),
  /** `token=$.access_token from POST /login`: a value of an answer, put into every later request of that client in place of the recorded one. */
  variables: z.array(z.string()).default([]),
  /** Finds such values by itself: what an answer held and a later request repeats. */
  autoVariables: z.boolean().default(false),
  /** Cookies a client was given are sent as they are given now. */
  cookies: z.boolean().default(true),
  /** WebSocket and gRPC messages: each after the answers it was recorded after, or at its recorded time. */
  streams: z.enum(['lock-step', 'timed']).default('lock-step'),
  /** `recorded`: what the called services themselves call is answered by the recording while the replay runs, for these callers only. */
  dependencies: z.enum(['live', 'recorded']).default('live'),
});
export type ReplayRequest = z.infer<typeof replayRequestSchema>;

export const replayRulesSchema = z.strictObject(compareRules);
export type ReplayRules = z.infer<typeof replayRulesSchema>;

/** Calls that services made because of the calls that are sent again. */
export const replayDependencySchema = z.object({ from: z.string(), service: z.string(), calls: z.number().int() });
export type ReplayDependency = z.infer<typeof replayDependencySchema>;

const fieldSchema = z.object({ path: z.string(), kind: z.string(), recorded: z.string(), replayed: z.string() });

export const differenceSchema = z.object({
  exchangeId: z.string(),
  method: z.string(),
  path: z.string(),
  source: z.string(),
  destination: z.string(),
  /** `GET /ratings/{}` */
  endpoint: z.string().optional(),
  /** `status`, `header:content-type`, `$.total`, `body`, `messages[3]`, `calls:reviews→ratings` */
  fields: z.array(fieldSchema),
  recorded: z.object({ status: z.number().int(), durationMs: z.number() }),
  replayed: z.object({ status: z.number().int(), durationMs: z.number(), traceId: z.string(), error: z.string() }),
});
export type Difference = z.infer<typeof differenceSchema>;

/** Two samples of durations, and whether one tends to be longer. */
export const latencyTestSchema = z.object({
  recorded: z.object({ n: z.number(), p50: z.number(), p90: z.number(), p95: z.number(), p99: z.number(), max: z.number() }),
  replayed: z.object({ n: z.number(), p50: z.number(), p90: z.number(), p95: z.number(), p99: z.number(), max: z.number() }),
  /** Mann–Whitney: the probability of so clear an order by chance, two-sided; null below 3 samples a side. */
  p: z.number().nullable(),
  /** How often a replayed call was slower than a recorded one, less how often faster: −1 always faster, 1 always slower (Cliff's delta). */
  effect: z.number(),
  verdict: z.enum(['same', 'slower', 'faster', 'unproven']),
  /** Upper bounds in ms and how many fell below each, of both. */
  buckets: z.array(z.object({ le: z.number(), recorded: z.number().int(), replayed: z.number().int() })),
});
export type LatencyTest = z.infer<typeof latencyTestSchema>;

/** Told apart: what really differs, what differs by itself, and what was seen too seldom to know. */
export const fieldVerdictSchema = z.object({
  path: z.string(),
  /** Calls in which it differed, in which it differed between two sendings of the same, and calls looked at. */
  raw: z.number().int(),
  noise: z.number().int(),
  total: z.number().int(),
  verdict: z.enum(['different', 'noise', 'unproven']),
  /** Fisher's exact test, for fewer than 30 calls. */
  p: z.number().nullable(),
});
export type FieldVerdict = z.infer<typeof fieldVerdictSchema>;

export const endpointResultSchema = z.object({
  /** `GET /ratings/{}` */
  endpoint: z.string(),
  destination: z.string(),
  calls: z.number().int(),
  same: z.number().int(),
  different: z.number().int(),
  failed: z.number().int(),
  /** `unproven`: what differs was seen too seldom to tell it from noise. */
  verdict: z.enum(['same', 'different', 'failed', 'unproven']),
  /** Most frequent first, at most 50; noise only when it was asked for. */
  fields: z.array(fieldVerdictSchema),
  latency: latencyTestSchema.nullable(),
});
export type EndpointResult = z.infer<typeof endpointResultSchema>;

export const edgeComparisonSchema = z.object({
  source: z.string(),
  destination: z.string(),
  recordedCalls: z.number().int(),
  replayedCalls: z.number().int(),
  recordedAttempts: z.number().int(),
  replayedAttempts: z.number().int(),
});
export type EdgeComparison = z.infer<typeof edgeComparisonSchema>;

export const replayVariableSchema = z.object({
  /** In the grammar of `variables`. */
  rule: z.string(),
  name: z.string(),
  /** How often a value was taken from an answer, and put into a request. */
  captured: z.number().int(),
  used: z.number().int(),
  /** Why it was not always found; ''. */
  problem: z.string(),
});
export type ReplayVariable = z.infer<typeof replayVariableSchema>;

/** Values that an answer held and a later request of the same client repeats. */
export const variableSuggestionSchema = z.object({
  rule: z.string(),
  /** Requests that repeat it. */
  requests: z.number().int(),
  /** Where the first of them has it: `header authorization of GET /orders`. */
  where: z.string(),
  /** As recorded; secrets are redacted. */
  example: z.string(),
});
export type VariableSuggestion = z.infer<typeof variableSuggestionSchema>;

export const replaySchema = z.object({
  id: z.string(),
  recordingId: z.string(),
  recordingName: z.string(),
  state: z.enum(['running', 'finished', 'cancelled']),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  total: z.number().int(),
  sent: z.number().int(),
  same: z.number().int(),
  different: z.number().int(),
  failed: z.number().int(),
  speed: z.number(),
  to: z.string().nullable(),
  latency: z
    .object({ recordedP50: z.number(), replayedP50: z.number(), recordedP95: z.number(), replayedP95: z.number() })
    .nullable(),
  /** At most 500 in full; the counts go on. */
  differences: z.array(differenceSchema),
  // ── since 0.3; a replay of an older engine has none of these ──
  /** Running, but nothing new is sent. */
  paused: z.boolean().optional(),
  pace: z.enum(['original', 'fast', 'one-by-one']).optional(),
  inFlight: z.number().int().optional(),
  /** Running, and nothing is sent yet: it looks through the recording, twice, for what to send; exchanges read, of how many. */
  surveying: z.object({ read: z.number().int(), of: z.number().int() }).nullable().optional(),
  /** Why it ended by itself before all was sent, as a sentence. */
  problem: z.string().optional(),
  /** Waits for what the mesh still reports of the last calls, and compares. */
  evaluating: z.boolean().optional(),
  /** What cannot be replayed as it was: one sentence each, with how many calls it concerns. */
  notes: z.array(z.object({ text: z.string(), calls: z.number().int() })).optional(),
  /** With which rules the differences below were judged. */
  rules: replayRulesSchema.optional(),
  noise: z.boolean().optional(),
  /** Trace ids of what it sends begin with it. */
  tracePrefix: z.string().optional(),
  /** Edges that the recording answered for while it ran. */
  standIns: z.array(replayDependencySchema).optional(),
  /** Against what answers were compared. */
  against: z.enum(['recording', 'baseline']).optional(),
  verdict: z.enum(['same', 'different', 'failed', 'unproven']).optional(),
  /** While it runs: of the calls answered by now, without what only the end can tell (calls of services). */
  endpoints: z.array(endpointResultSchema).optional(),
  /** Null when the recording does not hold the calls that services made. */
  graph: z.array(edgeComparisonSchema).nullable().optional(),
  latencyTest: latencyTestSchema.nullable().optional(),
  /** How far the starts were from the schedule, ms; without the `held` calls, which waited for an answer: the one before on their connection, or a value. */
  lag: z.object({ p50: z.number(), p99: z.number(), max: z.number(), held: z.number().int().optional() }).nullable().optional(),
  variables: z.array(replayVariableSchema).optional(),
  /** Calls that differ in the same fields, for judging again under other rules. */
  groups: z
    .array(
      z.object({
        endpoint: z.string(),
        failed: z.boolean(),
        calls: z.number().int(),
        /** `deltas`: of numbers, how far apart they were at most, absolute and relative to the recorded one. */
        fields: z.array(
          z.object({ path: z.string(), kind: z.string(), delta: z.number().nullable(), share: z.number().nullable() }),
        ),
      }),
    )
    .optional(),
});
export type Replay = z.infer<typeof replaySchema>;

/** What a replay of a recording would do, before anything is sent. */
export const replayPlanSchema = z.object({
  calls: z.number().int(),
  /** Last start minus first, ms. */
  spanMs: z.number(),
  methods: z.record(z.string(), z.number().int()),
  suggestions: z.array(variableSuggestionSchema),
  notes: z.array(z.object({ text: z.string(), calls: z.number().int() })),
  /** Hosts off this machine that calls would go to: each has to be confirmed. */
  remoteHosts: z.array(z.string()).optional(),
  /** What `dependencies: recorded` would answer from the recording; never an edge that is itself sent again. */
  dependencies: z.array(replayDependencySchema).optional(),
});
export type ReplayPlan = z.infer<typeof replayPlanSchema>;
