import http2 from 'node:http2';
import type { Case, Observation } from '../../proxy/conformance/case.ts';
import type { Target } from '../../proxy/conformance/send.ts';

/** What HTTP/2 has no place for, or node:http2 will not send. */
const notSent: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'keep-alive',
  'host',
  'http2-settings',
]);
/** node:http2 refuses repetitions of these. */
const onlyOnce: ReadonlySet<string> = new Set(['user-agent', 'content-type', 'authorization', 'referer']);

/** The same as conformance/send.ts by HTTP/2 prior knowledge, on a connection of its own. Never rejects. */
export function sendHttp2(target: Target, request: Case, host: string, id: string): Promise<Observation> {
  const startedAt = performance.now();
  const observation: Observation = {
    ...{ status: 0, headers: {}, trailers: {}, body: '', cut: false, durationMs: 0, seen: [], flags: null, details: null },
  };
  return new Promise((resolve) => {
    const session = http2.connect(`http://${target.host}:${target.port}`);
    const done = (cut: boolean): void => {
      observation.cut = cut;
      observation.durationMs = performance.now() - startedAt;
      session.destroy();
      resolve(observation);
    };
    session.on('error', () => done(true));
    let stream: http2.ClientHttp2Stream;
    try {
      stream = session.request(headersOf(request, host, id), { endStream: request.body === undefined });
    } catch {
      done(true); // node:http2 will not send this at all: cut for both proxies
      return;
    }
    stream.setTimeout(15_000, () => done(true));
    stream.on('response', (_headers, _flags, raw?: unknown) => {
      const headers = pairs(raw);
      observation.status = Number(headers[':status'] ?? 0);
      delete headers[':status'];
      observation.headers = headers;
    });
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => (observation.body += chunk));
    stream.on('trailers', (_trailers, _flags, raw?: unknown) => (observation.trailers = pairs(raw)));
    stream.on('error', () => done(true));
    stream.on('end', () => setImmediate(() => done(false)));
    if (request.body !== undefined) stream.end(request.body);
  });
}

function headersOf(request: Case, host: string, id: string): http2.OutgoingHttpHeaders {
  const headers: http2.OutgoingHttpHeaders = {
    ':method': request.method ?? 'GET',
    ':path': request.path ?? '/',
    ':authority': (request.host ?? '$HOST').replaceAll('$HOST', host),
    ':scheme': 'http',
    'x-case': id,
  };
  const given = request.headers ?? {};
  if (!Object.hasOwn(given, 'x-request-id')) headers['x-request-id'] = id;
  if (request.app !== undefined) headers['x-app'] = request.app;
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase();
    if (notSent.has(lower) || (lower === 'te' && value !== 'trailers')) continue;
    headers[lower] = Array.isArray(value) && onlyOnce.has(lower) ? value[0] : value;
  }
  return headers;
}

function pairs(raw: unknown): Record<string, string> {
  const joined: Record<string, string> = {};
  const list = Array.isArray(raw) ? (raw as string[]) : [];
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!;
    joined[name] = Object.hasOwn(joined, name) ? `${joined[name]}, ${list[i + 1]}` : list[i + 1]!;
  }
  return joined;
}
