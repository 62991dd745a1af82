import type { ResourceRef } from '../../api/diagnostic.schema.ts';
import type { ServiceProtocol } from '../../api/mesh.schema.ts';

/* Upstream clusters: endpoints, how one is picked, limits, outlier detection, TLS. */

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
