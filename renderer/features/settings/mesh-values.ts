import { parseDocument } from 'yaml';
import type { MeshSpec } from '../../../proxy/api/mesh.schema.ts';
import { formatBytes, plural } from '../../ui/format.ts';

/** A document with one field of its spec set, or with `undefined` left out; all else stays as it is written. */
export function withField(yaml: string, path: readonly (string | number)[], value: unknown): string {
  const document = parseDocument(yaml);
  if (value === undefined) document.deleteIn(['spec', ...path]);
  else document.setIn(['spec', ...path], value);
  return document.toString({ lineWidth: 0 });
}

/** `x-session, $..iban` as a list; blanks and doubles are left out. */
export function readNames(text: string): string[] {
  const names = text.split(/[,\s]+/).filter((name) => name !== '');
  return [...new Set(names)];
}

export interface MeshValue {
  name: string;
  /** Below `spec`. */
  field: string;
  words: string;
}

/** What else a mesh file can say of the whole mesh, in words, with what holds where it says nothing. */
export function otherValues(spec: Partial<MeshSpec>): MeshValue[] {
  const { ingress, dataPlane, tracing, accessLog, outlierDetection, extensionProviders } = spec;
  const detectors = [
    outlierDetection?.successRate && 'success rate',
    outlierDetection?.failurePercentage && `failure percentage over ${outlierDetection.failurePercentage.threshold ?? 85} %`,
  ].filter(Boolean);
  return [
    { name: 'Namespace', field: 'namespace', words: spec.namespace ?? 'default' },
    { name: 'Trust domain', field: 'trustDomain', words: spec.trustDomain ?? 'cluster.local' },
    {
      name: 'Ingress port',
      field: 'ingress.port',
      words: ingress?.port ? String(ingress.port) : 'any that is free, kept between runs',
    },
    { name: 'Worker threads', field: 'dataPlane.workers', words: String(dataPlane?.workers ?? 1) },
    { name: 'Spans also go to', field: 'tracing.exportTo', words: tracing?.exportTo ?? 'nowhere else' },
    { name: 'Metrics also go to', field: 'metrics.exportTo', words: spec.metrics?.exportTo ?? 'nowhere else' },
    {
      name: 'Retries of callers',
      field: 'defaultHttpRetryPolicy',
      words: retryWords(spec.defaultHttpRetryPolicy, 'Istio’s: 2, where nothing else says so'),
    },
    {
      name: 'Retries of sidecars to their app',
      field: 'defaultInboundHttpRetryPolicy',
      words: retryWords(spec.defaultInboundHttpRetryPolicy, 'Istio’s: 2, before a request was sent'),
    },
    { name: 'More outlier detectors', field: 'outlierDetection', words: detectors.join(', ') || 'off, as in Istio' },
    {
      name: 'Authorizers for CUSTOM',
      field: 'extensionProviders',
      words: extensionProviders?.length ? plural(extensionProviders.length, 'provider') : 'none',
    },
    {
      name: 'Access log',
      field: 'accessLog.file',
      words: accessLog ? `${accessLog.file} (${accessLog.encoding ?? 'TEXT'})` : 'none',
    },
  ];
}

function retryWords(policy: MeshSpec['defaultHttpRetryPolicy'], byDefault: string): string {
  if (policy === undefined) return byDefault;
  const { attempts, retryOn } = policy;
  if (attempts === 0 || Object.keys(policy).length === 0) return 'off';
  return `${attempts ?? 2}${retryOn ? ` on ${retryOn}` : ''}`;
}

/** Sizes to choose from, and the one that is set. */
export function bodyLimits(now: number): { value: string; label: string }[] {
  const sizes = [0, 4096, 16_384, 65_536, 262_144, 1_048_576];
  return [...new Set([...sizes, now])]
    .sort((a, b) => a - b)
    .map((bytes) => ({ value: String(bytes), label: bytes === 0 ? 'none' : `${formatBytes(bytes)} each` }));
}
