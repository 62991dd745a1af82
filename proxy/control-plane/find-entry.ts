import type { HostPort } from '../data-plane/snapshot.ts';
import type { Committed } from './apply.ts';
import { findIngress } from './ingress.ts';
import { describeWorkloads } from './workloads.ts';

/** Who sends: someone outside, by the ingress (on this port where there are several), or a service by its sidecar. */
export type Caller =
  | { kind: 'ingress'; port?: number }
  /** The workload where it is there still, else another of its service. */
  | { kind: 'workload'; workload: string; service: string; namespace: string };

/** Where a caller's requests enter the mesh; words when there is no such place. */
export function findEntry(committed: Committed, caller: Caller): HostPort | string {
  if (caller.kind === 'ingress') {
    const gateways = committed.bound.filter((listener) => listener.proxy === 'ingress');
    const gateway = gateways.find((listener) => listener.port === caller.port) ?? findIngress(committed);
    return gateway ? { host: gateway.host, port: gateway.port } : 'There is no ingress gateway';
  }
  const workloads = describeWorkloads(committed, () => null);
  const workload =
    workloads.find((one) => one.id === caller.workload) ??
    workloads.find((one) => one.service === caller.service && one.namespace === caller.namespace);
  if (!workload) return `The source ${caller.workload || caller.service} is not in the mesh any more`;
  const at = new URL(workload.outbound);
  return { host: at.hostname, port: Number(at.port) };
}
