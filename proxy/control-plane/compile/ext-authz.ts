import type { ExtAuthzProvider, HostPort } from '../../data-plane/snapshot.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { appAddress } from './app-address.ts';
import type { CompileContext } from './context.ts';
import { externalEndpoints } from './service-entries.ts';

/**
 * Istio's meshConfig.extensionProviders[].envoyExtAuthzHttp.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider-EnvoyExternalAuthorizationHttpProvider
 */
interface ProviderSpec {
  name?: string;
  envoyExtAuthzHttp?: {
    service?: string;
    port?: number;
    pathPrefix?: string;
    timeout?: string;
    failOpen?: boolean;
    statusOnError?: string;
    includeRequestHeadersInCheck?: string[];
    /** Its deprecated name. */
    includeHeadersInCheck?: string[];
    includeAdditionalHeadersInCheck?: Record<string, string>;
    headersToUpstreamOnAllow?: string[];
    headersToDownstreamOnAllow?: string[];
    headersToDownstreamOnDeny?: string[];
  };
}

/** The provider of that name; null when there is none, or none that HTTP can ask. */
export function compileExtAuthzProvider(context: CompileContext, name: string): ExtAuthzProvider | null {
  const spec = (context.mesh.extensionProviders as ProviderSpec[] | undefined)?.find((p) => p.name === name);
  const http = spec?.envoyExtAuthzHttp;
  if (!http?.service || !http.port) return null;
  const { host, port } = addressOf(context, http.service, http.port);
  return {
    name,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    pathPrefix: http.pathPrefix ?? '',
    timeoutMs: (http.timeout === undefined ? null : parseDurationMs(http.timeout)) || 600_000,
    failOpen: http.failOpen ?? false,
    statusOnError: Number(http.statusOnError) || 403,
    includeRequestHeadersInCheck: http.includeRequestHeadersInCheck ?? http.includeHeadersInCheck ?? [],
    additionalHeadersInCheck: Object.entries(http.includeAdditionalHeadersInCheck ?? {}),
    headersToUpstreamOnAllow: http.headersToUpstreamOnAllow ?? [],
    headersToDownstreamOnAllow: http.headersToDownstreamOnAllow ?? [],
    headersToDownstreamOnDeny: http.headersToDownstreamOnDeny ?? [],
  };
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
