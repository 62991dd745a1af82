import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TLSSocket } from 'node:tls';
import { TestAuthority } from '../data-plane/listener/tls-test-kit.ts';
import { listen } from '../testing/listen.ts';
import { unusedPort } from '../testing/unused-port.ts';
import type { AppName, SeenRequest } from './case.ts';

/*
 * The apps behind the proxies: plain Node servers that do what the request's `x-app` header says, one step per attempt, the last one
 * repeated: `status=503,delay=20|status=200`. Steps: status, delay (ms), body, header=name:value (several), grpc (status in the headers),
 * trailer=name:value, reset (cut at once), half and halfend (head and some body, then a reset or a close), pause=ms (between two halves of the body), chunked, garbage (no HTTP), partial (half a head), interim (a 103 first), size (bytes).
 */

export interface Apps {
  ports: Record<AppName, number>;
  /** Folder of ca.pem, other-ca.pem, client.pem, client.key, stranger.pem, stranger.key; '' without the apps that speak TLS. */
  certificates: string;
  /** `x-case` → requests seen with it, in order. */
  seen: Map<string, SeenRequest[]>;
  close(): Promise<void>;
}

/** `tls` and `mtls` are only started where asked for: their ports are 0 otherwise. */
export async function startApps(options: { tls?: boolean } = {}): Promise<Apps> {
  const seen = new Map<string, SeenRequest[]>();
  const servers: (http.Server | https.Server)[] = [];
  const ports = { dead: await unusedPort(), tls: 0, mtls: 0 } as Record<AppName, number>;
  const tls = options.tls ? await makeCertificates() : null;
  for (const name of ['a', 'b', 'c', ...(tls ? (['tls', 'mtls'] as const) : [])] as const) {
    const listener: http.RequestListener = (request, response) => serve(name, seen, request, response);
    const secured = name === 'tls' || name === 'mtls';
    const server = secured
      ? https.createServer({ ...tls?.server, requestCert: true, rejectUnauthorized: name === 'mtls' }, listener)
      : http.createServer({ keepAliveTimeout: 30_000 }, listener);
    server.on('tlsClientError', () => {});
    server.on('upgrade', (request, socket) => {
      const record = recordRequest(name, seen, request);
      if (request.headers['x-app']?.includes('refuse')) {
        socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno');
        return;
      }
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${request.headers.upgrade}\r\nx-server: ${name}\r\n\r\n`,
      );
      socket.on('data', (chunk) => {
        record.body += chunk;
        socket.write(chunk);
      });
      socket.on('error', () => socket.destroy());
    });
    ports[name] = await listen(server);
    servers.push(server);
  }
  return {
    ports,
    certificates: tls?.folder ?? '',
    seen,
    close: async () => {
      if (tls !== null) await rm(tls.folder, { recursive: true, force: true });
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

/** The apps' certificate (server.case, *.wild.case, spiffe://case/server), and files for DestinationRules. */
async function makeCertificates(): Promise<{ folder: string; server: https.ServerOptions }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'drydock-certificates-'));
  const [authority, other] = [new TestAuthority('case root'), new TestAuthority('other root')];
  const server = authority.issue({ dns: ['server.case', '*.wild.case'], uris: ['spiffe://case/server'] });
  const client = authority.issue({ dns: ['client.case'] });
  const stranger = other.issue({ dns: ['client.case'] });
  const files = {
    'ca.pem': authority.caPem,
    'other-ca.pem': other.caPem,
    'client.pem': client.certificatePem,
    'client.key': client.privateKeyPem,
    'stranger.pem': stranger.certificatePem,
    'stranger.key': stranger.privateKeyPem,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  return { folder, server: { cert: server.certificatePem, key: server.privateKeyPem, ca: authority.caPem } };
}

function recordRequest(server: AppName, seen: Map<string, SeenRequest[]>, request: http.IncomingMessage): SeenRequest {
  const id = String(request.headers['x-case'] ?? '');
  const headers: Record<string, string> = {};
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i]!.toLowerCase();
    const value = request.rawHeaders[i + 1]!;
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  const record: SeenRequest = {
    server,
    atMs: performance.now(),
    method: request.method ?? '',
    path: request.url ?? '',
    authority: request.headers.host ?? '',
    headers,
    body: '',
    aborted: false,
  };
  const all = seen.get(id) ?? [];
  all.push(record);
  seen.set(id, all);
  return record;
}

interface Step {
  [key: string]: string;
}

function stepOf(script: string, attempt: number): { step: Step; headers: [string, string][]; trailers: [string, string][] } {
  const steps = script.split('|');
  const step: Step = {};
  const headers: [string, string][] = [];
  const trailers: [string, string][] = [];
  for (const part of (steps[attempt] ?? steps.at(-1) ?? '').split(',')) {
    const equals = part.indexOf('=');
    const key = equals < 0 ? part : part.slice(0, equals);
    const value = equals < 0 ? '' : part.slice(equals + 1);
    const colon = value.indexOf(':');
    if (key === 'header') headers.push([value.slice(0, colon), value.slice(colon + 1)]);
    else if (key === 'trailer') trailers.push([value.slice(0, colon), value.slice(colon + 1)]);
    else if (key !== '') step[key] = value;
  }
  return { step, headers, trailers };
}

function serve(
  name: AppName,
  seen: Map<string, SeenRequest[]>,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): void {
  const record = recordRequest(name, seen, request);
  const attempt = seen.get(String(request.headers['x-case'] ?? ''))!.indexOf(record);
  const { step, headers, trailers } = stepOf(String(request.headers['x-app'] ?? ''), attempt);
  response.on('close', () => {
    record.aborted = !response.writableFinished;
  });
  if (step.reset !== undefined) {
    request.socket.resetAndDestroy();
    return;
  }
  if (step.eof !== undefined) {
    request.socket.end();
    return;
  }
  if (step.partial !== undefined) {
    request.socket.end('HTTP/1.1 200 OK\r\ncontent-le');
    return;
  }
  if (step.garbage !== undefined) {
    request.socket.end('this is no HTTP\r\n\r\n');
    return;
  }
  request.on('data', (chunk) => (record.body += chunk));
  request.on('end', () => {
    if (step.delay === undefined) answer();
    else setTimeout(answer, Number(step.delay));
  });
  function answer(): void {
    if (response.destroyed) return;
    if (step.interim !== undefined) response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    const body = step.body ?? (step.size === undefined ? `${name}` : 'x'.repeat(Number(step.size)));
    const out: string[] = ['x-server', name, ...headers.flat()];
    const { socket } = request;
    if (socket instanceof TLSSocket) {
      // Not typed: https://nodejs.org/api/tls.html#tlssocketservername
      const { servername } = socket as TLSSocket & { servername?: string | false };
      out.push('x-sni', servername || 'none', 'x-client', socket.getPeerCertificate().subjectaltname ?? 'none');
    }
    if (step.grpc !== undefined) out.push('content-type', 'application/grpc', 'grpc-status', step.grpc);
    const status = Number(step.status ?? 200);
    const hasBody = request.method !== 'HEAD' && status !== 204 && status !== 304;
    if (trailers.length > 0 && hasBody) out.push('trailer', trailers.map(([key]) => key).join(','));
    if (trailers.length === 0 && step.chunked === undefined && status !== 204 && status !== 304)
      out.push('content-length', String(Buffer.byteLength(body)));
    response.writeHead(status, out);
    if (step.halfend !== undefined) {
      response.write(body.slice(0, Math.ceil(body.length / 2)), () => request.socket.end());
      return;
    }
    if (step.half !== undefined) {
      response.write(body.slice(0, Math.ceil(body.length / 2)), () => request.socket.resetAndDestroy());
      return;
    }
    if (step.pause !== undefined) {
      const half = Math.ceil(body.length / 2);
      response.write(body.slice(0, half));
      setTimeout(() => response.end(body.slice(half)), Number(step.pause));
      return;
    }
    if (trailers.length > 0 && hasBody) response.addTrailers(trailers);
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}
