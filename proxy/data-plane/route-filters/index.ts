import type { Clock, Random } from '../clock.ts';
import type { RouteFilter } from '../exchange.ts';
import type { RegexCache } from '../route/string-match.ts';
import type {
  AuthorizationSnapshot,
  CorsPolicy,
  GatewayListener,
  HttpPatches,
  InboundPort,
  JwtSnapshot,
  MeshSnapshot,
  ProxySnapshot,
  RateLimitFilter,
} from '../snapshot.ts';
import { createCorsFilter } from './cors/filter.ts';
import { createExtAuthzFilter } from './ext-authz/filter.ts';
import type { FaultState } from './fault/fault-state.ts';
import { createFaultFilter } from './fault/filter.ts';
import { type GrpcCall, GrpcChannels } from './grpc-call.ts';
import { fetchOverHttp, type HttpFetch } from './http-fetch.ts';
import { createJwtFilter } from './jwt/filter.ts';
import { JwksCache } from './jwt/jwks-cache.ts';
import { createRateLimitFilter } from './rate-limit/filter.ts';
import { RateLimitState } from './rate-limit/rate-limit-state.ts';
import { authorizationInput, createRbacFilter, firstMatch, prepareAction } from './rbac/filter.ts';
import { createRouteFaultFilter } from './route-fault/filter.ts';

/*
 * The route filters, in the order a request meets them (Istio's order of HTTP filters):
 *
 *   outbound, gateway:  our fault (side: client) · VirtualService fault · CORS
 *   inbound:            ext-authz (CUSTOM) · JWT · RBAC (AUDIT, DENY, ALLOW) · our fault (side: server)
 *
 * Local rate limits stand where the EnvoyFilter that brings them says: first, before one of these, or last (before Envoy's router).
 *
 * A new filter is a folder here and a line below.
 */

export interface FilterDeps {
  clock: Clock;
  random: Random;
  faults: FaultState;
  fetch?: HttpFetch;
  /** Calls to authorizers; default: connections of this factory's own. */
  grpc?: GrpcCall;
  /** Buckets that outlive this factory; default: its own. */
  rateLimits?: RateLimitState;
}

const noAuthorization: AuthorizationSnapshot = Object.freeze({ custom: [], audit: [], deny: [], allow: [], providers: {} });

/** Makes a listener's filters; what a listener has no use for is left out, so that an idle filter costs nothing per request. */
export class FilterFactory {
  readonly #deps: FilterDeps;
  readonly #jwks: JwksCache;
  readonly #fetch: HttpFetch;
  readonly #grpc: GrpcCall;
  readonly #rateLimits: RateLimitState;
  /** One CORS filter serves all listeners of a snapshot. */
  readonly #cors = new WeakMap<MeshSnapshot, RouteFilter | null>();

  constructor(deps: FilterDeps) {
    this.#deps = deps;
    this.#fetch = deps.fetch ?? fetchOverHttp;
    this.#grpc = deps.grpc ?? new GrpcChannels(deps.clock).call;
    this.#rateLimits = deps.rateLimits ?? new RateLimitState(deps.clock);
    this.#jwks = new JwksCache({ fetch: this.#fetch, clock: deps.clock });
  }

  /** `http`: the listener's own EnvoyFilter patches; a sidecar's outbound listeners share its proxy's. */
  outbound(
    snapshot: MeshSnapshot,
    proxy: ProxySnapshot,
    regexes: RegexCache,
    http: HttpPatches | undefined = proxy.http,
  ): RouteFilter[] {
    const { clock, random, faults } = this.#deps;
    const limits = this.#limitsOf(http);
    return present([
      ...limits('first'),
      createFaultFilter(snapshot.faults, proxy, 'client', regexes, { clock, state: faults }),
      ...limits('fault'),
      createRouteFaultFilter({ clock, random }),
      ...limits('cors'),
      this.#corsFilter(snapshot, regexes),
      ...limits('router'),
    ]);
  }

  inbound(snapshot: MeshSnapshot, proxy: ProxySnapshot, port: InboundPort, regexes: RegexCache): RouteFilter[] {
    const { clock, faults } = this.#deps;
    const limits = this.#limitsOf(port.http);
    return [
      ...limits('first'),
      ...this.#security(port.authorization, port.jwt, limits),
      ...limits('fault'),
      ...limits('cors'),
      ...limits('router'),
      // It stands for what the app does, so behind everything Istio has.
      ...present([createFaultFilter(snapshot.faults, proxy, 'server', regexes, { clock, state: faults })]),
    ];
  }

  /** A gateway's own policies. They come before routing: a route may ask for a claim, and a refusal needs no route. */
  gateway({ authorization, jwt }: GatewayListener): RouteFilter[] {
    return this.#security(authorization ?? noAuthorization, jwt ?? [], () => []);
  }

  /** The rate limits that stand before a filter, as functions of it. */
  #limitsOf(http: HttpPatches | undefined): (before: RateLimitFilter['before']) => RouteFilter[] {
    const { clock, random } = this.#deps;
    const filters = http?.rateLimits ?? [];
    return (before) =>
      filters
        .filter((filter) => filter.before === before)
        .map((filter) => createRateLimitFilter(filter, { clock, random, state: this.#rateLimits }));
  }

  #security(
    authorization: AuthorizationSnapshot,
    jwt: JwtSnapshot[],
    limits: (before: RateLimitFilter['before']) => RouteFilter[],
  ): RouteFilter[] {
    return present([
      ...limits('ext_authz'),
      createExtAuthzFilter(authorization, {
        fetch: this.#fetch,
        grpc: this.#grpc,
        matchPolicies: (policies) => {
          const prepared = prepareAction(policies, false);
          return (exchange) => firstMatch(prepared, authorizationInput(exchange))?.id ?? '';
        },
      }),
      ...limits('jwt_authn'),
      createJwtFilter(jwt, { clock: this.#deps.clock, jwks: this.#jwks }),
      ...limits('rbac'),
      createRbacFilter(authorization),
    ]);
  }

  #corsFilter(snapshot: MeshSnapshot, regexes: RegexCache): RouteFilter | null {
    let filter = this.#cors.get(snapshot);
    if (filter === undefined) {
      filter = createCorsFilter(corsPolicies(snapshot), regexes);
      this.#cors.set(snapshot, filter);
    }
    return filter;
  }
}

function present(filters: (RouteFilter | null)[]): RouteFilter[] {
  return filters.filter((filter) => filter !== null);
}

function* corsPolicies(snapshot: MeshSnapshot): Generator<CorsPolicy> {
  const fromViews = Object.values(snapshot.views).flatMap((view) => Object.values(view.routeTables).flat());
  const fromGateways = snapshot.proxies.flatMap((p) => p.listeners.flatMap((l) => (l.role === 'gateway' ? l.virtualHosts : [])));
  for (const host of [...fromViews, ...fromGateways]) for (const route of host.routes) if (route.cors !== null) yield route.cors;
}
