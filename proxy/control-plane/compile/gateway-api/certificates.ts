import { createPrivateKey, X509Certificate } from 'node:crypto';
import { groupOf, type ParsedResource, type ResourceSet } from '../../../config/index.ts';
import type { ObjectRefSpec } from '../../../config/kinds/istio-types.ts';
import { caCertificateOf, type KeyPair, keyPairOf } from '../../../config/kinds/kubernetes-core.ts';
import { isGranted } from './backends.ts';
import type { Listener } from './listener-admission.ts';

/** Why a reference to a certificate does not hold: reason and message of the condition that says so. */
export interface CertificateProblem {
  reason: string;
  message: string;
}

export type ListenerCertificate = { pair: KeyPair; problem: null } | { pair: null; problem: CertificateProblem | null };

/**
 * The certificate of a listener that ends TLS: the first of its certificateRefs that holds. Without any reference there is neither a pair
 * nor a problem. Source: pilot/pkg/config/kube/gateway/conversion.go buildTLS and buildSecretReference.
 */
export function listenerCertificate(set: ResourceSet, gateway: ParsedResource, listener: Listener): ListenerCertificate {
  const refs = endsTls(listener) ? (listener.tls?.certificateRefs ?? []) : [];
  let problem: CertificateProblem | null = null;
  for (const ref of refs) {
    const found = resolveSecret(set, gateway, ref);
    if (found.pair) return found;
    problem ??= found.problem;
  }
  return { pair: null, problem };
}

export function endsTls({ protocol, tls }: Listener): boolean {
  return protocol === 'HTTPS' || (protocol === 'TLS' && tls?.mode !== 'Passthrough');
}

function resolveSecret(set: ResourceSet, gateway: ParsedResource, ref: ObjectRefSpec): ListenerCertificate {
  const { group = '', kind = 'Secret', name, namespace = gateway.namespace } = ref;
  const refuse = (reason: string, message: string): ListenerCertificate => ({ pair: null, problem: { reason, message } });
  const where = `${kind} ${namespace}/${name}`;
  if (!isGranted(set, gateway, { group, kind, name, namespace }))
    return refuse('RefNotPermitted', `${where} is not opened to this Gateway by a ReferenceGrant there`);
  if (group !== '' || kind !== 'Secret') return refuse('InvalidCertificateRef', `${where}: only a Secret can be referred to`);
  return findKeyPair(set, namespace, name);
}

/** The certificate and key of a Secret of the configuration. */
export function findKeyPair(set: ResourceSet, namespace: string, name: string): ListenerCertificate {
  const refuse = (message: string): ListenerCertificate => ({
    pair: null,
    problem: { reason: 'InvalidCertificateRef', message },
  });
  const secret = coreResource(set, 'Secret', namespace, name);
  if (!secret) return refuse(`There is no Secret ${namespace}/${name} in the configuration`);
  const pair = keyPairOf(secret);
  if (!pair) return refuse(`Secret ${namespace}/${name} has no tls.crt and tls.key`);
  const why = whyUnusable(pair);
  return why === null ? { pair, problem: null } : refuse(`Secret ${namespace}/${name}: ${why}`);
}

function whyUnusable({ certificatePem, privateKeyPem }: KeyPair): string | null {
  try {
    const fits = new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(privateKeyPem));
    return fits ? null : 'the key is another certificate’s';
  } catch {
    // What OpenSSL says may quote what it read; a key is never quoted.
    return 'the certificate or its key cannot be read';
  }
}

/** `ca.crt` of a ConfigMap, or why it cannot be had. */
export function findCaCertificates(set: ResourceSet, namespace: string, name: string): { pem: string } | { why: string } {
  const configMap = coreResource(set, 'ConfigMap', namespace, name);
  if (!configMap) return { why: `there is no ConfigMap ${namespace}/${name} in the configuration` };
  const pem = caCertificateOf(configMap);
  if (pem === null) return { why: `ConfigMap ${namespace}/${name} has no ca.crt` };
  try {
    new X509Certificate(pem);
    return { pem };
  } catch (error) {
    return { why: `ca.crt of ConfigMap ${namespace}/${name} is no certificate (${(error as Error).message})` };
  }
}

export function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    // The question was whether it can be read.
    return false;
  }
}

export function coreResource(set: ResourceSet, kind: string, namespace: string, name: string): ParsedResource | null {
  const found = set
    .list(kind)
    .find(({ resource: r }) => groupOf(r.apiVersion) === '' && r.namespace === namespace && r.name === name);
  return found?.resource ?? null;
}
