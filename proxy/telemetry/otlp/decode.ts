import { gunzipSync } from 'node:zlib';
import { decodeJsonSpans, OtlpJsonError } from './decode-json.ts';
import { decodeProtobufSpans } from './decode-protobuf.ts';
import type { DecodedSpans } from './make-span.ts';
import { WireError, WireReader } from './wire.ts';

/** Inflated size a request may have; more is 413 (the specification advises a limit, and to apply it after inflating). */
export const otlpBodyLimitBytes = 20 * 1024 * 1024;

export interface TraceBody {
  bytes: Uint8Array;
  encoding: 'protobuf' | 'json';
  gzip: boolean;
}

/** `too-large` and `malformed` are the sender's fault and final; `unavailable` may be tried again. */
export type DecodeOutcome =
  | ({ ok: true } & DecodedSpans)
  | { ok: false; kind: 'too-large' | 'malformed' | 'unavailable'; message: string };

/** A trace export as it came from the network → spans. Never throws. */
export function decodeTraces({ bytes, encoding, gzip }: TraceBody): DecodeOutcome {
  try {
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const plain = gzip ? gunzipSync(body, { maxOutputLength: otlpBodyLimitBytes }) : body;
    const decoded = encoding === 'json' ? decodeJsonSpans(plain.toString('utf8')) : decodeProtobufSpans(new WireReader(plain));
    return { ok: true, ...decoded };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      return { ok: false, kind: 'too-large', message: `the body is over ${otlpBodyLimitBytes} bytes when inflated` };
    }
    const isOurs = error instanceof WireError || error instanceof OtlpJsonError || (code ?? '').startsWith('Z_');
    if (!isOurs) throw error;
    return { ok: false, kind: 'malformed', message };
  }
}
