import path from 'node:path';
import { type Mesh, meshSchema, type ServiceProtocol, type ServiceSpec, type WorkloadSpec } from '../api/mesh.schema.ts';
import type { ServiceEntrySpec } from './kinds/istio-types.ts';
import { coversHost } from './kinds/virtual-service.ts';
import type { ParsedResource } from './parse.ts';
import type { ResourceEntry, ResourceSet } from './resource-set.ts';

export const clusterDomain = 'svc.cluster.local';
export const rootNamespace = 'istio-system';

/** A service of the mesh or of a ServiceEntry, as other objects can name it. */
export interface KnownService {
  name: string;
  namespace: string;
  fqdn: string;
  external: boolean;
  ports: { name: string; port: number; protocol: ServiceProtocol }[];
  resource: ParsedResource;
  /** The Mesh's entry and its path; null for a ServiceEntry's host. */
  mesh: { spec: ServiceSpec; path: (string | number)[] } | null;
  /** The ServiceEntry; null for a mesh service. */
  entry: ServiceEntrySpec | null;
}

/** A workload instance: one process and its sidecar. */
export interface KnownWorkload {
  /** `reviews-v1-0`; when two namespaces have a service of that name, the later one's is `reviews-v1-0.<namespace>`. */
  id: string;
  service: KnownService;
  spec: WorkloadSpec;
  index: number;
  path: (string | number)[];
  labels: Record<string, string>;
  version: string;
  serviceAccount: string;
}

/** Every Mesh of a set, decoded, oldest first: the first one's settings hold, the others add services. */
export function meshesOf(set: ResourceSet): { entry: ResourceEntry; mesh: Mesh }[] {
  return set.list('Mesh').map((entry) => ({ entry, mesh: meshSchema.parse(entry.resource.document) }));
}

/** Where relative paths of a resource count from: its file's folder; for one applied without a file, where the engine was started. */
export function folderOf({ file }: Pick<ParsedResource, 'file'>): string {
  const isFile = file.includes('/') || file.includes('\\') || /\.(ya?ml|json)$/i.test(file);
  return isFile ? path.dirname(path.resolve(file)) : process.cwd();
}

/** All services, mesh first, then ServiceEntry hosts (a host claimed twice keeps its first owner). */
export function listServices(set: ResourceSet): KnownService[] {
  const services = new Map<string, KnownService>();
  const fallback = set.defaultNamespace;
  for (const { entry, mesh } of meshesOf(set)) {
    for (const [i, spec] of mesh.spec.services.entries()) {
      const namespace = spec.namespace ?? fallback;
      const fqdn = `${spec.name}.${namespace}.${clusterDomain}`;
      if (services.has(fqdn)) continue;
      services.set(fqdn, {
        name: spec.name,
        namespace,
        fqdn,
        external: false,
        ports: portsOf(spec),
        resource: entry.resource,
        mesh: { spec, path: ['spec', 'services', i] },
        entry: null,
      });
    }
  }
  for (const { resource } of set.list('ServiceEntry')) {
    const spec = resource.spec as ServiceEntrySpec;
    for (const host of spec.hosts) {
      const fqdn = host.toLowerCase();
      if (services.has(fqdn)) continue;
      services.set(fqdn, {
        name: fqdn,
        namespace: resource.namespace,
        fqdn,
        external: true,
        ports: (spec.ports ?? []).map((p) => ({ name: p.name, port: p.number, protocol: protocolOf(p.protocol ?? '', p.name) })),
        resource,
        mesh: null,
        entry: spec,
      });
    }
  }
  return [...services.values()];
}

function portsOf(spec: ServiceSpec): KnownService['ports'] {
  if (spec.ports) return spec.ports.map((p, i) => ({ name: p.name ?? `port-${i}`, port: p.port, protocol: p.protocol }));
  const protocol = spec.protocol ?? 'http';
  return [{ name: protocol, port: spec.port!, protocol }];
}

/** Istio's port protocols and name prefixes (`http-web`, `grpc`) → ours. Anything we cannot read as HTTP is bytes. */
export function protocolOf(protocol: string, name: string): ServiceProtocol {
  const text = (protocol || name.split('-')[0] || '').toUpperCase();
  if (text === 'HTTP') return 'http';
  if (text === 'HTTP2') return 'http2';
  return text === 'GRPC' || text === 'GRPC-WEB' ? 'grpc' : 'tcp';
}

/** Workload instances in file order: `<service>-<version or "x">-<n>`, n counting over the service's workloads. */
export function listWorkloads(services: readonly KnownService[]): KnownWorkload[] {
  const workloads: KnownWorkload[] = [];
  const taken = new Set<string>();
  for (const service of services) {
    if (!service.mesh) continue;
    const { spec, path } = service.mesh;
    for (const [index, workload] of spec.workloads.entries()) {
      const version = workload.version ?? '';
      const base = `${service.name}-${version || 'x'}-${index}`;
      const id = taken.has(base) ? `${base}.${service.namespace}` : base;
      taken.add(id);
      workloads.push({
        id,
        service,
        spec: workload,
        index,
        path: [...path, 'workloads', index],
        version,
        labels: { app: service.name, ...spec.labels, ...(version ? { version } : {}), ...workload.labels },
        serviceAccount: spec.serviceAccount ?? service.name,
      });
    }
  }
  return workloads;
}

/** Finds services by the host an object names, from the object's namespace. */
export class HostIndex {
  readonly services: readonly KnownService[];
  private readonly byFqdn: Map<string, KnownService>;

  constructor(services: readonly KnownService[]) {
    this.services = services;
    this.byFqdn = new Map(services.map((s) => [s.fqdn, s]));
  }

  /** `ratings` → `ratings.<namespace>.svc.cluster.local`; `ratings.default` and `ratings.default.svc` likewise when such a service exists. */
  resolve(host: string, namespace: string): string {
    const name = host.toLowerCase().replace(/\.$/, '');
    if (name.includes('*')) return name;
    if (!name.includes('.')) {
      const short = `${name}.${namespace}.${clusterDomain}`;
      return this.byFqdn.has(short) || !this.byFqdn.has(name) ? short : name;
    }
    if (this.byFqdn.has(name)) return name;
    const expanded = name.endsWith('.svc') ? `${name}.cluster.local` : `${name}.${clusterDomain}`;
    return this.byFqdn.has(expanded) ? expanded : name;
  }

  /** The service a host names; a ServiceEntry's wildcard host covers names below it. */
  find(host: string, namespace: string): KnownService | null {
    const fqdn = this.resolve(host, namespace);
    const exact = this.byFqdn.get(fqdn);
    if (exact) return exact;
    const wildcards = this.services.filter((s) => s.fqdn.startsWith('*') && coversHost(s.fqdn, fqdn));
    return wildcards.sort((a, b) => b.fqdn.length - a.fqdn.length)[0] ?? null;
  }

  /** Names to suggest for a misspelt host. */
  names(namespace: string): string[] {
    return this.services.flatMap((s) =>
      s.external ? [s.fqdn] : s.namespace === namespace ? [s.name, s.fqdn] : [`${s.name}.${s.namespace}`, s.fqdn],
    );
  }
}
