import http2 from 'node:http2';
import { messageOf } from '../../shared/message-of.ts';
import { frame, readInflated } from '../grpc-frames.ts';
import { ScriptPlayer } from './script-player.ts';
import { failure, headersOf, type Prepared, type WireAnswer, type WireCall, type WireMessage } from './wire.ts';

/** HTTP/2 sessions by address, made with prior knowledge as gRPC clients do. */
export class Http2Sessions {
  readonly #sessions = new Map<string, http2.ClientHttp2Session>();

  to(host: string, port: number): http2.ClientHttp2Session {
    const key = `${host}:${port}`;
    const known = this.#sessions.get(key);
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = http2.connect(`http://${host.includes(':') ? `[${host}]` : host}:${port}`);
    // Each request learns of it by its own error.
    session.on('error', () => this.#sessions.delete(key));
    session.on('close', () => this.#sessions.delete(key));
    session.unref();
    this.#sessions.set(key, session);
    return session;
  }

  close(): void {
    for (const session of this.#sessions.values()) session.destroy();
  }
}

/** One gRPC call: messages up as the script says, messages and trailers down. */
export function prepareGrpc(call: WireCall, sessions: Http2Sessions): Prepared {
  const messages: WireMessage[] = [];
  let settle: (answer: WireAnswer) => void = () => {};
  const answer = new Promise<WireAnswer>((resolve) => {
    settle = resolve;
  });
  let stream: http2.ClientHttp2Stream | null = null;
  let startedAt = 0;
  const script = call.script!;
  const start = () => {
    startedAt = performance.now();
    const sent = stream ?? sessions.to(call.host, call.port).request(requestHeaders(call), { endStream: false });
    stream = sent;
    sent.session?.ref();
    const player = new ScriptPlayer(
      script,
      (message) => void sent.write(frame(message.data)),
      () => sent.end(),
    );
    const messagesDown = readInflated((data) => {
      messages.push({ dir: 'down', kind: 'message', data, offsetMs: performance.now() - startedAt });
      player.received();
    });
    const timer = setTimeout(() => sent.close(http2.constants.NGHTTP2_CANCEL), script.endAfterMs + 1000);
    let status = 0;
    let headers: [string, string][] = [];
    let trailers: [string, string][] = [];
    let error = '';
    sent.on('response', (head) => {
      status = Number(head[':status'] ?? 0);
      headers = plainHeaders(head);
    });
    sent.on('trailers', (head) => {
      trailers = plainHeaders(head);
    });
    sent.on('data', (chunk: Buffer) => messagesDown.add(chunk));
    sent.on('error', (reason: NodeJS.ErrnoException) => {
      error = reason.code ?? reason.message;
    });
    sent.on('close', () => {
      clearTimeout(timer);
      player.stop();
      const durationMs = performance.now() - startedAt;
      settle({
        status,
        headers,
        trailers,
        messages,
        body: new Uint8Array(0),
        durationMs,
        error: status === 0 ? error || 'closed without an answer' : '',
        lagMs: null,
      });
    });
    player.start();
  };
  return {
    start: () => {
      try {
        start();
      } catch (error) {
        settle(failure(messageOf(error), startedAt));
      }
    },
    answer,
    cancel: () => {
      if (stream === null) settle(failure('cancelled', 0));
      else stream.close(http2.constants.NGHTTP2_CANCEL);
    },
  };
}

function requestHeaders(call: WireCall): http2.OutgoingHttpHeaders {
  const headers: http2.OutgoingHttpHeaders = {
    ':method': call.method,
    ':path': call.path,
    ':authority': call.authority,
    ':scheme': 'http',
    te: 'trailers',
  };
  for (const [name, value] of headersOf(call)) {
    const lower = name.toLowerCase();
    // Messages are sent as they can be read.
    if (lower !== 'grpc-encoding') headers[lower] = value;
  }
  headers['content-type'] ??= 'application/grpc';
  return headers;
}

function plainHeaders(head: http2.IncomingHttpHeaders): [string, string][] {
  return Object.entries(head)
    .filter(([name]) => !name.startsWith(':'))
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value ?? '']).map((one): [string, string] => [name, one]));
}
