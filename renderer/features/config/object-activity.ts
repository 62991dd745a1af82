import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { itemsOf, namesOfRule } from './documents.ts';

export interface ActivityRow {
  /** What a part of the text is found by: the name of a rule or a subset, the number of a policy's rule. */
  key: string;
  label: string;
  count: number;
  /** Opens these requests. */
  filter: string;
  /** They are what a callee's sidecar reports: shown with all hops only. */
  allHops?: boolean;
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
    const services = itemsOf(spec?.services).map((service) => String(service.name ?? ''));
    const rows = services.map((name) =>
      countOf(calls, { key: name, label: name, filter: `dest:${name}` }, ({ destination }) => destination === name),
    );
    return { total: calls.length, what: 'requests in the mesh', filter: '', rows };
  }
  if (resource.kind === 'AuthorizationPolicy' || resource.kind === 'RequestAuthentication')
    return ofPolicy(spec, resource, exchanges);
  return null;
}

function ofVirtualService(spec: Record<string, unknown> | null, resource: Resource, calls: readonly Exchange[]): Activity {
  const hosts = (Array.isArray(spec?.hosts) ? spec.hosts : []).map((host) => shortHost(String(host), resource.namespace));
  const names = itemsOf(spec?.http).flatMap((rule) => namesOfRule(rule));
  // A rule that matched is told by its name; unnamed rules are all called "default".
  const concerned = calls.filter((exchange) => hosts.includes(`${exchange.destinationNamespace}/${exchange.destination}`));
  const seen = new Set([...names, ...concerned.map((exchange) => exchange.route)]);
  const place = hosts.map((host) => host.split('/')[1]).join(',');
  const rows = [...seen].map((route) => {
    const label = route === 'default' ? 'rules without a name' : route === '' ? 'no rule' : route;
    return countOf(
      concerned,
      { key: route, label, filter: `dest:${place} rule:${route}` },
      (exchange) => exchange.route === route,
    );
  });
  return { total: concerned.length, what: `requests to ${place.replaceAll(',', ', ')}`, filter: `dest:${place}`, rows };
}

function ofDestinationRule(spec: Record<string, unknown> | null, resource: Resource, calls: readonly Exchange[]): Activity {
  const host = shortHost(String(spec?.host ?? ''), resource.namespace);
  const concerned = calls.filter((exchange) => host === `${exchange.destinationNamespace}/${exchange.destination}`);
  const name = host.split('/')[1] ?? '';
  const subsetOf = (exchange: Exchange) => exchange.cluster.split('|')[2] ?? '';
  const subsets = new Set([...itemsOf(spec?.subsets).map((subset) => String(subset.name)), ...concerned.map(subsetOf)]);
  const rows = [...subsets].map((subset) => {
    const filter = subset ? `dest:${name} version:${subset}` : `dest:${name}`;
    const label = subset ? `subset ${subset}` : 'no subset';
    return countOf(concerned, { key: subset, label, filter }, (exchange) => subsetOf(exchange) === subset);
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
  const hits = { key: '', label: 'disturbed', filter: `fault:${resource.name}` };
  const row = countOf(concerned, hits, (exchange) => hit.has(exchange.requestId));
  return { total: concerned.length, what: `requests to ${to.service ?? ''}`, filter: `dest:${to.service ?? ''}`, rows: [row] };
}

/** What a policy let in and refused: a refusal names its policy and rule, in what the callee's sidecar reports. */
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
  const place = app ? `dest:${app}` : '';
  const rows =
    resource.kind === 'RequestAuthentication' ? [ofTokens(concerned, place)] : ofRules(spec, resource, concerned, place);
  return { total: concerned.length, what: `requests to ${app ?? resource.namespace}`, filter: place, rows };
}

const ofTokens = (concerned: readonly Exchange[], place: string): ActivityRow =>
  countOf(
    concerned,
    { key: '', label: 'without a valid token (401)', filter: `${place} status:401`.trim() },
    ({ status }) => status === 401,
  );

function ofRules(
  spec: Record<string, unknown> | null,
  { name }: Resource,
  concerned: readonly Exchange[],
  place: string,
): ActivityRow[] {
  if (spec?.action === 'DENY')
    return itemsOf(spec.rules).map((_rule, at) => {
      const words = `policy[${name}]-rule[${at}]`;
      const row = { key: String(at), label: `refused by rule ${at + 1}`, filter: `"${words}"`, allHops: true };
      return countOf(concerned, row, ({ details }) => details.includes(words));
    });
  const none = 'policy[none]';
  const refused = { key: '', label: 'refused: no rule allows it', filter: `${place} "${none}"`.trim(), allHops: true };
  return [countOf(concerned, refused, ({ details }) => details.startsWith('rbac_access_denied') && details.includes(none))];
}

function countOf(
  list: readonly Exchange[],
  row: Omit<ActivityRow, 'count'>,
  matches: (exchange: Exchange) => boolean,
): ActivityRow {
  return { ...row, count: list.reduce((sum, exchange) => sum + Number(matches(exchange)), 0) };
}

/** `payments`, `payments.shop`, `payments.shop.svc.cluster.local` → `shop/payments`. */
export function shortHost(host: string, namespace: string): string {
  const [name = '', given] = host.split('.');
  return `${given ?? namespace}/${name}`;
}
