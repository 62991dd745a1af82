import http2 from 'node:http2';
import { httpStatusOfGrpc } from '../../shared/grpc-status.ts';
import type { LoadCall, LoadEntry, LoadWire, Sendable } from './load-wire.ts';

/** Of a peer that has not said yet how many it takes. */
const streamsAtFirst = 100;

/**
 * HTTP/2 with prior knowledge, as gRPC clients in a mesh speak it: requests share a connection as far as the other side lets them, and what is
 * more goes over another one, so that none waits for a place. Of a gRPC answer the status is the HTTP one that its grpc-status counts as.
 */
export class Http2Wire implements LoadWire {
  readonly #url: string;
  readonly #isGrpc: boolean;
  /** With how many requests are under way on each. */
  readonly #sessions = new Map<http2.ClientHttp2Session, number>();

  constructor({ host, port }: LoadEntry, isGrpc: boolean) {
    this.#url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#isGrpc = isGrpc;
  }

  send(sent: Sendable, traceparent: string, onEnd: (status: number, error: string) => void): LoadCall {
    const { method, path, authority, headers, body } = sent;
    const session = this.#free();
    this.#sessions.set(session, (this.#sessions.get(session) ?? 0) + 1);
    const head = { ':method': method, ':path': path, ':scheme': 'http', ':authority': authority };
    const stream = session.request({ ...head, ...headers, traceparent }, { endStream: body === null });
    let status = 0;
    let grpcStatus: string | undefined;
    let [error, cut, isWhole] = ['', '', false];
    const take = (told: http2.IncomingHttpHeaders) => {
      grpcStatus = told['grpc-status']?.toString() ?? grpcStatus;
    };
    stream.on('response', (told) => {
      status = told[':status'] ?? 0;
      take(told);
    });
    stream.on('trailers', take);
    stream.on('end', () => {
      isWhole = true;
    });
    stream.on('error', (reason) => {
      error = reason.message;
    });
    stream.on('close', () => {
      const left = this.#sessions.get(session);
      if (left !== undefined) this.#sessions.set(session, left - 1);
      const isAnswered = isWhole && status !== 0 && error === '' && cut === '';
      if (!isAnswered) onEnd(0, cut || error || (status === 0 ? 'no answer' : 'the answer broke off'));
      else if (!this.#isGrpc || status !== 200) onEnd(status, '');
      else if (grpcStatus === undefined) onEnd(0, 'the answer has no grpc-status');
      else onEnd(httpStatusOfGrpc(Number(grpcStatus)), '');
    });
    stream.resume();
    if (body !== null) stream.end(body);
    return {
      cut: (why) => {
        cut = why;
        stream.close(http2.constants.NGHTTP2_CANCEL);
      },
    };
  }

  close(): void {
    for (const session of this.#sessions.keys()) session.destroy();
    this.#sessions.clear();
  }

  #free(): http2.ClientHttp2Session {
    for (const [session, active] of this.#sessions) {
      if (session.closed || session.destroyed) continue;
      const most = session.connecting ? streamsAtFirst : (session.remoteSettings?.maxConcurrentStreams ?? streamsAtFirst);
      if (active < most) return session;
    }
    const session = http2.connect(this.#url);
    const forget = () => void this.#sessions.delete(session);
    // Each request hears of it by itself.
    session.on('error', forget);
    session.on('goaway', forget);
    session.on('close', forget);
    this.#sessions.set(session, 0);
    return session;
  }
}
