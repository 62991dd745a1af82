import { gunzipSync } from 'node:zlib';
import { frameGrpcMessage, GrpcReader } from '../shared/grpc-message.ts';

/** A message on the wire. It is kept inflated where it could be read, else as it was on the wire: gzip tells itself by its first bytes. */
export function frame(data: Uint8Array): Buffer {
  return frameGrpcMessage(data[0] === 0x1f && data[1] === 0x8b ? inflate(data) : data);
}

function inflate(data: Uint8Array): Buffer {
  try {
    return gunzipSync(data);
  } catch {
    return Buffer.from(data); // only looked like gzip
  }
}

/** Messages as they come, inflated where they can be. */
export function readInflated(tell: (data: Uint8Array) => void): GrpcReader {
  return new GrpcReader(({ data, compressed }) => tell(new Uint8Array(compressed ? inflate(data) : data)));
}
