import type { ResourceRef } from '../../api/diagnostic.schema.ts';
import type { KnownWorkload } from '../../config/hosts.ts';
import { type ParsedResource, refOf } from '../../config/index.ts';
import type { MtlsMode, PeerAuthenticationSpec } from '../../config/kinds/istio-types.ts';
import { type CompileContext, rootNamespace, selects } from './context.ts';

export interface MtlsDecision {
  mode: 'PERMISSIVE' | 'STRICT' | 'DISABLE';
  from: ResourceRef | null;
}

/**
 * PeerAuthentication in force for a workload's port: mesh (root namespace, no selector) < namespace < workload < port; the oldest wins
 * within a scope, UNSET inherits, nothing at all is PERMISSIVE. Ports of portLevelMtls are the workload's own; locally a workload's
 * port is where the app listens, so both that and the service port are accepted.
 */
export function mtlsModeFor(context: CompileContext, workload: KnownWorkload, servicePort: number): MtlsDecision {
  const all = context.set
    .list('PeerAuthentication')
    .map(({ resource }) => ({ resource, spec: resource.spec as PeerAuthenticationSpec }));
  const oldest = (namespace: string, matches: (spec: PeerAuthenticationSpec) => boolean) =>
    all.find(({ resource, spec }) => resource.namespace === namespace && matches(spec));
  const selecting = (spec: PeerAuthenticationSpec) => Object.keys(spec.selector?.matchLabels ?? {}).length > 0;
  const namespace = workload.service.namespace;
  const scopes = [
    oldest(rootNamespace, (s) => !selecting(s)),
    oldest(namespace, (s) => !selecting(s)),
    oldest(namespace, (s) => selecting(s) && selects(s.selector?.matchLabels, workload.labels)),
  ];
  let decision: MtlsDecision = { mode: 'PERMISSIVE', from: null };
  const take = (mode: MtlsMode | undefined, resource: ParsedResource): void => {
    if (mode !== undefined && mode !== 'UNSET') decision = { mode, from: refOf(resource) };
  };
  for (const scope of scopes) if (scope) take(scope.spec.mtls?.mode, scope.resource);
  const own = scopes[2];
  if (own?.spec.portLevelMtls) {
    const appPort = Number((workload.spec.address ?? '').split(':').at(-1));
    const perPort = own.spec.portLevelMtls[String(servicePort)] ?? own.spec.portLevelMtls[String(appPort)];
    take(perPort?.mode, own.resource);
  }
  return decision;
}
