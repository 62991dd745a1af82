import { Fragment, memo, type ReactNode, useMemo } from 'react';
import { defaultHealthThresholds } from '../../../proxy/api/health.ts';
import type { Graph, GraphEdge, GraphNode } from '../../../proxy/api/observability.schema.ts';
import { useEngine, useFaults, useSelected } from '../../engine/use-engine.ts';
import { formatMs, formatRate, formatShare } from '../../ui/format.ts';
import { EdgeWords, Panel, Table, type Tone } from '../../ui/index.ts';
import { HealthWord } from '../health/failures.tsx';
import { failureWords, type Health, healthOfEdge, markErrors } from '../health/health-marks.ts';
import { badgesOf, type EdgeBadge, lockWords, splitLabel, throughputLabel, wantedLabel } from './edge-view.ts';
import { type NodeView, viewNode } from './node-view.ts';
import { requestsHref, slowerThan } from './request-links.ts';
import { shortName } from './short-name.ts';

export interface TopologyTableProps {
  graph: Graph;
  selected: string | null;
  onSelect: (id: string) => void;
}

/** The graph's equal in tables: everything the picture tells, reachable with the keyboard. */
export const TopologyTable = memo(function TopologyTable(props: TopologyTableProps) {
  return (
    <div className="screen-scroll topo-table" data-testid="topology-table">
      <Calls {...props} />
      <Services {...props} />
    </div>
  );
});

const glyphs: Record<EdgeBadge['id'], string> = {
  fault: '⚡',
  ejected: '✖',
  overflow: '✖',
  timeout: '▲',
  retry: '↻',
  mirror: '⧉',
};

function Calls({ graph, selected, onSelect }: TopologyTableProps) {
  const faults = useFaults();
  const { thresholds = defaultHealthThresholds } = graph;
  const edges = useMemo(() => [...graph.edges].sort((a, b) => a.id.localeCompare(b.id)), [graph]);
  const stateOf = (edge: GraphEdge): StatePart[] => {
    const parts = badgesOf(edge, faults).map(({ id, words, tone }) => ({ tone, text: `${glyphs[id]} ${words}` }));
    if (edge.open) parts.push({ tone: 'info', text: `◌ ${edge.open} open` });
    return parts;
  };
  const slow = (name: 'p50' | 'p95' | 'p99') => (edge: GraphEdge) => (
    <To href={requestsHref(edge, slowerThan(edge[name]))}>{formatMs(edge[name])}</To>
  );
  return (
    <Panel title="Calls" hint={`${edges.length}`} flush>
      <Table
        label="Calls between services"
        rows={edges}
        keyOf={(edge) => edge.id}
        selected={selected}
        onSelect={(edge) => onSelect(edge.id)}
        columns={[
          { id: 'edge', title: 'Caller → callee', width: '17%', cell: (edge) => <EdgeName edge={edge} onSelect={onSelect} /> },
          {
            id: 'rate',
            title: 'Rate',
            align: 'end',
            width: '6%',
            cell: (edge) => <To href={requestsHref(edge)}>{formatRate(edge.rate)}/s</To>,
          },
          {
            id: 'errors',
            title: 'Errors',
            align: 'end',
            width: '7%',
            cell: (edge) => (
              <To href={requestsHref(edge, 'status>=500')} tone={markErrors(edge, thresholds)?.tone}>
                {markErrors(edge, thresholds)?.glyph} {failureWords(edge, thresholds)}
              </To>
            ),
          },
          {
            id: 'state',
            title: 'State',
            width: '19%',
            cell: (edge) => <StateCell health={healthOfEdge(edge, thresholds)} more={stateOf(edge)} />,
          },
          { id: 'p50', title: 'p50', align: 'end', width: '6.3%', cell: slow('p50') },
          { id: 'p95', title: 'p95', align: 'end', width: '6.3%', cell: slow('p95') },
          { id: 'p99', title: 'p99', align: 'end', width: '6.3%', cell: slow('p99') },
          { id: 'bytes', title: 'Throughput', align: 'end', width: '8.5%', cell: throughputLabel },
          { id: 'split', title: 'Split', width: '16%', cell: (edge) => <SplitWords split={edge.split} /> },
          {
            id: 'mtls',
            title: 'Mutual TLS',
            width: '8%',
            cell: (edge) => <span title={lockWords(edge)}>{lockBrief(edge)}</span>,
          },
        ]}
      />
    </Panel>
  );
}

function lockBrief({ inferred, mtlsShare }: GraphEdge): string {
  if (inferred) return `◌ inferred: ${inferred}`;
  if (mtlsShare >= 0.999) return 'yes';
  return mtlsShare > 0 ? `▲ ${formatShare(mtlsShare)}` : '▲ no';
}

function EdgeName({ edge, onSelect }: { edge: GraphEdge; onSelect: (id: string) => void }) {
  return (
    <button type="button" className="topo-link" onClick={() => onSelect(edge.id)}>
      <EdgeWords from={shortName(edge.from)} to={shortName(edge.to)} />
    </button>
  );
}

