import type { Condition, ResourceStatus } from '../../api/diagnostic.schema.ts';
import { groupOf, type ResourceEntry } from '../../config/index.ts';
import { gatewayApiGroup } from '../compile/gateway-api/listener-admission.ts';
import { gatewayStatus } from './gateway-status.ts';
import { policyStatus } from './policy-status.ts';
import { routeKinds, routeStatus } from './route-status.ts';
import type { StatusFacts } from './status-facts.ts';

export { StatusFacts } from './status-facts.ts';

type Conditions = Pick<ResourceStatus, 'conditions' | 'parents' | 'listeners' | 'ancestors'>;

/**
 * What istiod would write into the status of Gateway API objects: types and reasons as the API defines them. Nothing for resources that
 * have no such status. https://gateway-api.sigs.k8s.io/reference/spec/ (RouteConditionReason, ListenerConditionReason, PolicyConditionReason)
 */
export function gatewayConditions({ resource, generation }: ResourceEntry, facts: StatusFacts): Conditions {
  if (groupOf(resource.apiVersion) !== gatewayApiGroup) return {};
  const observed = <C extends { conditions: Condition[] }>(one: C): C => ({
    ...one,
    conditions: one.conditions.map((condition) => ({ ...condition, observedGeneration: generation })),
  });
  if (resource.kind === 'Gateway') {
    const { conditions, listeners } = gatewayStatus(resource, facts.set);
    return { ...observed({ conditions }), listeners: listeners.map(observed) };
  }
  if (resource.kind === 'BackendTLSPolicy') return { ancestors: policyStatus(resource, facts).map(observed) };
  return routeKinds.includes(resource.kind) ? { parents: routeStatus(resource, facts).map(observed) } : {};
}
