import { z } from 'zod';
import { resourceRefSchema } from './diagnostic.schema.ts';

export const attemptSchema = z.object({
  /** `127.0.0.1:41001`; empty when no endpoint could be picked. */
  endpoint: z.string(),
  workload: z.string().optional(),
  /** 0 when no response came. */
  status: z.number().int(),
  /** Envoy's response flag for this attempt (`UF`, `UC`, `UT` …), or ''. */
  flag: z.string(),
  /** Phase in which a failed attempt failed. */
  phase: z.enum(['pick', 'queue', 'connect', 'request', 'headers', 'body']).optional(),
  /** Why it failed or was retried, in Envoy's words. */
  reason: z.string().optional(),
  /** From the exchange's start, milliseconds. */
  startMs: z.number(),
  durationMs: z.number(),
  /** Wait before this attempt, milliseconds (0 for the first). */
  backoffMs: z.number().optional(),
  connectMs: z.number().optional(),
  reused: z.boolean().optional(),
  spanId: z.string().optional(),
});
export type Attempt = z.infer<typeof attemptSchema>;

/** A fault that acted on an exchange. */
export const appliedFaultSchema = z.object({
  name: z.string(),
  /** `delay`, `abort`, `reset`, `hang`, `truncate`, `throttle`, `corrupt` */
  effect: z.string(),
  side: z.enum(['client', 'server']),
  delayMs: z.number().optional(),
  status: z.number().int().optional(),
});
export type AppliedFault = z.infer<typeof appliedFaultSchema>;

export const exchangeSchema = z.object({
  /** Sorts by time. */
  id: z.string(),
  /** ISO 8601, when the first byte of the request was parsed. */
  time: z.string(),
  reporter: z.enum(['source', 'destination', 'gateway']),
  /** Service names; `outside` for a caller with no identity. */
  source: z.string(),
  sourceNamespace: z.string(),
  sourceWorkload: z.string(),
  sourceVersion: z.string(),
  destination: z.string(),
  destinationNamespace: z.string(),
  destinationWorkload: z.string(),
  destinationVersion: z.string(),
  method: z.string(),
  authority: z.string(),
  path: z.string(),
  /** `HTTP/1.1`, `HTTP/2`, `gRPC`, `WebSocket`, `TCP` */
  protocol: z.string(),
  /** 0: the client left before a response, or a TCP connection. */
  status: z.number().int(),
  grpcStatus: z.number().int().optional(),
  /** Envoy's response flags, comma-separated, in the order raised: `URX,UF`; '' for none. */
  flags: z.string(),
  /** Envoy's response code details: `via_upstream`. */
  details: z.string(),
  durationMs: z.number(),
  requestBytes: z.number().int(),
  responseBytes: z.number().int(),
  /** Messages of a gRPC call, up and down. */
  requestMessages: z.number().int().optional(),
  responseMessages: z.number().int().optional(),
  /** %ROUTE_NAME% */
  route: z.string(),
  cluster: z.string(),
  endpoint: z.string(),
  attempts: z.array(attemptSchema),
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string(),
  requestId: z.string(),
  mtls: z.boolean(),
  faults: z.array(appliedFaultSchema),
  /** Answered from a recording (simulation). */
  simulated: z.boolean().optional(),
  /** Still going on: sizes, duration and status so far. The finished exchange replaces it under the same id. */
  open: z.boolean().optional(),
});
export type Exchange = z.infer<typeof exchangeSchema>;

export const headerPairsSchema = z.array(z.tuple([z.string(), z.string()]));

export const capturedBodySchema = z.object({
  /** Bytes on the wire. */
  bytes: z.number().int(),
  capturedBytes: z.number().int(),
  truncated: z.boolean(),
  encoding: z.enum(['utf8', 'base64']),
  content: z.string(),
  contentType: z.string(),
  contentEncoding: z.string(),
});
export type CapturedBody = z.infer<typeof capturedBodySchema>;

/** One stage of the request path; the name is the stage's folder. */
export const stageTimeSchema = z.object({ stage: z.string(), startMs: z.number(), durationMs: z.number() });

