import { z } from 'zod';

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

export const recordingSchema = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(['recording', 'stopped']),
  filter: recordingFilterSchema,
  startedAt: z.string(),
  stoppedAt: z.string().nullable(),
  exchanges: z.number().int(),
  bytes: z.number().int(),
  services: z.array(z.string()),
  /** Header or field name → how often it was redacted. */
  redacted: z.record(z.string(), z.number().int()),
  /** Exchanges that could not be kept (disk full), told rather than hidden. */
  dropped: z.number().int(),
});
export type Recording = z.infer<typeof recordingSchema>;
