import type { KnownService } from '../../config/hosts.ts';
import type { ParsedResource } from '../../config/index.ts';
import type { DestinationRuleSpec, PortPolicySpec, SubsetSpec, TrafficPolicySpec } from '../../config/kinds/istio-types.ts';
import { coversHost } from '../../config/kinds/virtual-service.ts';
import { type CompileContext, isExportedTo, rootNamespace } from './context.ts';

/** The DestinationRule in force for a service as clients of one namespace see it. */
export interface EffectiveRule {
  resource: ParsedResource;
  trafficPolicy: TrafficPolicySpec | undefined;
  /** With the rule each subset came from. */
  subsets: { subset: SubsetSpec; resource: ParsedResource }[];
}

/**
 * Client namespace → service namespace → root namespace; the first that has one wins whole. Within a namespace the most specific host
 * wins; rules for the same host merge: subsets are concatenated (first of a name kept), the oldest trafficPolicy is kept.
 */
export function findDestinationRule(
  context: CompileContext,
  service: KnownService,
  clientNamespace: string,
): EffectiveRule | null {
  for (const namespace of new Set([clientNamespace, service.namespace, rootNamespace])) {
    const found = findIn(context, service, namespace, clientNamespace);
    if (found) return found;
  }
  return null;
}

function findIn(context: CompileContext, service: KnownService, namespace: string, client: string): EffectiveRule | null {
  const candidates = context.set
    .list('DestinationRule')
    .map(({ resource }) => ({ resource, spec: resource.spec as DestinationRuleSpec }))
    .filter(({ resource, spec }) => resource.namespace === namespace && isExportedTo(spec.exportTo, namespace, client))
    // A workloadSelector narrows the rule to certain client workloads; views are per namespace, so it is not applied (lint says so).
    .filter(({ spec }) => !spec.workloadSelector)
    .map((rule) => ({ ...rule, host: context.hosts.resolve(rule.spec.host, namespace) }))
    .filter(({ host }) => coversHost(host, service.fqdn));
  if (candidates.length === 0) return null;
  const host = candidates.map((c) => c.host).reduce((a, b) => (isMoreSpecific(b, a) ? b : a));
  const same = candidates.filter((c) => c.host === host);
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

/** Subset blocks override the rule's block by block; a port's settings replace everything for that port. */
export function policyFor(rule: EffectiveRule, subset: SubsetSpec | null, port: number): TrafficPolicySpec {
  const base = rule.trafficPolicy ?? {};
  const own = subset?.trafficPolicy ?? {};
  const { portLevelSettings: basePorts, ...baseBlocks } = base;
  const { portLevelSettings: ownPorts, ...ownBlocks } = own;
  const merged: TrafficPolicySpec = { ...baseBlocks, ...defined(ownBlocks) };
  const portSettings =
    (ownPorts ?? []).find((p) => p.port?.number === port) ?? (basePorts ?? []).find((p) => p.port?.number === port);
  if (!portSettings) return merged;
  const { port: _port, ...blocks }: PortPolicySpec = portSettings;
  return { ...blocks, proxyProtocol: merged.proxyProtocol, retryBudget: merged.retryBudget };
}

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined && v !== null)) as Partial<T>;
}
