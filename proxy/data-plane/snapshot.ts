import type { Diagnostic, ResourceRef } from '../api/diagnostic.schema.ts';
import type { ServiceProtocol } from '../api/mesh.schema.ts';

/*
 * The compiled, frozen configuration the data plane runs on. Plain data (it crosses a thread by structured clone), close to Envoy's own
 * model so that it explains itself in the field's words and can be exported as an Envoy bootstrap.
 *
 *   MeshSnapshot
 *     ├─ views[namespace]          what proxies of a namespace see outbound (exportTo, DestinationRule lookup depend on it);
 *     │                            `namespace/rule` for workloads that DestinationRules select by label
 *     │    ├─ routeTables[port]    virtual hosts → routes, in match order
 *     │    ├─ tcpRoutes            for services whose protocol is tcp
 *     │    └─ clusters[name]       endpoints, balancer, limits, outlier detection, tls
 *     ├─ proxies[]                 one per workload, and the ingress gateway: listeners, inbound ports with their policies
 *     └─ faults[]                  our Fault objects, both sides
 */

export interface MeshSnapshot {
  version: number;
  meshName: string;
  trustDomain: string;
  rootNamespace: string;
  outboundTrafficPolicy: 'ALLOW_ANY' | 'REGISTRY_ONLY';
  /** 0..100 */
  samplingPercent: number;
  captureBodyLimitBytes: number;
  /** Header and field names redacted on top of the defaults. */
  redact: string[];
  proxies: ProxySnapshot[];
  views: Record<string, OutboundView>;
  services: ServiceInfo[];
  faults: FaultSnapshot[];
  /** Loopback addresses that are never a valid upstream (the control API). `127.0.0.1:40123` */
  forbiddenUpstreams: string[];
  /** Threads that carry the proxies, each proxy whole on one; absent = 1. */
  workers?: number;
}

// ── who ───────────────────────────────────────────────────────────────────────────────────────────────────────────
export interface ServiceInfo {
  name: string;
  namespace: string;
  /** `ratings.default.svc.cluster.local`; a ServiceEntry's host for services outside the mesh. */
  fqdn: string;
  ports: ServicePort[];
  /** Every authority host it answers to, lower case, without port. */
  hosts: string[];
  external: boolean;
}

export interface ServicePort {
  name: string;
  port: number;
  protocol: ServiceProtocol;
}

export interface WorkloadInfo {
  id: string;
  service: string;
  namespace: string;
  version: string;
  labels: Record<string, string>;
  serviceAccount: string;
  spiffeId: string;
  locality: string;
}

export interface ProxySnapshot {
  /** The workload's id, or `ingress`. */
  id: string;
  kind: 'sidecar' | 'gateway';
  workload: WorkloadInfo;
  /** Key into MeshSnapshot.views. */
  view: string;
  listeners: ListenerSnapshot[];
  /** What EnvoyFilters add to the outbound listeners, by destination port; absent = nothing. */
  http?: HttpPatches;
}

// ── listeners ─────────────────────────────────────────────────────────────────────────────────────────────────────
interface ListenerBase {
  /** Unique within the proxy: `inbound`, `outbound`, `upstream:ratings.default:9080`, `gateway:8080`. */
  id: string;
  host: string;
  /** 0 = any. */
  port: number;
  /** True: the user fixed it, a taken port is an error; false: take another and say so. */
  fixed: boolean;
}
export interface InboundListener extends ListenerBase {
  role: 'inbound';
  /** First entry is the default for plaintext without a telling Host. mTLS connections pick by the port in Istio's SNI. */
  ports: InboundPort[];
}
export interface OutboundListener extends ListenerBase {
  role: 'outbound';
}
/** A local port that stands for one destination service port. */
export interface UpstreamListener extends ListenerBase {
  role: 'upstream';
  service: string;
  servicePort: number;
  protocol: ServiceProtocol;
}
export interface GatewayListener extends ListenerBase {
  role: 'gateway';
  servers: GatewayServer[];
  /** Virtual hosts in match order for plain HTTP and terminated TLS. */
  virtualHosts: VirtualHost[];
  /** Routes of TCP servers (no sniHosts) and of TLS passthrough, in match order; `service` is ''. */
  tcpRoutes?: TcpRoute[];
  /** Policies of the gateway itself, judged before routing; absent = none. */
  authorization?: AuthorizationSnapshot;
  jwt?: JwtSnapshot[];
  /** What EnvoyFilters add; absent = nothing. */
  http?: HttpPatches;
}
export type ListenerSnapshot = InboundListener | OutboundListener | UpstreamListener | GatewayListener;

