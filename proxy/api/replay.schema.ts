import { z } from 'zod';

export const replayRequestSchema = z.strictObject({
  /** 1 = original timing, 10 = ten times faster, 0 = as fast as possible. */
  speed: z.number().min(0).max(1000).default(1),
  /** `reviews=v2`: send what went to reviews to version v2. */
  to: z.string().optional(),
  diff: z.boolean().default(true),
  /** Fields of JSON bodies and headers that the diff leaves out, e.g. `$.id`, `header:date`. */
  ignore: z.array(z.string()).default([]),
});
export type ReplayRequest = z.infer<typeof replayRequestSchema>;

export const differenceSchema = z.object({
  exchangeId: z.string(),
  method: z.string(),
  path: z.string(),
  source: z.string(),
  destination: z.string(),
  /** `status`, `header:content-type`, `$.total`, `body` */
  fields: z.array(z.object({ path: z.string(), kind: z.string(), recorded: z.string(), replayed: z.string() })),
  recorded: z.object({ status: z.number().int(), durationMs: z.number() }),
  replayed: z.object({ status: z.number().int(), durationMs: z.number(), traceId: z.string(), error: z.string() }),
});
export type Difference = z.infer<typeof differenceSchema>;

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
  differences: z.array(differenceSchema),
});
export type Replay = z.infer<typeof replaySchema>;
