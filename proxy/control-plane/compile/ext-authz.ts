import type { ExtAuthzProvider, HostPort } from '../../data-plane/snapshot.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { appAddress } from './app-address.ts';
import type { CompileContext } from './context.ts';
import { externalEndpoints } from './service-entries.ts';

/**
 * The provider of that name; null when there is none, or none that authorizes.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider
 */
export function compileExtAuthzProvider(context: CompileContext, name: string): ExtAuthzProvider | null {
  const spec = context.mesh.extensionProviders?.find((provider) => provider.name === name);
  const common = spec?.envoyExtAuthzGrpc ?? spec?.envoyExtAuthzHttp;
  if (spec === undefined || common === undefined) return null;
  const { host, port } = addressOf(context, common.service, common.port);
  const http = spec.envoyExtAuthzHttp;
  const body = common.includeRequestBodyInCheck;
  return {
    name,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    pathPrefix: http?.pathPrefix ?? '',
    timeoutMs: (common.timeout === undefined ? null : parseDurationMs(common.timeout)) || 600_000,
    failOpen: common.failOpen ?? false,
    statusOnError: Number(common.statusOnError) || 403,
    includeRequestHeadersInCheck: http?.includeRequestHeadersInCheck ?? http?.includeHeadersInCheck ?? [],
    additionalHeadersInCheck: Object.entries(http?.includeAdditionalHeadersInCheck ?? {}),
    headersToUpstreamOnAllow: http?.headersToUpstreamOnAllow ?? [],
    headersToDownstreamOnAllow: http?.headersToDownstreamOnAllow ?? [],
    headersToDownstreamOnDeny: http?.headersToDownstreamOnDeny ?? [],
    ...(spec.envoyExtAuthzGrpc === undefined ? {} : { grpc: { host, port, authority: authorityOf(context, common.service) } }),
    ...(body === undefined
      ? {}
      : {
          body: {
            maxBytes: body.maxRequestBytes,
            allowPartial: body.allowPartialMessage ?? false,
            asBytes: body.packAsBytes ?? false,
          },
        }),
  };
}

/** What the authorizer is called by: its host, in full where the mesh knows it (istiod: generateGRPCConfig). */
function authorityOf(context: CompileContext, service: string): string {
  const slash = service.indexOf('/');
  const host = service.slice(slash + 1);
  return context.hosts.find(host, slash < 0 ? context.namespace : service.slice(0, slash))?.fqdn ?? host;
}

/**
 * Where to ask: `namespace/host` or host. A service of the mesh is asked at its own process, as its first workload listens; a ServiceEntry's
 * host at its first endpoint; any other name is looked up.
 */
function addressOf(context: CompileContext, service: string, port: number): HostPort {
  const slash = service.indexOf('/');
  const namespace = slash < 0 ? context.namespace : service.slice(0, slash);
  const host = service.slice(slash + 1);
  const known = context.hosts.find(host, namespace);
  const declared = known?.ports.find((p) => p.port === port);
  if (!known || !declared) return { host, port };
  const [workload] = context.workloadsOf(known);
  if (workload) return appAddress(context, workload, declared.name);
  const [endpoint] = externalEndpoints(known, port);
  return endpoint ? { host: endpoint.host, port: endpoint.port } : { host, port };
}
