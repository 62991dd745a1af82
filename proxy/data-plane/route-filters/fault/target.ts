import type { ExchangeState } from '../../exchange.ts';
import type { FaultSnapshot, MeshSnapshot, ProxySnapshot } from '../../snapshot.ts';

/*
 * Which faults a proxy has to look at, and which requests they mean. What the configuration alone decides (side, callee for the server side,
 * caller for the client side) is decided once per snapshot; what depends on the request, per request.
 */

/** Faults that could ever act in this proxy on this side. */
export function faultsForProxy(snapshot: MeshSnapshot, proxy: ProxySnapshot, side: FaultSnapshot['side']): FaultSnapshot[] {
  const { workload } = proxy;
  return snapshot.faults.filter((fault) => {
    if (!fault.enabled || fault.side !== side) return false;
    if (side === 'client') return fault.fromService === '' || fault.fromService === `${workload.namespace}/${workload.service}`;
    return (
      isServiceOf(snapshot, fault.toService, proxy) &&
      (fault.toVersion === '' || fault.toVersion === workload.version) &&
      (fault.toWorkload === '' || fault.toWorkload === workload.id)
    );
  });
}

function isServiceOf(snapshot: MeshSnapshot, fqdn: string, { workload }: ProxySnapshot): boolean {
  if (fqdn === '') return true;
  return snapshot.services.some(
    (service) => service.fqdn === fqdn && service.name === workload.service && service.namespace === workload.namespace,
  );
}

type TargetInput = Pick<ExchangeState, 'destinationService' | 'cluster' | 'peer' | 'port'>;

/**
 * Does this request go where the fault points? On the client side the endpoint is not chosen yet, so a version or workload counts only when
 * every endpoint of the chosen cluster is of it.
 */
export function requestMeetsTarget(fault: FaultSnapshot, exchange: TargetInput): boolean {
  if (fault.toPort !== 0 && exchange.port !== fault.toPort) return false;
  if (fault.side === 'server') {
    return (
      fault.fromService === '' ||
      (exchange.peer !== null && `${exchange.peer.namespace}/${exchange.peer.service}` === fault.fromService)
    );
  }
  if (fault.toService !== '' && exchange.destinationService !== fault.toService) return false;
  if (fault.toVersion === '' && fault.toWorkload === '') return true;
  const endpoints = exchange.cluster?.endpoints ?? [];
  return (
    endpoints.length > 0 &&
    endpoints.every(
      (endpoint) =>
        (fault.toVersion === '' || endpoint.version === fault.toVersion) &&
        (fault.toWorkload === '' || endpoint.workload === fault.toWorkload),
    )
  );
}

export type FaultPhase = 'armed' | 'waiting' | 'disabled' | 'expired';

/** Where a fault stands at a wall-clock time (epoch ms): schedules count from armedAt. */
export function faultPhase(fault: FaultSnapshot, wallMs: number): FaultPhase {
  if (!fault.enabled) return 'disabled';
  if (fault.expiresAt !== null && wallMs >= fault.expiresAt) return 'expired';
  if (fault.schedule === null) return 'armed';
  const { afterMs, forMs, everyMs } = fault.schedule;
  const since = wallMs - fault.armedAt - afterMs;
  if (since < 0) return 'waiting';
  if (forMs === null) return 'armed';
  if (everyMs !== null && everyMs > 0) return since % everyMs < forMs ? 'armed' : 'waiting';
  return since < forMs ? 'armed' : 'expired';
}
