import type { ResourceRef } from '../../api/diagnostic.schema.ts';

/* What EnvoyFilters change: local rate limits, settings of connection managers, timeouts of streams. */

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
