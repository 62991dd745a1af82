import type { KnownService } from '../../config/hosts.ts';
import type { ParsedResource } from '../../config/index.ts';
import type { DestinationRuleSpec, PortPolicySpec, SubsetSpec, TrafficPolicySpec } from '../../config/kinds/istio-types.ts';
import { coversHost } from '../../config/kinds/virtual-service.ts';
import { type CompileContext, isExportedTo, rootNamespace, selects } from './context.ts';

/** The DestinationRule in force for a service as clients of one namespace see it. */
export interface EffectiveRule {
  resource: ParsedResource;
  trafficPolicy: TrafficPolicySpec | undefined;
  /** With the rule each subset came from. */
  subsets: { subset: SubsetSpec; resource: ParsedResource }[];
}

/** The client whose view is compiled. */
export interface RuleViewer {
  namespace: string;
  /** Labels of its workload, for workloadSelector; null: no rule with a selector concerns it (the inbound side, as in istiod). */
  labels: Readonly<Record<string, string>> | null;
  /** It is a gateway: credentialName counts for it without a workloadSelector. */
  gateway: boolean;
}

/**
 * Client namespace → service namespace → root namespace; the first that has one wins whole. Clients of the root namespace (gateways) take
 * from it first only what it keeps to itself (`exportTo: ["."]`). Within a namespace the most specific host wins; rules for the same host
 * merge: subsets are concatenated (first of a name kept), the oldest trafficPolicy is kept. A rule with a workloadSelector is private to
 * its namespace and wins for the workloads it selects; for others of its namespace it only counts as found. Source: istiod
 * pilot/pkg/model/push_context.go destinationRule, sidecar.go DestinationRule.
 */
export function findDestinationRule(context: CompileContext, service: KnownService, viewer: RuleViewer): EffectiveRule | null {
  const own = rulesIn(context, service, viewer.namespace, viewer.namespace).filter(
    ({ spec }) => viewer.namespace !== rootNamespace || isPrivate(spec),
  );
  if (own.length > 0) return merge(forClient(own, viewer.labels));
  for (const namespace of new Set([service.namespace, rootNamespace])) {
    const exported = rulesIn(context, service, namespace, viewer.namespace).filter(({ spec }) => !isPrivate(spec));
    if (exported.length > 0) return merge(exported);
  }
  return null;
}

/** Names of the rules with a workloadSelector that pick a client of these labels; clients with the same names share a view. */
export function selectingRules(context: CompileContext, namespace: string, labels: Readonly<Record<string, string>>): string[] {
  return context.set
    .list('DestinationRule')
    .filter(({ resource }) => {
      const { workloadSelector } = resource.spec as DestinationRuleSpec;
      return resource.namespace === namespace && workloadSelector && selects(workloadSelector.matchLabels, labels);
    })
    .map(({ resource }) => resource.name);
}

interface Candidate {
  resource: ParsedResource;
  spec: DestinationRuleSpec;
  host: string;
}

/** A namespace's rules for the most specific host that covers the service, oldest first, as a client namespace sees them. */
function rulesIn(context: CompileContext, service: KnownService, namespace: string, client: string): Candidate[] {
  const candidates = context.set
    .list('DestinationRule')
    .map(({ resource }) => ({ resource, spec: resource.spec as DestinationRuleSpec }))
    .filter(({ resource, spec }) => resource.namespace === namespace && isExportedTo(exportsOf(spec), namespace, client))
    .map((rule) => ({ ...rule, host: context.hosts.resolve(rule.spec.host, namespace) }))
    .filter(({ host }) => coversHost(host, service.fqdn));
  if (candidates.length === 0) return [];
  const host = candidates.map((c) => c.host).reduce((a, b) => (isMoreSpecific(b, a) ? b : a));
  return candidates.filter((c) => c.host === host);
}

function exportsOf(spec: DestinationRuleSpec): readonly string[] | undefined {
  return spec.workloadSelector ? ['.'] : spec.exportTo;
}

function isPrivate(spec: DestinationRuleSpec): boolean {
  const exports = exportsOf(spec);
  return exports?.length === 1 && exports[0] === '.';
}

/** The oldest rule that selects this client, with those of the same selector; without one, the rules that select nobody in particular. */
function forClient(rules: readonly Candidate[], labels: RuleViewer['labels']): Candidate[] {
  const selecting = labels === null ? undefined : rules.find(({ spec }) => isSelected(spec, labels));
  const key = JSON.stringify(selecting?.spec.workloadSelector?.matchLabels);
  return rules.filter(({ spec }) =>
    selecting === undefined ? !spec.workloadSelector : JSON.stringify(spec.workloadSelector?.matchLabels) === key,
  );
}

function isSelected(spec: DestinationRuleSpec, labels: Readonly<Record<string, string>>): boolean {
  return spec.workloadSelector !== undefined && selects(spec.workloadSelector.matchLabels, labels);
}

function merge(same: readonly Candidate[]): EffectiveRule | null {
  if (same.length === 0) return null;
  const subsets = new Map<string, { subset: SubsetSpec; resource: ParsedResource }>();
  for (const { resource, spec } of same) {
    for (const subset of spec.subsets ?? []) if (!subsets.has(subset.name)) subsets.set(subset.name, { subset, resource });
  }
  const policy = same.find((c) => c.spec.trafficPolicy);
  return { resource: (policy ?? same[0]!).resource, trafficPolicy: policy?.spec.trafficPolicy, subsets: [...subsets.values()] };
}

/** Exact beats wildcard, a longer wildcard beats a shorter one. */
export function isMoreSpecific(a: string, b: string): boolean {
  const wild = (host: string) => host.startsWith('*');
  if (wild(a) !== wild(b)) return !wild(a);
  return a.length > b.length;
}

/**
 * Subset blocks override the rule's block by block. A port's settings are all there is on their level: as the rule's own they leave nothing
 * else of it (retryBudget, proxyProtocol and tunnel included), as a subset's they replace the four blocks a port may have. Source: istiod
 * util.go MergeSubsetTrafficPolicy.
 */
export function policyFor(rule: EffectiveRule, subset: SubsetSpec | null, port: number): TrafficPolicySpec {
  const base = levelFor(rule.trafficPolicy, port);
  if (!subset?.trafficPolicy) return base.policy;
  const own = levelFor(subset.trafficPolicy, port);
  if (!own.fromPort) return { ...base.policy, ...defined(own.policy) };
  const { loadBalancer, connectionPool, outlierDetection, tls } = own.policy;
  return { ...base.policy, loadBalancer, connectionPool, outlierDetection, tls };
}

function levelFor(policy: TrafficPolicySpec | undefined, port: number): { policy: TrafficPolicySpec; fromPort: boolean } {
  const { portLevelSettings, ...blocks } = policy ?? {};
  const settings = portLevelSettings?.find((p) => p.port?.number === port);
  if (settings === undefined) return { policy: blocks, fromPort: false };
  const { port: _port, ...own }: PortPolicySpec = settings;
  return { policy: own, fromPort: true };
}

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined && v !== null)) as Partial<T>;
}
