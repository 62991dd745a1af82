import { z } from 'zod';

/** A log record of an app (OTLP), belonging to a trace. */
export const logRecordSchema = z.object({
  /** ISO 8601. */
  time: z.string(),
  traceId: z.string(),
  /** '' when only the trace is known. */
  spanId: z.string(),
  service: z.string(),
  /** OTLP's SeverityNumber: 1–4 trace, 5–8 debug, 9–12 info, 13–16 warn, 17–20 error, 21–24 fatal; 0 when it was not told. */
  severity: z.number().int(),
  /** As the app calls it: `INFO`, `warning`; '' when it was not told. */
  severityText: z.string(),
  /** Text; JSON where it was structured. */
  body: z.string(),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
export type LogRecord = z.infer<typeof logRecordSchema>;

export const traceLogSchema = logRecordSchema.extend({
  /** From the trace's start, milliseconds; negative for what was logged before. */
  atMs: z.number(),
});
export type TraceLog = z.infer<typeof traceLogSchema>;
