import type { Exchange } from '../api/exchange.schema.ts';

/** gRPC statuses that are the server's fault: UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNIMPLEMENTED. */
const GRPC_SERVER_ERRORS = new Set([2, 4, 12, 13, 14, 15]);

/** A failed exchange: 5xx, a gRPC server error, or no response for a reason other than the client leaving. */
export function isError(exchange: Exchange): boolean {
  if (exchange.grpcStatus !== undefined && GRPC_SERVER_ERRORS.has(exchange.grpcStatus)) return true;
  if (exchange.status >= 500) return true;
  return exchange.status === 0 && exchange.flags !== '' && exchange.flags !== 'DC';
}

/**
 * Whether this record stands for its call in counts: the caller's side tells it (source or gateway); the callee's only when the caller has no
 * sidecar. So each call counts once.
 */
export function standsForCall(exchange: Exchange): boolean {
  return exchange.reporter !== 'destination' || exchange.sourceWorkload === '';
}

/** Node ids of the graph: `default/reviews`, `ingress`, `outside`, or the bare host for what lies outside the mesh. */
export function sourceNode(exchange: Exchange): string {
  if (exchange.reporter === 'gateway' || exchange.sourceWorkload === 'ingress') return 'ingress';
  return exchange.sourceWorkload === '' ? 'outside' : `${exchange.sourceNamespace}/${exchange.source}`;
}
export function destinationNode(exchange: Exchange): string {
  if (exchange.destinationNamespace === '') return exchange.destination === '' ? exchange.authority : exchange.destination;
  return `${exchange.destinationNamespace}/${exchange.destination}`;
}
