import { isUtf8 } from 'node:buffer';
import type { CapturedBody, ExchangeDetail, ExchangeMessage } from '../../api/exchange.schema.ts';
import type { Conversation } from '../../recorder/conversation/conversation.ts';
import { decodeBody } from '../../recorder/decode-body.ts';
import type { StandInEntry } from '../../recorder/stand-in.ts';
import { frameGrpcMessage, grpcHeadBytes, readGrpcMessages } from '../../shared/grpc-message.ts';
import { framing, type StandInAnswer } from './answer.ts';
import type { RecordedTalk } from './answering-talk.ts';

/** Written again by the callee's sidecar. */
const dropped = new Set(['x-envoy-upstream-service-time', 'server', 'date']);

/** What a recorded exchange answers, or a sentence that says why it cannot be sent again. */
export function recordedAnswer(exchange: ExchangeDetail): StandInAnswer | string {
  const { response } = exchange;
  const body = wholeBody(exchange);
  if (typeof body === 'string') return body;
  const headers = response.headers
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !dropped.has(name) && !(body.isDecoded && name === 'content-encoding'));
  return {
    ...{ status: exchange.status, headers, trailers: response.trailers, body: body.bytes, fault: null },
    ...timing(exchange, body.bytes),
  };
}

/** The head and trailers a conversation was answered with. */
export function recordedTalk({ response, status }: ExchangeDetail, conversation: Conversation): RecordedTalk {
  const headers = response.headers
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !dropped.has(name) && !framing.has(name));
  return { conversation, status, headers, trailers: response.trailers };
}

/** What requests are compared with. */
export function toEntry(exchange: ExchangeDetail): Omit<StandInEntry<never>, 'answer'> {
  const { id, method, path, request, traceId, destinationVersion: version } = exchange;
  return { id, method, path, body: bodyText(request.body), headers: request.headers, traceId, version };
}

/** A body as requests are compared by it: without its content encoding; bytes that are no text as base64. */
export function bodyText(body: CapturedBody | null): string {
  if (body === null) return '';
  const bytes = decodeBody(body) ?? Buffer.from(body.content, body.encoding);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  // An uploaded file within: one character a byte, so that its boundary is no difference.
  if (/^multipart\//i.test(body.contentType)) return bytes.toString('latin1');
  return `base64:${bytes.toString('base64')}`;
}

/** Decoded where its encoding is known, else as it was on the wire, with its header. */
function wholeBody(exchange: ExchangeDetail): { bytes: Buffer; isDecoded: boolean } | string {
  const { body } = exchange.response;
  if (body === null) return { bytes: Buffer.alloc(0), isDecoded: true };
  if (body.truncated) {
    const joined = joinMessages(exchange);
    return joined === null
      ? `its body was cut off at ${body.capturedBytes} of ${body.bytes} bytes when it was recorded`
      : { bytes: joined, isDecoded: false };
  }
  const decoded = decodeBody(body);
  const bytes = decoded ?? Buffer.from(body.content, body.encoding);
  if (isGrpc(exchange) && !readGrpcMessages(bytes).isWhole)
    return 'its gRPC messages are not whole: redaction may have changed their length';
  return { bytes, isDecoded: decoded !== null };
}

const isGrpc = ({ protocol, response }: ExchangeDetail): boolean =>
  protocol === 'gRPC' ||
  response.headers.some(([name, value]) => /^content-type$/i.test(name) && value.startsWith('application/grpc'));

/** A body longer than the capture limit whose messages were all kept is whole after all. */
function joinMessages({ messages, response }: ExchangeDetail): Buffer | null {
  const isEncoded = response.body?.contentEncoding !== '';
  if (messages === undefined || messages.dropped > 0 || isEncoded) return null;
  const down = messages.items.filter(({ dir }) => dir === 'down');
  if (down.length === 0 || down.some(({ truncated, compressed }) => truncated || compressed === true)) return null;
  return Buffer.concat(down.map(messageBytes));
}

function messageBytes({ kind, content, encoding }: ExchangeMessage): Buffer {
  const payload = Buffer.from(content, encoding);
  return kind === 'message' ? frameGrpcMessage(payload) : payload;
}

/** Pauses of a stream where every message's time was kept; else the whole answer after as long as it took. */
function timing({ messages, durationMs }: ExchangeDetail, body: Buffer): Pick<StandInAnswer, 'delayMs' | 'pieces'> {
  const down = messages?.dropped === 0 ? messages.items.filter(({ dir }) => dir === 'down') : [];
  const first = down[0];
  let end = 0;
  const pieces = down.map((message) => {
    end += message.bytes + (message.kind === 'message' ? grpcHeadBytes : 0);
    return { end, afterMs: Math.max(0, message.offsetMs - first!.offsetMs) };
  });
  if (first === undefined || end > body.length) return { delayMs: durationMs, pieces: null };
  // What follows the last message (a comment, an event that did not end) goes with it.
  pieces[pieces.length - 1]!.end = body.length;
  return { delayMs: first.offsetMs, pieces };
}
