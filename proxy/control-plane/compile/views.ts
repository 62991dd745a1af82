import type { KnownService } from '../../config/hosts.ts';
import type { ClusterSnapshot, OutboundView } from '../../data-plane/snapshot.ts';
import { compileClusters } from './clusters.ts';
import { type CompileContext, isExportedTo } from './context.ts';
import { selectingRules } from './destination-rules.ts';
import { filtersOf, outboundSide, type PatchedProxy, patchCluster, patchVirtualHosts } from './envoy-filters/index.ts';
import { defaultPortOf, hostsOf } from './services.ts';
import { compileTcpRoutes } from './tcp-routes.ts';
import { compileVirtualHosts } from './virtual-hosts.ts';

/** Key of a client's view: its namespace's, or one of its own when DestinationRules select it or EnvoyFilters patch what it sees. */
export function viewKeyOf(context: CompileContext, client: PatchedProxy): string {
  const { namespace, labels } = client;
  const patching = patchingFilters(context, client).map(({ resource }) => `${resource.namespace}.${resource.name}`);
  // Gateways see credentials that sidecars beside them do not.
  const kind = patching.length > 0 || (client.kind === 'gateway' && hasCredentials(context)) ? [client.kind] : [];
  const patched = kind.length > 0 ? [[...kind, ...patching].join('+')] : [];
  return [namespace, ...selectingRules(context, namespace, labels), ...patched].join('/');
}

function hasCredentials(context: CompileContext): boolean {
  return context.set.list('DestinationRule').some(({ resource }) => JSON.stringify(resource.spec).includes('"credentialName"'));
}

function patchingFilters(context: CompileContext, client: PatchedProxy) {
  const side = outboundSide(client);
  return filtersOf(context.envoyFilters, client).filter(({ patches }) =>
    patches.some(({ patch }) => (patch.kind === 'route' || patch.kind === 'cluster') && patch.place.contexts.includes(side)),
  );
}

/** What the proxies of one namespace see; with a client, what this one sees: rules that select it and patches count. */
export function compileView(context: CompileContext, namespace: string, client: PatchedProxy | null): OutboundView {
  const view = compileUnpatched(context, namespace, client);
  if (client === null || patchingFilters(context, client).length === 0) return view;
  const side = outboundSide(client);
  const tables = Object.entries(view.routeTables).map(([port, hosts]) => [
    port,
    patchVirtualHosts(context.envoyFilters, client, side, hosts, Number(port)),
  ]);
  const clusters = Object.entries(view.clusters).map(([name, cluster]) => [
    name,
    patchCluster(context.envoyFilters, client, side, cluster),
  ]);
  return {
    ...view,
    routeTables: Object.fromEntries(tables) as OutboundView['routeTables'],
    clusters: Object.fromEntries(clusters) as OutboundView['clusters'],
  };
}

function compileUnpatched(context: CompileContext, namespace: string, client: PatchedProxy | null): OutboundView {
  const labels = client?.labels ?? null;
  const services = visibleServices(context, namespace);
  const clusters: Record<string, ClusterSnapshot> = {};
  for (const service of services)
    for (const cluster of compileClusters(context, service, { namespace, labels, gateway: client?.kind === 'gateway' }))
      clusters[cluster.name] = cluster;
  const defaultPorts = new Map<string, number>();
  const serviceByHost = new Map<string, string>();
  for (const service of services) {
    for (const host of hostsOf(service, namespace)) {
      // An address may be several services', on different ports: the first one is told.
      if (serviceByHost.has(host)) continue;
      defaultPorts.set(host, defaultPortOf(service));
      serviceByHost.set(host, service.fqdn);
    }
  }
  const addresses = services.flatMap(({ entry, fqdn, ports }) =>
    (entry?.addresses ?? []).flatMap((cidr) => ports.map(({ port }) => ({ cidr, port, service: fqdn }))),
  );
  return {
    namespace,
    ...(addresses.length > 0 ? { addresses } : {}),
    routeTables: compileVirtualHosts(context, namespace, services, clusters),
    defaultPorts,
    serviceByHost,
    tcpRoutes: compileTcpRoutes(context, namespace, services),
    clusters,
  };
}

function visibleServices(context: CompileContext, namespace: string): KnownService[] {
  return context.services.filter((s) => !s.entry || isExportedTo(s.entry.exportTo, s.namespace, namespace));
}