export interface GatewayServer {
  /** What `TcpRoute.server` names it by; absent: no such routes. */
  id?: string;
  name: string;
  hosts: string[];
  protocol: 'HTTP' | 'HTTPS' | 'TLS' | 'TCP' | 'GRPC' | 'HTTP2';
  tls: null | {
    mode: 'PASSTHROUGH' | 'SIMPLE' | 'MUTUAL' | 'OPTIONAL_MUTUAL' | 'ISTIO_MUTUAL' | 'AUTO_PASSTHROUGH';
    /** PEM; null = the engine makes one from the local CA for the server's hosts. */
    certificate: string | null;
    privateKey: string | null;
    clientCa: string | null;
  };
  httpsRedirect: boolean;
  origin: ResourceRef | null;
}

export interface InboundPort {
  name: string;
  /** The service port other services use. */
  port: number;
  protocol: ServiceProtocol;
  /** Where the developer's process listens. */
  app: HostPort;
  /** `inbound|9080||` */
  cluster: ClusterSnapshot;
  mtls: 'PERMISSIVE' | 'STRICT' | 'DISABLE';
  mtlsFrom: ResourceRef | null;
  authorization: AuthorizationSnapshot;
  jwt: JwtSnapshot[];
  retry: RetryPolicy | null;
  /** What EnvoyFilters add; absent = nothing. */
  http?: HttpPatches;
  /** What EnvoyFilters change of the one route to the app; absent = nothing. */
  route?: Pick<Route, 'rateLimits'> & StreamTimeouts;
}

// ── EnvoyFilter ───────────────────────────────────────────────────────────────────────────────────────────────────
/** What EnvoyFilters change of HTTP connection managers. `port` is the destination's, 0 = any. */
export interface HttpPatches {
  /** In the order the patches put them in, for each position. */
  rateLimits: RateLimitFilter[];
  /** Later ones win, field by field. */
  managers: (HttpManagerSettings & { port: number })[];
}
export interface RateLimitFilter {
  /** Name of the filter, by which routes override it. */
  name: string;
  port: number;
  /** Stands before this filter of Istio's chain. */
  before: 'first' | 'ext_authz' | 'jwt_authn' | 'rbac' | 'fault' | 'cors' | 'router';
  limit: LocalRateLimit;
}
/** Envoy's LocalRateLimit. */
export interface LocalRateLimit {
  /** Tells apart the buckets of one filter: '' its own, else the virtual host or route that has one. */
  id: string;
  /** null: nothing is limited. */
  bucket: { maxTokens: number; tokensPerFill: number; fillIntervalMs: number } | null;
  /** 0..100 */
  enabledPercent: number;
  enforcedPercent: number;
  status: number;
  responseHeaders: HeaderOption[];
  requestHeadersWhenNotEnforced: HeaderOption[];
  /** Each connection has a bucket of its own. */
  perConnection: boolean;
  /** x-ratelimit-limit, -remaining, -reset on responses. */
  rateLimitHeaders: boolean;
  /** gRPC status RESOURCE_EXHAUSTED instead of UNAVAILABLE. */
  resourceExhausted: boolean;
  origin: ResourceRef;
}
export interface HeaderOption {
  /** Lower case. */
  name: string;
  value: string;
  action: 'append' | 'overwrite' | 'add-if-absent';
}
export interface HttpManagerSettings {
  /** 0 = off, Istio's default. */
  streamIdleTimeoutMs?: number;
  /** For receiving the whole request; 0 = off. */
  requestTimeoutMs?: number;
  serverName?: string;
  serverHeader?: 'OVERWRITE' | 'APPEND_IF_ABSENT' | 'PASS_THROUGH';
}
/** Of a route; 0 = off. */
export interface StreamTimeouts {
  /** Instead of the connection manager's stream idle timeout. */
  idleTimeoutMs?: number;
  maxStreamDurationMs?: number;
}

