import { Duplex } from 'node:stream';
import { HeaderMap } from '../header-map.ts';
import type { UpstreamReset, UpstreamStream } from '../stream.ts';
import { Http1UpstreamConnection } from './http1-connection.ts';

/** What the upstream made of the request: its status, or why there is none. `ended`: it has nothing more to say. */
export type PostAnswer = { status: number; ended: boolean } | { reset: UpstreamReset };

/**
 * A byte stream inside one HTTP/1.1 POST: what is written becomes the request's body, chunk by chunk, what is read is the response's. An end
 * of one direction is the end of that body; the other goes on. Envoy: tcp_proxy tunneling_config with use_post.
 */
export class PostTunnel extends Duplex {
  readonly #connection: Http1UpstreamConnection;
  readonly #request: UpstreamStream;
  #waiting: (() => void) | null = null;
  #answer: ((answer: PostAnswer) => void) | null;

  /** Takes the connection over and asks at once; `onAnswer` is called once. */
  constructor(socket: Duplex, target: string, onAnswer: (answer: PostAnswer) => void) {
    super({ allowHalfOpen: true });
    this.#answer = onAnswer;
    this.#connection = new Http1UpstreamConnection(socket);
    this.#request = this.#connection.newStream({
      onInformational: () => {},
      onHeaders: (status, _headers, ended) => this.#tell({ status, ended }),
      onData: (chunk) => {
        if (!this.push(chunk)) this.#request.pause();
      },
      onEnd: () => this.push(null),
      onReset: (reset) => {
        if (!this.#tell({ reset })) this.destroy(new Error(reset.detail));
      },
      onUpgrade: (_status, _headers, stream) => stream.destroy(),
      onDrain: () => {
        const done = this.#waiting;
        this.#waiting = null;
        done?.();
      },
    });
    const headers = new HeaderMap();
    const head = {
      method: 'POST',
      scheme: 'http',
      authority: target,
      path: '/',
      headers,
      upgrade: '',
      expectContinue: false,
    } as const;
    this.#request.sendHeaders(head, false);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#request.sendData(chunk)) done();
    else this.#waiting = done;
  }

  override _final(done: () => void): void {
    this.#request.end(null);
    done();
  }

  override _read(): void {
    this.#request.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#answer = null;
    this.#request.reset();
    this.#connection.close();
    done(error);
  }

  /** False when it had been told before. */
  #tell(answer: PostAnswer): boolean {
    const tell = this.#answer;
    this.#answer = null;
    tell?.(answer);
    return tell !== null;
  }
}
