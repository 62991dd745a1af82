import net, { type Socket } from 'node:net';

/* HTTP/2 frame by frame (RFC 9113 §4, §6), for peers that do what no library would. Headers are HPACK literals, never indexed. */

export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
  altsvc: 10,
  origin: 12,
} as const;
export const flags = { ack: 1, endStream: 1, endHeaders: 4 } as const;
export const errors = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  compression: 9,
  enhanceYourCalm: 11,
} as const;
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export interface Frame {
  type: number;
  flags: number;
  stream: number;
  payload: Buffer;
}

export function frame(type: number, flagBits: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flagBits;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A setting's 16-bit number and its value. */
export function settings(...pairs: [number, number][]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  for (const [n, [name, value]] of pairs.entries()) {
    payload.writeUInt16BE(name, n * 6);
    payload.writeUInt32BE(value, n * 6 + 2);
  }
  return frame(frameTypes.settings, 0, 0, payload);
}

/** HPACK integer with a prefix of `bits` bits under `first`'s high bits (RFC 7541 §5.1). */
function hpackInteger(value: number, bits: number, first: number): Buffer {
  const limit = 2 ** bits - 1;
  if (value < limit) return Buffer.from([first | value]);
  const bytes = [first | limit];
  let rest = value - limit;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

const hpackString = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([hpackInteger(bytes.length, 7, 0), bytes]);
};

/** A header block; names and values go out as they are, whatever they hold. */
export function hpack(pairs: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(pairs.flatMap(([name, value]) => [Buffer.from([0]), hpackString(name), hpackString(value)]));
}

/** One header put into the dynamic table; then `indexed(62)` repeats the newest one in a byte. */
export const hpackInserted = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([0x40]), hpackString(name), hpackString(value)]);
export const hpackIndexed = (index: number): Buffer => hpackInteger(index, 7, 0x80);

/** The pseudo-headers of a request, and more. */
export const requestBlock = (
  authority: string,
  path: string,
  more: readonly (readonly [string, string])[] = [],
  method = 'GET',
) => hpack([[':method', method], [':scheme', 'http'], [':authority', authority], [':path', path], ...more]);

/** One connection that says what it is told, and keeps what comes back. */
export class RawHttp2 {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  closed = false;
  #input: Buffer = Buffer.alloc(0);
  #waiting: (() => void)[] = [];
  /** Answers PING and SETTINGS, as every peer must. */
  readonly #answers: boolean;

  constructor(socket: Socket, options: { answers?: boolean } = {}) {
    this.socket = socket;
    this.#answers = options.answers ?? true;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** A client: preface and SETTINGS are sent. */
  static connect(port: number, own: [number, number][] = [], options: { answers?: boolean } = {}): RawHttp2 {
    const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    socket.write(Buffer.concat([preface, settings(...own)]));
    return new RawHttp2(socket, options);
  }

  send(...frames: Buffer[]): boolean {
    return this.socket.writable ? this.socket.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames)) : false;
  }

  /** Sends, and waits until the socket takes more; false when it is gone. */
  async push(bytes: Buffer): Promise<boolean> {
    if (!this.socket.writable) return false;
    if (!this.socket.write(bytes)) {
      await new Promise<void>((resolve) => {
        this.socket.once('drain', resolve);
        this.socket.once('close', () => resolve());
      });
    } else await new Promise((resolve) => setImmediate(resolve));
    return this.socket.writable;
  }

  /** Error code of GOAWAY, -1 without one. */
  get goaway(): number {
    const found = this.frames.findLast(({ type }) => type === frameTypes.goaway);
    return found === undefined ? -1 : found.payload.readUInt32BE(4);
  }

  /** Error code of the stream's RST_STREAM, -1 without one. */
  resetOf(stream: number): number {
    const found = this.frames.find((one) => one.type === frameTypes.rstStream && one.stream === stream);
    return found === undefined ? -1 : found.payload.readUInt32BE(0);
  }

  of(stream: number, type: number): Frame[] {
    return this.frames.filter((one) => one.stream === stream && one.type === type);
  }

  /** Resolves once `met` holds or the connection is gone; rejects after five seconds. */
  async until(met: (peer: this) => boolean): Promise<this> {
    const deadline = Date.now() + 5_000;
    while (!met(this) && !this.closed) {
      if (Date.now() > deadline) throw new Error(`never: ${String(met)}; frames ${JSON.stringify(this.frames.slice(-8))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this;
  }

  close(): void {
    this.socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    while (this.#input.length >= 9) {
      const length = this.#input.readUIntBE(0, 3);
      if (this.#input.length < 9 + length) break;
      const [type, flagBits] = [this.#input[3]!, this.#input[4]!];
      const payload = Buffer.from(this.#input.subarray(9, 9 + length));
      this.frames.push({ type, flags: flagBits, stream: this.#input.readUInt32BE(5) & 0x7fffffff, payload });
      this.#input = this.#input.subarray(9 + length);
      if (this.#answers && (flagBits & flags.ack) === 0) {
        if (type === frameTypes.settings) this.send(frame(type, flags.ack, 0));
        if (type === frameTypes.ping) this.send(frame(type, flags.ack, 0, payload));
      }
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