export interface HostPort {
  host: string;
  port: number;
}

// ── routes ────────────────────────────────────────────────────────────────────────────────────────────────────────
export interface OutboundView {
  namespace: string;
  /** By destination port; the key `0` holds virtual hosts valid on any port. */
  routeTables: Record<number, VirtualHost[]>;
  /** host (lower case, no port) → the port meant when the authority names none. */
  defaultPorts: Record<string, number>;
  /** host (lower case, no port) → service fqdn. */
  serviceByHost: Record<string, string>;
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
  /** replacePrefix: `prefix` is what the match matched (Istio), see behaviour.md rewrite. */
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

// ── clusters ──────────────────────────────────────────────────────────────────────────────────────────────────────
export interface ClusterSnapshot {
  /** `outbound|9080|v1|ratings.default.svc.cluster.local`, `inbound|9080||`, `PassthroughCluster` */
  name: string;
  /** fqdn */
  service: string;
  port: number;
  subset: string;
  protocol: ServiceProtocol;
  endpoints: EndpointSnapshot[];
  /** Where endpoints come from: listed, resolved by DNS at connect, or the request's own host. */
  discovery: 'static' | 'dns' | 'dns-round-robin' | 'original';
  loadBalancer: LoadBalancer;
  connectTimeoutMs: number;
  limits: CircuitBreakerLimits;
  maxRequestsPerConnection: number | null;
  idleTimeoutMs: number;
  tcpIdleTimeoutMs: number | null;
  maxConnectionDurationMs: number | null;
  tcpKeepalive: boolean;
  /** Of tcpKeepalive; what is absent is the system's. */
  keepalive?: { probes?: number; timeMs?: number; intervalMs?: number };
  /** Longest a stream to a host may last, retries each for themselves; absent or 0 = no limit. */
  maxStreamDurationMs?: number;
  outlierDetection: OutlierDetection | null;
  /** `mutual`: Istio mTLS where the endpoint has a sidecar. */
  tls: UpstreamTls;
  http2: boolean;
  useClientProtocol: boolean;
  maxConcurrentStreams: number | null;
  warmup: { durationMs: number; minimumPercent: number; aggression: number } | null;
  locality: null | {
    distribute: { from: string; to: Record<string, number> }[];
    failover: { from: string; to: string }[];
    failoverPriority: string[];
  };
  proxyProtocol: 'V1' | 'V2' | null;
  /** Opaque connections are carried on to this `host:port` inside a CONNECT or POST; absent = straight. */
  tunnel?: { target: string; method: 'CONNECT' | 'POST' };
  /** PING at this interval, and how long an answer may take; absent = never. */
  http2KeepAlive?: { intervalMs: number; timeoutMs: number };
  /** DestinationRule in force, for explain. */
  policy: ResourceRef | null;
}

export interface EndpointSnapshot {
  /** Dial address: the sidecar's inbound port for mesh workloads (port 0 until bound: resolve by `workload`), else the host's own. */
  host: string;
  port: number;
  /** Workload id in this mesh; '' for external endpoints. When set the worker dials that proxy's inbound listener. */
  workload: string;
  version: string;
  labels: Record<string, string>;
  weight: number;
  locality: string;
  /** Expected SPIFFE ID of the peer; '' when it has no sidecar. */
  spiffeId: string;
  /** 0 = highest. */
  priority: number;
}

export type LoadBalancer =
  | { kind: 'least-request'; choices: number }
  | { kind: 'random' }
  | { kind: 'round-robin' }
  | { kind: 'passthrough' }
  | {
      kind: 'consistent-hash';
      algorithm: 'ring-hash' | 'maglev';
      minimumRingSize: number;
      tableSize: number;
      key:
        | { kind: 'header'; name: string }
        /** `attributes` go into the set-cookie between Path and HttpOnly; default none. */
        | {
            kind: 'cookie';
            name: string;
            path: string;
            ttlSeconds: number | null;
            attributes?: { name: string; value: string }[];
          }
        | { kind: 'source-ip' }
        | { kind: 'query'; name: string };
    };

/** null = unlimited. Names are Istio's. */
export interface CircuitBreakerLimits {
  maxConnections: number | null;
  http1MaxPendingRequests: number | null;
  http2MaxRequests: number | null;
  maxRetries: number | null;
  retryBudget: { percent: number; minRetryConcurrency: number } | null;
}

export interface OutlierDetection {
  /** 0 = off. */
  consecutive5xx: number;
  consecutiveGatewayErrors: number;
  splitExternalLocalOriginErrors: boolean;
  consecutiveLocalOriginFailures: number;
  intervalMs: number;
  baseEjectionMs: number;
  maxEjectionMs: number;
  maxEjectionPercent: number;
  minHealthPercent: number;
  /** Statuses that count as errors; the others do not, 5xx included. Absent: every status from 500. */
  errorCodes?: number[];
  /** Detectors Istio keeps off (Mesh outlierDetection); absent or null = off. stdevFactor is in thousandths. */
  successRate?: { minimumHosts: number; requestVolume: number; stdevFactor: number } | null;
  failurePercentage?: { threshold: number; minimumHosts: number; requestVolume: number } | null;
  origin: ResourceRef | null;
}

export type UpstreamTls =
  | { mode: 'disable' }
  /** Istio mTLS to endpoints that have a sidecar, plaintext to others (auto mTLS), or always (strict: ISTIO_MUTUAL). */
  | { mode: 'mutual'; auto: boolean; sni: string; subjectAltNames: string[] }
  | {
      mode: 'simple' | 'client-certificate';
      sni: string;
      caPem: string | null;
      certificatePem: string | null;
      privateKeyPem: string | null;
      subjectAltNames: string[];
      insecureSkipVerify: boolean;
      /** The certificate must carry the server name or the request's host; absent: where no subjectAltNames are given. */
      verifyHost?: boolean;
      /** The CA certificates named cannot be had: nobody is trusted, every handshake fails; absent = they can. */
      caMissing?: boolean;
      /** The BackendTLSPolicy that asks for it; absent = the cluster's policy. */
      origin?: ResourceRef;
    };

// ── policies ──────────────────────────────────────────────────────────────────────────────────────────────────────
export interface AuthorizationSnapshot {
  custom: AuthorizationPolicySnapshot[];
  audit: AuthorizationPolicySnapshot[];
  deny: AuthorizationPolicySnapshot[];
  allow: AuthorizationPolicySnapshot[];
  /** ext_authz services by provider name. */
  providers: Record<string, ExtAuthzProvider>;
}
export interface AuthorizationPolicySnapshot {
  resource: ResourceRef;
  action: 'CUSTOM' | 'AUDIT' | 'DENY' | 'ALLOW';
  provider: string;
  /** Shadow only: report, don't enforce. */
  dryRun: boolean;
  /** An empty list never matches. */
  rules: AuthorizationRule[];
}
/** from OR, to OR, when AND. An empty list means "any". */
export interface AuthorizationRule {
  from: SourceMatch[];
  to: OperationMatch[];
  when: { key: string; values: string[]; notValues: string[] }[];
}
/** Values as Istio writes them: exact, `abc*`, `*abc`, `*`. Empty list = not constrained. */
export interface SourceMatch {
  principals: string[];
  notPrincipals: string[];
  requestPrincipals: string[];
  notRequestPrincipals: string[];
  namespaces: string[];
  notNamespaces: string[];
  serviceAccounts: string[];
  notServiceAccounts: string[];
  ipBlocks: string[];
  notIpBlocks: string[];
  remoteIpBlocks: string[];
  notRemoteIpBlocks: string[];
}
export interface OperationMatch {
  hosts: string[];
  notHosts: string[];
  ports: string[];
  notPorts: string[];
  methods: string[];
  notMethods: string[];
  paths: string[];
  notPaths: string[];
}
export interface ExtAuthzProvider {
  name: string;
  url: string;
  pathPrefix: string;
  timeoutMs: number;
  failOpen: boolean;
  statusOnError: number;
  includeRequestHeadersInCheck: string[];
  /** Set on every check, whatever the client sent; absent = none. */
  additionalHeadersInCheck?: [string, string][];
  headersToUpstreamOnAllow: string[];
  /** Of the authorizer's answer, onto the response of an allowed request; absent = none. */
  headersToDownstreamOnAllow?: string[];
  headersToDownstreamOnDeny: string[];
  /** Asked by gRPC, there; absent = by HTTP at `url`. */
  grpc?: { host: string; port: number; authority: string };
  /** The request's body is part of the question; absent = it never is. `asBytes`: gRPC's raw_body. */
  body?: { maxBytes: number; allowPartial: boolean; asBytes: boolean };
}
export interface JwtSnapshot {
  resource: ResourceRef;
  issuer: string;
  audiences: string[];
  /** JWKS as JSON text; '' when it comes from jwksUri. */
  jwks: string;
  jwksUri: string;
  fromHeaders: { name: string; prefix: string }[];
  fromParams: string[];
  fromCookies: string[];
  forwardOriginalToken: boolean;
  outputPayloadToHeader: string;
  /** Claims that are lists written as text with blanks, beside permission and scope; absent = none. */
  spaceDelimitedClaims?: string[];
  outputClaimToHeaders: { header: string; claim: string }[];
}

// ── our faults ────────────────────────────────────────────────────────────────────────────────────────────────────
export type DelayDistribution =
  | { kind: 'fixed'; ms: number }
  | { kind: 'uniform'; minMs: number; maxMs: number }
  | { kind: 'normal'; meanMs: number; stddevMs: number }
  | { kind: 'pareto'; scaleMs: number; shape: number };

export interface FaultSnapshot {
  /** `default/slow-ratings` */
  id: string;
  name: string;
  namespace: string;
  resource: ResourceRef;
  side: 'server' | 'client';
  /** fqdn of the callee; version and port narrow it; '' / 0 = any. */
  toService: string;
  toVersion: string;
  toPort: number;
  toWorkload: string;
  /** `namespace/service` of the caller, '' = anyone. */
  fromService: string;
  match: RouteMatch[];
  percentage: number;
  delay: DelayDistribution | null;
  abort: null | { kind: 'http'; status: number } | { kind: 'grpc'; status: number } | { kind: 'reset' } | { kind: 'hang' };
  response: { truncateAfterBytes: number | null; bytesPerSecond: number | null; corruptPercent: number } | null;
  /** Toxics on TCP connections; absent = none. */
  tcp?: { type: string; stream: 'upstream' | 'downstream'; toxicity: number; attributes: Record<string, number> }[];
  only: { skip: number; first: number | null } | null;
  per: 'request' | 'connection' | 'trace' | 'client';
  schedule: { afterMs: number; forMs: number | null; everyMs: number | null } | null;
  /** Epoch ms; null = stays. */
  expiresAt: number | null;
  /** Epoch ms it was armed at: schedules count from here. */
  armedAt: number;
  seed: number | null;
  enabled: boolean;
  /** What it has done so far, where several workers count together (shared/fault-memory.ts); absent = the worker's own. */
  memory?: SharedArrayBuffer;
}

// ── results ───────────────────────────────────────────────────────────────────────────────────────────────────────
export interface BoundListener {
  proxy: string;
  listener: string;
  host: string;
  port: number;
}
export interface PrepareResult {
  ok: boolean;
  bound: BoundListener[];
  diagnostics: Diagnostic[];
}
