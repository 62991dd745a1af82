import type { ResourceRef } from '../../api/diagnostic.schema.ts';
import type { ClusterSnapshot } from './clusters.ts';
import type { LocalRateLimit, StreamTimeouts } from './envoy-filters.ts';

/* What is routed where: views of namespaces, virtual hosts, routes with their matches and actions. */

export interface OutboundView {
  namespace: string;
  /** By destination port; the key `0` holds virtual hosts valid on any port. */
  routeTables: Record<number, VirtualHost[]>;
  /** host (lower case, no port) → the port meant when the authority names none. Maps: clients ask for hosts called `constructor` too. */
  defaultPorts: ReadonlyMap<string, number>;
  /** host (lower case, no port) → service fqdn. */
  serviceByHost: ReadonlyMap<string, string>;
  /** Addresses and subnets of ServiceEntries, per port: connections to them are for that service; absent = none. */
  addresses?: { cidr: string; port: number; service: string }[];
  tcpRoutes: TcpRoute[];
  clusters: Record<string, ClusterSnapshot>;
}

export interface VirtualHost {
  /** `ratings.default.svc.cluster.local:9080` */
  name: string;
  /** Lower case, no port: exact, `*.suffix`, or `*`. */
  domains: string[];
  /** The object the routes come from; null for a service's default route. */
  origin: ResourceRef | null;
  /** Other objects that claimed this host and lost (oldest wins), for explain. */
  shadowed: ResourceRef[];
  routes: Route[];
}

export interface Route {
  /** %ROUTE_NAME%: `route.match`, `route`, or `default`. */
  name: string;
  /** With `path` = `spec.http[1].match[0]`; null for a default route. */
  origin: ResourceRef | null;
  match: RouteMatch;
  action: ForwardAction | RedirectAction | DirectResponseAction;
  /** Applied to requests before they leave / to responses before they return (route level, remove → set → add). */
  requestHeaders: HeaderOperations | null;
  responseHeaders: HeaderOperations | null;
  /** VirtualService fault: Istio's filter, in the caller's proxy, before the router. */
  fault: RouteFault | null;
  cors: CorsPolicy | null;
  /** x-envoy-decorator-operation and span name: `ratings.default.svc.cluster.local:9080/*`. */
  decorator: string;
  /** Local rate limits of its own (EnvoyFilter), by filter name; absent = none. */
  rateLimits?: Record<string, LocalRateLimit>;
  /** Names its statistics (VirtualService `statPrefix`); absent = none. */
  statPrefix?: string;
}

export interface StringMatch {
  kind: 'exact' | 'prefix' | 'regex' | 'present' | 'suffix';
  value: string;
  ignoreCase?: boolean;
}

export interface NamedMatch {
  /** Lower case for headers. */
  name: string;
  match: StringMatch;
}

export interface RouteMatch {
  /** `prefix` is Envoy's raw string prefix; `pathPrefix` is Gateway API's, by path element; null = any path. */
  path: (StringMatch | { kind: 'pathPrefix'; value: string; ignoreCase?: boolean }) | null;
  method: StringMatch | null;
  scheme: StringMatch | null;
  authority: StringMatch | null;
  headers: NamedMatch[];
  withoutHeaders: NamedMatch[];
  queryParams: NamedMatch[];
  /** Config-time selectors, checked against the proxy that routes. */
  sourceLabels: Record<string, string> | null;
  sourceNamespace: string | null;
  /** `@request.auth.claims.x` matches. */
  claims: { path: string[]; match: StringMatch }[];
  /** GRPCRoute: content-type must be application/grpc. */
  grpc: boolean;
}

export interface ForwardAction extends StreamTimeouts {
  type: 'forward';
  /** One entry: its weight is ignored. Weights need not sum to 100. */
  clusters: WeightedCluster[];
  totalWeight: number;
  /** Envoy's weighted form although one destination is left (others had weight 0): the route's header operations win. Default: several. */
  weighted?: boolean;
  /** replacePrefix: `prefix` is what the match matched (Istio). */
  rewrite: null | {
    path:
      | null
      | { kind: 'prefix'; matched: string; replacement: string }
      | { kind: 'full'; replacement: string }
      | { kind: 'regex'; regex: string; substitution: string }
      | { kind: 'pathPrefix'; matched: string; replacement: string };
    authority: string | null;
  };
  /** null = no timeout. */
  timeoutMs: number | null;
  timeoutFrom: string;
  retry: RetryPolicy | null;
  mirrors: { cluster: string; percentage: number }[];
  /** Status when the cluster does not exist: 503 (Istio), 500 (Gateway API). */
  clusterNotFoundStatus: number;
}

export interface WeightedCluster {
  /** Key into OutboundView.clusters. '' with invalid: true answers clusterNotFoundStatus. */
  cluster: string;
  weight: number;
  requestHeaders: HeaderOperations | null;
  responseHeaders: HeaderOperations | null;
  /** Destination-level `headers.request.set.host`. */
  hostRewrite: string | null;
}

export interface RedirectAction {
  type: 'redirect';
  status: number;
  path:
    | null
    | { kind: 'full'; value: string }
    | { kind: 'prefix'; matched: string; replacement: string }
    | { kind: 'pathPrefix'; matched: string; replacement: string };
  authority: string | null;
  scheme: string | null;
  port: number | 'from-protocol-default' | 'from-request-port' | null;
}

export interface DirectResponseAction {
  type: 'directResponse';
  status: number;
  body: string;
  /** body is base64 */
  base64: boolean;
}

/** Applied remove → set → add, names lower case, keys sorted. */
export interface HeaderOperations {
  remove: string[];
  set: [string, string][];
  add: [string, string][];
}

export interface RouteFault {
  /** percentage 0..100, decimals allowed. */
  delay: { percentage: number; fixedMs: number } | null;
  abort: { percentage: number; httpStatus: number | null; grpcStatus: number | null } | null;
}

export interface CorsPolicy {
  allowOrigins: StringMatch[];
  allowMethods: string[];
  allowHeaders: string[];
  exposeHeaders: string[];
  maxAgeSeconds: number | null;
  allowCredentials: boolean | null;
  unmatchedPreflights: 'FORWARD' | 'IGNORE';
}

export interface RetryPolicy {
  /** Retries after the first try. */
  attempts: number;
  /** Envoy conditions: `connect-failure`, `5xx`, `retriable-status-codes` … */
  retryOn: string[];
  retriableStatusCodes: number[];
  perTryTimeoutMs: number | null;
  backoffBaseMs: number;
  backoffMaxMs: number;
  /** previous_hosts predicate, with its redraws; 0 = off. */
  hostSelectionRetries: number;
  /** Retries leave the priorities already tried (retryRemoteLocalities → previous_priorities); default false. */
  previousPriorities?: boolean;
  /** `default`, `mesh`, or the object. */
  from: string;
}

export interface TcpRoute {
  service: string;
  port: number;
  origin: ResourceRef | null;
  sourceLabels: Record<string, string> | null;
  /** SNI hosts for TLS routes; empty for TCP routes. */
  sniHosts: string[];
  /** Only connections to an address within one of them; absent or empty = any. */
  destinationSubnets?: string[];
  /** Of a gateway: the server (by id) that ends TLS before this route takes the bytes; absent = bytes as they come. */
  server?: string;
  clusters: WeightedCluster[];
  totalWeight: number;
}
