import { z } from 'zod';
import { protocolSchema } from './mesh.schema.ts';

/** Text of a docker-compose.yml. */
export const composeTextSchema = z.strictObject({ compose: z.string().max(1024 * 1024) });

export const composePortSchema = z.object({
  /** What other services use: the container's port. */
  port: z.number().int(),
  protocol: protocolSchema,
  /** Where it is published on this machine. */
  address: z.string(),
});

/** One service as it would be registered. */
export const composeServiceSchema = z.object({
  name: z.string(),
  /** As the file calls it, where that differs. */
  namedInFile: z.string().optional(),
  version: z.string().optional(),
  ports: z.array(composePortSchema).min(1),
  /** What one may want to know: how the protocol was guessed, a port that was left out. */
  notes: z.array(z.string()),
});
export type ComposeService = z.infer<typeof composeServiceSchema>;

export const composeReadingSchema = z.object({
  services: z.array(composeServiceSchema),
  /** What cannot be taken over, and why. `name` is empty where it concerns the whole file. */
  left: z.array(z.object({ name: z.string(), reason: z.string() })),
  /** Why nothing could be read at all; else ''. */
  problem: z.string(),
});
export type ComposeReading = z.infer<typeof composeReadingSchema>;

/** `services`: only these, by the name they would have. */
export const importComposeSchema = composeTextSchema.extend({ services: z.array(z.string()).optional() });
