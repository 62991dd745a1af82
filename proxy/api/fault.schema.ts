import { z } from 'zod';

/** `500ms`, `1.5s`, `2m`, `1h`: a Go-style duration, kept as text; config decodes it to milliseconds. */
export const durationSchema = z.string().regex(/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/, 'a duration looks like 500ms, 1.5s or 2m');
/** `1KiB`, `2KB`, `512`: a size in bytes. */
export const sizeSchema = z.union([
  z.number().int().min(0),
  z.string().regex(/^\d+(\.\d+)?\s*(B|KB|KiB|MB|MiB|GB|GiB)?$/, 'a size looks like 512, 1KiB or 2MB'),
]);
/** `1%` or 1: a percentage, 0..100. */
export const percentSchema = z.union([
  z.number().min(0).max(100),
  z.string().regex(/^\d+(\.\d+)?%$/, 'a percentage looks like 1 or 1%'),
]);

/** Istio's StringMatch: exactly one of the three. */
export const stringMatchSchema = z.strictObject({
  exact: z.string().optional(),
  prefix: z.string().optional(),
  regex: z.string().optional(),
});

export const faultMatchSchema = z.strictObject({
  uri: stringMatchSchema.optional(),
  scheme: stringMatchSchema.optional(),
  method: stringMatchSchema.optional(),
  authority: stringMatchSchema.optional(),
  headers: z.record(z.string(), stringMatchSchema).optional(),
  withoutHeaders: z.record(z.string(), stringMatchSchema).optional(),
  queryParams: z.record(z.string(), stringMatchSchema).optional(),
  ignoreUriCase: z.boolean().optional(),
});

export const delaySchema = z.union([
  z.strictObject({ fixed: durationSchema }),
  z.strictObject({ uniform: z.strictObject({ min: durationSchema, max: durationSchema }) }),
  z.strictObject({ normal: z.strictObject({ mean: durationSchema, stddev: durationSchema }) }),
  z.strictObject({ pareto: z.strictObject({ scale: durationSchema, shape: z.number().positive() }) }),
]);

export const abortSchema = z.union([
  z.strictObject({ httpStatus: z.number().int().min(200).max(599) }),
  z.strictObject({ grpcStatus: z.union([z.string(), z.number().int().min(0).max(16)]) }),
  z.strictObject({ reset: z.literal(true) }),
  z.strictObject({ hang: z.literal(true) }),
]);

export const responseFaultSchema = z.strictObject({
  truncateAfter: sizeSchema.optional(),
  bytesPerSecond: sizeSchema.optional(),
  corrupt: percentSchema.optional(),
});

/** A toxic on the bytes of a TCP connection, as Toxiproxy names and measures it (plus `corrupt`, `stall`, `refuse` and `flap`, ours). */
export const tcpToxicSchema = z.strictObject({
  type: z.enum([
    'latency',
    'bandwidth',
    'slow_close',
    'timeout',
    'reset_peer',
    'slicer',
    'limit_data',
    'noop',
    'corrupt',
    'stall',
    'refuse',
    'flap',
  ]),
  /** `downstream`: towards the client. */
  stream: z.enum(['upstream', 'downstream']).default('downstream'),
  /** Share of connections it acts on, 0..1, on top of the fault's percentage. */
  toxicity: z.number().min(0).max(1).default(1),
  attributes: z.record(z.string(), z.number().min(0)).default({}),
});

export const faultSpecSchema = z.strictObject({
  to: z.strictObject({
    service: z.string(),
    namespace: z.string().optional(),
    version: z.string().optional(),
    port: z.number().int().optional(),
    /** Only this workload instance, e.g. `ratings-v1-0`. */
    workload: z.string().optional(),
  }),
  from: z.strictObject({ service: z.string(), namespace: z.string().optional() }).optional(),
  side: z.enum(['server', 'client']).default('server'),
  match: z.array(faultMatchSchema).optional(),
  percentage: z.number().min(0).max(100).default(100),
  delay: delaySchema.optional(),
  abort: abortSchema.optional(),
  response: responseFaultSchema.optional(),
  /** On the bytes of connections, whatever they speak. HTTP services too: those open when it is armed end after the request in progress. */
  tcp: z.array(tcpToxicSchema).min(1).optional(),
  only: z.strictObject({ skip: z.number().int().min(0).optional(), first: z.number().int().min(0).optional() }).optional(),
  per: z.enum(['request', 'connection', 'trace', 'client']).default('request'),
  schedule: z
    .strictObject({ after: durationSchema.optional(), for: durationSchema.optional(), every: durationSchema.optional() })
    .optional(),
  expires: durationSchema.optional(),
  seed: z.number().int().optional(),
  enabled: z.boolean().default(true),
});
export type FaultSpec = z.infer<typeof faultSpecSchema>;

export const faultSchema = z.strictObject({
  apiVersion: z.literal('drydock.dev/v1'),
  kind: z.literal('Fault'),
  metadata: z.looseObject({ name: z.string().min(1), namespace: z.string().optional() }),
  spec: faultSpecSchema,
});
export type Fault = z.infer<typeof faultSchema>;

/** A fault as the API shows it: what was asked, and what it has done. */
export const faultStatusSchema = z.object({
  name: z.string(),
  namespace: z.string(),
  spec: faultSpecSchema,
  /** `armed` acts now; `waiting` is between schedule windows; `disabled` is switched off; `expired` is over. */
  state: z.enum(['armed', 'waiting', 'disabled', 'expired']),
  /** Requests that met the fault's match, and those it acted on. */
  matched: z.number().int(),
  hits: z.number().int(),
  /** ISO time when it ends by itself; null when it stays. */
  expiresAt: z.string().nullable(),
  /** False: made live, gone with the engine unless saved. */
  saved: z.boolean(),
  /** What reacts to it, in words: retries, ejection, the caller's timeout. */
  reacts: z.object({ retries: z.boolean(), ejection: z.boolean(), callerTimeout: z.boolean() }),
});
export type FaultStatus = z.infer<typeof faultStatusSchema>;

/** POST /faults: a Fault's spec with a name of its own or a generated one. */
export const faultRequestSchema = z.strictObject({
  name: z.string().min(1).optional(),
  namespace: z.string().optional(),
  spec: faultSpecSchema,
});
export type FaultRequest = z.infer<typeof faultRequestSchema>;
