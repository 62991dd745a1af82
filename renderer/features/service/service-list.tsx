import { Boxes, Plus } from 'lucide-react';
import type { Graph, GraphNode } from '../../../proxy/api/observability.schema.ts';
import type { Status } from '../../../proxy/api/status.schema.ts';
import { hrefTo, useRouter } from '../../app/router.ts';
import { Button, EmptyState, formatMs, formatRate, Panel, Table, type TableProps, Toolbar } from '../../ui/index.ts';
import { FindField, searchedFrom, useFind } from '../find-field.tsx';
import { Failures, HealthWord } from '../health/failures.tsx';
import { type Health, healthAmong } from '../health/health-marks.ts';
import { requestsHref, slowerThan } from '../topology/request-links.ts';

interface Row {
  id: string;
  name: string;
  service: Status['services'][number];
  node: GraphNode | undefined;
  health: Health;
}

const columns: TableProps<Row>['columns'] = [
  { id: 'name', title: 'Service', cell: (row) => <a href={hrefTo('service', { name: row.id })}>{row.name}</a> },
  { id: 'namespace', title: 'Namespace', cell: ({ service }) => service.namespace },
  { id: 'health', title: 'Health', cell: ({ health }) => <HealthWord health={health} /> },
  {
    id: 'port',
    title: 'Port',
    cell: ({ service }) => (
      <span className="service-brief">{service.ports.map(({ port, protocol }) => `${port} ${protocol}`).join(', ')}</span>
    ),
  },
  {
    id: 'versions',
    title: 'Versions',
    cell: ({ node }) => node?.versions.map(({ version }) => version || '–').join(', '),
  },
  { id: 'instances', title: 'Instances', align: 'end', cell: ({ service }) => service.workloads.length },
  {
    id: 'rate',
    title: 'Rate',
    align: 'end',
    cell: ({ node, id }) => <a href={requestsHref({ to: id })}>{formatRate(node?.rate ?? 0)}/s</a>,
  },
  {
    id: 'errors',
    title: 'Errors',
    align: 'end',
    cell: ({ node, id }) => (
      <a href={requestsHref({ to: id }, node?.errorShare ? 'status>=500' : 'status>=400')}>
        <Failures shares={node ?? { errorShare: 0 }} />
      </a>
    ),
  },
  {
    id: 'p95',
    title: 'p95',
    align: 'end',
    cell: ({ node, id }) => <a href={requestsHref({ to: id }, slowerThan(node?.p95 ?? null))}>{formatMs(node?.p95)}</a>,
  },
];

/** All services, each a link to its screen. */
export function ServiceList({ graph, status }: { graph: Graph; status: Status }) {
  const router = useRouter();
  const add = () => router.navigate('topology', { add: '1' });
  const rows: Row[] = status.services.map((service) => {
    const id = `${service.namespace}/${service.name}`;
    const node = graph.nodes.find((one) => one.id === id);
    return { id, name: service.name, service, node, health: healthAmong(node, graph.edges) };
  });
  const find = useFind();
  const shown = rows.filter(({ service }) => find(service.name, service.namespace));
  return (
    <div className="screen" data-testid="service-screen">
      <Toolbar title="Services">
        <span className="grow" />
        {rows.length >= searchedFrom && <FindField label="Find a service" placeholder="Find a service" />}
        <Button icon={<Plus size={14} />} onClick={add}>
          Add service
        </Button>
      </Toolbar>
      {rows.length === 0 ? (
        <EmptyState
          icon={Boxes}
          title="No services yet"
          actions={
            <Button variant="primary" icon={<Plus size={14} />} onClick={add}>
              Add service
            </Button>
          }
        >
          Name a process that listens on this machine, and it gets a sidecar.
        </EmptyState>
      ) : (
        <div className="screen-scroll">
          <Panel flush>
            <Table label="Services" rows={shown} keyOf={(row) => row.id} rowTestId="service-row" columns={columns} />
            {shown.length === 0 && <p className="service-none">No service is called that.</p>}
          </Panel>
        </div>
      )}
    </div>
  );
}
