import type { Condition, ResourceStatus } from '../api/diagnostic.schema.ts';
import { listServices } from '../config/hosts.ts';
import { groupOf, type ParsedResource, type ResourceSet } from '../config/index.ts';
import type { BackendRefSpec, GatewayApiGatewaySpec, GatewayApiRouteSpec } from '../config/kinds/istio-types.ts';
import { isGranted } from './compile/gateway-api.ts';
import { admits, isMeant, isParent, type Listener, meets } from './compile/listener-admission.ts';

/*
 * What a controller would write into the status of Gateway API objects: types and reasons as the API defines them.
 * https://gateway-api.sigs.k8s.io/reference/spec/ (RouteConditionType, RouteConditionReason, GatewayConditionType, ListenerConditionType)
 */

type Parent = NonNullable<GatewayApiRouteSpec['parentRefs']>[number];
type Conditions = Pick<ResourceStatus, 'conditions' | 'parents' | 'listeners'>;

const routeKinds = ['HTTPRoute', 'GRPCRoute'];
const gatewayApi = 'gateway.networking.k8s.io';

/** Nothing for resources that have no such status. */
export function gatewayConditions(resource: ParsedResource, set: ResourceSet): Conditions {
  if (groupOf(resource.apiVersion) !== gatewayApi) return {};
  if (resource.kind === 'Gateway') return gatewayStatus(resource, set);
  return routeKinds.includes(resource.kind) ? { parents: routeParents(resource, set) } : {};
}

function routeParents(resource: ParsedResource, set: ResourceSet): NonNullable<ResourceStatus['parents']> {
  const spec = resource.spec as GatewayApiRouteSpec;
  const resolved = resolvedRefs(resource, set);
  return (spec.parentRefs ?? []).map((parent) => {
    const { kind = 'Gateway', name, namespace = resource.namespace, sectionName, port } = parent;
    return {
      parentRef: { kind, namespace, name, ...(sectionName ? { sectionName } : {}), ...(port ? { port } : {}) },
      conditions: [accepted(resource, parent, set), resolved],
    };
  });
}

function accepted(resource: ParsedResource, parent: Parent, set: ResourceSet): Condition {
  const refuse = (reason: string, message: string): Condition => ({ type: 'Accepted', status: 'False', reason, message });
  const namespace = parent.namespace ?? resource.namespace;
  const where = `${parent.kind ?? 'Gateway'} ${namespace}/${parent.name}`;
  const yes: Condition = { type: 'Accepted', status: 'True', reason: 'Accepted', message: `Attached to ${where}` };
  if (parent.kind === 'Service') {
    const service = listServices(set).find((one) => one.name === parent.name && one.namespace === namespace);
    const serves = service?.ports.some(({ port }) => parent.port === undefined || port === parent.port);
    return serves ? yes : refuse('NoMatchingParent', `There is no ${where}${parent.port ? ` with port ${parent.port}` : ''}`);
  }
  const gateway = set
    .ofGroup('Gateway', gatewayApi)
    .find(({ resource: one }) => one.namespace === namespace && one.name === parent.name)?.resource;
  if (!gateway) return refuse('NoMatchingParent', `There is no ${where}`);
  const listeners = ((gateway.spec as GatewayApiGatewaySpec).listeners ?? []).filter((one) => isMeant(parent, one));
  if (listeners.length === 0) return refuse('NoMatchingParent', `${where} has no listener with that sectionName or port`);
  const open = listeners.filter((one) => admits(one, gateway, resource));
  if (open.length === 0)
    return refuse('NotAllowedByListeners', `No listener of ${where} admits a ${resource.kind} of ${resource.namespace}`);
  if (!open.some((one) => meets(one, resource))) {
    return refuse('NoMatchingListenerHostname', `No hostname of the route is one of a listener of ${where}`);
  }
  return yes;
}

/** The first reference that leads nowhere decides. */
function resolvedRefs(resource: ParsedResource, set: ResourceSet): Condition {
  const refuse = (reason: string, message: string): Condition => ({ type: 'ResolvedRefs', status: 'False', reason, message });
  const services = listServices(set);
  for (const backend of backendsOf(resource.spec as GatewayApiRouteSpec)) {
    const { kind = 'Service', group = '', name, namespace = resource.namespace, port } = backend;
    const where = `${kind} ${namespace}/${name}`;
    if (kind !== 'Service' || group !== '') return refuse('InvalidKind', `${where} is no kind of backend`);
    if (!isGranted(set, resource, name, namespace))
      return refuse('RefNotPermitted', `${where} is not opened by a ReferenceGrant there`);
    const service = services.find((one) => !one.external && one.name === name && one.namespace === namespace);
    if (!service?.ports.some((one) => one.port === port))
      return refuse('BackendNotFound', `There is no ${where} with port ${port}`);
  }
  return { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: 'Every backend is known' };
}

function backendsOf(spec: GatewayApiRouteSpec): BackendRefSpec[] {
  return (spec.rules ?? []).flatMap((rule) => [
    ...(rule.backendRefs ?? []),
    ...(rule.filters ?? []).flatMap((filter) => (filter.requestMirror ? [filter.requestMirror.backendRef] : [])),
  ]);
}

function gatewayStatus(gateway: ParsedResource, set: ResourceSet): Conditions {
  const routes = routeKinds.flatMap((kind) => set.list(kind)).map((entry) => entry.resource);
  const isTrue = (type: string): Condition => ({ type, status: 'True', reason: type, message: '' });
  const listeners = ((gateway.spec as GatewayApiGatewaySpec).listeners ?? []).map((listener) => ({
    name: listener.name,
    attachedRoutes: routes.filter((route) => attaches(route, gateway, listener)).length,
    conditions: [isTrue('Accepted'), isTrue('Programmed'), isTrue('ResolvedRefs')],
  }));
  return { conditions: [isTrue('Accepted'), isTrue('Programmed')], listeners };
}

function attaches(route: ParsedResource, gateway: ParsedResource, listener: Listener): boolean {
  const parents = (route.spec as GatewayApiRouteSpec).parentRefs ?? [];
  return (
    parents.some((parent) => isParent(parent, route, gateway, listener)) &&
    admits(listener, gateway, route) &&
    meets(listener, route)
  );
}
