import { gunzipSync } from 'node:zlib';
import { frameGrpcMessage } from '../shared/grpc-message.ts';

/** Kept inflated where it could be read, else as it was on the wire: gzip tells itself by its first bytes. */
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

/** Length-prefixed messages out of what comes in pieces. */
export class FrameSplitter {
  readonly #tell: (data: Uint8Array) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(tell: (data: Uint8Array) => void) {
    this.#tell = tell;
  }

  add(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 5) {
      const end = 5 + this.#rest.readUInt32BE(1);
      if (this.#rest.length < end) return;
      const data = this.#rest.subarray(5, end);
      this.#tell(new Uint8Array((this.#rest[0]! & 1) === 1 ? inflate(data) : data));
      this.#rest = this.#rest.subarray(end);
    }
  }
}
