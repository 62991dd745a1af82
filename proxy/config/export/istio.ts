import { stringify } from 'yaml';
import { type Fault, faultSchema } from '../../api/fault.schema.ts';
import { HostIndex, type KnownService, listServices, listWorkloads } from '../hosts.ts';
import type { HttpFaultSpec, HttpMatchSpec, HttpRouteSpec, VirtualServiceSpec } from '../kinds/istio-types.ts';
import { caCertificateOf, keyPairOf } from '../kinds/kubernetes-core.ts';
import { grpcStatusNames } from '../kinds/virtual-service.ts';
import type { ParsedResource } from '../parse.ts';
import { groupOf, type ResourceSet } from '../resource-set.ts';

export interface ExportResult {
  /** Multi-document YAML. */
  yaml: string;
  /** What could not be carried over, and why. */
  notes: string[];
}

const carried = ['networking.istio.io', 'security.istio.io', 'telemetry.istio.io', 'gateway.networking.k8s.io'];

/**
 * What `kubectl apply` takes in a cluster with Istio: a Service per mesh service, Istio and Gateway API documents exactly as written, and
 * caller-side faults as VirtualService faults. Server-side faults have no counterpart there.
 */
export function exportIstio(set: ResourceSet): ExportResult {
  const notes: string[] = [];
  const services = listServices(set);
  const documents = services.filter((s) => s.mesh).map((s) => stringify(kubernetesService(s)));
  const faults = callerFaults(set, notes);
  const hosts = new HostIndex(services);
  for (const { resource } of set.list()) {
    if (groupOf(resource.apiVersion) === '') carryCore(resource, documents, notes);
    if (!carried.includes(groupOf(resource.apiVersion))) continue;
    const own = faultsFor(resource, faults, hosts);
    documents.push(own.length === 0 ? withWrittenNamespace(resource) : stringify(withFaults(resource, own)));
    for (const fault of own) faults.delete(fault);
  }
  for (const fault of faults) documents.push(stringify(faultVirtualService(fault, hosts)));
  if (listWorkloads(services).length > 0)
    notes.push('Workloads are local processes: deploy your own Deployments with the labels app and version.');
  return { yaml: documents.map((d) => `${d.trimEnd()}\n`).join('---\n'), notes };
}

/** CA certificates go along; a Secret leaves the machine by nobody's export. */
export function carryCore(resource: ParsedResource, documents: string[], notes: string[]): void {
  if (resource.kind === 'ConfigMap' && caCertificateOf(resource) !== null) documents.push(withWrittenNamespace(resource));
  if (resource.kind === 'Secret' && keyPairOf(resource) !== null)
    notes.push(`Secret ${resource.name} is left out: create it in the cluster's namespace ${resource.namespace} yourself.`);
}

function kubernetesService(service: KnownService): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: service.name, namespace: service.namespace, labels: { app: service.name } },
    spec: {
      selector: { app: service.name },
      ports: service.ports.map((p) => ({
        name: portName(p.name, p.protocol),
        port: p.port,
        appProtocol: p.protocol === 'http2' ? 'http2' : p.protocol,
      })),
    },
  };
}

/** Istio reads a port's protocol from its name. */
function portName(name: string, protocol: string): string {
  return name === protocol || name.startsWith(`${protocol}-`) ? name : `${protocol}-${name}`;
}

/** The text as written; a namespace that came from the mesh's default is written out, the cluster has another default. */
function withWrittenNamespace(resource: ParsedResource): string {
  if (typeof resource.metadata.namespace === 'string') return resource.yaml;
  return stringify({ ...resource.document, metadata: { ...resource.metadata, namespace: resource.namespace } });
}

// ── faults ────────────────────────────────────────────────────────────────────────────────────────────────────────
interface CallerFault {
  resource: ParsedResource;
  spec: Fault['spec'];
  fault: HttpFaultSpec;
}

