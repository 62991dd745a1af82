import { stringify } from 'yaml';
import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { isRecord, type ParsedResource } from '../parse.ts';
import { groupOf } from '../resource-set.ts';
import { Checker } from './check.ts';

/* What is read of Kubernetes' own kinds: the CA certificates of a ConfigMap, the certificate, key and CA of a Secret. */

export interface KeyPair {
  certificatePem: string;
  privateKeyPem: string;
}

/** Keys in istiod's order (pilot/pkg/credentials/kube: ExtractRootFromString); null: the ConfigMap holds no CA. */
export function caCertificateOf(configMap: ParsedResource): string | null {
  const { data } = configMap.document;
  if (!isRecord(data)) return null;
  const found = data.cacert ?? data['ca.crt'];
  return typeof found === 'string' && found !== '' ? found : null;
}

/** Keys in istiod's order (ExtractCertInfo); null: the Secret holds no such pair. */
export function keyPairOf(secret: ParsedResource): KeyPair | null {
  for (const [certificate, key] of [
    ['cert', 'key'],
    ['tls.crt', 'tls.key'],
  ] as const) {
    const [certificatePem, privateKeyPem] = [secretValue(secret, certificate), secretValue(secret, key)];
    if (certificatePem !== null && privateKeyPem !== null) return { certificatePem, privateKeyPem };
  }
  return null;
}

/** The CA of a Secret, keys in istiod's order (ExtractRoot); null: it holds none. */
export function rootCertificateOf(secret: ParsedResource): string | null {
  return secretValue(secret, 'cacert') ?? secretValue(secret, 'ca.crt');
}

/** stringData wins over data, as in a cluster; data is base64. */
function secretValue({ document: { data, stringData } }: ParsedResource, key: string): string | null {
  if (isRecord(stringData) && typeof stringData[key] === 'string') return stringData[key];
  return isRecord(data) && typeof data[key] === 'string' ? Buffer.from(data[key], 'base64').toString() : null;
}

export function checkConfigMap(resource: ParsedResource): Diagnostic[] {
  return caCertificateOf(resource) === null ? ignored(resource) : [];
}

export function checkSecret(resource: ParsedResource): Diagnostic[] {
  return keyPairOf(resource) === null && rootCertificateOf(resource) === null ? ignored(resource) : [];
}

function ignored(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const message = `${resource.kind} is a Kubernetes object: ignored here.`;
  check.report(['kind'], { severity: 'info', code: 'DD1009', message });
  return check.diagnostics;
}

const hiddenValue = '(hidden)';

/** The resource as it may be shown: of a Secret the names of its values, never a value, wherever one stands or kubectl left a copy. */
export function withoutSecrets(resource: ParsedResource): ParsedResource {
  if (resource.kind !== 'Secret' || groupOf(resource.apiVersion) !== '') return resource;
  const { annotations, ...own } = resource.metadata;
  const metadata = annotations === undefined ? own : { ...own, annotations: hide(annotations) };
  const shown = ['apiVersion', 'kind', 'type', 'immutable'];
  const fields = Object.entries(resource.document).map(([field, value]) => [
    field,
    field === 'metadata' ? metadata : shown.includes(field) ? value : hide(value),
  ]);
  const document: Record<string, unknown> = Object.fromEntries(fields);
  return { ...resource, document, written: document, metadata, spec: document.spec, yaml: stringify(document) };
}

function hide(value: unknown): unknown {
  return isRecord(value) ? Object.fromEntries(Object.keys(value).map((key) => [key, hiddenValue])) : hiddenValue;
}
