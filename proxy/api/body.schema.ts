import { z } from 'zod';
import { headerPairsSchema } from './exchange.schema.ts';
import { differenceSchema } from './replay.schema.ts';

/** A captured body made readable: without its content encoding, as text where it is text. */
export const bodyViewSchema = z.object({
  contentType: z.string(),
  /** As it was sent: `gzip`, `br, gzip`; '' for none. */
  contentEncoding: z.string(),
  /** On the wire. */
  bytes: z.number().int(),
  /** How many bytes `content` holds. */
  shownBytes: z.number().int(),
  encoding: z.enum(['utf8', 'base64']),
  content: z.string(),
  /** Why this is less than was sent, or other than it claimed to be; whole sentences. */
  notes: z.array(z.string()),
});
export type BodyView = z.infer<typeof bodyViewSchema>;

/** What is left out stays as recorded. */
export const resendRequestSchema = z.object({
  method: z.string().optional(),
  path: z.string().optional(),
  headers: headerPairsSchema.optional(),
  body: z.string().optional(),
});
export type ResendRequest = z.infer<typeof resendRequestSchema>;

/** A request of one's own: through the ingress gateway, or as a service would send it. */
export const sendRequestSchema = z.strictObject({
  /** `shop/orders` or `orders`; without it somebody outside, through the ingress. */
  from: z.string().min(1).optional(),
  /** As a client names it: `orders.localhost` at the ingress, `orders:9080` within the mesh. */
  authority: z.string().min(1),
  method: z.string().min(1).default('GET'),
  path: z.string().startsWith('/').default('/'),
  headers: headerPairsSchema.default([]),
  body: z.string().default(''),
});
export type SendRequest = z.infer<typeof sendRequestSchema>;

export const sendAnswerSchema = z.object({
  /** 0 when no answer came; `error` says why. */
  status: z.number(),
  headers: headerPairsSchema,
  /** As text, whatever it is. */
  body: z.string(),
  durationMs: z.number(),
  traceId: z.string(),
  error: z.string(),
});
export type SendAnswer = z.infer<typeof sendAnswerSchema>;

export const resendAnswerSchema = sendAnswerSchema.extend({
  /** The body, readable. */
  view: bodyViewSchema.nullable(),
  /** Field by field; `recorded` is what was then, `replayed` what is now. */
  compared: z.object({
    /** `method`, `path`, `query:page`, `header:accept`, `$.total`, `body` */
    request: differenceSchema.shape.fields,
    /** Null when no answer came. */
    answer: differenceSchema.shape.fields.nullable(),
  }),
});
export type ResendAnswer = z.infer<typeof resendAnswerSchema>;
