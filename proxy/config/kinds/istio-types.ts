/**
 * The parts of Istio's and Gateway API's resources that we read, as their published schemas give them. A resource has passed its schema
 * before it is read as one of these. Durations are Go durations as text. Source: istio.io/latest/docs/reference/config.
 */
export interface StringMatchSpec {
  exact?: string;
  prefix?: string;
  regex?: string;
}
export interface HeaderOperationsSpec {
  set?: Record<string, string>;
  add?: Record<string, string>;
  remove?: string[];
}
export interface HeadersSpec {
  request?: HeaderOperationsSpec;
  response?: HeaderOperationsSpec;
}
export interface DestinationSpec {
  host: string;
  subset?: string;
  port?: { number?: number };
}
export interface RouteDestinationSpec {
  destination: DestinationSpec;
  weight?: number;
  headers?: HeadersSpec;
}
export interface HttpMatchSpec {
  name?: string;
  uri?: StringMatchSpec;
  scheme?: StringMatchSpec;
  method?: StringMatchSpec;
  authority?: StringMatchSpec;
  headers?: Record<string, StringMatchSpec>;
  withoutHeaders?: Record<string, StringMatchSpec>;
  queryParams?: Record<string, StringMatchSpec>;
  ignoreUriCase?: boolean;
  port?: number;
  sourceLabels?: Record<string, string>;
  sourceNamespace?: string;
  gateways?: string[];
  statPrefix?: string;
}
export interface PercentSpec {
  value?: number;
}
export interface HttpFaultSpec {
  delay?: { percent?: number; percentage?: PercentSpec; fixedDelay?: string; exponentialDelay?: string };
  abort?: { percent?: number; percentage?: PercentSpec; httpStatus?: number; grpcStatus?: string; http2Error?: string };
}
export interface RetriesSpec {
  attempts?: number;
  perTryTimeout?: string;
  retryOn?: string;
  backoff?: string;
  retryRemoteLocalities?: boolean;
  retryIgnorePreviousHosts?: boolean;
}
export interface CorsSpec {
  allowOrigin?: string[];
  allowOrigins?: StringMatchSpec[];
  allowMethods?: string[];
  allowHeaders?: string[];
  exposeHeaders?: string[];
  maxAge?: string;
  allowCredentials?: boolean;
  unmatchedPreflights?: 'UNSPECIFIED' | 'FORWARD' | 'IGNORE';
}
export interface HttpRedirectSpec {
  uri?: string;
  authority?: string;
  scheme?: string;
  port?: number;
  derivePort?: 'FROM_PROTOCOL_DEFAULT' | 'FROM_REQUEST_PORT';
  redirectCode?: number;
}
export interface HttpRewriteSpec {
  uri?: string;
  authority?: string;
  uriRegexRewrite?: { match: string; rewrite: string };
}
export interface HttpRouteSpec {
  name?: string;
  match?: HttpMatchSpec[];
  route?: RouteDestinationSpec[];
  redirect?: HttpRedirectSpec;
  directResponse?: { status: number; body?: { string?: string; bytes?: string } };
  delegate?: { name?: string; namespace?: string };
  rewrite?: HttpRewriteSpec;
  timeout?: string;
  retries?: RetriesSpec;
  fault?: HttpFaultSpec;
  mirror?: DestinationSpec;
  mirrors?: { destination: DestinationSpec; percentage?: PercentSpec }[];
  mirrorPercent?: number;
  mirror_percent?: number;
  mirrorPercentage?: PercentSpec;
  corsPolicy?: CorsSpec;
  headers?: HeadersSpec;
}
export interface L4MatchSpec {
  destinationSubnets?: string[];
  port?: number;
  sourceLabels?: Record<string, string>;
  sourceNamespace?: string;
  gateways?: string[];
  sniHosts?: string[];
}
export interface L4RouteSpec {
  match?: L4MatchSpec[];
  route?: RouteDestinationSpec[];
}
export interface VirtualServiceSpec {
  hosts?: string[];
  gateways?: string[];
  exportTo?: string[];
  http?: HttpRouteSpec[];
  tcp?: L4RouteSpec[];
  tls?: L4RouteSpec[];
}