/** What the routing code decided, as it decided it. */
export const decisionSchema = z.object({
  snapshot: z.number().int(),
  virtualHost: z.string(),
  /** The rule that matched; null for a service's default route. */
  rule: resourceRefSchema.nullable(),
  shares: z.array(z.object({ cluster: z.string(), weight: z.number() })),
  /** The draw that picked the cluster, 0 ≤ draw < total weight; null when there was no choice. */
  draw: z.number().nullable(),
  timeoutMs: z.number().nullable(),
  retries: z.object({ attempts: z.number().int(), retryOn: z.string(), from: z.string() }).nullable(),
  /** Policies that spoke: `AuthorizationPolicy default/ratings rule[0] allowed`. */
  policies: z.array(z.object({ resource: resourceRefSchema, outcome: z.string(), reason: z.string() })),
  notes: z.array(z.string()),
});
export type Decision = z.infer<typeof decisionSchema>;

/** One WebSocket message, server-sent event, gRPC message or piece of an endless stream. */
export const exchangeMessageSchema = z.object({
  /** 0 for the first; both directions are counted together, and numbers that are missing were not kept. */
  number: z.number().int(),
  /** `up` is towards the destination. */
  dir: z.enum(['up', 'down']),
  /** WebSocket: `text`, `binary`, `ping`, `pong`, `close`. SSE: `event`. gRPC: `message`. Other streams: `data`, a piece as it came. */
  kind: z.enum(['text', 'binary', 'ping', 'pong', 'close', 'event', 'message', 'data']),
  /** Of the payload, on the wire. */
  bytes: z.number().int(),
  /** From the exchange's start until its last byte passed. */
  offsetMs: z.number(),
  encoding: z.enum(['utf8', 'base64']),
  /** The first bytes; inflated where permessage-deflate was used. */
  content: z.string(),
  truncated: z.boolean(),
  /** WebSocket: it was sent deflated. gRPC: its compressed flag is set, and content is what was on the wire; fields are read without compression. */
  compressed: z.boolean().optional(),
  closeCode: z.number().int().optional(),
  /** Why there is less to see than there was. */
  note: z.string().optional(),
});
export type ExchangeMessage = z.infer<typeof exchangeMessageSchema>;

export const messageLogSchema = z.object({
  items: z.array(exchangeMessageSchema),
  /** All that passed. */
  total: z.number().int(),
  /** Of these, the ones that are not in `items`: beginning and end are kept. */
  dropped: z.number().int(),
  /** When the caller had said that no more comes (gRPC: half-close), from the exchange's start; absent when it never did. */
  upEndMs: z.number().optional(),
});
export type MessageLog = z.infer<typeof messageLogSchema>;

/** One field of a protobuf message; a nested message's fields follow it one level deeper. */
export const protoFieldSchema = z.object({
  depth: z.number().int(),
  number: z.number().int(),
  /** '' when no descriptor is known. */
  name: z.string(),
  /** `int32`, `string`, `message shop.Stock`, `enum`; a guess from the wire type ends in `?`. */
  type: z.string(),
  /** As text; '' for a nested message. */
  value: z.string(),
});
export type ProtoField = z.infer<typeof protoFieldSchema>;

/** A message made readable. */
export const messageViewSchema = exchangeMessageSchema.extend({
  /** One line that tells what it says. */
  summary: z.string(),
  /** Of `event`. */
  event: z
    .object({ id: z.string(), event: z.string(), data: z.string(), retry: z.number().nullable(), comment: z.string() })
    .optional(),
  /** Of `message`, when it could be read as protobuf. */
  fields: z.array(protoFieldSchema).optional(),
  /** Full name of the message type where it is known. */
  type: z.string().optional(),
});
export type MessageView = z.infer<typeof messageViewSchema>;

