import type { Graph, GraphEdge } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { formatMs, formatRate, Panel, Table } from '../../ui/index.ts';
import { Failures } from '../health/failures.tsx';
import { requestsHref, slowerThan } from '../topology/request-links.ts';
import { shortName } from '../topology/short-name.ts';

/** Who calls it, and whom it calls. */
export function Peers({ graph, id }: { graph: Graph; id: string }) {
  const services = new Set(graph.nodes.filter(({ kind }) => kind === 'service').map((node) => node.id));
  return (
    <div className="service-peers">
      <PeerTable
        title="Callers"
        none="Nobody has called it in this window."
        end="from"
        edges={graph.edges.filter(({ to }) => to === id)}
        services={services}
      />
      <PeerTable
        title="Callees"
        none="It has called nobody in this window."
        end="to"
        edges={graph.edges.filter(({ from }) => from === id)}
        services={services}
      />
    </div>
  );
}

function PeerTable({
  title,
  none,
  end,
  edges,
  services,
}: {
  title: string;
  none: string;
  end: 'from' | 'to';
  edges: readonly GraphEdge[];
  services: ReadonlySet<string>;
}) {
  return (
    <Panel title={title} hint={edges.length > 0 ? String(edges.length) : undefined} flush>
      {edges.length === 0 ? (
        <p className="service-none">{none}</p>
      ) : (
        <Table
          label={title}
          rows={[...edges].sort((a, b) => a.id.localeCompare(b.id))}
          keyOf={(edge) => edge.id}
          columns={[
            {
              id: 'peer',
              title: 'Service',
              cell: (edge) =>
                services.has(edge[end]) ? (
                  <a href={hrefTo('service', { name: edge[end] })}>{shortName(edge[end])}</a>
                ) : (
                  shortName(edge[end])
                ),
            },
            {
              id: 'rate',
              title: 'Rate',
              align: 'end',
              cell: (edge) => <a href={requestsHref(edge)}>{formatRate(edge.rate)}/s</a>,
            },
            { id: 'errors', title: 'Errors', align: 'end', cell: (edge) => <ErrorsLink edge={edge} /> },
            {
              id: 'p95',
              title: 'p95',
              align: 'end',
              cell: (edge) => <a href={requestsHref(edge, slowerThan(edge.p95))}>{formatMs(edge.p95)}</a>,
            },
            { id: 'edge', title: 'Edge', align: 'end', cell: (edge) => <a href={hrefTo('topology', { edge: edge.id })}>Show</a> },
          ]}
        />
      )}
    </Panel>
  );
}

function ErrorsLink({ edge }: { edge: GraphEdge }) {
  return (
    <a href={requestsHref(edge, edge.errorShare > 0 ? 'status>=500' : 'status>=400')}>
      <Failures shares={edge} />
    </a>
  );
}
