import type { Diagnostic, ResourceRef } from '../../api/diagnostic.schema.ts';
import type { MeshSpec } from '../../api/mesh.schema.ts';
import { diagnose, type Path } from '../../config/diagnostics.ts';
import {
  HostIndex,
  type KnownService,
  type KnownWorkload,
  listServices,
  listWorkloads,
  meshesOf,
  rootNamespace,
} from '../../config/hosts.ts';
import { formatPath, type ParsedResource, type ResourceSet, refOf } from '../../config/index.ts';
import type { HostPort } from '../../data-plane/snapshot.ts';
import { type KnownEnvoyFilter, listEnvoyFilters } from './envoy-filters/patches.ts';

export interface CompileOptions {
  /** Goes into the snapshot; counts up with every apply. */
  version: number;
  /** Epoch ms; faults that expired before it are left out. */
  now: number;
  /** Loopback addresses of our own APIs: never a valid upstream. `127.0.0.1:40123` */
  forbiddenUpstreams?: readonly string[];
  /** Ports to prefer where none is fixed, by `<proxy id>/<listener id>`: last run's, so that they stay stable. */
  rememberedPorts?: Readonly<Record<string, number>>;
  /** Where `run:` processes without an address listen, by workload id (or `<workload id>/<port name>`). */
  appAddresses?: Readonly<Record<string, HostPort>>;
  /** What answers in a workload's place, by `<workload id>/<port name>`; the app itself stays known as the port's `app`. */
  standIns?: Readonly<Record<string, HostPort>>;
}

/** What every part of the compiler reads. */
export class CompileContext {
  readonly set: ResourceSet;
  readonly options: CompileOptions;
  readonly meshName: string;
  readonly mesh: MeshSpec;
  readonly namespace: string;
  readonly trustDomain: string;
  readonly services: readonly KnownService[];
  readonly workloads: readonly KnownWorkload[];
  readonly hosts: HostIndex;
  readonly envoyFilters: readonly KnownEnvoyFilter[];
  readonly diagnostics: Diagnostic[] = [];

  constructor(set: ResourceSet, options: CompileOptions) {
    this.set = set;
    this.options = options;
    const meshes = meshesOf(set);
    const first = meshes[0]?.mesh;
    this.meshName = first?.metadata.name ?? 'mesh';
    this.mesh = first?.spec ?? {
      namespace: 'default',
      trustDomain: 'cluster.local',
      outboundTrafficPolicy: 'ALLOW_ANY',
      services: [],
    };
    this.namespace = set.defaultNamespace;
    this.trustDomain = this.mesh.trustDomain;
    this.services = listServices(set);
    this.workloads = listWorkloads(this.services);
    this.hosts = new HostIndex(this.services);
    this.envoyFilters = listEnvoyFilters(set);
  }

  warn(resource: ParsedResource, path: Path, code: string, message: string): void {
    this.diagnostics.push(diagnose(resource, path, { severity: 'warning', code, message }));
  }

  workloadsOf(service: KnownService): KnownWorkload[] {
    return this.workloads.filter((w) => w.service === service);
  }

  spiffeId(namespace: string, serviceAccount: string): string {
    return `spiffe://${this.trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
  }
}

/** A note, not a warning: TLS works, with a certificate nobody outside knows. */
export function tellGenerated(context: CompileContext, resource: ParsedResource, path: Path, message: string): void {
  context.diagnostics.push(diagnose(resource, path, { severity: 'info', code: 'DD4106', message }));
}

/** `.` own namespace, `*` everyone, else names; omitted or empty: everyone. */
export function isExportedTo(exportTo: readonly string[] | undefined, own: string, viewer: string): boolean {
  if (!exportTo?.length) return true;
  return exportTo.some((e) => e === '*' || (e === '.' ? own === viewer : e === viewer));
}

export function originOf(resource: ParsedResource, path: Path): ResourceRef {
  return { ...refOf(resource, formatPath(path)), line: resource.positionOf(path).line };
}

export function selects(selector: Record<string, string> | undefined, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
}

export { rootNamespace };
