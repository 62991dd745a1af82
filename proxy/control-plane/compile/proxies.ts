import type { KnownWorkload } from '../../config/hosts.ts';
import { plainEndpoint } from '../../data-plane/snapshot/plain.ts';
import type {
  InboundPort,
  ListenerSnapshot,
  OutboundView,
  ProxySnapshot,
  UpstreamListener,
  WorkloadInfo,
} from '../../data-plane/snapshot.ts';
import { appAddress } from './app-address.ts';
import { mtlsModeFor } from './authentication.ts';
import { compileAuthorization } from './authorization.ts';
import { clusterSettings, speaksHttp2 } from './clusters.ts';
import { type CompileContext, rootNamespace } from './context.ts';
import { findDestinationRule, policyFor } from './destination-rules.ts';
import { compileHttpPatches, missingFilters, type PatchedProxy, patchCluster, patchInboundRoute } from './envoy-filters/index.ts';
import { compileGatewayListeners, gatewayLabels } from './gateways.ts';
import { compileJwt } from './jwt.ts';
import { chooseListenerPort } from './listener-ports.ts';
import { inboundRetryPolicy } from './retries.ts';
import { defaultPortOf } from './services.ts';
import { viewKeyOf } from './views.ts';

const ingressAccount = 'istio-ingressgateway-service-account';

/** One sidecar per workload, and the ingress gateway. */
export function compileProxies(context: CompileContext, views: Record<string, OutboundView>): ProxySnapshot[] {
  return [...context.workloads.map((workload) => compileSidecar(context, workload)), compileGateway(context, views)];
}

function compileSidecar(context: CompileContext, workload: KnownWorkload): ProxySnapshot {
  const { id, service, spec } = workload;
  const info: WorkloadInfo = {
    id,
    service: service.name,
    namespace: service.namespace,
    version: workload.version,
    labels: workload.labels,
    serviceAccount: workload.serviceAccount,
    spiffeId: context.spiffeId(service.namespace, workload.serviceAccount),
    locality: spec.locality ?? '',
  };
  const host = '127.0.0.1';
  const listeners: ListenerSnapshot[] = [
    {
      id: 'inbound',
      role: 'inbound',
      host,
      ...chooseListenerPort(context, id, 'inbound', spec.inboundPort),
      ports: service.ports.map((port) => compileInboundPort(context, workload, port)),
    },
    { id: 'outbound', role: 'outbound', host, ...chooseListenerPort(context, id, 'outbound', spec.outboundPort) },
    ...compileUpstreams(context, workload),
  ];
  const http = compileHttpPatches(context.envoyFilters, patchedProxy(workload), {
    side: 'SIDECAR_OUTBOUND',
    ports: null,
    lacks: ['ext_authz', 'jwt_authn', 'rbac'],
  });
  const view = viewKeyOf(context, patchedProxy(workload));
  return { id, kind: 'sidecar', workload: info, view, listeners, ...(http ? { http } : {}) };
}

const patchedProxy = ({ service, labels }: KnownWorkload): PatchedProxy => ({
  namespace: service.namespace,
  labels,
  kind: 'sidecar',
});

function compileUpstreams(context: CompileContext, workload: KnownWorkload): UpstreamListener[] {
  return workload.spec.upstreams.flatMap((upstream) => {
    const namespace = upstream.namespace ?? workload.service.namespace;
    const service = context.hosts.find(upstream.service, namespace);
    if (!service) return [];
    const servicePort = upstream.servicePort ?? defaultPortOf(service);
    const label = service.external ? service.fqdn : `${service.name}.${service.namespace}`;
    const listener = `upstream:${label}:${servicePort}`;
    return [
      {
        id: listener,
        role: 'upstream' as const,
        host: '127.0.0.1',
        ...chooseListenerPort(context, workload.id, listener, upstream.port),
        service: service.fqdn,
        servicePort,
        protocol: service.ports.find((p) => p.port === servicePort)?.protocol ?? 'tcp',
      },
    ];
  });
}

function compileInboundPort(
  context: CompileContext,
  workload: KnownWorkload,
  port: KnownWorkload['service']['ports'][number],
): InboundPort {
  const { service } = workload;
  const app = appAddress(context, workload, port.name);
  const answering = context.options.standIns?.[`${workload.id}/${port.name}`] ?? app;
  const mtls = mtlsModeFor(context, workload, port.port);
  // The callee's connectionPool governs its inbound cluster too; load balancing and outlier detection have one endpoint to choose from.
  const rule = findDestinationRule(context, service, { namespace: service.namespace, labels: null, gateway: false });
  const { connectionPool } = rule ? policyFor(rule, null, port.port) : {};
  const target = {
    namespace: service.namespace,
    labels: workload.labels,
    port: { service: port.port, app: app.port, declared: service.ports.map((p) => p.port) },
  };
  const authorization = compileAuthorization(context, target);
  const jwt = port.protocol === 'tcp' ? [] : compileJwt(context, target);
  const patched = patchedProxy(workload);
  const ports = [port.port, app.port];
  const http = compileHttpPatches(context.envoyFilters, patched, {
    side: 'SIDECAR_INBOUND',
    ports,
    lacks: missingFilters(authorization, jwt),
  });
  const route = patchInboundRoute(context.envoyFilters, patched, ports);
  return {
    name: port.name,
    port: port.port,
    protocol: port.protocol,
    app,
    cluster: patchCluster(
      context.envoyFilters,
      patched,
      'SIDECAR_INBOUND',
      {
        ...clusterSettings(context, { connectionPool }, port.protocol, null),
        // h2UpgradePolicy is between sidecars (istiod: applyTrafficPolicy): the app gets its own protocol.
        http2: speaksHttp2(port.protocol),
        name: `inbound|${port.port}||`,
        service: service.fqdn,
        port: port.port,
        subset: '',
        endpoints: [
          {
            ...plainEndpoint(answering.host, answering.port),
            version: workload.version,
            labels: workload.labels,
            locality: workload.spec.locality ?? '',
          },
        ],
        discovery: 'static',
        tls: { mode: 'disable' },
      },
      [app.port],
    ),
    mtls: mtls.mode,
    mtlsFrom: mtls.from,
    authorization,
    jwt,
    retry: port.protocol === 'tcp' || port.protocol === 'grpc' ? null : inboundRetryPolicy(context),
    ...(http ? { http } : {}),
    ...(route ? { route } : {}),
  };
}

function compileGateway(context: CompileContext, views: Record<string, OutboundView>): ProxySnapshot {
  const view = viewKeyOf(context, { namespace: rootNamespace, labels: gatewayLabels, kind: 'gateway' });
  return {
    id: 'ingress',
    kind: 'gateway',
    workload: {
      id: 'ingress',
      service: 'ingress',
      namespace: rootNamespace,
      version: '',
      labels: gatewayLabels,
      serviceAccount: ingressAccount,
      spiffeId: context.spiffeId(rootNamespace, ingressAccount),
      locality: '',
    },
    view,
    listeners: compileGatewayListeners(context, views[view]!),
  };
}
