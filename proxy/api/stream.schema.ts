import { z } from 'zod';
import { exchangeSchema } from './exchange.schema.ts';
import { eventSchema, graphSchema } from './observability.schema.ts';
import { statusSchema } from './status.schema.ts';

export const streamTopicSchema = z.enum(['exchanges', 'metrics', 'status', 'events']);
export type StreamTopic = z.infer<typeof streamTopicSchema>;

/** Client → engine on WS /api/v1/stream. */
export const streamCommandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('subscribe'), topics: z.array(streamTopicSchema), window: z.string().optional() }),
  z.object({ type: z.literal('unsubscribe'), topics: z.array(streamTopicSchema) }),
]);
export type StreamCommand = z.infer<typeof streamCommandSchema>;

/** Engine → client. Exchanges come in batches at 10 Hz, metrics (the graph) at 1 Hz, status on change and every 2 s. */
export const streamMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), version: z.string(), pid: z.number().int() }),
  z.object({ type: z.literal('exchanges'), exchanges: z.array(exchangeSchema) }),
  z.object({ type: z.literal('metrics'), graph: graphSchema }),
  z.object({ type: z.literal('status'), status: statusSchema }),
  z.object({ type: z.literal('events'), events: z.array(eventSchema) }),
  /** The reader was slow: this many messages of a topic were left out. */
  z.object({ type: z.literal('gap'), topic: streamTopicSchema, dropped: z.number().int() }),
  z.object({ type: z.literal('error'), message: z.string() }),
]);
export type StreamMessage = z.infer<typeof streamMessageSchema>;
