import type { KnownService } from '../../config/hosts.ts';
import type { ClusterSnapshot, OutboundView } from '../../data-plane/snapshot.ts';
import { compileClusters } from './clusters.ts';
import { type CompileContext, isExportedTo } from './context.ts';
import { defaultPortOf, hostsOf } from './services.ts';
import { compileTcpRoutes } from './tcp-routes.ts';
import { compileVirtualHosts } from './virtual-hosts.ts';

/** What the proxies of one namespace see. */
export function compileView(context: CompileContext, namespace: string): OutboundView {
  const services = visibleServices(context, namespace);
  const clusters: Record<string, ClusterSnapshot> = {};
  for (const service of services)
    for (const cluster of compileClusters(context, service, namespace)) clusters[cluster.name] = cluster;
  const defaultPorts: Record<string, number> = {};
  const serviceByHost: Record<string, string> = {};
  for (const service of services) {
    for (const host of hostsOf(service, namespace)) {
      defaultPorts[host] = defaultPortOf(service);
      serviceByHost[host] = service.fqdn;
    }
  }
  return {
    namespace,
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