function callerFaults(set: ResourceSet, notes: string[]): Set<CallerFault> {
  const faults = new Set<CallerFault>();
  for (const { resource } of set.list('Fault')) {
    const { spec } = faultSchema.parse(resource.document);
    if (!spec.enabled) continue;
    if (spec.side === 'server') {
      notes.push(`Fault ${resource.name} acts in the callee’s proxy, which Istio cannot do: left out.`);
      continue;
    }
    const fault = istioFault(spec);
    if (!fault) notes.push(`Fault ${resource.name} has nothing Istio knows (fixed delay, HTTP or gRPC status): left out.`);
    else {
      if (spec.schedule || spec.only || spec.expires)
        notes.push(`Fault ${resource.name}: schedule, only and expires are not carried over.`);
      faults.add({ resource, spec, fault });
    }
  }
  return faults;
}

function istioFault({ delay, abort, percentage }: Fault['spec']): HttpFaultSpec | null {
  const fault: HttpFaultSpec = {};
  const share = { percentage: { value: percentage } };
  if (delay && 'fixed' in delay) fault.delay = { fixedDelay: delay.fixed, ...share };
  if (abort && 'httpStatus' in abort) fault.abort = { httpStatus: abort.httpStatus, ...share };
  if (abort && 'grpcStatus' in abort) {
    const status = typeof abort.grpcStatus === 'number' ? grpcStatusNames[abort.grpcStatus] : abort.grpcStatus;
    fault.abort = { grpcStatus: status, ...share };
  }
  return fault.delay || fault.abort ? fault : null;
}

function faultsFor(resource: ParsedResource, faults: ReadonlySet<CallerFault>, hosts: HostIndex): CallerFault[] {
  if (resource.kind !== 'VirtualService') return [];
  const spec = resource.spec as VirtualServiceSpec;
  if (!spec.http?.length) return [];
  const own = new Set((spec.hosts ?? []).map((h) => hosts.find(h, resource.namespace)).filter((s) => s !== null));
  return [...faults].filter((f) => {
    const target = hosts.find(f.spec.to.service, f.spec.to.namespace ?? f.resource.namespace);
    return target !== null && own.has(target);
  });
}

/** Istio has one fault per rule: rules with the fault, narrowed to what it matches, stand before the originals. */
function withFaults(resource: ParsedResource, faults: readonly CallerFault[]): object {
  const spec = resource.spec as VirtualServiceSpec;
  const faulty = faults.flatMap((f) => (spec.http ?? []).filter((r) => r.route).flatMap((rule) => narrow(rule, f)));
  const metadata = { ...resource.metadata, namespace: resource.namespace };
  return { ...resource.document, metadata, spec: { ...spec, http: [...faulty, ...(spec.http ?? [])] } };
}

function narrow(rule: HttpRouteSpec, fault: CallerFault): HttpRouteSpec[] {
  const conditions = faultMatches(fault);
  const base: HttpMatchSpec[] = rule.match?.length ? rule.match : [{}];
  const match = base.flatMap((m) =>
    conditions.map((c) => ({ ...m, ...c, headers: { ...m.headers, ...c.headers } })).map(withoutEmpty),
  );
  const { match: _match, ...rest } = rule;
  const bare = match.every((m) => Object.keys(m).length === 0);
  return [{ ...rest, ...(bare ? {} : { match }), fault: fault.fault }];
}

function faultMatches({ spec }: CallerFault): HttpMatchSpec[] {
  const source = spec.from ? { sourceLabels: { app: spec.from.service } } : {};
  const matches: HttpMatchSpec[] = spec.match?.length ? spec.match : [{}];
  return matches.map((m) => ({ ...m, ...source }));
}

function withoutEmpty(match: HttpMatchSpec): HttpMatchSpec {
  return Object.fromEntries(
    Object.entries(match).filter(([, v]) => typeof v !== 'object' || Object.keys(v).length > 0),
  ) as HttpMatchSpec;
}

function faultVirtualService(fault: CallerFault, hosts: HostIndex): object {
  const { spec, resource } = fault;
  const service = hosts.find(spec.to.service, spec.to.namespace ?? resource.namespace);
  const host = service?.fqdn ?? spec.to.service;
  const route = [{ destination: { host } }];
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: `fault-${resource.name}`, namespace: service?.namespace ?? resource.namespace },
    spec: { hosts: [host], http: [...narrow({ route }, fault), { route }] },
  };
}
