import { z } from 'zod';

export const simulationRequestSchema = z.strictObject({
  /** Id or name of a stopped recording. */
  recording: z.string().min(1),
  service: z.string().min(1),
  namespace: z.string().optional(),
  /** Only for this caller; others reach the service itself. */
  from: z.string().optional(),
  /** `simulate`: a miss fails with 501. `spy`: a miss goes to the service. `record`: and its answer is remembered. */
  mode: z.enum(['simulate', 'spy', 'record']).default('simulate'),
  /** When the recorded answers to a request are used up: the last one again, from the beginning, or a miss. */
  exhaustion: z.enum(['repeat', 'cycle', 'miss']).default('repeat'),
  /** Which requests share a place in the sequence of answers: `none`, `trace`, `header:NAME` or `cookie:NAME`. */
  session: z
    .string()
    .regex(/^(none|trace|header:.+|cookie:.+)$/, 'say none, trace, header:NAME or cookie:NAME')
    .default('none'),
  /** Answer as late as it was recorded. */
  latency: z.boolean().default(false),
});
export type SimulationRequest = z.infer<typeof simulationRequestSchema>;

/** How a request found its answer: byte for byte; with ids, times and secrets masked; by method and path template alone. */
export const matchTierSchema = z.enum(['exact', 'masked', 'template']);
export type MatchTier = z.infer<typeof matchTierSchema>;

export const simulationMissSchema = z.object({
  time: z.string(),
  method: z.string(),
  path: z.string(),
  /** The recorded request that comes nearest, and what differs; null when none has this method and path template. */
  nearest: z.object({ exchangeId: z.string(), path: z.string(), differs: z.array(z.string()) }).nullable(),
});
export type SimulationMiss = z.infer<typeof simulationMissSchema>;

export const simulationSchema = simulationRequestSchema.extend({
  id: z.string(),
  namespace: z.string(),
  startedAt: z.string(),
  /** Recorded answers that stand ready. */
  answers: z.number().int(),
  hits: z.object({ exact: z.number().int(), masked: z.number().int(), template: z.number().int() }),
  misses: z.number().int(),
  /** Requests passed on to the service: misses of spy and record, and callers other than `from`. */
  forwarded: z.number().int(),
  /** The last twenty. */
  recentMisses: z.array(simulationMissSchema),
});
export type Simulation = z.infer<typeof simulationSchema>;
