import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { exportResponse, statusBody } from './answers.ts';
import { otlpBodyLimitBytes, otlpSignals } from './decode.ts';
import { type IngestExport, isOwnHost, listenNear } from './loopback.ts';

const retryAfterSeconds = '1';

/** HTTP status → google.rpc code of the error's body. */
const codes: Readonly<Record<number, number>> = { 400: 3, 403: 7, 404: 5, 405: 12, 413: 8, 415: 3, 503: 14 };

/**
 * OTLP over HTTP on loopback: POST /v1/traces, /v1/logs and /v1/metrics in protobuf or JSON, gzip or not. Pages are kept out by Origin and Host. Errors carry a google.rpc.Status; only 503 asks to be tried again.
 */
export class OtlpHttpReceiver {
  readonly port: number;
  readonly #server: http.Server;

  private constructor(server: http.Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** On `port`, or any free one. */
  static async listen(port: number, ingest: IngestExport): Promise<OtlpHttpReceiver> {
    const server = http.createServer((request, response) => void serve(request, response, ingest));
    server.requestTimeout = 30_000;
    return new OtlpHttpReceiver(server, await listenNear(server, port));
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

async function serve(request: IncomingMessage, response: ServerResponse, ingest: IngestExport): Promise<void> {
  const { localPort } = request.socket;
  const contentType = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  const encoding = contentType === 'application/json' ? 'json' : 'protobuf';
  const answer = (status: number, body: Buffer): void => {
    const headers: http.OutgoingHttpHeaders = {
      'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
      'content-length': body.length,
    };
    if (status === 503) headers['retry-after'] = retryAfterSeconds;
    if (status === 405) headers.allow = 'POST';
    // What is left of a body that was not read must not be taken for the next request.
    if (!request.complete) headers.connection = 'close';
    response.writeHead(status, headers).end(body);
  };
  const refuse = (status: number, message: string): void => answer(status, statusBody(encoding, codes[status] ?? 2, message));

  if (request.headers.origin !== undefined || !isOwnHost(request.headers.host, localPort ?? 0)) {
    return refuse(403, 'web pages may not send telemetry here');
  }
  const path = (request.url ?? '').split('?')[0]!;
  const signal = otlpSignals.find((name) => path === `/v1/${name}`);
  if (signal === undefined) return refuse(404, `${path} is not an OTLP path: /v1/traces, /v1/metrics, /v1/logs`);
  if (request.method !== 'POST') return refuse(405, 'OTLP is sent with POST');
  if (encoding !== 'json' && contentType !== 'application/x-protobuf') {
    return refuse(415, 'Content-Type must be application/x-protobuf or application/json');
  }
  const compression = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (compression !== 'gzip' && compression !== 'identity')
    return refuse(415, `Content-Encoding ${compression} is not understood`);
  const bytes = await readBody(request);
  if (bytes === null) return refuse(413, `the body is over ${otlpBodyLimitBytes} bytes`);
  const outcome = await ingest({ signal, bytes, encoding, gzip: compression === 'gzip' });
  if (outcome.ok) answer(200, exportResponse(signal, encoding, outcome));
  else refuse(outcome.kind === 'too-large' ? 413 : outcome.kind === 'malformed' ? 400 : 503, outcome.message);
}

/** Null: too large. A client that leaves ends it with what came; its answer goes nowhere. */
function readBody(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let total = 0;
    request.on('data', (chunk: Buffer) => {
      total += chunk.length;
      if (total > otlpBodyLimitBytes) {
        request.pause();
        resolve(null);
      } else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('close', () => resolve(Buffer.concat(chunks)));
  });
}
