import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { formatShare } from '../../ui/format.ts';

/* The rules of routing objects as a person reads them: when, where to, and what else happens. Read from the document as it is in force. */

export interface RouteRule {
  key: string;
  name: string;
  /** Any of these; empty: everything. */
  when: string[];
  /** Where it goes: `80 % ratings v1`. */
  to: string[];
  /** `retries 2 on 5xx`, `timeout 3s`, `fault on 10 %`. */
  also: string[];
}

export const routingKinds: readonly string[] = ['VirtualService', 'HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute'];

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : []);
const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value));

export function rulesOf({ kind, spec }: Pick<Resource, 'kind' | 'spec'>): RouteRule[] {
  const fields = fieldsOf(spec);
  if (kind === 'VirtualService')
    return (['http', 'tls', 'tcp'] as const).flatMap((layer) =>
      listOf(fields[layer]).map((rule, index) => istioRule(rule, `${layer} ${index + 1}`)),
    );
  return listOf(fields.rules).map((rule, index) => gatewayRule(rule, `rule ${index + 1}`));
}

// ── Istio ──

function istioRule(rule: Fields, key: string): RouteRule {
  return {
    key,
    name: text(rule.name) || key,
    when: listOf(rule.match).map(istioMatch).filter(Boolean),
    to: [...shares(listOf(rule.route), (one) => destination(fieldsOf(one.destination))), ...insteadOf(rule)],
    also: istioExtras(rule),
  };
}

function istioMatch(match: Fields): string {
  const parts = [
    ...['uri', 'authority', 'method', 'scheme'].map((name) => matcher(name === 'uri' ? 'path' : name, match[name])),
    ...['headers', 'queryParams'].flatMap((group) =>
      Object.entries(fieldsOf(match[group])).map(([name, value]) => matcher(name, value) || `has ${name}`),
    ),
    ...Object.keys(fieldsOf(match.withoutHeaders)).map((name) => `without ${name}`),
    match.port === undefined ? '' : `port ${text(match.port)}`,
    Array.isArray(match.sniHosts) ? `SNI ${match.sniHosts.join(', ')}` : '',
    labelsOf(match.sourceLabels),
    match.sourceNamespace ? `from namespace ${text(match.sourceNamespace)}` : '',
  ];
  return parts.filter(Boolean).join(' and ');
}

function matcher(name: string, value: unknown): string {
  const fields = fieldsOf(value);
  if (fields.exact !== undefined) return `${name} = ${text(fields.exact)}`;
  if (fields.prefix !== undefined) return `${name} ${text(fields.prefix)}*`;
  return fields.regex === undefined ? '' : `${name} ~ ${text(fields.regex)}`;
}

const labelsOf = (value: unknown): string => {
  const labels = Object.entries(fieldsOf(value)).map(([name, label]) => `${name}=${text(label)}`);
  return labels.length > 0 ? `from ${labels.join(', ')}` : '';
};

function destination({ host, subset, port }: Fields): string {
  const number = fieldsOf(port).number;
  return `${text(host)}${number === undefined ? '' : `:${text(number)}`}${subset ? ` ${text(subset)}` : ''}`;
}

function insteadOf({ redirect, directResponse, delegate }: Fields): string[] {
  const [r, d, v] = [fieldsOf(redirect), fieldsOf(directResponse), fieldsOf(delegate)];
  return [
    redirect ? `redirect ${[r.authority, r.uri].map(text).filter(Boolean).join('')} (${text(r.redirectCode ?? 301)})` : '',
    directResponse ? `answers ${text(d.status)} itself` : '',
    delegate ? `as VirtualService ${text(v.name)} says` : '',
  ].filter(Boolean);
}

function istioExtras(rule: Fields): string[] {
  const [retries, fault, mirror] = [fieldsOf(rule.retries), fieldsOf(rule.fault), fieldsOf(rule.mirror)];
  const { delay, abort } = fault;
  return [
    rule.timeout ? `timeout ${text(rule.timeout)}` : '',
    rule.retries ? `retries ${text(retries.attempts ?? 2)}${retries.retryOn ? ` on ${text(retries.retryOn)}` : ''}` : '',
    retries.perTryTimeout ? `${text(retries.perTryTimeout)} per try` : '',
    delay ? `⚡ delay ${text(fieldsOf(delay).fixedDelay)} for ${percentOf(fieldsOf(delay))}` : '',
    abort ? `⚡ abort ${text(fieldsOf(abort).httpStatus ?? fieldsOf(abort).grpcStatus)} for ${percentOf(fieldsOf(abort))}` : '',
    rule.mirror ? `⧉ copies to ${destination(mirror)}` : '',
    ...listOf(rule.mirrors).map((one) => `⧉ copies to ${destination(fieldsOf(one.destination))}`),
    rule.rewrite ? `rewrites ${Object.keys(fieldsOf(rule.rewrite)).join(', ')}` : '',
    rule.headers ? 'changes headers' : '',
    rule.corsPolicy ? 'CORS' : '',
  ].filter(Boolean);
}

const percentOf = (fields: Fields): string => `${text(fieldsOf(fields.percentage).value ?? fields.percent ?? 100)} %`;

// ── Gateway API ──

function gatewayRule(rule: Fields, key: string): RouteRule {
  return {
    key,
    name: text(rule.name) || key,
    when: listOf(rule.matches).map(gatewayMatch).filter(Boolean),
    to: shares(listOf(rule.backendRefs), ({ name, port }) => `${text(name)}${port === undefined ? '' : `:${text(port)}`}`),
    also: [
      ...listOf(rule.filters).map(({ type }) => text(type)),
      ...Object.entries(fieldsOf(rule.timeouts)).map(([name, value]) => `${name} timeout ${text(value)}`),
      rule.retry ? `retries ${text(fieldsOf(rule.retry).attempts ?? '')}`.trim() : '',
    ].filter(Boolean),
  };
}

const pathSigns: Record<string, (value: string) => string> = {
  Exact: (value) => `path = ${value}`,
  RegularExpression: (value) => `path ~ ${value}`,
  PathPrefix: (value) => `path ${value}*`,
};

function gatewayMatch(match: Fields): string {
  const [path, method] = [fieldsOf(match.path), fieldsOf(match.method)];
  const named = (list: unknown) => listOf(list).map(({ name, value }) => `${text(name)} = ${text(value)}`);
  const call = [method.service, method.method].map(text).filter(Boolean).join('/');
  return [
    path.value === undefined ? '' : (pathSigns[text(path.type || 'PathPrefix')] ?? pathSigns.PathPrefix)?.(text(path.value)),
    typeof match.method === 'string' ? `method = ${match.method}` : call && `call ${call}`,
    ...named(match.headers),
    ...named(match.queryParams),
  ]
    .filter(Boolean)
    .join(' and ');
}

/** With their part of the traffic where there are several. */
function shares(routes: readonly Fields[], name: (route: Fields) => string): string[] {
  const total = routes.reduce((sum, { weight }) => sum + Number(weight ?? (routes.length > 1 ? 0 : 1)), 0);
  const even = routes.length > 1 && routes.every(({ weight }) => weight === undefined);
  return routes.map((route) => {
    if (routes.length === 1) return name(route);
    const share = even ? 1 / routes.length : total > 0 ? Number(route.weight ?? 0) / total : 0;
    return `${formatShare(share)} ${name(route)}`;
  });
}
