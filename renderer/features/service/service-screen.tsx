import { ArrowLeftRight, Boxes, Network, Zap } from 'lucide-react';
import { useMemo } from 'react';
import type { Graph, GraphNode } from '../../../proxy/api/observability.schema.ts';
import type { Status, WorkloadStatus } from '../../../proxy/api/status.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { hrefTo, useRoute, useRouter } from '../../app/router.ts';
import { useCall, useEvents, useGraph, useStatus, useStreamState } from '../../engine/use-engine.ts';
import { Badge, Button, Code, EmptyState, Facts, formatSpan, Panel, Select, Skeleton, Toolbar } from '../../ui/index.ts';
import { healthOf } from '../health/health-marks.ts';
import { ServiceProtos } from '../protos/service-protos.tsx';
import { firstCalls } from '../topology/first-calls.ts';
import { RedNumbers } from '../topology/numbers.tsx';
import { requestsHref } from '../topology/request-links.ts';
import '../topology/topology.css';
import { AppMetrics } from './app-metrics.tsx';
import { Breakers } from './breakers.tsx';
import { EjectionStrip } from './ejection-strip.tsx';
import { Endpoints } from './endpoints.tsx';
import { OutputPanel } from './output-panel.tsx';
import { Peers } from './peers.tsx';
import { Policies } from './policies.tsx';
import { RemoveService } from './remove-service.tsx';
import './service.css';
import { EventList, ServiceCharts } from './service-charts.tsx';
import { ServiceList } from './service-list.tsx';
import { concerns, dropEchoes, isOutbound } from './service-view.ts';

/** `#/service?name=default/reviews`: one service's truth; without a name, the list to choose from. */
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
  const id = `${service.namespace}/${service.name}`;
  return <OneService key={id} id={id} service={service} status={status} graph={graph} />;
}

interface OneServiceProps {
  id: string;
  service: Status['services'][number];
  status: Status;
  graph: Graph;
}

function OneService({ id, service, status, graph }: OneServiceProps) {
  const router = useRouter();
  const { paused } = usePreferences();
  const node = graph.nodes.find((candidate) => candidate.id === id);
  const workloads = useMemo(
    () => status.workloads.filter((workload) => workload.service === service.name && workload.namespace === service.namespace),
    [status.workloads, service.name, service.namespace],
  );
  const clusters = useCall('getClusters', { query: { service: service.name } }, paused ? undefined : 1000);
  const own = useMemo(
    () => (clusters.data?.clusters ?? []).filter((cluster) => cluster.namespace === service.namespace && isOutbound(cluster)),
    [clusters.data, service.namespace],
  );
  const all = useEvents();
  const names = workloads.map((workload) => workload.id).join(' ');
  const events = useMemo(
    () => dropEchoes(all.filter((event) => concerns(event, service.name, names.split(' ')))),
    [all, service.name, names],
  );
  const health = healthOf(node?.health ?? 'idle');
  return (
    <div className="screen" data-testid="service-screen">
      <Toolbar>
        <h1 className="visually-hidden">Service {service.name}</h1>
        <Select
          label="Service"
          value={id}
          options={status.services.map((one) => {
            const value = `${one.namespace}/${one.name}`;
            return { value, label: one.name };
          })}
          onChange={(next) => router.navigate('service', { name: next })}
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
      <div className="screen-scroll service">
        <Head service={service} status={status} workloads={workloads} node={node} />
        {node?.count === 0 ? <EventList events={events} /> : <ServiceCharts id={id} events={events} />}
        <Breakers clusters={own} service={service.name} events={events} />
        <EjectionStrip clusters={own} events={events} nowMs={Date.parse(graph.time)} windowSeconds={graph.windowSeconds} />
        <Endpoints workloads={workloads} clusters={own} id={id} />
        <Peers graph={graph} id={id} />
        <Policies name={service.name} namespace={service.namespace} workloads={workloads.map((workload) => workload.id)} />
        <ServiceProtos service={service} />
        <AppMetrics service={service.name} />
        <OutputPanel workloads={workloads} />
        <Certificates status={status} workloads={workloads} />
      </div>
    </div>
  );
}

function Head({
  service,
  status,
  workloads,
  node,
}: {
  service: Status['services'][number];
  status: Status;
  workloads: readonly WorkloadStatus[];
  node: GraphNode | undefined;
}) {
  const identity = workloads[0]?.spiffeId;
  const versions = node?.versions.filter(({ version }) => version !== '') ?? [];
  const calls = node && node.count === 0 ? firstCalls({ ...status, services: [service] }) : [];
  return (
    <div className="service-head">
      {node && <RedNumbers red={node} ends={{ to: node.id }} />}
      <Facts
        rows={[
          [
            'Called as',
            <span key="urls" className="mono">
              {service.ports
                .map(({ port, protocol }) => `${protocol === 'tcp' ? 'tcp' : 'http'}://${service.name}:${port}`)
                .join(', ')}
            </span>,
          ],
          [
            'Ports',
            service.ports
              .map(({ name, port, protocol }) => `${port} ${protocol}${name && name !== protocol ? ` (${name})` : ''}`)
              .join(', '),
          ],
          [
            'Versions',
            versions
              .map(
                ({ version, workloads: count, ready }) =>
                  `${version}${count > 1 ? ` × ${count}` : ''}${ready < count ? ` (${ready} ready)` : ''}`,
              )
              .join(', '),
          ],
          [
            'Identity',
            identity && (
              <span key="identity" className="mono">
                {identity}
              </span>
            ),
          ],
        ]}
      />
      {calls.length > 0 && (
        <div className="service-first">
          <strong>Registered, no traffic in this window</strong>
          {calls.map((command) => (
            <Code key={command} text={command} />
          ))}
        </div>
      )}
    </div>
  );
}

function Certificates({ status, workloads }: { status: Status; workloads: readonly WorkloadStatus[] }) {
  const ids = new Set(workloads.map(({ spiffeId }) => spiffeId));
  const own = status.certificates.filter(({ spiffeId }) => ids.has(spiffeId));
  if (own.length === 0) return null;
  return (
    <Panel title="Certificate" actions={<a href={hrefTo('security')}>Security</a>}>
      {own.map((certificate) => (
        <Facts
          key={certificate.serialNumber}
          rows={[
            [
              'SPIFFE ID',
              <span key="id" className="mono">
                {certificate.spiffeId}
              </span>,
            ],
            [
              'Valid for',
              `${formatSpan(Date.parse(certificate.notAfter) - Date.now())} more, until ${new Date(certificate.notAfter).toLocaleString()}`,
            ],
            [
              'Serial number',
              <span key="serial" className="mono">
                {certificate.serialNumber}
              </span>,
            ],
            [
              'SHA-256',
              <span key="print" className="mono">
                {certificate.fingerprint256}
              </span>,
            ],
            ['Rotated', certificate.rotations === 0 ? 'not yet' : `${certificate.rotations} ×`],
          ]}
        />
      ))}
    </Panel>
  );
}
