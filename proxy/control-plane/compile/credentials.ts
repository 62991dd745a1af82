import type { ClientTlsSpec } from '../../config/kinds/istio-types.ts';
import { rootCertificateOf } from '../../config/kinds/kubernetes-core.ts';
import type { CompileContext } from './context.ts';
import { coreResource, findCaCertificates, findKeyPair } from './gateway-api/certificates.ts';

/*
 * credentialName: Secrets of the configuration instead of files, in the namespace of the proxy that needs them. Where one cannot be had
 * Envoy waits for it for ever; here every handshake fails in its words. istiod: pkg/security/model ApplyCustomSDSToClientCommonTLSContext,
 * pilot/pkg/credentials/kube.
 */

export interface Credentials {
  caPem: string | null;
  certificatePem: string | null;
  privateKeyPem: string | null;
  /** A Secret is missing, or lacks what is needed of it. */
  missing: boolean;
}

const configMapUri = 'configmap://';
const gatewayUri = 'kubernetes-gateway://';
const secretUri = 'kubernetes://';

/** Anybody may read a ConfigMap: such a name counts for every sidecar. */
export function isOpenCredential(name: string): boolean {
  return name.startsWith(configMapUri);
}

/** What a DestinationRule's credentialName gives a proxy of that namespace: the CA, and for MUTUAL certificate and key. */
export function clientCredentials(context: CompileContext, spec: ClientTlsSpec, proxyNamespace: string): Credentials {
  const pair = spec.mode === 'MUTUAL' ? keyPair(context, spec.credentialName ?? '', proxyNamespace) : null;
  const caPem = spec.insecureSkipVerify ? null : trustedCa(context, spec.credentialName ?? '', proxyNamespace);
  return {
    caPem,
    certificatePem: pair?.certificatePem ?? null,
    privateKeyPem: pair?.privateKeyPem ?? null,
    missing: (spec.mode === 'MUTUAL' && pair === null) || (caPem === null && !spec.insecureSkipVerify),
  };
}

/** The CA that goes with a credential: of `NAME-cacert`, else of the Secret itself; null when there is none. */
export function trustedCa(context: CompileContext, credentialName: string, proxyNamespace: string): string | null {
  if (isOpenCredential(credentialName)) {
    const [namespace = '', name = ''] = credentialName.slice(configMapUri.length).split('/');
    const found = findCaCertificates(context.set, namespace, name);
    return 'pem' in found ? found.pem : null;
  }
  const { namespace, name } = locate(credentialName, proxyNamespace);
  const secret =
    coreResource(context.set, 'Secret', namespace, `${name}-cacert`) ?? coreResource(context.set, 'Secret', namespace, name);
  return secret === null ? null : rootCertificateOf(secret);
}

function keyPair(context: CompileContext, credentialName: string, proxyNamespace: string) {
  if (isOpenCredential(credentialName)) return null;
  const { namespace, name } = locate(credentialName, proxyNamespace);
  return findKeyPair(context.set, namespace, name).pair;
}

/** `name`, `kubernetes://name`, or with a namespace of its own `kubernetes-gateway://namespace/name`. */
function locate(credentialName: string, proxyNamespace: string): { namespace: string; name: string } {
  const bare = credentialName.replace(gatewayUri, '').replace(secretUri, '');
  const slash = bare.indexOf('/');
  return slash < 0 ? { namespace: proxyNamespace, name: bare } : { namespace: bare.slice(0, slash), name: bare.slice(slash + 1) };
}
