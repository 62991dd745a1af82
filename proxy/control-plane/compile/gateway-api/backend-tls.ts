import type { KnownService } from '../../../config/hosts.ts';
import { type ParsedResource, type ResourceSet, refOf } from '../../../config/index.ts';
import type { BackendTlsPolicySpec } from '../../../config/kinds/istio-types.ts';
import type { UpstreamTls } from '../../../data-plane/snapshot.ts';
import type { CompileContext } from '../context.ts';
import { findCaCertificates } from './certificates.ts';

export type TargetRef = NonNullable<BackendTlsPolicySpec['targetRefs']>[number];

/** What a policy's validation trusts, and what is wrong with it: reasons of ResolvedRefs and Accepted; null = nothing. */
export interface PolicyTrust {
  /** null: the system's certificates. */
  caPem: string | null;
  /** Nobody can be trusted: traffic is blocked. */
  caMissing: boolean;
  resolvedRefs: { reason: string; message: string } | null;
  accepted: { reason: string; message: string } | null;
}

/**
 * TLS towards a service port that a BackendTLSPolicy asks for, as a DestinationRule of mode SIMPLE would: one of the user's that sets tls
 * wins, one of a client's own namespace hides the policy. null: no policy. Source: pilot/pkg/config/kube/gateway/backend_policies.go,
 * pilot/pkg/model/destination_rule.go mergeBackendPolicyTrafficPolicy.
 */
export function compileBackendTls(
  context: CompileContext,
  service: KnownService,
  port: KnownService['ports'][number],
  ruleNamespace: string | undefined,
): UpstreamTls | null {
  if (ruleNamespace !== undefined && ruleNamespace !== service.namespace) return null;
  const policies = policiesFor(context.set, service);
  const policy =
    policies.find(({ target }) => target.sectionName === port.name) ?? policies.find(({ target }) => !target.sectionName);
  if (!policy) return null;
  const { validation = {} } = policy.resource.spec as BackendTlsPolicySpec;
  const { caPem, caMissing } = policyTrust(context.set, policy.resource);
  return {
    mode: 'simple',
    sni: validation.hostname ?? '',
    caPem,
    certificatePem: null,
    privateKeyPem: null,
    subjectAltNames: (validation.subjectAltNames ?? []).flatMap((name) => (name.type === 'URI' ? name.uri : name.hostname) ?? []),
    insecureSkipVerify: false,
    ...(caMissing ? { caMissing } : {}),
    origin: refOf(policy.resource),
  };
}

/** A policy nobody can be trusted by blocks its traffic: said once, where it is written. */
export function tellBackendTlsProblems(context: CompileContext): void {
  for (const { resource } of context.set.list('BackendTLSPolicy')) {
    const { accepted, caMissing } = policyTrust(context.set, resource);
    if (!accepted) continue;
    const fate = caMissing ? 'calls to its targets fail' : 'the system’s certificates are trusted';
    context.warn(resource, ['spec', 'validation'], 'DD3010', `${accepted.message}: ${fate} (${accepted.reason}).`);
  }
}

/** Policies for a service, the oldest first: of two for the same target it wins. */
function policiesFor(set: ResourceSet, service: KnownService): { resource: ParsedResource; target: TargetRef }[] {
  return set
    .list('BackendTLSPolicy')
    .filter(({ resource }) => resource.namespace === service.namespace)
    .flatMap(({ resource }) =>
      ((resource.spec as BackendTlsPolicySpec).targetRefs ?? [])
        .filter((target) => isTarget(target, service))
        .map((target) => ({ resource, target })),
    );
}

/** A Service of the mesh by its name, a ServiceEntry by its own: then all of its hosts. */
export function isTarget({ group = '', kind, name }: TargetRef, service: KnownService): boolean {
  if (kind === 'Service' && group === '') return !service.external && service.name === name;
  return kind === 'ServiceEntry' && group === 'networking.istio.io' && service.external && service.resource.name === name;
}

/** An older policy for the same target; of two made at once the first by name. */
export function findConflict(set: ResourceSet, policy: ParsedResource, target: TargetRef): ParsedResource | null {
  const key = targetKey(target);
  const first = set
    .list('BackendTLSPolicy')
    .map(({ resource }) => resource)
    .find(
      (other) =>
        other.namespace === policy.namespace &&
        ((other.spec as BackendTlsPolicySpec).targetRefs ?? []).some((one) => targetKey(one) === key),
    );
  return first === undefined || first === policy ? null : first;
}

const targetKey = ({ group = '', kind, name, sectionName = '' }: TargetRef): string => [group, kind, name, sectionName].join('/');

/** Only the first caCertificateRef is read, as in istiod; one that cannot be had blocks the traffic. */
export function policyTrust(set: ResourceSet, policy: ParsedResource): PolicyTrust {
  const { validation = {} } = policy.spec as BackendTlsPolicySpec;
  const trust: PolicyTrust = { caPem: null, caMissing: false, resolvedRefs: null, accepted: null };
  const wellKnown = validation.wellKnownCACertificates;
  if (wellKnown !== undefined && wellKnown !== 'System')
    return { ...trust, accepted: { reason: 'Invalid', message: `Unknown wellKnownCACertificates: ${wellKnown}` } };
  const [ref] = validation.caCertificateRefs ?? [];
  if (!ref) return trust;
  const block = (reason: string, message: string): PolicyTrust => ({
    caPem: null,
    caMissing: true,
    resolvedRefs: { reason, message },
    accepted: { reason: 'NoValidCACertificate', message },
  });
  if (ref.kind !== 'ConfigMap' || (ref.group ?? '') !== '')
    return block('InvalidKind', `Certificate reference not supported: ${ref.kind} ${ref.name}`);
  const found = findCaCertificates(set, policy.namespace, ref.name);
  return 'pem' in found
    ? { ...trust, caPem: found.pem }
    : block('InvalidCACertificateRef', `Certificate reference not found: ${found.why}`);
}
