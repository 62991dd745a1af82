import type { HealthThresholds } from '../../../proxy/api/health.ts';
import type { Graph, GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { formatBytes, formatMs, formatRate, formatShare } from '../../ui/format.ts';
import { Panel, plural, Table } from '../../ui/index.ts';
import { Failures, useThresholds } from '../health/failures.tsx';
import { healthOf, markErrors } from '../health/health-marks.ts';
import { splitLabel, wantedLabel } from './edge-view.ts';
import { shortName } from './short-name.ts';

/** The graph's equal in tables: every number of the picture, reachable with the keyboard. */
export function TopologyTable({
  graph,
  selected,
  onSelect,
}: {
  graph: Graph;
  selected: string | null;
  onSelect: (id: string) => void;
}) {
  const thresholds = useThresholds();
  const edges = [...graph.edges].sort((a, b) => a.id.localeCompare(b.id));
  const nodes = [...graph.nodes].sort((a, b) => a.id.localeCompare(b.id));
  return (
    <div className="screen-scroll topo-table" data-testid="topology-table">
      <Panel title="Calls" hint={`${edges.length}`} flush>
        <Table
          label="Calls between services"
          rows={edges}
          keyOf={(edge) => edge.id}
          selected={selected}
          onSelect={(edge) => onSelect(edge.id)}
          columns={[
            {
              id: 'edge',
              title: 'Caller → callee',
              cell: (edge) => (
                <button
                  type="button"
                  className="topo-link truncate"
                  title={`${shortName(edge.from)} → ${shortName(edge.to)}`}
                  onClick={() => onSelect(edge.id)}
                >
                  {shortName(edge.from)} → {shortName(edge.to)}
                </button>
              ),
            },
            { id: 'rate', title: 'Rate', align: 'end', cell: (edge) => `${formatRate(edge.rate)}/s` },
            { id: 'errors', title: 'Errors', align: 'end', cell: (edge) => <Failures shares={edge} /> },
            { id: 'state', title: 'State', cell: (edge) => describeState(edge, thresholds) },
            { id: 'p50', title: 'p50', align: 'end', cell: (edge) => formatMs(edge.p50) },
            { id: 'p95', title: 'p95', align: 'end', cell: (edge) => formatMs(edge.p95) },
            { id: 'p99', title: 'p99', align: 'end', cell: (edge) => formatMs(edge.p99) },
            {
              id: 'bytes',
              title: 'Throughput',
              align: 'end',
              cell: (edge) => `${formatBytes(Math.round(edge.bytesPerSecond ?? 0))}/s`,
            },
            { id: 'split', title: 'Split', cell: (edge) => `${splitLabel(edge.split)} ${wantedLabel(edge.split)}` },
            {
              id: 'mtls',
              title: 'Mutual TLS',
              cell: (edge) =>
                edge.inferred
                  ? `◌ inferred: ${edge.inferred}`
                  : edge.mtlsShare >= 0.999
                    ? 'yes'
                    : edge.mtlsShare > 0
                      ? formatShare(edge.mtlsShare)
                      : '▲ no',
            },
          ]}
        />
      </Panel>
      <Panel title="Services" hint={`${nodes.length}`} flush>
        <Table
          label="Services"
          rows={nodes}
          keyOf={(node) => node.id}
          selected={selected}
          onSelect={(node) => onSelect(node.id)}
          columns={[
            {
              id: 'name',
              title: 'Service',
              cell: (node) => (
                <button type="button" className="topo-link truncate" title={node.name} onClick={() => onSelect(node.id)}>
                  {node.name}
                </button>
              ),
            },
            { id: 'health', title: 'Health', cell: (node) => <HealthWord node={node} /> },
            { id: 'rate', title: 'Rate', align: 'end', cell: (node) => `${formatRate(node.rate)}/s` },
            { id: 'errors', title: 'Errors', align: 'end', cell: (node) => <Failures shares={node} /> },
            { id: 'p95', title: 'p95', align: 'end', cell: (node) => formatMs(node.p95) },
            { id: 'versions', title: 'Versions', cell: (node) => node.versions.map(({ version }) => version).join(', ') || '–' },
          ]}
        />
      </Panel>
    </div>
  );
}

function HealthWord({ node }: { node: GraphNode }) {
  const { glyph, word, tone } = healthOf(node.health);
  return (
    <span className={`tone-text tone-${tone}`}>
      {glyph} {word}
    </span>
  );
}

function describeState(edge: GraphEdge, thresholds: HealthThresholds): string {
  const parts = [
    edge.faults.length > 0 && `⚡ ${edge.faults.length} armed`,
    edge.ejected > 0 && `✖ ${edge.ejected} ejected`,
    edge.overflows > 0 && `✖ ${plural(edge.overflows, 'overflow')}`,
    edge.timeouts > 0 && `▲ ${plural(edge.timeouts, 'timeout')}`,
    edge.mirrors?.length && `⧉ copied to ${edge.mirrors.map(shortName).join(', ')}`,
    edge.retryRatio > 0 && `↻ ${edge.retryRatio.toFixed(2)} retries`,
  ].filter(Boolean);
  if (parts.length > 0) return parts.join(' · ');
  const mark = markErrors(edge, thresholds);
  return mark ? `${mark.glyph} ${mark.word}` : edge.count === 0 && !edge.open ? '○ at rest' : '● healthy';
}
