import { addFlag, type ExchangeState, type LocalReply, type ResponseHead } from '../exchange.ts';
import { HeaderMap } from '../header-map.ts';

/*
 * The only place that makes a response of our own. Format and words are Envoy's (Http::Utility::sendLocalReply, Grpc status mapping of
 * Grpc::Utility::httpToGrpcStatus): text/plain with its length; no body, no such headers; a gRPC call gets HTTP 200 and its status in the
 * headers, with the text percent-encoded.
 */

/** HTTP status → gRPC status, Envoy's table; anything else is UNKNOWN (2). */
export function grpcStatusOf(httpStatus: number): number {
  switch (httpStatus) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

/** grpc-message: printable ASCII except `%` as is, every other UTF-8 byte as %XX (gRPC over HTTP/2, "Percent-Encoded"). */
export function encodeGrpcMessage(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    if (byte >= 0x20 && byte <= 0x7e && byte !== 0x25) encoded += String.fromCharCode(byte);
    else encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/**
 * Head and body bytes of a reply. `edit` runs on the head first: what the body and gRPC need is written after it and wins, except a
 * content-type for a body (Envoy: Utility::encodeLocalReply).
 */
export function buildLocalReply(
  reply: LocalReply,
  request: { grpc: boolean; method: string },
  edit: (head: ResponseHead) => void = () => {},
): { head: ResponseHead; body: Buffer } {
  const head: ResponseHead = { status: reply.status, headers: HeaderMap.from(reply.headers ?? []) };
  const { headers } = head;
  if (reply.asWritten !== true) edit(head);
  if (request.grpc && reply.asWritten !== true) {
    headers.set('content-type', 'application/grpc');
    if (!headers.has('grpc-status')) headers.set('grpc-status', String(reply.grpcStatus ?? grpcStatusOf(reply.status)));
    if (reply.body !== '' && request.method !== 'HEAD') headers.set('grpc-message', encodeGrpcMessage(reply.body));
    headers.remove('content-length');
    return { head: { status: 200, headers }, body: Buffer.alloc(0) };
  }
  const body = Buffer.from(reply.body, 'utf8');
  if (body.length === 0) {
    headers.remove('content-type');
    headers.remove('content-length');
  } else {
    headers.set('content-length', String(body.length));
    if (!headers.has('content-type')) headers.set('content-type', 'text/plain');
  }
  return { head, body };
}

/**
 * Sends a reply of our own down: response header filters run on it first; flag, details and status are noted on the exchange.
 * `reply.instead` is not for here: whoever raised it cuts the connection or stays silent.
 */
export function sendLocalReply(exchange: ExchangeState, reply: LocalReply): void {
  addFlag(exchange, reply.flag);
  exchange.details = reply.details;
  const { head, body } = buildLocalReply(reply, exchange, (written) => {
    for (const filter of exchange.responseHeaderFilters) filter(written);
  });
  exchange.responseStatus = head.status;
  if (exchange.grpc) exchange.grpcStatus = Number(head.headers.get('grpc-status') ?? '2');
  const { downstream } = exchange;
  if (body.length === 0 || downstream.method === 'HEAD') {
    downstream.sendHeaders(head.status, head.headers, true);
    return;
  }
  downstream.sendHeaders(head.status, head.headers, false);
  downstream.sendData(body);
  downstream.end(null);
}
