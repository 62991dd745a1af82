import type { Duplex } from 'node:stream';
import type { RequestHead } from './header-rules.ts';
import { Http2Session, type SessionHandler } from './session.ts';
import type { Http2Stream, StreamHandler, StreamReset } from './stream.ts';

/** A handler of streams that writes down what it is told. */
export class Heard implements StreamHandler {
  status = 0;
  informational: number[] = [];
  fields: string[] = [];
  trailers: string[] | null = null;
  reset: StreamReset | null = null;
  ended = false;
  sent = false;
  bytes = 0;
  drains = 0;
  /** First bytes, enough for what tests send as text. */
  text = '';
  readonly done: Promise<this>;
  onData: (data: Buffer) => void = () => undefined;
  onDrain: () => void = () => undefined;
  #settle: () => void = () => undefined;

  constructor() {
    this.done = new Promise((resolve) => {
      this.#settle = () => resolve(this);
    });
  }

  onStreamInformational(status: number): void {
    this.informational.push(status);
  }

  onStreamResponse(status: number, fields: string[]): void {
    this.status = status;
    this.fields = fields;
  }

  onStreamData(data: Buffer): void {
    this.bytes += data.length;
    if (this.text.length < 1000) this.text += data.toString('latin1');
    this.onData(data);
  }

  onStreamEnd(trailers: string[] | null): void {
    this.ended = true;
    this.trailers = trailers;
    this.#settle();
  }

  onStreamDrain(): void {
    this.drains++;
    this.onDrain();
  }

  onStreamSent(): void {
    this.sent = true;
  }

  onStreamReset(reset: StreamReset): void {
    this.reset = reset;
    this.#settle();
  }
}

export interface Ended {
  errors: string[];
  refused: string[];
  closed: boolean;
}

/** A session with the windows of the real ones, made smaller. */
export function openSession(
  socket: Duplex,
  role: 'server' | 'client',
  serve: (stream: Http2Stream, head: RequestHead, heard: Heard) => void = () => undefined,
): { session: Http2Session; end: Ended } {
  const end: Ended = { errors: [], refused: [], closed: false };
  const handler: SessionHandler = {
    onRequest: (stream, head) => {
      const heard = new Heard();
      stream.handler = heard;
      serve(stream, head, heard);
      return heard;
    },
    onRefused: (reason) => end.refused.push(reason),
    onSettings: () => undefined,
    onGoaway: () => undefined,
    onError: (error) => end.errors.push(error.message),
    onClose: () => {
      end.closed = true;
    },
  };
  const session = new Http2Session(socket, role, handler, {
    maxConcurrentStreams: 100,
    streamWindowBytes: 64 * 1024,
    connectionWindowBytes: 1024 * 1024,
    headerLimits: { bytes: 32 * 1024, count: 100 },
    now: () => performance.now(),
  });
  return { session, end };
}
