import { connect } from 'node:net';
import type { Case, Observation } from './case.ts';
import type { Target } from './send.ts';

/** A connection that neither answers nor closes is given up then. */
const giveUpMs = 10_000;

/**
 * A request as it stands in `raw`, byte for byte: what no well-behaved client library sends. `$HOST` becomes the host, `$ID` the lines that
 * tell cases apart (x-case, x-request-id, x-app) with `connection: close`. One request per connection; the answer is read as strictly as needed
 * to tell a complete one from a cut one. Never rejects.
 */
export function sendRaw(target: Target, request: Case & { raw: string }, host: string, id: string): Promise<Observation> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const socket = connect(target.port, target.host);
    let received = Buffer.alloc(0);
    let settled = false;
    const done = (): void => {
      if (settled) return;
      settled = true;
      socket.destroy();
      resolve({ ...readResponse(received.toString('latin1'), request), durationMs: performance.now() - startedAt });
    };
    socket.setTimeout(giveUpMs, done);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
    });
    socket.on('error', done);
    socket.on('close', done);
    const lines = [`x-case: ${id}`, `x-request-id: ${id}`, ...(request.app === undefined ? [] : [`x-app: ${request.app}`])];
    const identity = `${[...lines, 'connection: close'].join('\r\n')}\r\n`;
    socket.write(request.raw.replaceAll('$HOST', host).replace('$ID', identity), 'latin1');
  });
}

function readResponse(text: string, request: Case): Omit<Observation, 'durationMs'> {
  const none = { status: 0, headers: {}, trailers: {}, body: '', cut: true, seen: [], flags: null, details: null };
  let rest = text;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return none;
    const [line = '', ...fields] = rest.slice(0, end).split('\r\n');
    const status = Number(line.split(' ')[1]);
    rest = rest.slice(end + 4);
    if (status >= 100 && status < 200 && status !== 101) continue;
    const headers = readFields(fields);
    const head = { ...none, status, headers, cut: false };
    if (request.raw?.startsWith('HEAD ') || status === 204 || status === 304) return head;
    if (headers['transfer-encoding']?.includes('chunked')) return { ...head, ...readChunks(rest) };
    const length = headers['content-length'];
    return { ...head, body: rest, cut: length !== undefined && rest.length < Number(length) };
  }
}

function readFields(lines: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    fields[name] = Object.hasOwn(fields, name) ? `${fields[name]}, ${value}` : value;
  }
  return fields;
}

function readChunks(text: string): Pick<Observation, 'body' | 'trailers' | 'cut'> {
  let body = '';
  let rest = text;
  for (;;) {
    const end = rest.indexOf('\r\n');
    const size = end < 0 ? Number.NaN : Number.parseInt(rest.slice(0, end), 16);
    if (Number.isNaN(size) || rest.length < end + 2 + size) return { body, trailers: {}, cut: true };
    if (size === 0) {
      const trailers = rest
        .slice(end + 2)
        .split('\r\n')
        .filter((line) => line !== '');
      return { body, trailers: readFields(trailers), cut: !rest.endsWith('\r\n') };
    }
    body += rest.slice(end + 2, end + 2 + size);
    rest = rest.slice(end + 2 + size + 2);
  }
}
