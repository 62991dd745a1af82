import type { ServiceProtocol } from '../../api/mesh.schema.ts';
import type { HttpPatches } from './envoy-filters.ts';
import type { ListenerSnapshot } from './listeners.ts';

/* Who takes part: services, workloads, and the proxy each workload has. */

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
