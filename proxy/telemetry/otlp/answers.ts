import type { OtlpSignal } from './decode.ts';
import { encodeBytes, encodeVarint } from './wire.ts';

/* What the receiver says back, in protobuf or JSON as the request was. */

const rejectedNames: Record<OtlpSignal, string> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
};

/** Export…ServiceResponse: empty when all was taken; partial_success otherwise (0 rejected and a message is a warning). */
export function exportResponse(
  signal: OtlpSignal,
  encoding: 'protobuf' | 'json',
  { rejected, message }: { rejected: number; message: string },
): Buffer {
  const partial = rejected > 0 || message !== '';
  if (encoding === 'json') {
    // 64-bit integers are text in protobuf's JSON.
    const body = partial ? { partialSuccess: { [rejectedNames[signal]]: String(rejected), errorMessage: message } } : {};
    return Buffer.from(JSON.stringify(body));
  }
  if (!partial) return Buffer.alloc(0);
  return encodeBytes(1, Buffer.concat([encodeVarint(1, rejected), encodeBytes(2, message)]));
}

/** google.rpc.Status, the body of every error. `code` is a gRPC status. */
export function statusBody(encoding: 'protobuf' | 'json', code: number, message: string): Buffer {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }));
  return Buffer.concat([encodeVarint(1, code), encodeBytes(2, message)]);
}
