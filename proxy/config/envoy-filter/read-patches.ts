import type { ParsedResource } from '../parse.ts';
import { Fields, readTypedConfig, type Unread } from './fields.ts';
import {
  type ConfigPatchSpec,
  type EnvoyPatch,
  type FilterPosition,
  type ListenerPlace,
  type PatchContext,
  type ReadPatch,
  specOf,
} from './patch.ts';
import { readCluster } from './read-cluster.ts';
import { readManager } from './read-manager.ts';
import { readRateLimit } from './read-rate-limit.ts';
import { readRoute } from './read-route.ts';

const connectionManager = 'envoy.filters.network.http_connection_manager';

/** Every patch of an EnvoyFilter: what it asks for in our terms, and whatever of it we do not act on. */
export function readPatches(resource: ParsedResource): ReadPatch[] {
  return (specOf(resource).configPatches ?? []).map((spec, index) => {
    const unread: Unread[] = [];
    return { index, patch: readPatch(spec, index, unread), unread };
  });
}

function readPatch(spec: ConfigPatchSpec, index: number, unread: Unread[]): EnvoyPatch | null {
  const path = ['spec', 'configPatches', index];
  const refuse = (field: string, message: string): null => {
    unread.push({ path: field === '' ? path : [...path, ...field.split('.')], message });
    return null;
  };
  if (spec.match?.waypoint !== undefined) return refuse('match.waypoint', 'there are no waypoints here');
  if (spec.match?.proxy !== undefined)
    unread.push({ path: [...path, 'match', 'proxy'], message: 'a condition on the proxy is not looked at' });
  const operation = spec.patch?.operation ?? '';
  const value = new Fields(spec.patch?.value, [...path, 'patch', 'value'], unread);
  switch (spec.applyTo) {
    case 'HTTP_FILTER':
      return readHttpFilter(spec, operation, value, refuse);
    case 'NETWORK_FILTER': {
      const place = listenerPlace(spec, refuse);
      const named = spec.match?.listener?.filterChain?.filter?.name;
      if (operation !== 'MERGE' || (named !== undefined && named !== connectionManager))
        return refuse('applyTo', `of network filters only a MERGE into ${connectionManager} is understood`);
      const settings = readManager(value);
      return place && Object.keys(settings).length > 0 ? { kind: 'manager', place, settings } : null;
    }
    case 'HTTP_ROUTE':
    case 'VIRTUAL_HOST':
      return readRoutePatch(spec, operation, value, unread, refuse);
    case 'CLUSTER': {
      if (operation !== 'MERGE')
        return refuse('patch.operation', `of clusters only MERGE is understood, not ${operation || 'none'}`);
      const settings = readCluster(value);
      const { name = '', service = '', subset = '', portNumber = 0 } = spec.match?.cluster ?? {};
      const place = { contexts: contextsOf(spec), name, service, subset, port: portNumber };
      return Object.keys(settings).length > 0 ? { kind: 'cluster', place, settings } : null;
    }
    default:
      return refuse('applyTo', `${spec.applyTo ?? 'a patch without applyTo'} is not understood`);
  }
}

type Refuse = (field: string, message: string) => null;

function readHttpFilter(spec: ConfigPatchSpec, operation: string, value: Fields, refuse: Refuse): EnvoyPatch | null {
  const name = value.string('name') ?? '';
  const config = value.message('typed_config');
  const { type, fields } = config ? readTypedConfig(config) : { type: '', fields: value };
  if (type !== 'LocalRateLimit')
    return refuse(
      'patch.value',
      `the HTTP filter ${name || type || 'without a name'} is not one of ours; only LocalRateLimit is understood`,
    );
  const before = positionOf(operation, spec.match?.listener?.filterChain?.filter);
  if (before === null) {
    const what =
      operation === 'ADD'
        ? 'ADD puts it behind the router, where no request comes'
        : `${operation || 'no operation'} is not understood`;
    return refuse('patch.operation', `${what}; use INSERT_BEFORE`);
  }
  const place = listenerPlace(spec, refuse);
  const settings = readRateLimit(fields, false);
  value.rest();
  return place && settings ? { kind: 'insert-rate-limit', place, filter: name, before, settings } : null;
}

