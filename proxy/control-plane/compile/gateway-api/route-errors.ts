import type { KnownService } from '../../../config/hosts.ts';
import type { ParsedResource, ResourceSet } from '../../../config/index.ts';
import { findUnservableFilters } from '../../../config/kinds/gateway-api.ts';
import type { BackendRefSpec, GatewayApiRouteSpec, RouteFilterSpec } from '../../../config/kinds/istio-types.ts';
import { type RouteParent, resolveBackend } from './backends.ts';

/** Why nothing of a route is served: reason and message of its ResolvedRefs condition. */
export interface RouteError {
  reason: string;
  message: string;
}

/**
 * What istiod cannot translate makes it drop the whole route, other rules included: requests find no route, a Service keeps its default
 * one. null: every rule can be served. Source: pilot/pkg/config/kube/gateway, computeRoute and conversion.go.
 */
export function findRouteError(
  set: ResourceSet,
  resource: ParsedResource,
  parent: RouteParent,
  services?: readonly KnownService[],
): RouteError | null {
  const [unservable] = findUnservableFilters(resource);
  if (unservable) return { reason: 'InvalidFilter', message: `unsupported filter type "${unservable.type}"` };
  for (const rule of (resource.spec as GatewayApiRouteSpec).rules ?? []) {
    const backends = (rule.backendRefs ?? []).filter(({ weight }) => weight !== 0);
    const broken = [rule.filters ?? [], ...backends.map(({ filters }) => filters ?? [])].flat().flatMap(brokenHeaders)[0];
    if (broken !== undefined) return { reason: 'InvalidFilter', message: `header "${broken}" value contains invalid characters` };
    if (backends.some(isHost))
      return { reason: 'InvalidDestination', message: 'a backendRef takes the name of the Service, not its host' };
    // A mirror that leads nowhere is left out of an HTTPRoute; a GRPCRoute it takes down.
    if (resource.kind !== 'GRPCRoute') continue;
    for (const { requestMirror } of rule.filters ?? []) {
      const problem = requestMirror && resolveBackend(set, resource, requestMirror.backendRef, parent, services).problem;
      if (problem) return problem;
    }
  }
  return null;
}

const isHost = ({ kind = 'Service', name }: BackendRefSpec): boolean => kind === 'Service' && name.includes('.');

function brokenHeaders({ requestHeaderModifier, responseHeaderModifier }: RouteFilterSpec): string[] {
  return [requestHeaderModifier, responseHeaderModifier]
    .flatMap((modifier) => [...(modifier?.set ?? []), ...(modifier?.add ?? [])])
    .filter(({ value }) => [...value].some((char) => (char < ' ' && char !== '\t') || char === '\x7f'))
    .map(({ name }) => name);
}