export const messagePageSchema = z.object({
  exchange: z.string(),
  open: z.boolean(),
  protocol: z.string(),
  messages: z.array(messageViewSchema),
  total: z.number().int(),
  dropped: z.number().int(),
  /** Where the names of gRPC fields come from: `proto`, `reflection`, or why there are none; '' where it does not apply. */
  names: z.string(),
  /** The .proto files or descriptor sets, for `proto`. */
  protoFiles: z.array(z.string()).optional(),
});
export type MessagePage = z.infer<typeof messagePageSchema>;

/** A recorded request or stub that comes near one that had no answer. */
export const nearestAnswerSchema = z.object({
  /** Id of the recorded exchange, or name of the stub. */
  exchangeId: z.string(),
  path: z.string(),
  differs: z.array(z.string()),
});

/** What a simulation did with a request to a service it answers for. */
export const standInNoteSchema = z.object({
  simulation: z.string(),
  /** Name of what it answers from. */
  recording: z.string(),
  /** The tier an answer was found by; `miss`: it had none and said so; `forwarded`: the service answered. */
  outcome: z.enum(['stub', 'exact', 'masked', 'template', 'miss', 'forwarded']),
  /** Id of the recorded exchange, or name of the stub, whose answer was given; '' when none was. */
  answeredBy: z.string(),
  /** Of a miss. */
  nearest: nearestAnswerSchema.nullable(),
  /** What the request, or a client's message, had otherwise than the recorded one whose answer was given. */
  differs: z.array(z.string()).optional(),
});
export type StandInNote = z.infer<typeof standInNoteSchema>;

export const exchangeDetailSchema = exchangeSchema.extend({
  request: z.object({
    headers: headerPairsSchema,
    body: capturedBodySchema.nullable(),
    trailers: headerPairsSchema,
  }),
  response: z.object({
    headers: headerPairsSchema,
    body: capturedBodySchema.nullable(),
    trailers: headerPairsSchema,
  }),
  timeline: z.array(stageTimeSchema),
  decision: decisionSchema.nullable(),
  peer: z.object({
    address: z.string(),
    spiffeId: z.string(),
    /** Where its connection came in. */
    localAddress: z.string().optional(),
    /** That it asked for, TLS's SNI; absent without TLS. */
    serverName: z.string().optional(),
  }),
  /** What redaction took out, as `request.headers.authorization`. */
  redacted: z.array(z.string()),
  /** Of WebSockets, event streams, gRPC streams and other long answers. */
  messages: messageLogSchema.optional(),
  /** Of calls to a service that a simulation answers for. */
  standIn: standInNoteSchema.optional(),
});
export type ExchangeDetail = z.infer<typeof exchangeDetailSchema>;

/** `503`, `5xx`, `>=500`; also `>`, `<`, `<=`. */
export const statusFilterSchema = z
  .string()
  .regex(/^\s*(\dxx|(>=|<=|>|<|=)?\s*\d{1,3})\s*$/i, 'a status is written 503, 5xx or >=500');

/** ISO 8601, or milliseconds since 1970. */
export const timeFilterSchema = z
  .string()
  .refine(
    (text) => /^\d{10,}$/.test(text) || !Number.isNaN(Date.parse(text)),
    'a time is written 2026-01-31T10:00:00Z, or in milliseconds since 1970',
  );

export const exchangeQuerySchema = z.object({
  from: z.string().optional(),
  to: z.string().optional(),
  status: statusFilterSchema.optional(),
  /** Prefix. */
  path: z.string().optional(),
  method: z.string().optional(),
  flag: z.string().optional(),
  traceId: z.string().optional(),
  reporter: z.enum(['source', 'destination', 'gateway']).optional(),
  /** `true`: only exchanges that still go on; `false`: none of them. */
  open: z.enum(['true', 'false']).optional(),
  since: timeFilterSchema.optional(),
  until: timeFilterSchema.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().optional(),
});
export type ExchangeQuery = z.infer<typeof exchangeQuerySchema>;

export const exchangePageSchema = z.object({ exchanges: z.array(exchangeSchema), next: z.string().nullable() });
export type ExchangePage = z.infer<typeof exchangePageSchema>;
