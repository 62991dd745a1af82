import { z } from 'zod';
import { redSchema } from './observability.schema.ts';

/** One run of a mesh, from the engine's start to its stop. The last ten of each mesh are kept. */
export const runSummarySchema = z.object({
  id: z.string(),
  /** Counts up with every run, also when the machine's clock was set back in between. */
  number: z.number().int().optional(),
  mesh: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  /** Null: it is the present one. A run that was killed ends where it was last written down. */
  endedAt: z.string().nullable(),
  /** How long it really lasted, whatever the clock on the wall did meanwhile. */
  durationMs: z.number().optional(),
  /** It did not come to its end: the engine was killed, or crashed. */
  cutShort: z.boolean().optional(),
  /** By so much the machine's clock moved while it ran (set anew, or asleep); times of day within it mislead. */
  clockMovedMs: z.number().optional(),
  requests: z.number().int(),
  errors: z.number().int(),
  /** All edges together; null without a request. */
  total: redSchema.nullable().optional(),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

export const runEdgeSchema = redSchema.extend({
  /** `default/reviews->default/ratings`; rates are per second between the first and the last request of the edge. */
  id: z.string(),
  from: z.string(),
  to: z.string(),
  /** Attempts beyond the first, per request. */
  retryRatio: z.number(),
  timeouts: z.number().int(),
  overflows: z.number().int(),
  faultHits: z.number().int(),
  /** Version of the callee → its share, 0..1. */
  versions: z.record(z.string(), z.number()),
});
export type RunEdge = z.infer<typeof runEdgeSchema>;
export const runSchema = runSummarySchema.extend({ edges: z.array(runEdgeSchema) });
export type Run = z.infer<typeof runSchema>;

/** Two runs, edge by edge; an edge that one of them lacks is null there. */
export const runComparisonSchema = z.object({
  before: runSummarySchema,
  after: runSummarySchema,
  edges: z.array(z.object({ id: z.string(), before: runEdgeSchema.nullable(), after: runEdgeSchema.nullable() })),
});
export type RunComparison = z.infer<typeof runComparisonSchema>;
