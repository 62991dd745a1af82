import type { ClusterStatus, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import { formatSpan } from '../../ui/index.ts';

const refreshMs = 1000;

export interface EjectedHost {
  workload: string;
  source: string;
  reason: string;
  /** When outlier detection lets it back in, milliseconds. */
  remainingMs: number;
  /** Of how many the caller knows. */
  of: number;
}

/** Instances that callers keep out of their pools now, each caller by itself: that is how outlier detection counts. */
export function ejectedHosts(
  clusters: readonly ClusterStatus[],
  { name, namespace }: Pick<GraphNode, 'name' | 'namespace'>,
): EjectedHost[] {
  const seen = new Set<string>();
  return clusters
    .filter((cluster) => cluster.service === name && cluster.namespace === namespace)
    .flatMap(({ source, endpoints }) =>
      endpoints.flatMap(({ workload, address, ejected }) => {
        const host = workload || address;
        if (!ejected || seen.has(`${source} ${host}`)) return [];
        seen.add(`${source} ${host}`);
        const { reason, remainingMs } = ejected;
        return [{ workload: host, source, reason, remainingMs, of: endpoints.length }];
      }),
    );
}

/** Who is ejected, by whom, and when it is back; nothing while nobody is. */
export function EjectedSection({ node, ejected }: { node: GraphNode; ejected: number }) {
  const clusters = useCall('getClusters', ejected > 0 ? {} : null, refreshMs).data?.clusters ?? [];
  const hosts = ejectedHosts(clusters, node);
  if (ejected === 0 || hosts.length === 0) return null;
  return (
    <section className="topo-section" data-testid="node-ejected">
      <h3>Ejected</h3>
      <div className="topo-ejections num">
        {hosts.map(({ workload, source, reason, remainingMs, of }) => (
          <a key={`${source} ${workload}`} href={hrefTo('service', { name: node.id })} title={reason}>
            <b className="tone-text tone-bad">✖ {workload}</b>
            <span>
              Out of {source}’s pool of {of}, {remainingMs > 0 ? `back in ${formatSpan(remainingMs)}` : 'due back'}
            </span>
          </a>
        ))}
      </div>
    </section>
  );
}
