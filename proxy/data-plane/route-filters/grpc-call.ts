import { frameGrpcMessage, readUnaryMessage } from '../../shared/grpc-message.ts';
import type { Clock } from '../clock.ts';
import { HeaderMap } from '../header-map.ts';
import { dial } from '../upstream/connect.ts';
import { Http2UpstreamConnection } from '../upstream/http2-connection.ts';

/** One unary gRPC call over plaintext HTTP/2, for filters that ask a service. Injected, as HttpFetch is. */
export type GrpcCall = (request: GrpcRequest) => Promise<GrpcAnswer>;

export interface GrpcRequest {
  host: string;
  port: number;
  authority: string;
  /** `/package.Service/Method` */
  path: string;
  message: Buffer;
  timeoutMs: number;
  /** `127.0.0.1:40123`: addresses that are never asked. */
  forbidden: readonly string[];
}
/** What went wrong is in plain words. */
export type GrpcAnswer = { ok: true; message: Buffer } | { ok: false; why: string };

/** Answers above this are refused. */
const maxAnswerBytes = 4 * 1024 * 1024;
const connectTimeoutMs = 10_000;
const statusNames = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED'],
  ...['INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
];

/** `7 PERMISSION_DENIED` */
export function describeGrpcStatus(status: number): string {
  return `${status} ${statusNames[status] ?? ''}`.trim();
}

/** Connections to gRPC services, by address; they stay open between calls. */
export class GrpcChannels {
  readonly #clock: Clock;
  readonly #connections = new Map<string, Http2UpstreamConnection>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly call: GrpcCall = async (request) => {
    const cancel: { reset: () => void } = { reset: () => undefined };
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(() => {
        resolve({ ok: false, why: `no answer within ${request.timeoutMs} ms` });
        cancel.reset();
      }, request.timeoutMs);
      this.#ask(request, cancel)
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  };

  close(): void {
    this.#closed = true;
    for (const connection of this.#connections.values()) connection.abort();
    this.#connections.clear();
  }

  async #ask(request: GrpcRequest, cancel: { reset: () => void }): Promise<GrpcAnswer> {
    const connection = await this.#connect(request);
    return typeof connection === 'string' ? { ok: false, why: connection } : exchangeOne(connection, request, cancel);
  }

  async #connect({ host, port, forbidden }: GrpcRequest): Promise<Http2UpstreamConnection | string> {
    const key = `${host}:${port}`;
    const open = this.#connections.get(key);
    if (open !== undefined && open.available > 0) return open;
    const dialled = await dial({
      host,
      port,
      timeoutMs: connectTimeoutMs,
      clock: this.#clock,
      forbidden: new Set(forbidden),
    });
    if (!dialled.ok) return dialled.reset.detail || 'it cannot be reached';
    const connection = new Http2UpstreamConnection(dialled.socket);
    if (this.#closed) {
      connection.abort();
      return 'the proxy is closing';
    }
    this.#connections.set(key, connection);
    connection.onClose = () => {
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
    };
    return connection;
  }
}

function exchangeOne(
  connection: Http2UpstreamConnection,
  request: GrpcRequest,
  cancel: { reset: () => void },
): Promise<GrpcAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let head = new HeaderMap();
    let httpStatus = 0;
    const stream = connection.newStream({
      onInformational: () => undefined,
      onHeaders: (status, headers) => {
        httpStatus = status;
        head = headers;
      },
      onData: (chunk) => {
        bytes += chunk.length;
        if (bytes <= maxAnswerBytes) chunks.push(chunk);
      },
      onEnd: (trailers) =>
        resolve(readAnswer(httpStatus, trailers ?? head, bytes > maxAnswerBytes ? null : Buffer.concat(chunks))),
      onReset: ({ kind, detail }) => resolve({ ok: false, why: detail || kind.replaceAll('-', ' ') }),
      onUpgrade: (_status, _headers, upgraded) => upgraded.destroy(),
      onDrain: () => undefined,
    });
    cancel.reset = () => stream.reset();
    const headers = HeaderMap.from([
      ['te', 'trailers'],
      ['grpc-timeout', `${Math.min(request.timeoutMs, 99_999_999)}m`],
      ['content-type', 'application/grpc'],
      ['x-envoy-internal', 'true'],
      ['x-forwarded-for', '127.0.0.1'],
      ['x-envoy-expected-rq-timeout-ms', String(request.timeoutMs)],
    ]);
    const { authority, path } = request;
    stream.sendHeaders({ method: 'POST', scheme: 'http', authority, path, headers, upgrade: '', expectContinue: false }, false);
    stream.sendData(frameGrpcMessage(request.message));
    stream.end(null);
    stream.resume();
  });
}

function readAnswer(httpStatus: number, trailers: HeaderMap, body: Buffer | null): GrpcAnswer {
  if (body === null) return { ok: false, why: `it answered more than ${maxAnswerBytes} bytes` };
  const status = trailers.get('grpc-status');
  if (status === undefined) return { ok: false, why: `it answered ${httpStatus} without a gRPC status` };
  if (status !== '0') {
    const message = trailers.get('grpc-message');
    return {
      ok: false,
      why: `it answered ${describeGrpcStatus(Number(status))}${message ? `: ${decodePercents(message)}` : ''}`,
    };
  }
  const message = readUnaryMessage(body);
  const isReadable = message !== null && !message.compressed;
  return isReadable ? { ok: true, message: message.data } : { ok: false, why: 'its answer is no gRPC message' };
}

/** grpc-message is percent-encoded UTF-8; one that is not stays as it is. */
function decodePercents(message: string): string {
  return /%(?![0-9a-f]{2})/i.test(message)
    ? message
    : Buffer.from(
        message.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        'latin1',
      ).toString('utf8');
}
