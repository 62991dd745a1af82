import { isUtf8 } from 'node:buffer';
import { writeBytes, writeInteger } from '../../../shared/proto-wire.ts';
import type { ExchangeState } from '../../exchange.ts';
import type { ConnectionInfo } from '../../stream.ts';
import { type CheckBody, partialBodyHeader } from './verdict.ts';

/*
 * envoy.service.auth.v3.CheckRequest as Envoy fills it for Istio's providers: both ends with their principals, the request with all of its
 * headers. Numbers are those of the published messages (attribute_context.proto, address.proto).
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/auth/v3/attribute_context.proto
 */

/** `asBytes`: the body goes into raw_body, as it came. */
export function encodeHttpCheck(exchange: ExchangeState, body: CheckBody | null, asBytes: boolean): Buffer {
  const { connection } = exchange.downstream;
  const ownSpiffeId = exchange.proxy.workload.spiffeId;
  const service = exchange.headers.get('x-envoy-downstream-service-cluster') ?? '';
  const request = Buffer.concat([
    writeBytes(1, encodeTime(exchange.startedWallMs)),
    writeBytes(2, encodeHttpRequest(exchange, body, asBytes)),
  ]);
  return checkRequest([peers(connection, ownSpiffeId, service), writeBytes(4, request)]);
}

/** Of a connection only its two ends are known. */
export function encodeTcpCheck(connection: ConnectionInfo, ownSpiffeId: string): Buffer {
  return checkRequest([peers(connection, ownSpiffeId, '')]);
}

function checkRequest(attributes: Buffer[]): Buffer {
  // metadata_context and route_metadata_context are there and empty.
  return writeBytes(1, Buffer.concat([...attributes, writeBytes(11, ''), writeBytes(13, '')]));
}

function peers(connection: ConnectionInfo, ownSpiffeId: string, service: string): Buffer {
  const { remoteAddress, localAddress, mtls, peerSpiffeId, peerCertificate } = connection;
  const caller = mtls ? peerSpiffeId || (peerCertificate?.subject ?? '') : '';
  return Buffer.concat([
    writeBytes(1, encodePeer(remoteAddress, service, caller)),
    writeBytes(2, encodePeer(localAddress, '', mtls ? ownSpiffeId : '')),
  ]);
}

function encodePeer(address: string, service: string, principal: string): Buffer {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const socket = Buffer.concat([text(2, host), writeInteger(3, Number(address.slice(colon + 1)) || 0)]);
  return Buffer.concat([writeBytes(1, writeBytes(1, socket)), text(2, service), text(4, principal)]);
}

function encodeHttpRequest(exchange: ExchangeState, body: CheckBody | null, asBytes: boolean): Buffer {
  const { downstream } = exchange;
  const { bytesReceived } = downstream;
  return Buffer.concat([
    text(1, BigInt(`0x${exchange.trace.spanId || '0'}`).toString()),
    text(2, exchange.method),
    ...[...headersOf(exchange, body)].map(([name, value]) => writeBytes(3, Buffer.concat([text(1, name), text(2, value)]))),
    text(4, exchange.path),
    text(5, exchange.authority),
    text(6, exchange.scheme),
    ...(bytesReceived === 0 ? [] : [writeInteger(9, bytesReceived)]),
    text(10, downstream.protocol),
    ...(body === null || body.bytes.length === 0 ? [] : [writeBytes(asBytes ? 12 : 11, body.bytes)]),
  ]);
}

/** All headers, pseudo-headers too; repeated ones are one, joined by `,`. */
function headersOf(exchange: ExchangeState, body: CheckBody | null): Map<string, string> {
  const headers = new Map([
    [':authority', exchange.authority],
    [':method', exchange.method],
    [':path', exchange.path],
    [':scheme', exchange.scheme],
  ]);
  for (const [name, value] of exchange.headers.toPairs()) {
    // The client's own would lie about what we did.
    if (name === partialBodyHeader) continue;
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  if (exchange.downstream.upgrade !== '') headers.set('upgrade', exchange.downstream.upgrade).set('connection', 'Upgrade');
  if (body !== null) headers.set(partialBodyHeader, String(body.partial));
  return headers;
}

function encodeTime(wallMs: number): Buffer {
  const seconds = Math.floor(wallMs / 1000);
  const nanos = Math.round((wallMs - seconds * 1000) * 1e6);
  return Buffer.concat([writeInteger(1, seconds), ...(nanos === 0 ? [] : [writeInteger(2, nanos)])]);
}

/** Empty text is not written, as proto3 has it. Values are the bytes on the wire; of what is no UTF-8 each byte becomes `!`, as Envoy has it. */
function text(number: number, value: string): Buffer {
  if (value === '') return Buffer.alloc(0);
  const bytes = Buffer.from(value, 'latin1');
  return writeBytes(number, isUtf8(bytes) ? bytes : Buffer.from(value.replace(/[\x80-\xff]/g, '!')));
}
