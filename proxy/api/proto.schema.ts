import { z } from 'zod';
import { diagnosticSchema } from './diagnostic.schema.ts';

export const protoFileSchema = z.strictObject({
  /** `shop/stock.proto` is text; any other ending is a compiled descriptor set. The path counts when others import it. */
  name: z.string().min(1).max(500),
  encoding: z.enum(['utf8', 'base64']).default('utf8'),
  content: z.string(),
});
export type ProtoFile = z.infer<typeof protoFileSchema>;

export const protosRequestSchema = z.strictObject({
  service: z.string().min(1),
  /** Default: the mesh's. */
  namespace: z.string().optional(),
  /** Join what was given before; a file of the same name is replaced. */
  files: z.array(protoFileSchema).min(1).max(200),
});
export type ProtosRequest = z.input<typeof protosRequestSchema>;

/** Names that somebody handed over for the gRPC messages of a service. */
export const serviceProtosSchema = z.object({
  service: z.string(),
  namespace: z.string(),
  /** `app`: over this API, kept by the engine; they come first. `mesh`: `protos` of the service in its mesh file. */
  from: z.enum(['app', 'mesh']),
  files: z.array(z.string()),
  /** `/shop.Stock/Get` */
  methods: z.array(z.string()),
  diagnostics: z.array(diagnosticSchema),
});
export type ServiceProtos = z.infer<typeof serviceProtosSchema>;
