import { workloadOfMetadataId } from './edge-headers.ts';
import type { LiveExchange } from './live-exchange.ts';
import type { WorkloadInfo } from './snapshot.ts';

/** Who calls, from the verified certificate; the caller's node id narrows it to the workload. A claim without a certificate counts nothing. */
export function identifyPeer(exchange: LiveExchange, workloads: ReadonlyMap<string, WorkloadInfo>): void {
  const { peerSpiffeId, mtls } = exchange.downstream.connection;
  if (!mtls) return;
  const claimed = workloads.get(workloadOfMetadataId(exchange.headers.get('x-envoy-peer-metadata-id')));
  if (claimed !== undefined && claimed.spiffeId === peerSpiffeId) {
    exchange.peer = claimed;
    return;
  }
  for (const workload of workloads.values()) {
    if (workload.spiffeId === peerSpiffeId) {
      exchange.peer = workload;
      return;
    }
  }
}
