import type { Condition, ResourceStatus } from '../../api/diagnostic.schema.ts';
import type { ParsedResource } from '../../config/index.ts';
import type { BackendTlsPolicySpec, GatewayApiRouteSpec } from '../../config/kinds/istio-types.ts';
import { findConflict, isTarget, policyTrust, type TargetRef } from '../compile/gateway-api/backend-tls.ts';
import { resolveBackend } from '../compile/gateway-api/backends.ts';
import { conditionOf, type Problem } from './conditions.ts';
import type { StatusFacts } from './status-facts.ts';

type Ancestor = NonNullable<ResourceStatus['ancestors']>[number];
/** The API allows no more; targets come first. */
const maxAncestors = 16;

/**
 * A BackendTLSPolicy is told to each target, for the mesh, and to each Gateway whose routes lead there. Source:
 * pilot/pkg/config/kube/gateway/backend_policies.go BackendTLSPolicyCollection.
 */
export function policyStatus(policy: ParsedResource, facts: StatusFacts): Ancestor[] {
  const { targetRefs = [] } = policy.spec as BackendTlsPolicySpec;
  const trust = policyTrust(facts.set, policy);
  const conditionsOf = (problem: Problem | null): Condition[] => [
    conditionOf('Accepted', problem ?? trust.accepted, 'Configuration is valid'),
    conditionOf('ResolvedRefs', trust.resolvedRefs, 'Configuration is valid'),
  ];
  const targets = targetRefs.map((target) => ({ target, problem: whyNotApplied(policy, target, facts) }));
  const ancestors = targets.map(
    ({ target: { kind, name, sectionName }, problem }): Ancestor => ({
      ancestorRef: { kind, namespace: policy.namespace, name, ...(sectionName ? { sectionName } : {}) },
      conditions: conditionsOf(problem),
    }),
  );
  const last = targets.at(-1)?.problem ?? null;
  for (const gateway of gatewaysOf(policy, targetRefs, facts)) {
    const [namespace = '', name = ''] = gateway.split('/');
    ancestors.push({ ancestorRef: { kind: 'Gateway', namespace, name }, conditions: conditionsOf(last) });
  }
  return ancestors.slice(0, maxAncestors);
}

function whyNotApplied(policy: ParsedResource, target: TargetRef, { set, services }: StatusFacts): Problem | null {
  const service = services.find((one) => one.namespace === policy.namespace && isTarget(target, one));
  const where = `${target.kind} ${policy.namespace}/${target.name}`;
  if (!service) return { reason: 'TargetNotFound', message: `There is no ${where}` };
  if (target.sectionName && !service.ports.some(({ name }) => name === target.sectionName))
    return { reason: 'TargetNotFound', message: `${where} has no port named ${target.sectionName}` };
  const winner = findConflict(set, policy, target);
  return winner && { reason: 'Conflicted', message: `BackendTLSPolicy ${winner.name} is older and has the same target` };
}

/** Gateways some route of which leads to a target, sorted. */
function gatewaysOf(policy: ParsedResource, targets: readonly TargetRef[], { set, services }: StatusFacts): string[] {
  const found = new Set<string>();
  for (const { resource } of ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute'].flatMap((kind) => set.list(kind))) {
    const { parentRefs, rules } = resource.spec as GatewayApiRouteSpec;
    const leads = (rules ?? [])
      .flatMap((rule) => rule.backendRefs ?? [])
      .some((backend) => {
        const { service } = resolveBackend(set, resource, backend, 'gateway', services);
        return service?.namespace === policy.namespace && targets.some((target) => isTarget(target, service));
      });
    if (!leads) continue;
    for (const { kind = 'Gateway', name, namespace = resource.namespace } of parentRefs ?? [])
      if (kind === 'Gateway') found.add(`${namespace}/${name}`);
  }
  return [...found].sort();
}
