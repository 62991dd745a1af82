import http2, { type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { frameGrpcMessage, type GrpcMessage, grpcHeadBytes, readUnaryMessage } from '../../shared/grpc-message.ts';
import { exportResponse } from './answers.ts';
import { type OtlpSignal, otlpBodyLimitBytes } from './decode.ts';
import { type IngestExport, isOwnHost, listenNear } from './loopback.ts';

const methods: ReadonlyMap<string, OtlpSignal> = new Map([
  ['/opentelemetry.proto.collector.trace.v1.TraceService/Export', 'traces'],
  ['/opentelemetry.proto.collector.logs.v1.LogsService/Export', 'logs'],
  ['/opentelemetry.proto.collector.metrics.v1.MetricsService/Export', 'metrics'],
]);

/** gRPC status of each outcome that is not one of ours. */
const codeOf = { 'too-large': 8, malformed: 3, unavailable: 14 } as const;

/** OTLP over gRPC on loopback, h2c: the unary Export of the three services, gzip or not. */
export class OtlpGrpcReceiver {
  readonly port: number;
  readonly #server: http2.Http2Server;
  readonly #sessions: Set<ServerHttp2Session>;

  private constructor(server: http2.Http2Server, sessions: Set<ServerHttp2Session>, port: number) {
    this.#server = server;
    this.#sessions = sessions;
    this.port = port;
  }

  /** On `port`, or any free one. */
  static async listen(port: number, ingest: IngestExport): Promise<OtlpGrpcReceiver> {
    const server = http2.createServer({ settings: { maxConcurrentStreams: 100, initialWindowSize: 1024 * 1024 } });
    const sessions = new Set<ServerHttp2Session>();
    server.on('session', (session) => {
      sessions.add(session);
      session.on('error', () => session.destroy());
      session.once('close', () => sessions.delete(session));
    });
    server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      stream.on('error', () => stream.close());
      void serve(stream, headers, ingest);
    });
    return new OtlpGrpcReceiver(server, sessions, await listenNear(server, port));
  }

  close(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

async function serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ingest: IngestExport): Promise<void> {
  const path = headers[':path'] ?? '';
  const localPort = stream.session?.socket.localPort ?? 0;
  if (headers.origin !== undefined || !isOwnHost(headers[':authority'], localPort)) {
    return fail(stream, 7, 'web pages may not send telemetry here');
  }
  if (!(headers['content-type'] ?? '').startsWith('application/grpc') || headers[':method'] !== 'POST') {
    stream.respond({ ':status': 415 }, { endStream: true });
    stream.resume();
    return;
  }
  const signal = methods.get(path);
  if (signal === undefined) return fail(stream, 12, `${path} is not served here`);
  const frame = await readFrame(stream);
  if (typeof frame === 'string') return fail(stream, 3, frame);
  if (frame === null) return fail(stream, 8, `the message is over ${otlpBodyLimitBytes} bytes`);
  const encoding = headers['grpc-encoding'] ?? 'identity';
  if (frame.compressed && encoding !== 'gzip') return fail(stream, 12, `grpc-encoding ${String(encoding)} is not understood`);
  const outcome = await ingest({ signal, bytes: frame.data, encoding: 'protobuf', gzip: frame.compressed });
  if (outcome.ok) succeed(stream, exportResponse(signal, 'protobuf', outcome));
  else fail(stream, codeOf[outcome.kind], outcome.message);
}

function succeed(stream: ServerHttp2Stream, message: Buffer): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(frameGrpcMessage(message));
}

/** Trailers-only. */
function fail(stream: ServerHttp2Stream, code: number, message: string): void {
  if (stream.destroyed) return;
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(code),
      'grpc-message': encodeURI(message),
      'grpc-accept-encoding': 'identity,gzip',
    },
    { endStream: true },
  );
  stream.resume();
}

/** The one message of a unary call; a text says what is wrong with it, null that it is too large. */
function readFrame(stream: ServerHttp2Stream): Promise<GrpcMessage | string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let total = 0;
    stream.on('data', (chunk: Buffer) => {
      total += chunk.length;
      if (total > otlpBodyLimitBytes + grpcHeadBytes) resolve(null);
      else chunks.push(chunk);
    });
    const done = (): void => resolve(readUnaryMessage(Buffer.concat(chunks)) ?? 'the body is not one gRPC message');
    stream.once('end', done);
    stream.once('close', done);
  });
}