// ── DestinationRule ───────────────────────────────────────────────────────────────────────────────────────────────
export interface ConsistentHashSpec {
  httpHeaderName?: string;
  httpCookie?: { name: string; path?: string; ttl?: string; attributes?: { name: string; value?: string }[] };
  useSourceIp?: boolean;
  httpQueryParameterName?: string;
  minimumRingSize?: number;
  ringHash?: { minimumRingSize?: number };
  maglev?: { tableSize?: number };
}
export interface WarmupSpec {
  duration?: string;
  minimumPercent?: number;
  aggression?: number;
}
export interface LoadBalancerSpec {
  simple?: 'UNSPECIFIED' | 'LEAST_CONN' | 'LEAST_REQUEST' | 'RANDOM' | 'PASSTHROUGH' | 'ROUND_ROBIN';
  consistentHash?: ConsistentHashSpec;
  warmupDurationSecs?: string;
  warmup?: WarmupSpec;
  localityLbSetting?: {
    enabled?: boolean;
    distribute?: { from?: string; to?: Record<string, number> }[];
    failover?: { from?: string; to?: string }[];
    failoverPriority?: string[];
  };
}
export interface ConnectionPoolSpec {
  tcp?: {
    maxConnections?: number;
    connectTimeout?: string;
    idleTimeout?: string;
    maxConnectionDuration?: string;
    tcpKeepalive?: { probes?: number; time?: string; interval?: string };
  };
  http?: {
    http1MaxPendingRequests?: number;
    http2MaxRequests?: number;
    maxRequestsPerConnection?: number;
    maxRetries?: number;
    idleTimeout?: string;
    /** Not in 1.30's CRD yet (istio/istio#55640). */
    http2KeepAlive?: { interval?: string; timeout?: string };
    h2UpgradePolicy?: 'DEFAULT' | 'DO_NOT_UPGRADE' | 'UPGRADE';
    useClientProtocol?: boolean;
    maxConcurrentStreams?: number;
  };
}
export interface OutlierDetectionSpec {
  consecutiveErrors?: number;
  consecutive5xxErrors?: number;
  consecutiveGatewayErrors?: number;
  splitExternalLocalOriginErrors?: boolean;
  consecutiveLocalOriginFailures?: number;
  /** Not in 1.30's CRD yet (istio/istio#60828). */
  outlierDetectionHttpErrorCodes?: number[];
  interval?: string;
  baseEjectionTime?: string;
  maxEjectionPercent?: number;
  minHealthPercent?: number;
}
export interface ClientTlsSpec {
  mode?: 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL';
  clientCertificate?: string;
  privateKey?: string;
  caCertificates?: string;
  credentialName?: string;
  sni?: string;
  subjectAltNames?: string[];
  insecureSkipVerify?: boolean;
}
export interface PortPolicySpec {
  port?: { number?: number };
  loadBalancer?: LoadBalancerSpec;
  connectionPool?: ConnectionPoolSpec;
  outlierDetection?: OutlierDetectionSpec;
  tls?: ClientTlsSpec;
}
export interface TrafficPolicySpec extends Omit<PortPolicySpec, 'port'> {
  portLevelSettings?: PortPolicySpec[];
  proxyProtocol?: { version?: 'V1' | 'V2' };
  retryBudget?: { percent?: number; minRetryConcurrency?: number };
  tunnel?: { protocol?: string; targetHost?: string; targetPort?: number };
}
export interface SubsetSpec {
  name: string;
  labels?: Record<string, string>;
  trafficPolicy?: TrafficPolicySpec;
}
export interface DestinationRuleSpec {
  host: string;
  trafficPolicy?: TrafficPolicySpec;
  subsets?: SubsetSpec[];
  exportTo?: string[];
  workloadSelector?: { matchLabels?: Record<string, string> };
}

// ── Gateway, ServiceEntry ─────────────────────────────────────────────────────────────────────────────────────────
export interface GatewayServerSpec {
  name?: string;
  port: { number: number; name: string; protocol: string };
  hosts: string[];
  bind?: string;
  tls?: {
    mode?: 'PASSTHROUGH' | 'SIMPLE' | 'MUTUAL' | 'OPTIONAL_MUTUAL' | 'ISTIO_MUTUAL' | 'AUTO_PASSTHROUGH';
    httpsRedirect?: boolean;
    credentialName?: string;
    serverCertificate?: string;
    privateKey?: string;
    caCertificates?: string;
  };
}
export interface GatewaySpec {
  servers?: GatewayServerSpec[];
  selector?: Record<string, string>;
}
export interface ServiceEntrySpec {
  hosts: string[];
  addresses?: string[];
  ports?: { number: number; name: string; protocol?: string; targetPort?: number }[];
  location?: 'MESH_EXTERNAL' | 'MESH_INTERNAL';
  resolution?: 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN' | 'DYNAMIC_DNS';
  endpoints?: {
    address?: string;
    ports?: Record<string, number>;
    labels?: Record<string, string>;
    locality?: string;
    weight?: number;
    serviceAccount?: string;
  }[];
  exportTo?: string[];
  subjectAltNames?: string[];
  workloadSelector?: { labels?: Record<string, string> };
}

