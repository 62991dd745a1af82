import { ArrowLeftRight, Boxes, Network, Zap } from 'lucide-react';
import type { Graph } from '../../../proxy/api/observability.schema.ts';
import type { Status } from '../../../proxy/api/status.schema.ts';
import { hrefTo, useRoute, useRouter } from '../../app/router.ts';
import { useGraph, useStatus, useStreamState } from '../../engine/use-engine.ts';
import { Badge, Button, EmptyState, Select, Skeleton, Tabs, Toolbar } from '../../ui/index.ts';
import { healthAmong } from '../health/health-marks.ts';
import { requestsHref } from '../topology/request-links.ts';
import '../topology/topology.css';
import { RemoveService } from './remove-service.tsx';
import './service.css';
import { type ServiceFacts, useServiceFacts } from './service-facts.ts';
import { ServiceList } from './service-list.tsx';
import { serviceTabs, TabContent, tabOf } from './service-tabs.tsx';

const tabWords = { overview: 'Overview', routes: 'Routes', policies: 'Policies', endpoints: 'Endpoints', logs: 'Logs' } as const;

/** `#/service?name=default/reviews&tab=endpoints`: one service's truth; without a name, the list to choose from. */
export default function ServiceScreen() {
  const { query } = useRoute();
  const router = useRouter();
  const status = useStatus();
  const graph = useGraph();
  const phase = useStreamState().phase;
  const name = query.get('name');
  if (!status || !graph)
    return (
      <div className="screen" data-testid="service-screen">
        <Toolbar title="Services" />
        {phase === 'live' ? (
          <Skeleton lines={10} height={18} />
        ) : (
          <EmptyState icon={Boxes} title="Not connected yet">
            Services appear here as soon as an engine answers.
          </EmptyState>
        )}
      </div>
    );
  const service = status.services.find(
    (candidate) => name === `${candidate.namespace}/${candidate.name}` || name === candidate.name,
  );
  if (name === null || name === '') return <ServiceList graph={graph} status={status} />;
  if (!service)
    return (
      <div className="screen" data-testid="service-screen">
        <Toolbar title="Services" />
        <EmptyState
          icon={Boxes}
          title={`There is no service ${name}`}
          actions={<Button onClick={() => router.navigate('service')}>All services</Button>}
        >
          It may have been taken out of the mesh, or has another namespace.
        </EmptyState>
      </div>
    );
  return <OneService key={`${service.namespace}/${service.name}`} service={service} status={status} graph={graph} />;
}

function OneService({ service, status, graph }: { service: Status['services'][number]; status: Status; graph: Graph }) {
  const { query } = useRoute();
  const router = useRouter();
  const facts = useServiceFacts(service, status, graph);
  const tab = tabOf(query.get('tab'));
  return (
    <div className="screen" data-testid="service-screen">
      <ServiceBar facts={facts} />
      <Tabs
        className="service-tabs"
        label="Parts of the service"
        value={tab}
        onChange={(next) => router.setQuery({ tab: next === 'overview' ? null : next }, { push: true })}
        tabs={serviceTabs.map((id) => ({ id, label: tabWords[id], count: tabCount(id, facts) }))}
      >
        <div className="screen-scroll service">
          <TabContent tab={tab} facts={facts} />
        </div>
      </Tabs>
    </div>
  );
}

function tabCount(tab: (typeof serviceTabs)[number], { workloads, policies }: ServiceFacts): number | undefined {
  if (tab === 'endpoints') return workloads.length;
  return tab === 'policies' ? policies?.length : undefined;
}

function ServiceBar({ facts: { id, service, status, graph, node } }: { facts: ServiceFacts }) {
  const router = useRouter();
  const { query } = useRoute();
  const health = healthAmong(node, graph.edges);
  const services = status.services.map((one) => ({ value: `${one.namespace}/${one.name}`, label: one.name }));
  return (
    <Toolbar>
      <h1 className="visually-hidden">Service {service.name}</h1>
      <Select
        label="Service"
        value={id}
        options={services}
        onChange={(next) =>
          router.navigate('service', { name: next, ...(query.get('tab') ? { tab: query.get('tab') ?? '' } : {}) })
        }
      />
      <Badge tone={health.tone}>
        {health.glyph} {health.word}
      </Badge>
      <span className="grow" />
      <Button icon={<Network size={13} />} onClick={() => router.navigate('topology', { node: id })}>
        In the topology
      </Button>
      <a className="dd-button" data-variant="default" data-size="medium" href={requestsHref({ to: id })}>
        <ArrowLeftRight size={13} aria-hidden="true" /> Requests
      </a>
      <a className="dd-button" data-variant="default" data-size="medium" href={hrefTo('faults', { to: service.name })}>
        <Zap size={13} aria-hidden="true" /> Inject a fault
      </a>
      <RemoveService name={service.name} namespace={service.namespace} node={node} />
    </Toolbar>
  );
}
