import type { KnownService } from '../../config/hosts.ts';
import type { ClientTlsSpec, DestinationRuleSpec } from '../../config/kinds/istio-types.ts';
import type { UpstreamTls } from '../../data-plane/snapshot.ts';
import type { CompileContext } from './context.ts';
import { type Credentials, clientCredentials, isOpenCredential } from './credentials.ts';
import type { EffectiveRule, RuleViewer } from './destination-rules.ts';
import { readPem } from './service-entries.ts';

/* What secures the connections of one cluster: auto mTLS, or what a DestinationRule's tls says. */

export function compileTls(
  context: CompileContext,
  service: KnownService,
  port: number,
  subset: string,
  spec: ClientTlsSpec | undefined,
  from: { rule: EffectiveRule | null; viewer: RuleViewer },
): UpstreamTls {
  const sni = `outbound_.${port}_.${subset}_.${service.fqdn}`;
  const accounts = service.mesh ? [context.spiffeId(service.namespace, service.mesh.spec.serviceAccount ?? service.name)] : [];
  const mutual = (auto: boolean): UpstreamTls => ({
    mode: 'mutual',
    auto,
    sni: spec?.sni || sni,
    subjectAltNames: spec?.subjectAltNames?.length ? spec.subjectAltNames : accounts,
  });
  if (!spec) return service.mesh ? mutual(true) : { mode: 'disable' };
  switch (spec.mode ?? 'DISABLE') {
    case 'ISTIO_MUTUAL':
      return mutual(false);
    case 'SIMPLE':
    case 'MUTUAL':
      return mayUse(spec, from) ? originatedTls(context, service, port, spec, from.viewer) : { mode: 'disable' };
    default:
      return { mode: 'disable' };
  }
}

/**
 * Whether a client gets what credentialName names: gateways do, sidecars only by a rule that selects them; to others the service is plaintext
 * (istiod: cluster_tls.go buildUpstreamClusterTLSContext).
 */
function mayUse({ credentialName }: ClientTlsSpec, from: { rule: EffectiveRule | null; viewer: RuleViewer }): boolean {
  if (!credentialName || isOpenCredential(credentialName) || from.viewer.gateway) return true;
  return (from.rule?.resource.spec as DestinationRuleSpec | undefined)?.workloadSelector !== undefined;
}

/**
 * TLS that is not Istio's. Without sni the request's host is it (auto_sni), and without subjectAltNames too the certificate must carry that
 * host (auto_san_validation); an opaque port has no host, so neither. A certificate file that cannot be read fails every handshake.
 * istiod: cluster_tls.go constructUpstreamTLS, setAutoSniAndAutoSanValidation.
 */
function originatedTls(
  context: CompileContext,
  service: KnownService,
  port: number,
  spec: ClientTlsSpec,
  viewer: RuleViewer,
): UpstreamTls {
  const opaque = service.ports.find((p) => p.port === port)?.protocol === 'tcp';
  const { caPem, certificatePem, privateKeyPem, missing } = spec.credentialName
    ? clientCredentials(context, spec, viewer.namespace)
    : certificateFiles(context, spec);
  return {
    mode: spec.mode === 'MUTUAL' ? 'client-certificate' : 'simple',
    sni: spec.sni ?? '',
    caPem,
    certificatePem,
    privateKeyPem,
    subjectAltNames: spec.subjectAltNames?.length ? spec.subjectAltNames : (service.entry?.subjectAltNames ?? []),
    insecureSkipVerify: spec.insecureSkipVerify ?? false,
    verifyHost: !spec.sni && !spec.subjectAltNames?.length && !opaque,
    ...(missing ? { caMissing: true } : {}),
  };
}

function certificateFiles(context: CompileContext, spec: ClientTlsSpec): Credentials {
  const files = spec.mode === 'MUTUAL' ? ([spec.clientCertificate, spec.privateKey] as const) : ([] as const);
  const caPem = readPem(context, spec.caCertificates);
  const [certificatePem = null, privateKeyPem = null] = files.map((file) => readPem(context, file));
  const caMissing = Boolean(spec.caCertificates) && caPem === null && !spec.insecureSkipVerify;
  const keyMissing = files.length > 0 && (certificatePem === null || privateKeyPem === null);
  return { caPem, certificatePem, privateKeyPem, missing: caMissing || keyMissing };
}
