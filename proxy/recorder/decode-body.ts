import * as zlib from 'node:zlib';
import type { CapturedBody } from '../api/exchange.schema.ts';
import { ownValue } from '../shared/own-value.ts';

const maxDecodedBytes = 10 * 1024 * 1024;

/**
 * A captured body without its content encoding, as far as it was captured. Null when the encoding is unknown, the bytes are not what they are
 * said to be, or they would inflate beyond 10 MiB.
 */
export function decodeBody(body: CapturedBody): Buffer | null {
  let bytes: Buffer = Buffer.from(body.content, body.encoding);
  const encodings = body.contentEncoding
    .split(',')
    .map((encoding) => encoding.trim().toLowerCase())
    .filter((encoding) => encoding !== '' && encoding !== 'identity');
  for (const encoding of encodings.reverse()) {
    const decode = ownValue(decoders, encoding);
    if (decode === undefined) return null;
    try {
      bytes = decode(bytes);
    } catch {
      // Not what its header says, or a bomb.
      return null;
    }
  }
  return bytes;
}

/** The same for bytes that are no body: a gRPC message and its grpc-encoding. */
export function decodeMessage(bytes: Buffer, contentEncoding: string): Buffer | null {
  const size = { bytes: bytes.length, capturedBytes: bytes.length, truncated: false };
  return decodeBody({ ...size, contentEncoding, contentType: '', encoding: 'base64', content: bytes.toString('base64') });
}

// A capture may end in the middle: flush what is there instead of asking for the end.
const flush = { finishFlush: zlib.constants.Z_SYNC_FLUSH, maxOutputLength: maxDecodedBytes };
const decoders: Record<string, (bytes: Buffer) => Buffer> = {
  gzip: (bytes) => zlib.gunzipSync(bytes, flush),
  'x-gzip': (bytes) => zlib.gunzipSync(bytes, flush),
  // Senders disagree on what deflate is: with zlib's header, as the specification says, or bare.
  deflate: (bytes) => (((bytes[0] ?? 0) & 0x0f) === 8 ? zlib.inflateSync(bytes, flush) : zlib.inflateRawSync(bytes, flush)),
  br: (bytes) =>
    zlib.brotliDecompressSync(bytes, { finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH, maxOutputLength: maxDecodedBytes }),
  zstd: (bytes) => zlib.zstdDecompressSync(bytes, { maxOutputLength: maxDecodedBytes }),
};