/** Istio's order of HTTP filters, as far as ours have a place in it. */
const order: readonly FilterPosition[] = ['first', 'ext_authz', 'jwt_authn', 'rbac', 'fault', 'cors', 'router'];
const positions: Readonly<Record<string, FilterPosition>> = {
  'istio.metadata_exchange': 'first',
  'envoy.filters.http.ext_authz': 'ext_authz',
  'envoy.filters.http.jwt_authn': 'jwt_authn',
  'envoy.filters.http.rbac': 'rbac',
  'envoy.filters.http.grpc_stats': 'fault',
  'istio.alpn': 'fault',
  'envoy.filters.http.fault': 'fault',
  'envoy.filters.http.cors': 'cors',
  'istio.stats': 'router',
  'envoy.filters.http.router': 'router',
};

function positionOf(
  operation: string,
  filter: { name?: string; subFilter?: { name?: string } } | undefined,
): FilterPosition | null {
  if (filter?.name !== undefined && filter.name !== connectionManager) return null;
  if (operation === 'INSERT_FIRST') return 'first';
  if (operation !== 'INSERT_BEFORE' && operation !== 'INSERT_AFTER') return null;
  // Without a filter to stand before it comes first, as in istiod; behind the last one nothing passes.
  if (filter?.subFilter?.name === undefined) return operation === 'INSERT_BEFORE' ? 'first' : null;
  const known = positions[filter.subFilter.name];
  if (known === undefined) return null;
  if (operation === 'INSERT_BEFORE') return known;
  return order[order.indexOf(known) + 1] ?? null;
}

function readRoutePatch(
  spec: ConfigPatchSpec,
  operation: string,
  value: Fields,
  unread: Unread[],
  refuse: Refuse,
): EnvoyPatch | null {
  if (operation !== 'MERGE') return refuse('patch.operation', `of routes only MERGE is understood, not ${operation || 'none'}`);
  const level = spec.applyTo === 'HTTP_ROUTE' ? 'route' : 'virtual-host';
  const match = spec.match?.routeConfiguration;
  for (const [field, name] of [
    ['portName', match?.portName],
    ['gateway', match?.gateway],
    ['vhost.domainName', match?.vhost?.domainName],
  ] as const) {
    if (name) return refuse(`match.routeConfiguration.${field}`, `routes are not picked by ${field} here; name the virtual host`);
  }
  const read = readRoute(value, level, unread);
  if (Object.keys(read.rateLimits).length + Object.keys(read.settings).length === 0) return null;
  const { vhost } = match ?? {};
  const fromName = /^(\d+)$|^inbound\|(\d+)\|/.exec(match?.name ?? '');
  if (match?.name && !fromName)
    return refuse('match.routeConfiguration.name', 'route configurations are named by their port here');
  const place = {
    contexts: contextsOf(spec),
    port: match?.portNumber ?? Number(fromName?.[1] ?? fromName?.[2] ?? 0),
    virtualHost: vhost?.name ?? '',
    route: vhost?.route?.name ?? '',
    action: vhost?.route?.action ?? ('ANY' as const),
  };
  return { kind: 'route', level, place, ...read };
}

function contextsOf({ match }: ConfigPatchSpec): PatchContext[] {
  const { context } = match ?? {};
  if (context === 'SIDECAR_INBOUND' || context === 'SIDECAR_OUTBOUND' || context === 'GATEWAY') return [context];
  return ['SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY'];
}

/** Listeners are told apart by port; other conditions are not looked at, so a patch that has them is left alone. */
function listenerPlace(spec: ConfigPatchSpec, refuse: Refuse): ListenerPlace | null {
  const listener = spec.match?.listener;
  const chain = listener?.filterChain;
  const inbound = listener?.name === 'virtualInbound';
  if (listener?.name && !inbound) return refuse('match.listener.name', 'listeners are picked by portNumber here');
  for (const [field, set] of [
    ['name', chain?.name],
    ['sni', chain?.sni],
    ['transportProtocol', chain?.transportProtocol],
    ['applicationProtocols', chain?.applicationProtocols],
  ] as const) {
    if (set) return refuse(`match.listener.filterChain.${field}`, `filter chains are not told apart by ${field} here`);
  }
  const contexts = contextsOf(spec).filter((context) => !inbound || context === 'SIDECAR_INBOUND');
  return { contexts, port: listener?.portNumber ?? chain?.destinationPort ?? 0 };
}
