import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { diagnose, type Path } from '../diagnostics.ts';
import { HostIndex, type KnownService, type KnownWorkload, listServices, listWorkloads } from '../hosts.ts';
import type { DestinationRuleSpec, TrafficPolicySpec } from '../kinds/istio-types.ts';
import type { ParsedResource } from '../parse.ts';
import type { ResourceSet } from '../resource-set.ts';

/** What lint rules share; each rule adds to `diagnostics`. */
export class LintContext {
  readonly set: ResourceSet;
  readonly services: readonly KnownService[];
  readonly workloads: readonly KnownWorkload[];
  readonly hosts: HostIndex;
  readonly diagnostics: Diagnostic[] = [];

  constructor(set: ResourceSet) {
    this.set = set;
    this.services = listServices(set);
    this.workloads = listWorkloads(this.services);
    this.hosts = new HostIndex(this.services);
  }

  warn(resource: ParsedResource, path: Path, code: string, message: string, suggestion?: string): void {
    this.diagnostics.push(diagnose(resource, path, { severity: 'warning', code, message, suggestion: suggestion ?? null }));
  }
  inform(resource: ParsedResource, path: Path, code: string, message: string, suggestion?: string): void {
    this.diagnostics.push(diagnose(resource, path, { severity: 'info', code, message, suggestion: suggestion ?? null }));
  }

  resources(kind: string): ParsedResource[] {
    return this.set.list(kind).map((e) => e.resource);
  }
  workloadsOf(service: KnownService): KnownWorkload[] {
    return this.workloads.filter((w) => w.service === service);
  }
  /** Every DestinationRule whose host is this service's. */
  destinationRules(service: KnownService): { resource: ParsedResource; spec: DestinationRuleSpec }[] {
    return this.resources('DestinationRule')
      .map((resource) => ({ resource, spec: resource.spec as DestinationRuleSpec }))
      .filter(({ resource, spec }) => this.hosts.resolve(spec.host, resource.namespace) === service.fqdn);
  }
}

export function matchesLabels(selector: Record<string, string> | undefined, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
}

/** The policy blocks of a DestinationRule: its own, each subset's, and port by port, with their paths. */
export function policyBlocks(spec: DestinationRuleSpec): { policy: TrafficPolicySpec; path: Path; subset: string | null }[] {
  const blocks: { policy: TrafficPolicySpec; path: Path; subset: string | null }[] = [];
  const add = (policy: TrafficPolicySpec | undefined, path: Path, subset: string | null): void => {
    if (!policy) return;
    blocks.push({ policy, path, subset });
    for (const [i, port] of (policy.portLevelSettings ?? []).entries()) {
      const { port: _port, ...own } = port;
      blocks.push({ policy: own, path: [...path, 'portLevelSettings', i], subset });
    }
  };
  add(spec.trafficPolicy, ['spec', 'trafficPolicy'], null);
  for (const [i, subset] of (spec.subsets ?? []).entries()) {
    add(subset.trafficPolicy, ['spec', 'subsets', i, 'trafficPolicy'], subset.name);
  }
  return blocks;
}
