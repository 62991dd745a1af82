import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { plural } from '../../ui/format.ts';
import { routingKinds, rulesOf } from './route-rules.ts';

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const policyParts: Readonly<Record<string, string>> = {
  loadBalancer: 'load balancing',
  connectionPool: 'pool limits',
  outlierDetection: 'outlier detection',
  tls: 'TLS',
  portLevelSettings: 'per port',
  tunnel: 'tunnel',
  proxyProtocol: 'PROXY protocol',
};

/** What an object says about a service's traffic, in a few words: `pool limits, outlier detection; subsets v1, v2`. */
export function policyWords({ kind, spec }: Pick<Resource, 'kind' | 'spec'>): string {
  const fields = fieldsOf(spec);
  if (routingKinds.includes(kind)) return plural(rulesOf({ kind, spec }).length, 'rule');
  if (kind === 'DestinationRule') return destinationWords(fields);
  if (kind === 'AuthorizationPolicy')
    return `${String(fields.action ?? 'ALLOW')}, ${plural(listOf(fields.rules).length, 'rule')}`;
  if (kind === 'PeerAuthentication') return `mutual TLS ${String(fieldsOf(fields.mtls).mode ?? 'as above it')}`;
  if (kind === 'RequestAuthentication') return `tokens of ${plural(listOf(fields.jwtRules).length, 'issuer')}`;
  return '';
}

function destinationWords(fields: Fields): string {
  const subsets = listOf(fields.subsets).map(fieldsOf);
  const policies = [fields.trafficPolicy, ...subsets.map(({ trafficPolicy }) => trafficPolicy)].map(fieldsOf);
  const parts = Object.entries(policyParts).flatMap(([key, words]) =>
    policies.some((one) => one[key] !== undefined) ? [words] : [],
  );
  const names = subsets.map(({ name }) => String(name ?? '')).join(', ');
  return [parts.join(', '), names && `subsets ${names}`].filter(Boolean).join('; ');
}
