import type { ClusterStatus } from '../api/observability.schema.ts';
import type { WorkloadStatus } from '../api/status.schema.ts';
import type { GraphFacts } from '../telemetry/telemetry.ts';
import type { Committed } from './apply.ts';

/** What the graph needs besides traffic: services and their health, armed faults, weights in force, ejected hosts. */
export function graphFacts(
  committed: Committed,
  workloads: readonly WorkloadStatus[],
  clusters: readonly ClusterStatus[],
): GraphFacts {
  const { snapshot } = committed;
  const services: GraphFacts['services'] = snapshot.services.map((service) => {
    const own = workloads.filter((workload) => workload.service === service.name && workload.namespace === service.namespace);
    const versions = [...new Set(own.map((workload) => workload.version))].map((version) => {
      const same = own.filter((workload) => workload.version === version);
      return { version, workloads: same.length, ready: same.filter((workload) => workload.health === 'ready').length };
    });
    const { name, namespace } = service;
    return {
      name,
      namespace,
      kind: service.external ? 'external' : 'service',
      protocol: service.ports[0]?.protocol ?? 'http',
      versions,
    };
  });
  if (snapshot.proxies.some((proxy) => proxy.kind === 'gateway')) {
    const versions = [{ version: '', workloads: 1, ready: 1 }];
    services.push({ name: 'ingress', namespace: snapshot.rootNamespace, kind: 'gateway', protocol: 'http', versions });
  }
  return {
    services,
    faults: faultsOf(committed),
    splits: splitsOf(committed),
    ejections: ejectionsOf(clusters),
    mirrors: mirrorsOf(committed),
  };
}

/** `ratings.default.svc.cluster.local` → `default/ratings` */
function shortName({ snapshot }: Committed, fqdn: string): string {
  const service = snapshot.services.find((one) => one.fqdn === fqdn);
  return service ? `${service.namespace}/${service.name}` : fqdn;
}

function faultsOf(committed: Committed): GraphFacts['faults'] {
  return committed.snapshot.faults
    .filter((fault) => fault.enabled)
    .map((fault) => ({ name: fault.name, from: fault.fromService || null, to: shortName(committed, fault.toService) }));
}

/** For charts of the past too: `telemetry.follow`. Weights of routes that choose between versions; the last rule (the catch-all) speaks for the edge. */
export function splitsOf(committed: Committed): GraphFacts['splits'] {
  const splits = new Map<string, Record<string, number>>();
  for (const view of Object.values(committed.snapshot.views)) {
    for (const host of Object.values(view.routeTables).flat()) {
      for (const { action } of host.routes) {
        if (action.type !== 'forward' || action.clusters.length < 2 || action.totalWeight <= 0) continue;
        const wanted: Record<string, number> = {};
        for (const { cluster, weight } of action.clusters) {
          const target = view.clusters[cluster];
          const version = target?.endpoints[0]?.version ?? '';
          if (target && version !== '') wanted[version] = (wanted[version] ?? 0) + weight / action.totalWeight;
          const service = target && shortName(committed, target.service);
          if (service) splits.set(service, wanted);
        }
      }
    }
  }
  return [...splits].map(([to, wanted]) => ({ from: null, to, wanted }));
}

/** Routes that send copies; like weights, they hold for every caller that has the view. */
function mirrorsOf(committed: Committed): NonNullable<GraphFacts['mirrors']> {
  const mirrors = new Map<string, { from: null; to: string; mirror: string }>();
  for (const view of Object.values(committed.snapshot.views)) {
    for (const host of Object.values(view.routeTables).flat()) {
      for (const { action } of host.routes) {
        if (action.type !== 'forward') continue;
        for (const copy of action.mirrors) {
          const target = view.clusters[copy.cluster];
          if (target === undefined) continue;
          const mirror = shortName(committed, target.service);
          for (const { cluster } of action.clusters) {
            const to = shortName(committed, view.clusters[cluster]?.service ?? '');
            if (to !== '') mirrors.set(`${to} ${mirror}`, { from: null, to, mirror });
          }
        }
      }
    }
  }
  return [...mirrors.values()];
}

function ejectionsOf(clusters: readonly ClusterStatus[]): GraphFacts['ejections'] {
  const counts = new Map<string, { from: string; to: string; hosts: Set<string> }>();
  for (const cluster of clusters) {
    const ejected = cluster.endpoints.filter((endpoint) => endpoint.ejected !== null);
    if (ejected.length === 0) continue;
    const [from, to] = [`${cluster.sourceNamespace}/${cluster.source}`, `${cluster.namespace}/${cluster.service.split('.')[0]}`];
    const edge = counts.get(`${from}->${to}`) ?? { from, to, hosts: new Set<string>() };
    for (const endpoint of ejected) edge.hosts.add(endpoint.address);
    counts.set(`${from}->${to}`, edge);
  }
  return [...counts.values()].map(({ from, to, hosts }) => ({ from, to, count: hosts.size }));
}
