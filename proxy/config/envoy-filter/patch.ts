import type { ParsedResource } from '../parse.ts';
import type { Unread } from './fields.ts';

/*
 * The patches of an EnvoyFilter that Drydock honours, in plain data. Everything else of a resource is in `unread`, with its place: lint says
 * it, nothing of it acts.
 */

export type PatchContext = 'SIDECAR_INBOUND' | 'SIDECAR_OUTBOUND' | 'GATEWAY';

/** Which HTTP connection managers; port 0 = any. */
export interface ListenerPlace {
  contexts: PatchContext[];
  port: number;
}
/** Which routes; '' and 0 = any. */
export interface RoutePlace {
  contexts: PatchContext[];
  port: number;
  virtualHost: string;
  route: string;
  action: 'ANY' | 'ROUTE' | 'REDIRECT' | 'DIRECT_RESPONSE';
}
/** Which clusters; '' and 0 = any. A name decides alone, as in istiod. */
export interface ClusterPlace {
  contexts: PatchContext[];
  name: string;
  service: string;
  subset: string;
  port: number;
}

/** Where an inserted filter stands: before the filter of this kind, or first of all. */
export type FilterPosition = 'first' | 'ext_authz' | 'jwt_authn' | 'rbac' | 'fault' | 'cors' | 'router';

export interface HeaderValueOption {
  name: string;
  value: string;
  action: 'append' | 'overwrite' | 'add-if-absent';
}

/** envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit */
export interface RateLimitSettings {
  /** null: limits nothing by itself; routes may. */
  bucket: { maxTokens: number; tokensPerFill: number; fillIntervalMs: number } | null;
  /** 0..100; Envoy's default is 0: nothing is counted, nothing is refused. */
  enabledPercent: number;
  enforcedPercent: number;
  status: number;
  responseHeaders: HeaderValueOption[];
  requestHeadersWhenNotEnforced: HeaderValueOption[];
  perConnection: boolean;
  rateLimitHeaders: boolean;
  resourceExhausted: boolean;
}

export interface ManagerSettings {
  streamIdleTimeoutMs?: number;
  requestTimeoutMs?: number;
  serverName?: string;
  serverHeader?: 'OVERWRITE' | 'APPEND_IF_ABSENT' | 'PASS_THROUGH';
}

export interface RouteSettings {
  timeoutMs?: number;
  idleTimeoutMs?: number;
  maxStreamDurationMs?: number;
}

export interface OutlierSettings {
  consecutive5xx?: number;
  enforcingConsecutive5xx?: number;
  consecutiveGatewayFailure?: number;
  enforcingConsecutiveGatewayFailure?: number;
  splitExternalLocalOriginErrors?: boolean;
  consecutiveLocalOriginFailure?: number;
  intervalMs?: number;
  baseEjectionMs?: number;
  maxEjectionMs?: number;
  maxEjectionPercent?: number;
  enforcingSuccessRate?: number;
  successRateMinimumHosts?: number;
  successRateRequestVolume?: number;
  successRateStdevFactor?: number;
  enforcingFailurePercentage?: number;
  failurePercentageThreshold?: number;
  failurePercentageMinimumHosts?: number;
  failurePercentageRequestVolume?: number;
}

export interface ClusterSettings {
  connectTimeoutMs?: number;
  outlier?: OutlierSettings;
  keepalive?: { probes?: number; timeMs?: number; intervalMs?: number };
  idleTimeoutMs?: number;
  maxRequestsPerConnection?: number;
  maxConcurrentStreams?: number;
  maxStreamDurationMs?: number;
  /** 0..100 */
  panicThresholdPercent?: number;
}

export type EnvoyPatch =
  | { kind: 'insert-rate-limit'; place: ListenerPlace; filter: string; before: FilterPosition; settings: RateLimitSettings }
  | { kind: 'manager'; place: ListenerPlace; settings: ManagerSettings }
  | {
      kind: 'route';
      /** A virtual host's own settings give way to its routes'. */
      level: 'virtual-host' | 'route';
      place: RoutePlace;
      /** By filter name; merged maps replace entry by entry. */
      rateLimits: Record<string, RateLimitSettings>;
      settings: RouteSettings;
    }
  | { kind: 'cluster'; place: ClusterPlace; settings: ClusterSettings };

export interface ReadPatch {
  /** `spec.configPatches[index]` */
  index: number;
  patch: EnvoyPatch | null;
  unread: Unread[];
}

export interface EnvoyFilterSpec {
  workloadSelector?: { labels?: Record<string, string> };
  targetRefs?: { kind?: string; name?: string }[];
  priority?: number;
  configPatches?: ConfigPatchSpec[];
}
export interface ConfigPatchSpec {
  applyTo?: string;
  match?: {
    context?: string;
    proxy?: { proxyVersion?: string; metadata?: Record<string, string> };
    listener?: {
      name?: string;
      portNumber?: number;
      portName?: string;
      listenerFilter?: string;
      filterChain?: {
        name?: string;
        sni?: string;
        transportProtocol?: string;
        applicationProtocols?: string;
        destinationPort?: number;
        filter?: { name?: string; subFilter?: { name?: string } };
      };
    };
    routeConfiguration?: {
      name?: string;
      portNumber?: number;
      portName?: string;
      gateway?: string;
      vhost?: { name?: string; domainName?: string; route?: { name?: string; action?: RoutePlace['action'] } };
    };
    cluster?: { name?: string; service?: string; subset?: string; portNumber?: number };
    waypoint?: unknown;
  };
  patch?: { operation?: string; value?: unknown; filterClass?: string };
}

export const specOf = (resource: ParsedResource): EnvoyFilterSpec => (resource.spec ?? {}) as EnvoyFilterSpec;
