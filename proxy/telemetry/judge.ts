import type { Exchange } from '../api/exchange.schema.ts';

/** gRPC statuses that are the server's fault: UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNIMPLEMENTED. */
const GRPC_SERVER_ERRORS = new Set([2, 4, 12, 13, 14, 15]);

/** A failed exchange: 5xx, a gRPC server error, or no response for a reason other than the client leaving. */
export function isError(exchange: Exchange): boolean {
  if (exchange.grpcStatus !== undefined && GRPC_SERVER_ERRORS.has(exchange.grpcStatus)) return true;
  if (exchange.status >= 500) return true;
  return exchange.status === 0 && exchange.flags !== '' && exchange.flags !== 'DC';
}

/** What became of a request, as charts tell it apart. `other`: no answer came, the protocol was switched, or it was no request (TCP). */
export const codeClasses = ['2xx', '3xx', '4xx', '5xx', 'other'] as const;
export type CodeClass = (typeof codeClasses)[number];

/** By the status; a gRPC call, which is always answered 200, by what its own status means. */
export function codeClassOf(exchange: Exchange): CodeClass {
  const { status, grpcStatus } = exchange;
  if (grpcStatus !== undefined && grpcStatus !== 0 && status < 300) return GRPC_SERVER_ERRORS.has(grpcStatus) ? '5xx' : '4xx';
  if (status < 200 || status > 599) return 'other';
  return status < 300 ? '2xx' : status < 400 ? '3xx' : status < 500 ? '4xx' : '5xx';
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
