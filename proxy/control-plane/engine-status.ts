import type { Ready, Status, WorkloadStatus } from '../api/status.schema.ts';
import { listServices, listWorkloads } from '../config/hosts.ts';
import type { DataPlaneCounters } from '../data-plane/messages.ts';
import type { CertificateAuthority } from '../pki/authority.ts';
import type { WorkloadCertificates } from '../pki/workload-certificates.ts';
import type { StoreCounters } from '../store/store-types.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Committed } from './apply.ts';
import { findIngress } from './ingress.ts';

export interface StatusParts {
  committed: Committed;
  workloads: WorkloadStatus[];
  files: readonly string[];
  control: Ready['control'];
  toxiproxy: string;
  otlp: Ready['otlp'];
  authority: CertificateAuthority;
  certificates: WorkloadCertificates;
  counters: DataPlaneCounters | null;
  store: StoreCounters;
  telemetry: Telemetry;
  version: string;
  /** Epoch ms. */
  startedAt: number;
  now: number;
  /** What else is not well, in words. */
  problems: readonly string[];
  simulations: NonNullable<Status['simulations']>;
}

/** The ready line of `up --json`. */
export function readyLine(parts: Pick<StatusParts, 'committed' | 'workloads' | 'control' | 'toxiproxy' | 'otlp'>): Ready {
  const { committed, workloads, control, toxiproxy, otlp } = parts;
  return { event: 'ready', pid: process.pid, control, ingress: ingressOf(committed), toxiproxy, otlp, workloads };
}

/** A URL; '' where there is no gateway. */
function ingressOf(committed: Committed): string {
  const ingress = findIngress(committed);
  return ingress === null ? '' : `${ingress.scheme}://${ingress.host}:${ingress.port}`;
}

/** GET /status. */
export function describeStatus(parts: StatusParts): Status {
  const { committed, workloads, counters, store } = parts;
  const { event: _event, ...ready } = readyLine(parts);
  const problems = [
    ...parts.problems,
    ...workloads
      .filter((one) => isUnwell(one) && !isStoodIn(one, parts.simulations))
      .map((one) => one.healthMessage || `${one.id} is ${one.health}`),
  ];
  if (store.degraded) problems.push('History is not being written (disk full or damaged); proxying goes on');
  const known = listServices(committed.set);
  const instances = listWorkloads(known);
  return {
    ...ready,
    name: committed.snapshot.meshName,
    version: parts.version,
    node: process.version,
    startedAt: new Date(parts.startedAt).toISOString(),
    uptimeSeconds: Math.round((parts.now - parts.startedAt) / 1000),
    health: problems.length === 0 ? 'ok' : 'degraded',
    problems,
    snapshot: committed.snapshot.version,
    files: [...parts.files],
    ca: parts.authority.facts,
    certificates: parts.certificates.facts(),
    counters: {
      requests: counters?.requests ?? 0,
      activeRequests: counters?.activeRequests ?? 0,
      downstreamConnections: counters?.downstreamConnections ?? 0,
      droppedExchanges: (counters?.droppedExchanges ?? 0) + store.dropped,
      exchangesKept: store.rows,
    },
    memory: { rssBytes: process.memoryUsage.rss() },
    hopOverheadMs: parts.telemetry.hopOverheadMs(),
    services: known.map((service) => {
      const own = instances.filter((instance) => instance.service === service);
      return {
        name: service.name,
        namespace: service.namespace,
        serviceAccount: own[0]?.serviceAccount ?? '',
        ports: service.ports,
        workloads: own.map((instance) => instance.id),
      };
    }),
    simulations: parts.simulations,
    diagnostics: committed.diagnostics,
  };
}

/** Somebody answers every caller in its place: its process need not run. */
function isStoodIn({ service, namespace }: WorkloadStatus, simulations: StatusParts['simulations']): boolean {
  return simulations.some(
    (one) => one.service === service && one.namespace === namespace && one.enabled && one.from === '' && one.mode === 'simulate',
  );
}

function isUnwell(workload: WorkloadStatus): boolean {
  return ['down', 'exited', 'restarting'].includes(workload.health ?? '');
}
