import type { Diagnostic } from '../api/diagnostic.schema.ts';
import type { FaultSnapshot } from './snapshot/faults.ts';
import type { BoundListener } from './snapshot/listeners.ts';
import type { OutboundView } from './snapshot/routes.ts';
import type { ProxySnapshot, ServiceInfo } from './snapshot/workloads.ts';

export type * from './snapshot/clusters.ts';
export type * from './snapshot/envoy-filters.ts';
export type * from './snapshot/faults.ts';
export type * from './snapshot/listeners.ts';
export type * from './snapshot/routes.ts';
export type * from './snapshot/security.ts';
export type * from './snapshot/workloads.ts';

/*
 * The compiled, frozen configuration the data plane runs on. Plain data (it crosses a thread by structured clone), close to Envoy's own
 * model so that it explains itself in the field's words and can be exported as an Envoy bootstrap. Its types stand by subject in snapshot/;
 * everybody imports them from here.
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

export interface PrepareResult {
  ok: boolean;
  bound: BoundListener[];
  diagnostics: Diagnostic[];
}
