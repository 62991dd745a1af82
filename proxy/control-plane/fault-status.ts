import { stringify } from 'yaml';
import type { Resource, ResourceStatus } from '../api/diagnostic.schema.ts';
import { type FaultRequest, type FaultStatus, faultSpecSchema } from '../api/fault.schema.ts';
import { unmetConditions } from '../api/unmet-conditions.ts';
import { type ResourceEntry, resourceId } from '../config/index.ts';
import { withoutSecrets } from '../config/kinds/kubernetes-core.ts';
import type { DataPlaneCounters } from '../data-plane/messages.ts';
import type { FaultSnapshot } from '../data-plane/snapshot.ts';
import type { Committed } from './apply.ts';
import { gatewayConditions, StatusFacts } from './gateway-status/index.ts';

/** Faults made in the app or by `fault add` end by themselves unless they say otherwise. */
const defaultExpiry = '10m';

export function listFaultStatuses(committed: Committed, counters: DataPlaneCounters | null, now: number): FaultStatus[] {
  return committed.set.list('Fault').map((entry) => faultStatus(entry, committed, counters, now));
}

export function faultStatus(
  entry: ResourceEntry,
  committed: Committed,
  counters: DataPlaneCounters | null,
  now: number,
): FaultStatus {
  const { resource } = entry;
  const spec = faultSpecSchema.parse(resource.spec);
  const id = `${resource.namespace}/${resource.name}`;
  const compiled = committed.snapshot.faults.find((fault) => fault.id === id);
  const counted = counters?.faults.find((fault) => fault.id === id);
  const expiresAt = compiled?.expiresAt ?? null;
  const onServer = spec.side === 'server';
  // Toxics stand below HTTP and behind the caller's router: on either side they are a failing upstream to it.
  const onBytes = spec.tcp !== undefined;
  return {
    name: resource.name,
    namespace: resource.namespace,
    spec,
    state: stateOf(compiled, now),
    matched: counted?.matched ?? 0,
    hits: counted?.hits ?? 0,
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    saved: !entry.live,
    // Istio's own filter acts before the router, so nothing in the caller's sidecar ever sees what it does.
    reacts: {
      retries: onBytes || (onServer && spec.abort !== undefined),
      ejection: onBytes || (onServer && spec.abort !== undefined),
      callerTimeout: onBytes || (onServer && (spec.delay !== undefined || spec.response?.bytesPerSecond !== undefined)),
    },
  };
}

function stateOf(fault: FaultSnapshot | undefined, now: number): FaultStatus['state'] {
  if (!fault || (fault.expiresAt !== null && fault.expiresAt <= now)) return 'expired';
  if (!fault.enabled) return 'disabled';
  if (!fault.schedule) return 'armed';
  const { afterMs, forMs, everyMs } = fault.schedule;
  const since = now - fault.armedAt - afterMs;
  if (since < 0) return 'waiting';
  const inCycle = everyMs === null ? since : since % everyMs;
  return forMs === null || inCycle < forMs ? 'armed' : 'waiting';
}

/** The YAML document for a fault asked for by the API. */
export function faultDocument(request: FaultRequest, name: string): string {
  const spec = request.spec.expires === undefined ? { ...request.spec, expires: defaultExpiry } : request.spec;
  const metadata = request.namespace === undefined ? { name } : { name, namespace: request.namespace };
  return stringify({ apiVersion: 'drydock.dev/v1', kind: 'Fault', metadata, spec });
}

/** A resource as the API shows it: what was written, and what became of it. `facts`: shared by those described together. */
export function describeResource(
  entry: ResourceEntry,
  committed: Committed,
  counters: DataPlaneCounters | null,
  facts: StatusFacts = new StatusFacts(committed.set),
): Resource {
  const { resource } = entry;
  const shown = withoutSecrets(resource);
  return {
    apiVersion: resource.apiVersion,
    kind: resource.kind,
    namespace: resource.namespace,
    name: resource.name,
    yaml: shown.yaml,
    spec: shown.spec,
    metadata: { ...shown.metadata },
    generation: entry.generation,
    source: { file: resource.file, line: resource.line, live: entry.live },
    status: statusOf(entry, committed, counters, facts),
  };
}

function statusOf(
  entry: ResourceEntry,
  committed: Committed,
  counters: DataPlaneCounters | null,
  facts: StatusFacts,
): ResourceStatus {
  const { resource } = entry;
  const id = resourceId(resource);
  const diagnostics = committed.diagnostics.filter((diagnostic) => diagnostic.resource === id);
  const fault = counters?.faults.find((one) => one.id === `${resource.namespace}/${resource.name}`);
  const conditions = gatewayConditions(entry, facts);
  const troubled = diagnostics.some((diagnostic) => diagnostic.severity !== 'info') || unmetConditions(conditions).length > 0;
  return {
    state: troubled ? 'warning' : 'accepted',
    matched: resource.kind === 'Fault' ? (fault?.matched ?? 0) : (counters?.resources[id] ?? 0),
    usedBy: findUses(committed, resource.kind, resource.namespace, resource.name),
    diagnostics,
    ...conditions,
  };
}

/** The compiled parts that name this resource as their origin: virtual hosts, clusters, inbound ports, faults. */
function findUses({ snapshot }: Committed, kind: string, namespace: string, name: string): string[] {
  const isIt = (ref: { kind: string; namespace: string; name: string } | null) =>
    ref !== null && ref.kind === kind && ref.namespace === namespace && ref.name === name;
  const uses = new Set<string>();
  for (const view of Object.values(snapshot.views)) {
    for (const hosts of Object.values(view.routeTables)) {
      for (const host of hosts)
        if (isIt(host.origin) || host.routes.some((route) => isIt(route.origin))) uses.add(`virtual host ${host.name}`);
    }
    for (const cluster of Object.values(view.clusters)) {
      const tlsFrom = 'origin' in cluster.tls ? (cluster.tls.origin ?? null) : null;
      if (isIt(cluster.policy) || isIt(tlsFrom)) uses.add(`cluster ${cluster.name}`);
    }
    for (const route of view.tcpRoutes) if (isIt(route.origin)) uses.add(`TCP route ${route.service}:${route.port}`);
  }
  for (const proxy of snapshot.proxies) {
    for (const listener of proxy.listeners) {
      if (listener.role === 'gateway') {
        for (const host of listener.virtualHosts)
          if (host.routes.some((route) => isIt(route.origin))) uses.add(`${proxy.id} ${host.name}`);
        if (listener.servers.some((server) => isIt(server.origin))) uses.add(`${proxy.id}:${listener.port}`);
        if ((listener.tcpRoutes ?? []).some((route) => isIt(route.origin))) uses.add(`${proxy.id}:${listener.port}`);
      }
      if (listener.role !== 'inbound') continue;
      for (const port of listener.ports) {
        const { custom, audit, deny, allow } = port.authorization;
        const policies = [...custom, ...audit, ...deny, ...allow, ...port.jwt].map((policy) => policy.resource);
        if (isIt(port.mtlsFrom) || policies.some(isIt)) uses.add(`${proxy.id} inbound ${port.port}`);
      }
    }
  }
  if (kind === 'Fault' && snapshot.faults.some((fault) => isIt(fault.resource))) uses.add('fault filter');
  return [...uses].sort();
}
