import { z } from 'zod';

/*
 * Istio's meshConfig.extensionProviders, as far as they authorize: fields, names and defaults are Istio's.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
 */

const port = z.number().int().min(1).max(65535);

const requestBodySchema = z.strictObject({
  /** More than this is 413, or cut with allowPartialMessage. */
  maxRequestBytes: z.number().int().min(1).max(4_294_967_295),
  allowPartialMessage: z.boolean().optional(),
  /** gRPC only: the body is in raw_body, as it came. */
  packAsBytes: z.boolean().optional(),
});

const common = {
  /** `host` or `namespace/host`. */
  service: z.string().min(1),
  port,
  /** Duration; 600s unless told. */
  timeout: z.string().optional(),
  failOpen: z.boolean().optional(),
  clearRouteCache: z.boolean().optional(),
  /** A status as text, as Istio has it: "503". */
  statusOnError: z.string().optional(),
  includeRequestBodyInCheck: requestBodySchema.optional(),
};

export const extAuthzHttpSchema = z.strictObject({
  ...common,
  pathPrefix: z.string().optional(),
  includeRequestHeadersInCheck: z.array(z.string()).optional(),
  /** The former's deprecated name. */
  includeHeadersInCheck: z.array(z.string()).optional(),
  includeAdditionalHeadersInCheck: z.record(z.string(), z.string()).optional(),
  headersToUpstreamOnAllow: z.array(z.string()).optional(),
  headersToDownstreamOnAllow: z.array(z.string()).optional(),
  headersToDownstreamOnDeny: z.array(z.string()).optional(),
});
export const extAuthzGrpcSchema = z.strictObject(common);

export const authorizingProviders = ['envoyExtAuthzHttp', 'envoyExtAuthzGrpc'] as const;
/** Providers of tracing, metrics, logs and secrets: known to Istio, without effect here. */
export const otherProviders = [
  'zipkin',
  'lightstep',
  'datadog',
  'stackdriver',
  'opencensus',
  'skywalking',
  'opentelemetry',
  'prometheus',
  'envoyFileAccessLog',
  'envoyHttpAls',
  'envoyTcpAls',
  'envoyOtelAls',
  'sds',
] as const;

const ignored = z.record(z.string(), z.unknown()).optional();

export const extensionProviderSchema = z.strictObject({
  name: z.string().min(1),
  envoyExtAuthzHttp: extAuthzHttpSchema.optional(),
  envoyExtAuthzGrpc: extAuthzGrpcSchema.optional(),
  ...(Object.fromEntries(otherProviders.map((name) => [name, ignored])) as Record<
    (typeof otherProviders)[number],
    typeof ignored
  >),
});
export type ExtensionProviderSpec = z.infer<typeof extensionProviderSchema>;
