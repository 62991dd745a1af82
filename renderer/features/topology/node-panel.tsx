import { ArrowLeftRight, Box, X } from 'lucide-react';
import type { Graph, GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { Badge, formatRate, IconButton, plural } from '../../ui/index.ts';
import { useHeld, usePointed } from '../../ui/pointed.ts';
import { useThresholds } from '../health/failures.tsx';
import { failureWords, healthAmong, markErrors } from '../health/health-marks.ts';
import { EjectedSection } from './ejected-section.tsx';
import { RedNumbers } from './numbers.tsx';
import { requestsHref } from './request-links.ts';
import { shortName } from './short-name.ts';
import { StandInSection } from './stand-in-section.tsx';

/** One service in short: its numbers, versions, callers and callees. The whole truth is on its own screen. */
export function NodePanel({
  node,
  graph,
  onSelect,
  onClose,
}: {
  node: GraphNode;
  graph: Graph;
  onSelect: (id: string) => void;
  onClose: () => void;
}) {
  const health = healthAmong(node, graph.edges);
  const callers = graph.edges.filter(({ to }) => to === node.id);
  const callees = graph.edges.filter(({ from }) => from === node.id);
  const isCaller = node.kind === 'gateway' || node.kind === 'outside';
  const ends = isCaller ? { from: node.id } : { to: node.id };
  return (
    <aside className="topo-panel" aria-label={`Service ${node.name}`} data-testid="node-panel">
      <header className="topo-panel-head">
        <div className="grow">
          <h2 className="topo-panel-title">{node.name}</h2>
          <div className="topo-panel-sub">
            <Badge tone={health.tone}>
              {health.glyph} {health.word}
            </Badge>
            <Badge>{node.kind === 'service' ? node.namespace : node.kind}</Badge>
            {node.protocol && <Badge>{node.protocol}</Badge>}
          </div>
        </div>
        <IconButton label="Close" keys="Escape" size="small" icon={<X size={15} />} onClick={onClose} />
      </header>
      <div className="topo-panel-body">
        <section className="topo-section">
          <RedNumbers red={node} ends={ends} />
        </section>
        <EjectedSection node={node} ejected={callers.reduce((sum, { ejected }) => sum + ejected, 0)} />
        <Versions node={node} />
        <Peers title="Called by" edges={callers} end="from" onSelect={onSelect} />
        <Peers title="Calls" edges={callees} end="to" onSelect={onSelect} />
        {node.kind === 'service' && node.protocol !== 'tcp' && <StandInSection service={node.id} from={null} />}
        <section className="topo-section topo-actions">
          {node.kind === 'service' && (
            <a className="dd-button" data-variant="primary" data-size="medium" href={hrefTo('service', { name: node.id })}>
              <Box size={13} aria-hidden="true" /> Open {node.name}
            </a>
          )}
          <a className="dd-button" data-variant="default" data-size="medium" href={requestsHref(ends)}>
            <ArrowLeftRight size={13} aria-hidden="true" /> Requests
          </a>
        </section>
      </div>
    </aside>
  );
}

function Versions({ node }: { node: GraphNode }) {
  const thresholds = useThresholds();
  const versions = node.versions.filter(({ version }) => version !== '');
  if (versions.length === 0) return null;
  return (
    <section className="topo-section">
      <h3>Versions</h3>
      <div className="topo-split">
        {versions.map((version) => {
          const share = node.rate > 0 ? Math.min(1, version.rate / node.rate) : 0;
          const mark = markErrors(version, thresholds);
          return (
            <div key={version.version} className="topo-split-row num">
              <span className="mono">{version.version}</span>
              <span className="topo-split-bar" aria-hidden="true">
                <i style={{ width: `${share * 100}%` }} />
              </span>
              <span className="row">
                <a href={requestsHref({ to: node.id, version: version.version })}>{formatRate(version.rate)}/s</a>
                {mark && (
                  <span className={`tone-text tone-${mark.tone}`}>
                    {mark.glyph} {failureWords(version, thresholds)}
                  </span>
                )}
                <span className={version.ready < version.workloads ? 'tone-text tone-bad' : 'muted'}>
                  {version.ready < version.workloads
                    ? `✖ ${version.ready} of ${version.workloads} ready`
                    : plural(version.workloads, 'instance')}
                </span>
              </span>
            </div>
          );
        })}
      </div>
    </section>
  );
}

function Peers({
  title,
  edges,
  end,
  onSelect,
}: {
  title: string;
  edges: readonly GraphEdge[];
  end: 'from' | 'to';
  onSelect: (id: string) => void;
}) {
  const thresholds = useThresholds();
  const { pointed, on } = usePointed();
  const shown = useHeld(edges, pointed);
  if (shown.length === 0) return null;
  return (
    <section className="topo-section">
      <h3>{title}</h3>
      <div className="topo-peers" {...on}>
        {[...shown]
          .sort((a, b) => b.rate - a.rate)
          .map((edge) => {
            const mark = markErrors(edge, thresholds);
            return (
              <button key={edge.id} type="button" onClick={() => onSelect(edge.id)}>
                <span className="grow truncate">{shortName(edge[end])}</span>
                {mark && (
                  <span className={`num tone-text tone-${mark.tone}`}>
                    {mark.glyph} {failureWords(edge, thresholds)}
                  </span>
                )}
                <span className="num soft">{formatRate(edge.rate)}/s</span>
              </button>
            );
          })}
      </div>
    </section>
  );
}
