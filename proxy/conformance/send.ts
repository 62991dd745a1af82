import http from 'node:http';
import type { Case, Observation } from './case.ts';
import { sendRaw } from './send-raw.ts';

export interface Target {
  host: string;
  port: number;
}

/** One request on a connection of its own. Never rejects: a cut connection is an observation. */
export function send(target: Target, request: Case, host: string, id: string): Promise<Observation> {
  const { raw } = request;
  if (raw !== undefined) return sendRaw(target, { ...request, raw }, host, id);
  let resolve: (observation: Observation) => void = () => {};
  const promise = new Promise<Observation>((settle) => {
    resolve = settle;
  });
  const startedAt = performance.now();
  const observation: Observation = {
    status: 0,
    headers: {},
    trailers: {},
    body: '',
    cut: false,
    durationMs: 0,
    seen: [],
    flags: null,
    details: null,
  };
  const done = (cut: boolean): void => {
    observation.cut = cut;
    observation.durationMs = performance.now() - startedAt;
    resolve(observation);
  };
  const outgoing = http.request({
    ...target,
    agent: false,
    method: request.method ?? 'GET',
    path: request.path ?? '/',
    headers: headerList(request, host, id),
    setHost: false,
    timeout: 15_000,
    insecureHTTPParser: false,
  });
  outgoing.on('response', (response) => {
    observation.status = response.statusCode ?? 0;
    observation.headers = joinPairs(response.rawHeaders);
    response.setEncoding('utf8');
    response.on('data', (chunk) => (observation.body += chunk));
    response.on('end', () => {
      observation.trailers = joinPairs(response.rawTrailers);
      done(false);
    });
    response.on('error', () => done(true));
  });
  outgoing.on('upgrade', (response, socket) => {
    observation.status = 101;
    observation.headers = joinPairs(response.rawHeaders);
    socket.on('data', (chunk) => {
      observation.body += chunk;
      socket.destroy();
      done(false);
    });
    socket.write('ping');
  });
  outgoing.on('timeout', () => outgoing.destroy());
  outgoing.on('error', () => done(true));
  outgoing.end(request.body);
  return promise;
}

function headerList(request: Case, host: string, id: string): string[] {
  const list = ['host', (request.host ?? '$HOST').replaceAll('$HOST', host), 'x-case', id];
  const given = request.headers ?? {};
  if (!Object.hasOwn(given, 'x-request-id')) list.push('x-request-id', id);
  if (request.app !== undefined) list.push('x-app', request.app);
  if (request.body !== undefined && !Object.hasOwn(given, 'transfer-encoding')) {
    list.push('content-length', String(Buffer.byteLength(request.body)));
  }
  for (const [name, value] of Object.entries(given)) {
    for (const one of typeof value === 'string' ? [value] : value) list.push(name, one);
  }
  list.push('connection', given.upgrade === undefined ? 'close' : 'Upgrade');
  return list;
}

function joinPairs(raw: readonly string[]): Record<string, string> {
  const joined: Record<string, string> = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    joined[name] = Object.hasOwn(joined, name) ? `${joined[name]}, ${raw[i + 1]}` : raw[i + 1]!;
  }
  return joined;
}
