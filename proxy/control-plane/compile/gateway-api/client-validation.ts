import type { ParsedResource, ResourceSet } from '../../../config/index.ts';
import type { GatewayApiGatewaySpec } from '../../../config/kinds/istio-types.ts';
import { rootCertificateOf } from '../../../config/kinds/kubernetes-core.ts';
import { isGranted } from './backends.ts';
import { type CertificateProblem, coreResource, endsTls, findCaCertificates, isCertificate } from './certificates.ts';
import type { Listener } from './listener-admission.ts';

/*
 * spec.tls.frontend of a Gateway: whose certificates the clients of its TLS listeners must have, for all ports or one.
 * Source: pilot/pkg/config/kube/gateway/conversion.go resolveGatewayTLS, buildTLS, buildCaCertificateReference.
 */

export type ClientValidation =
  | { kind: 'none' }
  /** `optional`: AllowInsecureFallback, anybody may come, with any certificate or none. */
  | { kind: 'trust'; caPem: string; optional: boolean }
  /** Whom to trust cannot be said: the listener is not served. */
  | { kind: 'invalid'; problem: CertificateProblem };

export function clientValidation(set: ResourceSet, gateway: ParsedResource, listener: Listener): ClientValidation {
  const { frontend } = (gateway.spec as GatewayApiGatewaySpec).tls ?? {};
  const forPort = frontend?.perPort?.find(({ port }) => port === listener.port);
  const { validation } = (forPort === undefined ? frontend?.default : forPort.tls) ?? {};
  const refs = validation?.caCertificateRefs ?? [];
  if (refs.length === 0 || !endsTls(listener)) return { kind: 'none' };
  const refuse = (reason: string, message: string): ClientValidation => ({ kind: 'invalid', problem: { reason, message } });
  if (refs.length > 1) return refuse('InvalidCACertificateRef', 'Only one caCertificateRef is supported');
  const { group = '', kind, name, namespace = gateway.namespace } = refs[0]!;
  const where = `${kind} ${namespace}/${name}`;
  if (!isGranted(set, gateway, { group, kind: kind ?? '', name, namespace }))
    return refuse('RefNotPermitted', `${where} is not opened to this Gateway by a ReferenceGrant there`);
  if (group !== '' || (kind !== 'ConfigMap' && kind !== 'Secret'))
    return refuse('InvalidCACertificateKind', `${where}: only a ConfigMap or a Secret can be referred to`);
  const found = kind === 'ConfigMap' ? findCaCertificates(set, namespace, name) : caOfSecret(set, namespace, name);
  if ('why' in found) return refuse('InvalidCACertificateRef', found.why);
  return { kind: 'trust', caPem: found.pem, optional: validation?.mode === 'AllowInsecureFallback' };
}

function caOfSecret(set: ResourceSet, namespace: string, name: string): { pem: string } | { why: string } {
  const secret = coreResource(set, 'Secret', namespace, name);
  if (secret === null) return { why: `there is no Secret ${namespace}/${name} in the configuration` };
  const pem = rootCertificateOf(secret);
  if (pem === null) return { why: `Secret ${namespace}/${name} has no ca.crt` };
  return isCertificate(pem) ? { pem } : { why: `ca.crt of Secret ${namespace}/${name} is no certificate` };
}

/** Some port takes clients whoever they are. */
export function hasInsecureFallback(gateway: ParsedResource): boolean {
  const { frontend } = (gateway.spec as GatewayApiGatewaySpec).tls ?? {};
  const modes = [frontend?.default, ...(frontend?.perPort ?? []).map(({ tls }) => tls)].map((tls) => tls?.validation?.mode);
  return modes.includes('AllowInsecureFallback');
}