// ── security ──────────────────────────────────────────────────────────────────────────────────────────────────────
export interface SelectorSpec {
  matchLabels?: Record<string, string>;
}
export type MtlsMode = 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT';
export interface PeerAuthenticationSpec {
  selector?: SelectorSpec;
  mtls?: { mode?: MtlsMode };
  portLevelMtls?: Record<string, { mode?: MtlsMode }>;
}
export interface PolicyTargetRef {
  group?: string;
  kind?: string;
  name?: string;
  namespace?: string;
}
export interface AuthorizationPolicySpec {
  selector?: SelectorSpec;
  targetRef?: PolicyTargetRef;
  targetRefs?: PolicyTargetRef[];
  action?: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';
  provider?: { name?: string };
  rules?: {
    from?: { source?: Partial<Record<string, string[]>> }[];
    to?: { operation?: Partial<Record<string, string[]>> }[];
    when?: { key: string; values?: string[]; notValues?: string[] }[];
  }[];
}
export interface RequestAuthenticationSpec {
  selector?: SelectorSpec;
  targetRef?: PolicyTargetRef;
  targetRefs?: PolicyTargetRef[];
  jwtRules?: {
    issuer: string;
    audiences?: string[];
    jwks?: string;
    jwksUri?: string;
    jwks_uri?: string;
    fromHeaders?: { name: string; prefix?: string }[];
    fromParams?: string[];
    fromCookies?: string[];
    forwardOriginalToken?: boolean;
    outputPayloadToHeader?: string;
    spaceDelimitedClaims?: string[];
    outputClaimToHeaders?: { header?: string; claim?: string }[];
  }[];
}

// ── Gateway API ───────────────────────────────────────────────────────────────────────────────────────────────────
export interface ParentRefSpec {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  sectionName?: string;
  port?: number;
}
export interface BackendRefSpec {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  port?: number;
  weight?: number;
  filters?: RouteFilterSpec[];
}
export interface HeaderModifierSpec {
  set?: { name: string; value: string }[];
  add?: { name: string; value: string }[];
  remove?: string[];
}
export interface PathModifierSpec {
  type: 'ReplaceFullPath' | 'ReplacePrefixMatch';
  replaceFullPath?: string;
  replacePrefixMatch?: string;
}
export interface RouteFilterSpec {
  type: string;
  requestHeaderModifier?: HeaderModifierSpec;
  responseHeaderModifier?: HeaderModifierSpec;
  requestRedirect?: { scheme?: string; hostname?: string; path?: PathModifierSpec; port?: number; statusCode?: number };
  urlRewrite?: { hostname?: string; path?: PathModifierSpec };
  requestMirror?: { backendRef: BackendRefSpec; percent?: number; fraction?: { numerator: number; denominator?: number } };
  cors?: {
    allowOrigins?: string[];
    allowCredentials?: boolean;
    allowMethods?: string[];
    allowHeaders?: string[];
    exposeHeaders?: string[];
    maxAge?: number;
  };
  extensionRef?: { group: string; kind: string; name: string };
}
export interface GatewayApiMatchSpec {
  path?: { type?: 'Exact' | 'PathPrefix' | 'RegularExpression'; value?: string };
  /** HTTPRoute: a method's name. GRPCRoute: service and method. */
  method?: string | { type?: 'Exact' | 'RegularExpression'; service?: string; method?: string };
  headers?: { type?: 'Exact' | 'RegularExpression'; name: string; value: string }[];
  queryParams?: { type?: 'Exact' | 'RegularExpression'; name: string; value: string }[];
}
export interface GatewayApiRouteSpec {
  parentRefs?: ParentRefSpec[];
  hostnames?: string[];
  rules?: {
    name?: string;
    matches?: GatewayApiMatchSpec[];
    filters?: RouteFilterSpec[];
    backendRefs?: BackendRefSpec[];
    timeouts?: { request?: string; backendRequest?: string };
    retry?: { codes?: number[]; attempts?: number; backoff?: string };
  }[];
}
export interface ObjectRefSpec {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
}
interface FrontendTlsSpec {
  validation?: { caCertificateRefs?: ObjectRefSpec[]; mode?: 'AllowValidOnly' | 'AllowInsecureFallback' };
}
export interface GatewayApiGatewaySpec {
  gatewayClassName?: string;
  tls?: { frontend?: { default?: FrontendTlsSpec; perPort?: { port: number; tls?: FrontendTlsSpec }[] } };
  listeners?: {
    name: string;
    hostname?: string;
    port: number;
    protocol: string;
    tls?: { mode?: 'Terminate' | 'Passthrough'; certificateRefs?: ObjectRefSpec[] };
    allowedRoutes?: {
      namespaces?: {
        from?: 'All' | 'Same' | 'Selector' | 'None';
        selector?: {
          matchLabels?: Record<string, string>;
          matchExpressions?: { key: string; operator: string; values?: string[] }[];
        };
      };
      kinds?: { group?: string; kind: string }[];
    };
  }[];
}
export interface ReferenceGrantSpec {
  from?: { group: string; kind: string; namespace: string }[];
  to?: { group: string; kind: string; name?: string }[];
}
export interface BackendTlsPolicySpec {
  targetRefs?: { group?: string; kind: string; name: string; sectionName?: string }[];
  validation?: {
    caCertificateRefs?: { group?: string; kind: string; name: string }[];
    wellKnownCACertificates?: string;
    hostname?: string;
    subjectAltNames?: { type: string; hostname?: string; uri?: string }[];
  };
}
