import type { KnownService } from '../../config/hosts.ts';
import type { ClusterSnapshot, OutboundView } from '../../data-plane/snapshot.ts';
import { compileClusters } from './clusters.ts';
import { type CompileContext, isExportedTo } from './context.ts';
import { type RuleViewer, selectingRules } from './destination-rules.ts';
import { defaultPortOf, hostsOf } from './services.ts';
import { compileTcpRoutes } from './tcp-routes.ts';
import { compileVirtualHosts } from './virtual-hosts.ts';

/** Key of a client's view: its namespace's, or one of its own when DestinationRules select it. */
export function viewKeyOf(context: CompileContext, namespace: string, labels: Readonly<Record<string, string>>): string {
  return [namespace, ...selectingRules(context, namespace, labels)].join('/');
}

/** What the proxies of one namespace see; `labels`: of the workloads that DestinationRules select, null for all the others. */
export function compileView(context: CompileContext, namespace: string, labels: RuleViewer['labels']): OutboundView {
  const services = visibleServices(context, namespace);
  const clusters: Record<string, ClusterSnapshot> = {};
  for (const service of services)
    for (const cluster of compileClusters(context, service, { namespace, labels })) clusters[cluster.name] = cluster;
  const defaultPorts: Record<string, number> = {};
  const serviceByHost: Record<string, string> = {};
  for (const service of services) {
    for (const host of hostsOf(service, namespace)) {
      // An address may be several services', on different ports: the first one is told.
      defaultPorts[host] ??= defaultPortOf(service);
      serviceByHost[host] ??= service.fqdn;
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

export function visibleServices(context: CompileContext, namespace: string): KnownService[] {
  return context.services.filter((s) => !s.entry || isExportedTo(s.entry.exportTo, s.namespace, namespace));
}
