import http from 'node:http';
import http2 from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { exchangesOf } from './kit.ts';

/* HTTP/1.1 and HTTP/2 meet in the sidecars: whatever the client speaks, the app gets what its service's protocol says. */

interface Seen {
  version: string;
  url: string;
  headers: http.IncomingHttpHeaders;
  body: string;
}

let mesh: TestMesh;
let h1: http.Server;
let h2: http2.Http2Server;
const h2Sessions = new Set<http2.ServerHttp2Session>();

/** Tells as JSON what arrived; cookies and repeated headers of the answer come back twice; `/trailers` ends with one. */
function tell(request: http.IncomingMessage | http2.Http2ServerRequest, answer: http.ServerResponse | http2.Http2ServerResponse) {
  const response = answer as http.ServerResponse;
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    const { httpVersion, url, headers } = request;
    const seen: Seen = { version: httpVersion, url: url ?? '', headers, body };
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.setHeader('content-type', 'application/json');
    if (url === '/trailers') response.setHeader('trailer', 'x-sum');
    if (url === '/204') {
      response.statusCode = 204;
      response.end();
      return;
    }
    response.write(JSON.stringify(seen));
    if (url === '/trailers') response.addTrailers({ 'x-sum': '42' });
    response.end();
  });
}

beforeAll(async () => {
  h1 = http.createServer(tell);
  h2 = http2.createServer(tell);
  h2.on('session', (session) => h2Sessions.add(session));
  const [h1Port, h2Port] = await Promise.all([listen(h1), listen(h2)]);
  const service = (name: string, protocol: string, port: number) => ({
    name,
    port: 8000,
    protocol,
    workloads: [{ address: `127.0.0.1:${port}` }],
  });
  mesh = await startMesh(
    meshText(
      { services: [service('caller', 'http', h1Port), service('one', 'http', h1Port), service('two', 'http2', h2Port)] },
      [],
    ),
  );
});
afterAll(async () => {
  await mesh?.close();
  for (const session of h2Sessions) session.destroy();
  h1?.close();
  h2?.close();
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  trailers: Record<string, string | string[] | undefined>;
  seen: Seen;
}

function overHttp1(service: string, path: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { host: `${service}:8000`, 'x-client': 'one', cookie: 'c=3; d=4' };
    const options = { ...mesh.outbound('caller-x-0'), agent: false, path, headers, method: body === undefined ? 'GET' : 'POST' };
    const request = http.request(options, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => {
        const seen = text === '' ? ({} as Seen) : (JSON.parse(text) as Seen);
        resolve({ status: response.statusCode!, headers: response.headers, trailers: response.trailers, seen });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

function overHttp2(service: string, path: string, body?: string): Promise<Answer> {
  const { host, port } = mesh.outbound('caller-x-0');
  const session = http2.connect(`http://${host}:${port}`);
  return new Promise<Answer>((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request(
      {
        ':method': body === undefined ? 'GET' : 'POST',
        ':path': path,
        ':authority': `${service}:8000`,
        'x-client': 'two',
        cookie: ['c=3', 'd=4'].join('; '),
      },
      { endStream: body === undefined },
    );
    let text = '';
    let head: http2.IncomingHttpHeaders = {};
    let trailers: http2.IncomingHttpHeaders = {};
    stream.on('response', (headers) => (head = headers));
    stream.on('trailers', (headers) => (trailers = headers));
    stream.on('data', (chunk) => (text += chunk));
    stream.on('error', reject);
    stream.on('end', () => {
      const seen = text === '' ? ({} as Seen) : (JSON.parse(text) as Seen);
      resolve({ status: Number(head[':status']), headers: head, trailers, seen });
    });
    if (body !== undefined) stream.end(body);
  }).finally(() => session.close());
}

for (const [client, send] of [
  ['an HTTP/1.1 client', overHttp1],
  ['an h2c client', overHttp2],
] as const) {
  for (const [service, app, version] of [
    ['one', 'an HTTP/1.1 app', '1.1'],
    ['two', 'an HTTP/2 app', '2.0'],
  ] as const) {
    describe(`${client} and ${app}`, () => {
      test('a body goes up and comes down, headers and cookies stay', async () => {
        const answer = await send(service, '/echo?x=1', 'body up');
        expect(answer).toMatchObject({ status: 200, seen: { version, url: '/echo?x=1', body: 'body up' } });
        expect(answer.seen.headers).toMatchObject({ 'x-client': client.includes('h2c') ? 'two' : 'one', cookie: 'c=3; d=4' });
        expect(answer.seen.headers[version === '2.0' ? ':authority' : 'host']).toBe(`${service}:8000`);
        expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
        expect(answer.headers['transfer-encoding'] === undefined || client.includes('1.1')).toBe(true);
      });

      test('204 has no body', async () => {
        expect(await send(service, '/204')).toMatchObject({ status: 204, seen: {} });
      });

      test('trailers arrive in every combination (ADR 0006)', async () => {
        const { trailers } = await send(service, '/trailers');
        expect(trailers['x-sum']).toBe('42');
      });

      test('between the sidecars it is mutual TLS with the protocol ALPN agreed on', async () => {
        const path = `/record-${client.includes('h2c') ? 2 : 1}-${service}`;
        await send(service, path);
        const records = await exchangesOf(mesh, `path=${path}`, 2);
        const of = (reporter: string) => records.find((r) => r.reporter === reporter)!;
        expect(of('source')).toMatchObject({ mtls: true, protocol: client.includes('h2c') ? 'HTTP/2' : 'HTTP/1.1' });
        // A service of protocol http is reached by HTTP/1.1, of protocol http2 by h2, whatever the client spoke.
        expect(of('destination')).toMatchObject({ mtls: true, protocol: version === '2.0' ? 'HTTP/2' : 'HTTP/1.1' });
        expect(of('destination').peer.spiffeId).toBe('spiffe://cluster.local/ns/default/sa/caller');
        expect(of('destination').traceId).toBe(of('source').traceId);
      });
    });
  }
}
