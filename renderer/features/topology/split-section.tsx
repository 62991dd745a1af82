import type { GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { formatCount, formatShare } from '../../ui/index.ts';

/** Wanted beside actual shares of the versions. */
export function SplitSection({ edge }: { edge: GraphEdge; target: GraphNode | undefined }) {
  if (edge.split.length < 2) return null;
  return (
    <section className="topo-section">
      <h3>Split by version</h3>
      {edge.split.map(({ version, wanted, actual, count }) => (
        <div key={version} className="topo-split-row num">
          <span className="mono">{version}</span>
          <span className="topo-split-bar" aria-hidden="true">
            <i style={{ width: `${actual * 100}%` }} />
            {wanted !== null && <b style={{ left: `${wanted * 100}%` }} />}
          </span>
          <span>
            {formatShare(actual)}{' '}
            <span className="muted">
              {wanted === null ? '' : `of ${formatShare(wanted)} wanted`} · n={formatCount(count)}
            </span>
          </span>
        </div>
      ))}
    </section>
  );
}
