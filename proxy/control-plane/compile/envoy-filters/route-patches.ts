import type { PatchContext, RoutePlace } from '../../../config/envoy-filter/patch.ts';
import type { InboundPort, LocalRateLimit, Route, StreamTimeouts, VirtualHost } from '../../../data-plane/snapshot.ts';
import { toLimit } from './http-patches.ts';
import { type KnownEnvoyFilter, type PatchedProxy, patchesOf } from './patches.ts';

/** Virtual hosts of one port as HTTP_ROUTE and VIRTUAL_HOST patches leave them; the same objects where nothing is patched. */
export function patchVirtualHosts(
  filters: readonly KnownEnvoyFilter[],
  proxy: PatchedProxy,
  side: PatchContext,
  hosts: VirtualHost[],
  port: number,
): VirtualHost[] {
  const patches = patchesOf(filters, proxy, side, 'route').filter(
    ({ patch }) => patch.place.port === 0 || patch.place.port === port,
  );
  if (patches.length === 0) return hosts;
  return hosts.map((host) => {
    const own = patches.filter(({ patch }) => patch.place.virtualHost === '' || patch.place.virtualHost === host.name);
    if (own.length === 0) return host;
    const ofHost: Record<string, LocalRateLimit> = {};
    for (const { patch, origin } of own)
      if (patch.level === 'virtual-host')
        for (const [name, limit] of Object.entries(patch.rateLimits)) ofHost[name] = toLimit(limit, host.name, origin);
    const routes = host.routes.map((route, index) => {
      const meant = own.filter(({ patch }) => patch.level === 'route' && meansRoute(patch.place, route));
      const limits = { ...ofHost };
      for (const { patch, origin } of meant)
        for (const [name, limit] of Object.entries(patch.rateLimits))
          limits[name] = toLimit(limit, `${host.name}#${index}`, origin);
      const timeouts = Object.assign({}, ...meant.map(({ patch }) => patch.settings)) as RouteTimeouts;
      return withSettings(route, limits, timeouts);
    });
    return { ...host, routes };
  });
}

type RouteTimeouts = StreamTimeouts & { timeoutMs?: number };

function withSettings(route: Route, limits: Record<string, LocalRateLimit>, { timeoutMs, ...timeouts }: RouteTimeouts): Route {
  const limited = Object.keys(limits).length > 0 ? { ...route, rateLimits: limits } : route;
  const { action } = limited;
  if (action.type !== 'forward' || (timeoutMs === undefined && Object.keys(timeouts).length === 0)) return limited;
  const timeout = timeoutMs === undefined ? {} : { timeoutMs: timeoutMs || null, timeoutFrom: 'EnvoyFilter' };
  return { ...limited, action: { ...action, ...timeouts, ...timeout } };
}

function meansRoute({ route, action }: RoutePlace, { name, action: { type } }: Route): boolean {
  if (route !== '' && route !== name) return false;
  const kinds = { forward: 'ROUTE', redirect: 'REDIRECT', directResponse: 'DIRECT_RESPONSE' } as const;
  return action === 'ANY' || action === kinds[type];
}

/** The one route of an inbound port: virtual host `inbound|http|<port>`, route `default`. */
export function patchInboundRoute(
  filters: readonly KnownEnvoyFilter[],
  proxy: PatchedProxy,
  ports: readonly number[],
): InboundPort['route'] {
  const rateLimits: Record<string, LocalRateLimit> = {};
  const own = patchesOf(filters, proxy, 'SIDECAR_INBOUND', 'route').filter(({ patch: { place } }) => {
    const named = place.virtualHost === '' || ports.some((port) => place.virtualHost === `inbound|http|${port}`);
    const port = place.port === 0 || ports.includes(place.port);
    return named && port && ['', 'default'].includes(place.route) && ['ANY', 'ROUTE'].includes(place.action);
  });
  const timeouts: StreamTimeouts = {};
  for (const level of ['virtual-host', 'route'] as const)
    for (const { patch, origin } of own.filter((one) => one.patch.level === level)) {
      for (const [name, limit] of Object.entries(patch.rateLimits)) rateLimits[name] = toLimit(limit, level, origin);
      const { timeoutMs: _timeout, ...streams } = patch.settings;
      Object.assign(timeouts, streams);
    }
  if (Object.keys(rateLimits).length + Object.keys(timeouts).length === 0) return undefined;
  return { ...(Object.keys(rateLimits).length > 0 ? { rateLimits } : {}), ...timeouts };
}
