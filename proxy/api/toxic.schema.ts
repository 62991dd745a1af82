import { z } from 'zod';

/** One kind of toxic as forms need to know it. The engine takes it from the toxic's own file. */
export const toxicTypeSchema = z.object({
  type: z.string(),
  /** What it does, in one sentence without a full stop. */
  summary: z.string(),
  attributes: z.array(
    z.object({
      name: z.string(),
      default: z.number(),
      min: z.number(),
      max: z.number(),
      integer: z.boolean(),
      /** `ms`, `KB/s` (KB = 1000 bytes), `bytes`, `µs`, `%` */
      unit: z.string(),
    }),
  ),
});
export type ToxicTypeInfo = z.infer<typeof toxicTypeSchema>;

export const proxyToxicSchema = z.object({
  name: z.string(),
  type: z.string(),
  stream: z.enum(['upstream', 'downstream']),
  toxicity: z.number(),
  attributes: z.record(z.string(), z.number()),
});
export type ProxyToxic = z.infer<typeof proxyToxicSchema>;

/** A proxy of the Toxiproxy API, as the app shows it. */
export const toxiproxyProxySchema = z.object({
  name: z.string(),
  /** `127.0.0.1:21212`, with the port that was really bound. */
  listen: z.string(),
  upstream: z.string(),
  enabled: z.boolean(),
  toxics: z.array(proxyToxicSchema),
});
export type ToxiproxyProxy = z.infer<typeof toxiproxyProxySchema>;

/** As Toxiproxy takes it: defaults are `<type>_<stream>`, downstream, toxicity 1, and each attribute's own. */
export const proxyToxicRequestSchema = z.strictObject({
  name: z.string().optional(),
  type: z.string(),
  stream: z.enum(['upstream', 'downstream']).optional(),
  toxicity: z.number().min(0).max(1).optional(),
  attributes: z.record(z.string(), z.number()).optional(),
});

/** A missing `listen` binds a free loopback port. */
export const toxiproxyProxyRequestSchema = z.strictObject({
  name: z.string().min(1),
  listen: z.string().optional(),
  upstream: z.string().min(1),
  enabled: z.boolean().optional(),
  toxics: z.array(proxyToxicRequestSchema).optional(),
});

export const toxiproxyProxyChangeSchema = z.strictObject({
  listen: z.string().optional(),
  upstream: z.string().optional(),
  enabled: z.boolean().optional(),
});

export const proxyToxicChangeSchema = z.strictObject({
  toxicity: z.number().min(0).max(1).optional(),
  attributes: z.record(z.string(), z.number()).optional(),
});
