import { ErrorState, Skeleton } from '../../ui/index.ts';
import { ServiceProtos } from '../protos/service-protos.tsx';
import { AppMetrics } from './app-metrics.tsx';
import { Breakers } from './breakers.tsx';
import { Certificates } from './certificates.tsx';
import { EjectionStrip } from './ejection-strip.tsx';
import { Endpoints } from './endpoints.tsx';
import { EventList } from './event-list.tsx';
import { NoTraffic } from './no-traffic.tsx';
import { OutputPanel } from './output-panel.tsx';
import { Peers } from './peers.tsx';
import { Policies } from './policies.tsx';
import { RoutesTab } from './routes-tab.tsx';
import { ServiceCharts } from './service-charts.tsx';
import type { ServiceFacts } from './service-facts.ts';
import { ServiceHead } from './service-head.tsx';

export const serviceTabs = ['overview', 'routes', 'policies', 'endpoints', 'logs'] as const;
export type ServiceTab = (typeof serviceTabs)[number];

export const tabOf = (text: string | null): ServiceTab => serviceTabs.find((tab) => tab === text) ?? 'overview';

const none: readonly never[] = [];

/** What one tab shows. */
export function TabContent({ tab, facts }: { tab: ServiceTab; facts: ServiceFacts }) {
  if ((tab === 'routes' || tab === 'policies') && facts.policies === null)
    return facts.policiesError === null ? (
      <Skeleton lines={6} />
    ) : (
      <ErrorState title="The configuration cannot be read" message={facts.policiesError} onRetry={facts.reloadPolicies} />
    );
  if (tab === 'routes') return <RoutesTab name={facts.service.name} resources={facts.policies ?? none} />;
  if (tab === 'policies') return <PoliciesTab facts={facts} />;
  if (tab === 'endpoints') return <EndpointsTab facts={facts} />;
  return tab === 'logs' ? <OutputPanel workloads={facts.workloads} rate={facts.node?.rate ?? 0} /> : <Overview facts={facts} />;
}

function Overview({ facts }: { facts: ServiceFacts }) {
  const { id, service, status, graph, node, workloads, clusters, events } = facts;
  const idle = node?.count === 0;
  return (
    <>
      <ServiceHead service={service} workloads={workloads} node={node} />
      {idle && <NoTraffic service={service} status={status} workloads={workloads} />}
      {idle ? <EventList events={events} /> : <ServiceCharts id={id} events={events} />}
      <Resilience facts={facts} />
      <Endpoints workloads={workloads} clusters={clusters} id={id} brief />
      <Peers graph={graph} id={id} />
      <AppMetrics service={service.name} />
    </>
  );
}

/** Who is ejected, and how full its pools are. */
function Resilience({ facts: { service, graph, clusters, clustersError, events } }: { facts: ServiceFacts }) {
  return (
    <>
      <EjectionStrip
        clusters={clusters ?? none}
        events={events}
        nowMs={Date.parse(graph.time)}
        windowSeconds={graph.windowSeconds}
      />
      <Breakers clusters={clusters} error={clustersError} service={service.name} events={events} />
    </>
  );
}

function PoliciesTab({ facts: { service, policies } }: { facts: ServiceFacts }) {
  return (
    <>
      <Policies name={service.name} resources={policies ?? none} />
      <ServiceProtos service={service} />
    </>
  );
}

function EndpointsTab({ facts }: { facts: ServiceFacts }) {
  const { id, status, workloads, clusters } = facts;
  return (
    <>
      <Endpoints workloads={workloads} clusters={clusters} id={id} />
      <Resilience facts={facts} />
      <Certificates status={status} workloads={workloads} />
    </>
  );
}
