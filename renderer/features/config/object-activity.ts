import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';

export interface ActivityRow {
  label: string;
  count: number;
  /** Opens these requests. */
  filter: string;
}

export interface Activity {
  /** Requests this object could have decided about. */
  total: number;
  /** What the total counts: `requests to payments`. */
  what: string;
  filter: string;
  rows: ActivityRow[];
}

/** One side of each call: what the caller's sidecar or the gateway reported. */
export const isCallersReport = (exchange: Exchange): boolean => exchange.reporter !== 'destination';

/**
 * What an object did to these exchanges, as far as they tell: which rule of a VirtualService matched how many, which subset a DestinationRule's
 * calls went to, how many a fault hit, how many a policy refused. Null for kinds whose work a single exchange does not show.
 */
export function activityOf(resource: Resource, exchanges: readonly Exchange[]): Activity | null {
  const spec = resource.spec as Record<string, unknown> | null;
  const calls = exchanges.filter(isCallersReport);
  if (resource.kind === 'VirtualService') return ofVirtualService(spec, resource, calls);
  if (resource.kind === 'DestinationRule') return ofDestinationRule(spec, resource, calls);
  if (resource.kind === 'Fault') return ofFault(spec, resource, exchanges);
  if (resource.kind === 'Mesh') {
    const services = listOf(spec?.services).map((service) => String(service.name ?? ''));
    const rows = services.map((name) => countOf(calls, name, `dest:${name}`, (exchange) => exchange.destination === name));
    return { total: calls.length, what: 'requests in the mesh', filter: '', rows };
  }
  if (resource.kind === 'AuthorizationPolicy' || resource.kind === 'RequestAuthentication')
    return ofPolicy(spec, resource, exchanges);
  return null;
}

function ofVirtualService(spec: Record<string, unknown> | null, resource: Resource, calls: readonly Exchange[]): Activity {
  const hosts = (Array.isArray(spec?.hosts) ? spec.hosts : []).map((host) => shortHost(String(host), resource.namespace));
  const names = listOf(spec?.http).flatMap((rule) => namesOfRule(rule));
  // A rule that matched is told by its name; unnamed rules are all called "default".
  const concerned = calls.filter((exchange) => hosts.includes(`${exchange.destinationNamespace}/${exchange.destination}`));
  const seen = new Set([...names, ...concerned.map((exchange) => exchange.route)]);
  const place = hosts.map((host) => host.split('/')[1]).join(',');
  const rows = [...seen].map((route) => {
    const label = route === 'default' ? 'rules without a name' : route === '' ? 'no rule' : route;
    return countOf(concerned, label, `dest:${place} rule:${route}`, (exchange) => exchange.route === route);
  });
  return { total: concerned.length, what: `requests to ${place.replaceAll(',', ', ')}`, filter: `dest:${place}`, rows };
}

function namesOfRule(rule: Record<string, unknown>): string[] {
  const name = typeof rule.name === 'string' ? rule.name : '';
  const matches = listOf(rule.match).flatMap((match) => (typeof match.name === 'string' ? [`${name}.${match.name}`] : []));
  if (matches.length > 0) return matches;
  return [name || 'default'];
}

function ofDestinationRule(spec: Record<string, unknown> | null, resource: Resource, calls: readonly Exchange[]): Activity {
  const host = shortHost(String(spec?.host ?? ''), resource.namespace);
  const concerned = calls.filter((exchange) => host === `${exchange.destinationNamespace}/${exchange.destination}`);
  const name = host.split('/')[1] ?? '';
  const subsetOf = (exchange: Exchange) => exchange.cluster.split('|')[2] ?? '';
  const subsets = new Set([...listOf(spec?.subsets).map((subset) => String(subset.name)), ...concerned.map(subsetOf)]);
  const rows = [...subsets].map((subset) => {
    const filter = subset ? `dest:${name} version:${subset}` : `dest:${name}`;
    return countOf(concerned, subset ? `subset ${subset}` : 'no subset', filter, (exchange) => subsetOf(exchange) === subset);
  });
  return { total: concerned.length, what: `requests to ${name}`, filter: `dest:${name}`, rows };
}

function ofFault(spec: Record<string, unknown> | null, resource: Resource, exchanges: readonly Exchange[]): Activity {
  const to = (spec?.to ?? {}) as { service?: string };
  const concerned = exchanges.filter((exchange) => isCallersReport(exchange) && exchange.destination === to.service);
  const hit = new Set(
    exchanges
      .filter((exchange) => exchange.faults.some(({ name }) => name === resource.name))
      .map((exchange) => exchange.requestId),
  );
  const row = countOf(concerned, 'disturbed', `fault:${resource.name}`, (exchange) => hit.has(exchange.requestId));
  return { total: concerned.length, what: `requests to ${to.service ?? ''}`, filter: `dest:${to.service ?? ''}`, rows: [row] };
}

/** A sidecar that refuses says so in the details; which policy it was is in the single request's decision. */
function ofPolicy(spec: Record<string, unknown> | null, resource: Resource, exchanges: readonly Exchange[]): Activity {
  const labels = ((spec?.selector as { matchLabels?: Record<string, string> } | undefined)?.matchLabels ?? {}) as Record<
    string,
    string
  >;
  const app = labels.app ?? labels['app.kubernetes.io/name'];
  const concerned = exchanges.filter(
    (exchange) =>
      exchange.reporter === 'destination' &&
      exchange.destinationNamespace === resource.namespace &&
      (app === undefined || exchange.destination === app),
  );
  const rows = [
    countOf(concerned, 'refused by a policy (403)', `${app ? `dest:${app} ` : ''}status:403`, (exchange) =>
      exchange.details.startsWith('rbac_access_denied'),
    ),
    countOf(
      concerned,
      'without a valid token (401)',
      `${app ? `dest:${app} ` : ''}status:401`,
      (exchange) => exchange.status === 401,
    ),
  ].filter((row) => row.count > 0 || row.label.includes('403'));
  return { total: concerned.length, what: `requests to ${app ?? resource.namespace}`, filter: app ? `dest:${app}` : '', rows };
}

function countOf(
  list: readonly Exchange[],
  label: string,
  filter: string,
  matches: (exchange: Exchange) => boolean,
): ActivityRow {
  return { label, filter, count: list.reduce((sum, exchange) => sum + Number(matches(exchange)), 0) };
}

/** `payments`, `payments.shop`, `payments.shop.svc.cluster.local` → `shop/payments`. */
export function shortHost(host: string, namespace: string): string {
  const [name = '', given] = host.split('.');
  return `${given ?? namespace}/${name}`;
}

const listOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((item): item is Record<string, unknown> => typeof item === 'object' && item !== null) : [];
