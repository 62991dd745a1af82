import { z } from 'zod';
import { diagnosticSchema } from './diagnostic.schema.ts';

/** One sidecar's workload as the ready line and GET /status tell it. */
export const workloadStatusSchema = z.object({
  id: z.string(),
  service: z.string(),
  namespace: z.string(),
  version: z.string(),
  /** Where the developer's process listens. */
  app: z.string(),
  inbound: z.string(),
  outbound: z.string(),
  upstreams: z.record(z.string(), z.string()),
  spiffeId: z.string(),
  protocol: z.string().optional(),
  ports: z.array(z.object({ name: z.string(), port: z.number().int(), protocol: z.string(), app: z.string() })).optional(),
  /** `ready`, `starting`, `down` (nothing listens), `restarting`, `exited`, `unknown` */
  health: z.string().optional(),
  healthMessage: z.string().optional(),
  /** Taken out of every caller's rotation by hand. */
  drained: z.boolean().optional(),
  process: z
    .object({
      pid: z.number().int().nullable(),
      command: z.string(),
      restarts: z.number().int(),
      startedAt: z.string().nullable(),
    })
    .optional(),
});
export type WorkloadStatus = z.infer<typeof workloadStatusSchema>;

export const readySchema = z.object({
  event: z.literal('ready'),
  pid: z.number().int(),
  control: z.object({ url: z.string(), token: z.string() }),
  ingress: z.string(),
  toxiproxy: z.string(),
  otlp: z.object({ http: z.string(), grpc: z.string() }),
  workloads: z.array(workloadStatusSchema),
});
export type Ready = z.infer<typeof readySchema>;

export const certificateFlawSchema = z.enum(['expired', 'wrong-name', 'untrusted']);

export const certificateSchema = z.object({
  spiffeId: z.string(),
  service: z.string(),
  serialNumber: z.string(),
  notBefore: z.string(),
  notAfter: z.string(),
  fingerprint256: z.string(),
  rotations: z.number().int(),
  /** Wrong on purpose until `healsAt`: expired, for another workload, or by an authority nobody knows. */
  flaw: certificateFlawSchema.optional(),
  healsAt: z.string().optional(),
});
export type Certificate = z.infer<typeof certificateSchema>;

export const statusSchema = readySchema.omit({ event: true }).extend({
  name: z.string(),
  version: z.string(),
  node: z.string(),
  startedAt: z.string(),
  uptimeSeconds: z.number(),
  health: z.enum(['ok', 'degraded']),
  /** What is not well, in words. */
  problems: z.array(z.string()),
  snapshot: z.number().int(),
  files: z.array(z.string()),
  ca: z.object({ subject: z.string(), notAfter: z.string(), fingerprint256: z.string() }),
  certificates: z.array(certificateSchema),
  counters: z.record(z.string(), z.number()),
  memory: z.object({ rssBytes: z.number() }),
  /** Added latency of one hop, measured, milliseconds; null until there is traffic. */
  hopOverheadMs: z.object({ p50: z.number(), p99: z.number() }).nullable(),
  services: z.array(
    z.object({
      name: z.string(),
      namespace: z.string(),
      serviceAccount: z.string(),
      ports: z.array(z.object({ name: z.string(), port: z.number().int(), protocol: z.string() })),
      workloads: z.array(z.string()),
    }),
  ),
  /** Services that are answered for from recordings or stubs. `from` is the only caller, '' is everyone. */
  simulations: z
    .array(
      z.object({
        id: z.string(),
        service: z.string(),
        namespace: z.string(),
        recording: z.string(),
        mode: z.string(),
        enabled: z.boolean(),
        from: z.string(),
        startedAt: z.string(),
        /** When it came back after the engine was restarted. */
        restoredAt: z.string().optional(),
        hits: z.number().int(),
        misses: z.number().int(),
      }),
    )
    .optional(),
  diagnostics: z.array(diagnosticSchema),
});
export type Status = z.infer<typeof statusSchema>;

/**
 * `drain`: no caller's sidecar gives it new requests until it is put back, as an endpoint that its control plane calls DRAINING; those it has
 * end. `restore`: back. `eject`, `readmit`: what outlier detection does by counters and timer, at once; Drydock's own, Envoy has no such call.
 */
export const rotationActionSchema = z.enum(['drain', 'restore', 'eject', 'readmit']);
export type RotationAction = z.infer<typeof rotationActionSchema>;
export const rotationAnswerSchema = z.object({
  workload: z.string(),
  action: rotationActionSchema,
  /** Callers' clusters that changed. */
  clusters: z.number().int(),
  drained: z.boolean(),
});

export const serviceOutputSchema = z.object({
  workload: z.string(),
  lines: z.array(z.object({ time: z.string(), stream: z.enum(['stdout', 'stderr', 'drydock']), text: z.string() })),
});
export type ServiceOutput = z.infer<typeof serviceOutputSchema>;

/** The registration form: one service with one workload, written as YAML into the mesh. */
export const registerServiceSchema = z.strictObject({
  name: z.string(),
  namespace: z.string().optional(),
  port: z.number().int(),
  protocol: z.enum(['http', 'http2', 'grpc', 'tcp']).default('http'),
  version: z.string().optional(),
  address: z.string(),
});
export type RegisterService = z.infer<typeof registerServiceSchema>;
