import { z } from 'zod';
import { exchangeSchema, statusFilterSchema, timeFilterSchema } from './exchange.schema.ts';

export const recordingFilterSchema = z.strictObject({
  from: z.string().optional(),
  to: z.string().optional(),
  path: z.string().optional(),
  method: z.string().optional(),
  reporter: z.enum(['source', 'destination', 'gateway']).optional(),
});
export type RecordingFilter = z.infer<typeof recordingFilterSchema>;

export const recordingRequestSchema = z.strictObject({
  name: z.string().min(1),
  filter: recordingFilterSchema.optional(),
  /** Stop by itself after this long, e.g. `60s`. */
  for: z.string().optional(),
});

/** Calls from one service to another in a recording; each call counts once, however many sidecars saw it. */
export const recordedEdgeSchema = z.object({
  source: z.string(),
  destination: z.string(),
  calls: z.number().int(),
  /** Answered 5xx or not at all. */
  errors: z.number().int(),
});
export type RecordedEdge = z.infer<typeof recordedEdgeSchema>;

export const recordingSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** What someone wrote about it. */
  note: z.string(),
  /** How it came to be: '' when it was recorded here, else `kept from checkout`, `merged from a and b`, `imported from shop.har`. */
  origin: z.string(),
  state: z.enum(['recording', 'stopped']),
  /** Why it ended without being asked to: the disk was full. Else ''. */
  stopReason: z.string(),
  filter: recordingFilterSchema,
  startedAt: z.string(),
  stoppedAt: z.string().nullable(),
  /** When its first and its last exchange began; null while it has none. */
  firstAt: z.string().nullable(),
  lastAt: z.string().nullable(),
  /** On disk: what counts here survives a crash. */
  exchanges: z.number().int(),
  /** Taken, and on the way to the disk. */
  waiting: z.number().int(),
  /** Of `exchanges`, without what the callee's sidecar reported of a call that its caller's sidecar reported too. */
  calls: z.number().int(),
  bytes: z.number().int(),
  services: z.array(z.string()),
  /** Most calls first, at most 200. */
  edges: z.array(recordedEdgeSchema),
  /** Header or field name → how often it was redacted. */
  redacted: z.record(z.string(), z.number().int()),
  /** Exchanges that could not be kept (disk full), told rather than hidden. */
  dropped: z.number().int(),
  /** Stubs that were imported (Hoverfly, WireMock): answers to whatever fulfils their conditions. */
  stubs: z.number().int().optional(),
});
export type Recording = z.infer<typeof recordingSchema>;

export const markColourSchema = z.enum(['red', 'amber', 'green', 'blue', 'violet']);
export type MarkColour = z.infer<typeof markColourSchema>;

/** What someone marked on one exchange of a recording. */
export const annotationSchema = z.strictObject({
  pinned: z.boolean().optional(),
  colour: markColourSchema.optional(),
  note: z.string().max(4000).optional(),
});
export type Annotation = z.infer<typeof annotationSchema>;

const rowFilter = {
  from: z.string().optional(),
  to: z.string().optional(),
  status: statusFilterSchema.optional(),
  /** Prefix. */
  path: z.string().optional(),
  method: z.string().optional(),
  flag: z.string().optional(),
  traceId: z.string().optional(),
  reporter: z.enum(['source', 'destination', 'gateway']).optional(),
  /** Inclusive; ISO 8601 or epoch milliseconds. */
  since: timeFilterSchema.optional(),
  /** Exclusive. */
  until: timeFilterSchema.optional(),
  /** `calls`: each call once, as its caller saw it. */
  hops: z.enum(['calls', 'all']).optional(),
  /** Only what someone marked. */
  marked: z.enum(['true']).optional(),
};

export const recordedRowQuerySchema = z.object({
  ...rowFilter,
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
export type RecordedRowFilter = Omit<z.infer<typeof recordedRowQuerySchema>, 'offset' | 'limit'>;

/** One line of a recording: without headers and bodies. */
export const recordedRowSchema = exchangeSchema.extend({ annotation: annotationSchema.nullable() });
export type RecordedRow = z.infer<typeof recordedRowSchema>;

/** `rows` from `offset` on, of `total` that pass the filter. */
export const recordedRowPageSchema = z.object({ rows: z.array(recordedRowSchema), total: z.number().int() });
export type RecordedRowPage = z.infer<typeof recordedRowPageSchema>;

/** Calls over time in slices of one length: `[calls, errors]` each, the first beginning at `from`. */
export const recordingTimelineSchema = z.object({
  from: z.string().nullable(),
  to: z.string().nullable(),
  sliceMs: z.number(),
  slices: z.array(z.tuple([z.number().int(), z.number().int()])),
});
export type RecordingTimeline = z.infer<typeof recordingTimelineSchema>;

export const recordingEditSchema = z.strictObject({
  name: z.string().trim().min(1).max(200).optional(),
  note: z.string().max(10_000).optional(),
});
export type RecordingEdit = z.infer<typeof recordingEditSchema>;

export const annotateRequestSchema = z.strictObject({
  exchanges: z.array(z.string()).min(1).max(10_000),
  /** Replaces what was marked; null takes it away. */
  annotation: annotationSchema.nullable(),
});

/** What a new recording keeps of another: everything that meets all conditions given. */
export const recordingSelectionSchema = z.strictObject({
  ...rowFilter,
  only: z.array(z.string()).max(100_000).optional(),
  except: z.array(z.string()).max(100_000).optional(),
  /** With the rest of the traces of what meets the conditions. */
  wholeTraces: z.boolean().optional(),
});
export type RecordingSelection = z.infer<typeof recordingSelectionSchema>;

export const keepRequestSchema = z.strictObject({
  name: z.string().trim().min(1).max(200).optional(),
  keep: recordingSelectionSchema.default({}),
});

/** Requests that passed already, as a recording of their own: with what someone marked on them, and with the rest of their traces. */
export const keepTrafficSchema = z.strictObject({
  name: z.string().trim().min(1).max(200).optional(),
  exchanges: z
    .array(z.strictObject({ id: z.string(), annotation: annotationSchema.optional() }))
    .min(1)
    .max(1000),
  /** Without them a replay has no call from outside to begin with. */
  wholeTraces: z.boolean().default(true),
});
export type KeepTraffic = z.infer<typeof keepTrafficSchema>;

export const mergeRequestSchema = z.strictObject({
  name: z.string().trim().min(1).max(200).optional(),
  /** Ids or names. An exchange that several of them have is taken once. */
  recordings: z.array(z.string()).min(2).max(100),
});

/** What an import could not take over, or took over in another way than it stood in the file. */
export const importNoteSchema = z.object({
  /** What the file has many of: `entry 12`, `pair 3`, `mapping "login"`; '' speaks of the whole file. */
  entry: z.string(),
  /** A path in it: `request.body[0]`; '' speaks of all of it. */
  field: z.string(),
  message: z.string(),
});
export type ImportNote = z.infer<typeof importNoteSchema>;

export const importedRecordingSchema = recordingSchema.extend({ notes: z.array(importNoteSchema) });
export type ImportedRecording = z.infer<typeof importedRecordingSchema>;