function SplitWords({ split }: Pick<GraphEdge, 'split'>) {
  const words = `${splitLabel(split)} ${wantedLabel(split)}`;
  const each = split.map(({ version, actual, wanted }) =>
    wanted === null ? `${version} ${formatShare(actual)}` : `${version} ${formatShare(actual)} of ${formatShare(wanted)}`,
  );
  return <span title={each.join(', ')}>{words}</span>;
}

/** A number leads to the requests behind it; the row's own click stays the row's. */
function To({ href, tone, children }: { href: string; tone?: string; children: ReactNode }) {
  return (
    <a
      className={tone && `tone-text tone-${tone}`}
      href={href}
      title="Show these requests"
      onClick={(event) => event.stopPropagation()}
    >
      {children}
    </a>
  );
}

interface ServiceRow {
  node: GraphNode;
  view: NodeView;
}

const kindWords: Record<GraphNode['kind'], string> = {
  service: 'service',
  gateway: 'gateway',
  outside: 'callers outside the mesh',
  external: 'outside the mesh',
};

function Services({ graph, selected, onSelect }: TopologyTableProps) {
  const standIns = useSelected(useEngine().status, (status) => status?.simulations);
  const { thresholds = defaultHealthThresholds, edges } = graph;
  const rows = useMemo<ServiceRow[]>(() => {
    const around = { showNamespace: true, splitVersions: false, edges, thresholds, standIns: standIns ?? [] };
    return [...graph.nodes].sort((a, b) => a.id.localeCompare(b.id)).map((node) => ({ node, view: viewNode(node, around) }));
  }, [graph, edges, thresholds, standIns]);
  const endsOf = ({ id, kind }: GraphNode) => (kind === 'gateway' || kind === 'outside' ? { from: id } : { to: id });
  const slow = (name: 'p50' | 'p95' | 'p99') => {
    const cell = ({ node }: ServiceRow) => (
      <To href={requestsHref(endsOf(node), slowerThan(node[name]))}>{formatMs(node[name])}</To>
    );
    return { id: name, title: name, align: 'end' as const, width: '7%', cell };
  };
  return (
    <Panel title="Services" hint={`${rows.length}`} flush>
      <Table
        label="Services"
        rows={rows}
        keyOf={({ node }) => node.id}
        selected={selected}
        onSelect={({ node }) => onSelect(node.id)}
        columns={[
          {
            id: 'name',
            title: 'Service',
            width: '19%',
            cell: ({ node }) => (
              <button type="button" className="topo-link truncate" title={node.name} onClick={() => onSelect(node.id)}>
                {node.name}
              </button>
            ),
          },
          {
            id: 'rate',
            title: 'Rate',
            align: 'end',
            width: '6.5%',
            cell: ({ node }) => <To href={requestsHref(endsOf(node))}>{formatRate(node.rate)}/s</To>,
          },
          {
            id: 'errors',
            title: 'Errors',
            align: 'end',
            width: '8%',
            cell: ({ node, view }) => (
              <To href={requestsHref(endsOf(node), 'status>=500')} tone={view.errorMark?.tone}>
                {view.errorMark?.glyph} {view.errors}
              </To>
            ),
          },
          { id: 'health', title: 'State', width: '19%', cell: ({ view }) => <StateWords view={view} /> },
          slow('p50'),
          slow('p95'),
          slow('p99'),
          { id: 'versions', title: 'Versions', width: '16%', cell: ({ view }) => <VersionWords view={view} /> },
          {
            id: 'kind',
            title: 'Kind',
            width: '10%',
            cell: ({ node, view }) =>
              view.inferred ? '◌ inferred' : node.kind === 'service' ? `in ${node.namespace}` : kindWords[node.kind],
          },
        ]}
      />
    </Panel>
  );
}

function StateWords({ view: { health, aside, ejected, standIn } }: { view: NodeView }) {
  const more: StatePart[] = [];
  if (ejected > 0) more.push({ tone: 'bad', text: `✖ ${ejected} ejected` });
  if (aside) more.push({ tone: 'neutral', text: aside });
  if (standIn) more.push({ tone: 'info', text: `◇ answered from ${standIn}` });
  return <StateCell health={health} more={more} />;
}

interface StatePart {
  tone: Tone;
  text: string;
}

/** The state, and whatever else is the matter. */
function StateCell({ health, more }: { health: Health; more: readonly StatePart[] }) {
  return (
    <span title={[`${health.glyph} ${health.word}`, ...more.map(({ text }) => text)].join(' · ')}>
      <HealthWord health={health} />
      {more.map(({ tone, text }) => (
        <Fragment key={text}>
          {' · '}
          <span className={`tone-text tone-${tone}`}>{text}</span>
        </Fragment>
      ))}
    </span>
  );
}

function VersionWords({ view: { versions } }: { view: NodeView }) {
  const words = versions.map(({ version, text, ready, workloads, errorMark }) => {
    const share = versions.length > 1 ? ` ${text}` : '';
    const count = workloads === 1 && ready === 1 ? '' : ` (${ready} of ${workloads} ready)`;
    return `${errorMark ? `${errorMark.glyph} ` : ''}${version}${share}${count}`;
  });
  return <span title={words.join(', ')}>{words.join(', ') || '–'}</span>;
}
