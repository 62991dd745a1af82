import type { Condition, ResourceStatus } from '../../api/diagnostic.schema.ts';
import type { ParsedResource } from '../../config/index.ts';
import type { BackendRefSpec, GatewayApiGatewaySpec, GatewayApiRouteSpec } from '../../config/kinds/istio-types.ts';
import { type RouteParent, resolveBackend } from '../compile/gateway-api/backends.ts';
import {
  admits,
  gatewayApiGroup,
  isConflicted,
  isMeant,
  isServiceParent,
  meets,
} from '../compile/gateway-api/listener-admission.ts';
import { findRouteError } from '../compile/gateway-api/route-errors.ts';
import { conditionFalse, conditionTrue } from './conditions.ts';
import type { StatusFacts } from './status-facts.ts';

type Parent = NonNullable<GatewayApiRouteSpec['parentRefs']>[number];

export const routeKinds = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute'];

/** Per parentRef whether the route is attached, and whether its references lead somewhere. */
export function routeStatus(resource: ParsedResource, facts: StatusFacts): NonNullable<ResourceStatus['parents']> {
  const spec = resource.spec as GatewayApiRouteSpec;
  return (spec.parentRefs ?? []).map((parent) => {
    const { kind = 'Gateway', name, namespace = resource.namespace, sectionName, port } = parent;
    return {
      parentRef: { kind, namespace, name, ...(sectionName ? { sectionName } : {}), ...(port ? { port } : {}) },
      conditions: [accepted(resource, parent, facts), resolvedRefs(resource, isMesh(parent) ? 'mesh' : 'gateway', facts)],
    };
  });
}

const isMesh = ({ kind }: Parent): boolean => kind === 'Service' || kind === 'ServiceEntry';

function accepted(resource: ParsedResource, parent: Parent, { set, services }: StatusFacts): Condition {
  const refuse = (reason: string, message: string): Condition => conditionFalse('Accepted', { reason, message });
  const namespace = parent.namespace ?? resource.namespace;
  const where = `${parent.kind ?? 'Gateway'} ${namespace}/${parent.name}`;
  const yes = conditionTrue('Accepted', `Attached to ${where}`);
  if (isMesh(parent)) {
    const serves = services.some((service) => service.ports.some(({ port }) => isServiceParent(parent, resource, service, port)));
    return serves ? yes : refuse('NoMatchingParent', `There is no ${where}${parent.port ? ` with port ${parent.port}` : ''}`);
  }
  const gateway = set
    .ofGroup('Gateway', gatewayApiGroup)
    .find(({ resource: one }) => one.namespace === namespace && one.name === parent.name)?.resource;
  if (!gateway) return refuse('NoMatchingParent', `There is no ${where}`);
  const listeners = ((gateway.spec as GatewayApiGatewaySpec).listeners ?? []).filter(
    (one) => isMeant(parent, one) && !isConflicted(gateway, one),
  );
  if (listeners.length === 0) return refuse('NoMatchingParent', `${where} has no listener with that sectionName or port`);
  const open = listeners.filter((one) => admits(one, gateway, resource));
  if (open.length === 0)
    return refuse('NotAllowedByListeners', `No listener of ${where} admits a ${resource.kind} of ${resource.namespace}`);
  if (!open.some((one) => meets(one, resource))) {
    return refuse('NoMatchingListenerHostname', `No hostname of the route is one of a listener of ${where}`);
  }
  return yes;
}

/** What keeps the whole route from being served comes first, then the first reference that leads nowhere. */
function resolvedRefs(resource: ParsedResource, parent: RouteParent, { set, services }: StatusFacts): Condition {
  const error = findRouteError(set, resource, parent, services);
  if (error) return conditionFalse('ResolvedRefs', error);
  for (const backend of backendsOf(resource.spec as GatewayApiRouteSpec)) {
    const { problem } = resolveBackend(set, resource, backend, parent, services);
    if (problem) return conditionFalse('ResolvedRefs', problem);
  }
  return conditionTrue('ResolvedRefs', 'Every backend is known');
}

function backendsOf(spec: GatewayApiRouteSpec): BackendRefSpec[] {
  return (spec.rules ?? []).flatMap((rule) => [
    ...(rule.backendRefs ?? []),
    ...(rule.filters ?? []).flatMap((filter) => (filter.requestMirror ? [filter.requestMirror.backendRef] : [])),
  ]);
}
