import { z } from 'zod';
import { extensionProviderSchema } from './extension-provider.schema.ts';
import { healthThresholdsSchema } from './health.ts';

/** `host:port`; the host is a loopback address or a name that resolves to one. */
const address = z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, 'an address is host:port, e.g. 127.0.0.1:9081');
const port = z.number().int().min(1).max(65535);
const portOrAny = z.number().int().min(0).max(65535);
const dnsLabel = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'a name has lower-case letters, digits and dashes, and is at most 63 long');

export const protocolSchema = z.enum(['http', 'http2', 'grpc', 'tcp']);
export type ServiceProtocol = z.infer<typeof protocolSchema>;

export const servicePortSchema = z.strictObject({
  name: z.string().optional(),
  port,
  protocol: protocolSchema.default('http'),
});

export const readinessSchema = z.strictObject({
  httpGet: z.strictObject({ path: z.string().default('/') }).optional(),
  /** Seconds until a service that is not ready is called failed. */
  timeoutSeconds: z.number().positive().optional(),
});

export const workloadSchema = z
  .strictObject({
    version: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    address: address.optional(),
    addresses: z.record(z.string(), address).optional(),
    inboundPort: portOrAny.default(0),
    outboundPort: portOrAny.default(0),
    upstreams: z
      .array(
        z.strictObject({
          service: z.string(),
          namespace: z.string().optional(),
          servicePort: port.optional(),
          port: portOrAny.default(0),
        }),
      )
      .default([]),
    run: z.string().optional(),
    env: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).optional(),
    cwd: z.string().optional(),
    readiness: readinessSchema.optional(),
    /** Locality `region/zone/subzone`, for locality load balancing. */
    locality: z.string().optional(),
    weight: z.number().int().min(1).optional(),
  })
  .refine((w) => w.address !== undefined || w.addresses !== undefined || w.run !== undefined, {
    message: 'a workload needs address (where your process listens), addresses, or run',
  });
export type WorkloadSpec = z.infer<typeof workloadSchema>;

export const serviceSchema = z
  .strictObject({
    name: dnsLabel,
    namespace: dnsLabel.optional(),
    port: port.optional(),
    ports: z.array(servicePortSchema).min(1).optional(),
    protocol: protocolSchema.optional(),
    serviceAccount: dnsLabel.optional(),
    labels: z.record(z.string(), z.string()).optional(),
    /** Names for the fields of gRPC messages: .proto files, folders of them, compiled descriptor sets. Relative to the mesh file. */
    protos: z.array(z.string().min(1)).optional(),
    workloads: z.array(workloadSchema).default([]),
  })
  .refine((s) => (s.port === undefined) !== (s.ports === undefined), { message: 'a service has either port or ports' });
export type ServiceSpec = z.infer<typeof serviceSchema>;

/** Istio's HTTPRetry. */
const retryPolicySchema = z.strictObject({
  attempts: z.number().int().min(0).optional(),
  perTryTimeout: z.string().optional(),
  retryOn: z.string().optional(),
  retryRemoteLocalities: z.boolean().optional(),
  retryIgnorePreviousHosts: z.boolean().optional(),
  backoff: z.string().optional(),
});

export const meshSpecSchema = z.strictObject({
  namespace: dnsLabel.default('default'),
  trustDomain: z.string().min(1).default('cluster.local'),
  outboundTrafficPolicy: z.enum(['ALLOW_ANY', 'REGISTRY_ONLY']).default('ALLOW_ANY'),
  ingress: z.strictObject({ port: portOrAny.optional() }).optional(),
  services: z.array(serviceSchema).default([]),
  /** Worker threads that carry sidecars; each sidecar lives whole on one. Another number takes effect with the next start. */
  dataPlane: z.strictObject({ workers: z.number().int().min(1).max(64).default(1) }).optional(),
  /** Share of requests traced, 0..100. Local default is everything. */
  tracing: z
    .strictObject({
      sampling: z.number().min(0).max(100).default(100),
      /** Base address of a collector that takes OTLP over HTTP, e.g. http://127.0.0.1:4318: the mesh's spans go there too. */
      exportTo: z.url({ protocol: /^https?$/ }).optional(),
    })
    .optional(),
  /** Base address of a collector that takes OTLP over HTTP: requests, errors and durations of every edge go there every ten seconds. */
  metrics: z.strictObject({ exportTo: z.url({ protocol: /^https?$/ }).optional() }).optional(),
  /** Istio's meshConfig.defaultHttpRetryPolicy. */
  defaultHttpRetryPolicy: retryPolicySchema.optional(),
  /** Istio's meshConfig.defaultInboundHttpRetryPolicy; `{}` switches the sidecars' own retries off. */
  defaultInboundHttpRetryPolicy: retryPolicySchema.optional(),
  /**
   * Envoy's outlier detectors that Istio keeps off, for every cluster that has outlierDetection, as Envoy's runtime keys
   * `outlier_detection.*` would put them in force for a whole proxy.
   */
  outlierDetection: z
    .strictObject({
      successRate: z
        .strictObject({
          minimumHosts: z.number().int().min(1).default(5),
          /** Requests per host and interval. */
          requestVolume: z.number().int().min(1).default(100),
          /** Thousandths of a standard deviation below the mean. */
          stdevFactor: z.number().int().min(0).default(1900),
        })
        .optional(),
      failurePercentage: z
        .strictObject({
          /** Percent. */
          threshold: z.number().min(0).max(100).default(85),
          minimumHosts: z.number().int().min(1).default(5),
          requestVolume: z.number().int().min(1).default(50),
        })
        .optional(),
    })
    .optional(),
  /** Istio's meshConfig.extensionProviders: whom AuthorizationPolicies of action CUSTOM ask. */
  extensionProviders: z.array(extensionProviderSchema).optional(),
  /** When a service or a path is called degraded or failing. */
  health: healthThresholdsSchema.optional(),
  accessLog: z.strictObject({ file: z.string(), encoding: z.enum(['TEXT', 'JSON']).default('TEXT') }).optional(),
  capture: z
    .strictObject({ bodyLimitBytes: z.number().int().min(0).default(65_536), redact: z.array(z.string()).default([]) })
    .optional(),
});
export type MeshSpec = z.infer<typeof meshSpecSchema>;

export const meshSchema = z.strictObject({
  apiVersion: z.literal('drydock.dev/v1'),
  kind: z.literal('Mesh'),
  metadata: z.looseObject({ name: dnsLabel }),
  spec: meshSpecSchema,
});
export type Mesh = z.infer<typeof meshSchema>;
