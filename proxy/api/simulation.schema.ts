import { z } from 'zod';
import { nearestAnswerSchema, standInNoteSchema } from './exchange.schema.ts';

const simulationSessionSchema = z
  .string()
  .regex(/^(none|trace|header:.+|cookie:.+)$/, 'say none, trace, header:NAME or cookie:NAME');

export const simulationRequestSchema = z.strictObject({
  /** Id or name of a stopped recording, or of imported stubs. */
  recording: z.string().min(1),
  /** Stubs (id or name of what was imported from Hoverfly or WireMock) that are asked before the recording. */
  stubs: z.string().min(1).optional(),
  service: z.string().min(1),
  namespace: z.string().optional(),
  /** Only for this caller; others reach the service itself. */
  from: z.string().optional(),
  /** `simulate`: a miss fails with 501. `spy`: a miss goes to the service. `record`: and its answer is remembered. */
  mode: z.enum(['simulate', 'spy', 'record']).default('simulate'),
  /** When the recorded answers to a request are used up: the last one again, from the beginning, or a miss. */
  exhaustion: z.enum(['repeat', 'cycle', 'miss']).default('repeat'),
  /** Which requests share a place in the sequence of answers: `none`, `trace`, `header:NAME` or `cookie:NAME`. */
  session: simulationSessionSchema.default('none'),
  /** Answer as late as it was recorded; streams with the pauses they had. */
  latency: z.boolean().default(false),
  /** Recorded times are multiplied by this; 0.5 is twice as fast. */
  latencyScale: z.number().min(0).max(100).default(1),
  /** Conversations (gRPC in both directions, WebSockets): each message after what it followed, or at its recorded time whatever the caller says. */
  streams: z.enum(['lock-step', 'timed']).default('lock-step'),
  /** Recorded answers are templates (`{{request.path.[1]}}`), as stubs may be. */
  templated: z.boolean().default(false),
  /** False: everything goes to the service, until it is switched on. */
  enabled: z.boolean().default(true),
});
export type SimulationRequest = z.infer<typeof simulationRequestSchema>;

/** What may change while it goes on. */
export const simulationChangeSchema = z.strictObject({
  enabled: z.boolean().optional(),
  /** Null: for every caller. */
  from: z.string().min(1).nullable().optional(),
  mode: z.enum(['simulate', 'spy', 'record']).optional(),
  exhaustion: z.enum(['repeat', 'cycle', 'miss']).optional(),
  /** Sequences begin anew. */
  session: simulationSessionSchema.optional(),
  latency: z.boolean().optional(),
  latencyScale: z.number().min(0).max(100).optional(),
  streams: z.enum(['lock-step', 'timed']).optional(),
  templated: z.boolean().optional(),
});
export type SimulationChange = z.infer<typeof simulationChangeSchema>;

/**
 * How a request found its answer: by an imported stub's conditions; byte for byte; with ids, times and secrets masked; by method and path
 * template alone. Asked in this order.
 */
export const matchTierSchema = z.enum(['stub', 'exact', 'masked', 'template']);
export type MatchTier = z.infer<typeof matchTierSchema>;

export const simulationMissSchema = z.object({
  time: z.string(),
  method: z.string(),
  path: z.string(),
  /** The recorded request (or stub) that comes nearest, and what differs; null when none has this method or path template. */
  nearest: nearestAnswerSchema.nullable(),
});
export type SimulationMiss = z.infer<typeof simulationMissSchema>;

/** One request to a service that is stood in for, as it was decided. */
export const simulationCallSchema = z.object({
  /** 1 for the simulation's first. */
  number: z.number().int(),
  time: z.string(),
  method: z.string(),
  path: z.string(),
  /** Service that asked; '' when it has no identity. */
  caller: z.string(),
  outcome: standInNoteSchema.shape.outcome.exclude(['forwarded']),
  /** A miss that was passed on to the service. */
  forwarded: z.boolean(),
  /** Id of the recorded exchange, or name of the stub, whose answer was given; '' of a miss. */
  answeredBy: z.string(),
  /** What it had otherwise than the recorded request whose answer was given. */
  differs: z.array(z.string()),
  /** Of a miss. */
  nearest: nearestAnswerSchema.nullable(),
});
export type SimulationCall = z.infer<typeof simulationCallSchema>;

export const simulationSchema = simulationRequestSchema.extend({
  id: z.string(),
  namespace: z.string(),
  recordingId: z.string().optional(),
  startedAt: z.string(),
  /** Recorded answers that stand ready. */
  answers: z.number().int(),
  hits: z.object({ stub: z.number().int(), exact: z.number().int(), masked: z.number().int(), template: z.number().int() }),
  misses: z.number().int(),
  /** Requests passed on to the service: misses of spy and record, callers other than `from`, and all while it is switched off. */
  forwarded: z.number().int(),
  /** The last twenty. */
  recentMisses: z.array(simulationMissSchema),
  /** The last fifty requests that concerned it, the newest first. */
  recent: z.array(simulationCallSchema).optional(),
  /** When it came back after the engine had been restarted; counts begin anew then. */
  restoredAt: z.string().optional(),
  /** What it cannot do, one sentence each: recorded answers that are not whole, ports that are not HTTP. */
  notes: z.array(z.string()),
});
export type Simulation = z.infer<typeof simulationSchema>;
