import type { Clock, Random } from '../clock.ts';
import type { RouteFilter } from '../exchange.ts';
import { RegexCache } from '../route/string-match.ts';
import type { CorsPolicy, InboundPort, MeshSnapshot, ProxySnapshot, VirtualHost } from '../snapshot.ts';
import { createCorsFilter } from './cors/filter.ts';
import { createExtAuthzFilter } from './ext-authz/filter.ts';
import type { FaultState } from './fault/fault-state.ts';
import { createFaultFilter } from './fault/filter.ts';
import type { HttpFetch } from './http-fetch.ts';
import { createJwtFilter } from './jwt/filter.ts';
import type { JwksCache } from './jwt/jwks-cache.ts';
import { authorizationInput, createRbacFilter, firstMatch, prepareAction } from './rbac/filter.ts';
import { createRouteFaultFilter } from './route-fault/filter.ts';

/*
 * The route filters in Istio's order (behaviour.md §1). To add one: a folder with filter.ts and its test, an entry in a chain below.
 *
 *   outbound:  route-fault → fault (client) → cors → router
 *   inbound:   ext-authz → jwt → rbac → fault (server) → app
 */

export interface RouteFilterDeps {
  clock: Clock;
  random: Random;
  snapshot: MeshSnapshot;
  proxy: ProxySnapshot;
  faults: FaultState;
  regexes?: RegexCache;
}
export interface NamedFilter {
  /** The filter's folder: its stage name. */
  name: string;
  run: RouteFilter;
}

/** Filters of a caller's sidecar or a gateway. `virtualHosts`: all it may route by, whose CORS policies are prepared now. */
export function outboundFilters(deps: RouteFilterDeps, virtualHosts: Iterable<VirtualHost>): NamedFilter[] {
  const regexes = deps.regexes ?? new RegexCache();
  const cors = new Set<CorsPolicy>();
  let hasRouteFault = false;
  for (const { routes } of virtualHosts) {
    for (const route of routes) {
      if (route.cors !== null) cors.add(route.cors);
      hasRouteFault ||= route.fault !== null;
    }
  }
  return chain([
    ['route-fault', hasRouteFault ? createRouteFaultFilter(deps) : null],
    ['fault', createFaultFilter({ ...deps, state: deps.faults, side: 'client', regexes })],
    ['cors', createCorsFilter(cors, regexes)],
  ]);
}

/** Filters of a callee's sidecar, per service port. */
export function inboundFilters(deps: RouteFilterDeps & { fetch: HttpFetch; jwks: JwksCache }, port: InboundPort): NamedFilter[] {
  const regexes = deps.regexes ?? new RegexCache();
  const matchPolicies = (policies: InboundPort['authorization']['custom']) => {
    const action = prepareAction(policies, false);
    return (exchange: Parameters<RouteFilter>[0]) => firstMatch(action, authorizationInput(exchange))?.id ?? '';
  };
  return chain([
    ['ext-authz', createExtAuthzFilter(port.authorization, { fetch: deps.fetch, matchPolicies })],
    ['jwt', createJwtFilter(port.jwt, deps)],
    ['rbac', createRbacFilter(port.authorization)],
    ['fault', createFaultFilter({ ...deps, state: deps.faults, side: 'server', regexes })],
  ]);
}

function chain(filters: [name: string, filter: RouteFilter | null][]): NamedFilter[] {
  return filters.flatMap(([name, run]) => (run === null ? [] : [{ name, run }]));
}
