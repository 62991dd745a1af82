import type { KnownService } from '../../../config/hosts.ts';
import { listServices } from '../../../config/hosts.ts';
import { groupOf, type ParsedResource, type ResourceSet } from '../../../config/index.ts';
import type { BackendRefSpec, ReferenceGrantSpec } from '../../../config/kinds/istio-types.ts';

/** Why a backendRef leads nowhere, in the words of a route's ResolvedRefs condition. */
export interface BackendProblem {
  reason: 'InvalidKind' | 'RefNotPermitted' | 'BackendNotFound';
  message: string;
}
export type ResolvedBackend = { service: KnownService; port: number; problem: null } | { service: null; problem: BackendProblem };

/** What a route is attached to: at a Service (`mesh`) istiod asks for no ReferenceGrant. */
export type RouteParent = 'gateway' | 'mesh';

/**
 * The service port a backendRef means: a Service of the mesh, or, as Istio has it, any known host by `group: networking.istio.io, kind:
 * Hostname`. From a gateway another namespace's Service must be opened by a ReferenceGrant there. Source:
 * pilot/pkg/config/kube/gateway/conversion.go buildDestination, enforceRefGrant.
 */
export function resolveBackend(
  set: ResourceSet,
  resource: ParsedResource,
  backend: BackendRefSpec,
  parent: RouteParent,
  services: readonly KnownService[] = listServices(set),
): ResolvedBackend {
  const { kind = 'Service', group = '', name, namespace = resource.namespace, port } = backend;
  const hostname = kind === 'Hostname' && group === 'networking.istio.io';
  const where = hostname ? `Hostname ${name}` : `${kind} ${namespace}/${name}`;
  const refuse = (reason: BackendProblem['reason'], message: string): ResolvedBackend => ({
    service: null,
    problem: { reason, message },
  });
  if (!hostname && (kind !== 'Service' || group !== '')) return refuse('InvalidKind', `${where} is no kind of backend`);
  if (!hostname && parent === 'gateway' && !isGranted(set, resource, { kind: 'Service', group: '', name, namespace }))
    return refuse('RefNotPermitted', `${where} is not opened by a ReferenceGrant there`);
  const service = services.find((one) =>
    hostname ? one.fqdn === name.toLowerCase() : !one.external && one.name === name && one.namespace === namespace,
  );
  if (!service || port === undefined || !service.ports.some((one) => one.port === port))
    return refuse('BackendNotFound', `There is no ${where}${port === undefined ? '' : ` with port ${port}`}`);
  return { service, port, problem: null };
}

/** A reference to another namespace needs a ReferenceGrant there, for its own kind and the kind it names. */
export function isGranted(
  set: ResourceSet,
  from: ParsedResource,
  to: { group: string; kind: string; name: string; namespace: string },
): boolean {
  if (to.namespace === from.namespace) return true;
  return set.list('ReferenceGrant').some(({ resource: grant }) => {
    if (grant.namespace !== to.namespace) return false;
    const spec = grant.spec as ReferenceGrantSpec;
    const asks = spec.from?.some(
      (f) => f.group === groupOf(from.apiVersion) && f.kind === from.kind && f.namespace === from.namespace,
    );
    return Boolean(
      asks && spec.to?.some((t) => (t.group ?? '') === to.group && t.kind === to.kind && (t.name || to.name) === to.name),
    );
  });
}
