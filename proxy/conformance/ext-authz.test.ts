import http from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listen } from '../testing/listen.ts';
import { unusedPort } from '../testing/unused-port.ts';
import type { Case, Document } from './case.ts';
import { type Answer, type GrpcAuthorizer, type HttpAttributes, startGrpcAuthorizer } from './grpc-authorizer.ts';
import { RawClient } from './protocols/kit.ts';
import { customPolicy, SecurityMesh } from './security-test-kit.ts';

/*
 * §4 CUSTOM by gRPC, and bodies in checks, over two sidecars. The authorizer is grpc-js; what it is told to answer is in the client's
 * `x-answer`. Every expectation was held against Envoy 1.40's own filter (docs/behaviour-notes.md).
 */

let security: SecurityMesh;
let authorizer: GrpcAuthorizer;
let httpAuthorizer: http.Server;
/** What the HTTP authorizer saw last. */
let checked: { headers: http.IncomingHttpHeaders; body: string } | null = null;

const caller = 'spiffe://cluster.local/ns/default/sa/client';
const services = ['plain', 'lenient', 'gone', 'slow', 'whole', 'part', 'bytes', 'http-whole', 'http-part', 'lenient-whole'];
const opaque = ['opaque', 'opaque-lenient'];

beforeAll(async () => {
  authorizer = await startGrpcAuthorizer();
  httpAuthorizer = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      checked = { headers: request.headers, body };
      response.writeHead(200, { 'x-envoy-auth-headers-to-remove': 'x-secret' }).end();
    });
  });
  const grpc = (name: string, more: Document = {}): Document => ({
    name,
    envoyExtAuthzGrpc: { service: 'judge.default.svc.cluster.local', port: 9191, timeout: '20s', ...more },
  });
  const byHttp = (name: string, body: Document): Document => ({
    name,
    envoyExtAuthzHttp: {
      service: '127.0.0.1',
      port: httpPort,
      includeRequestBodyInCheck: body,
      includeRequestHeadersInCheck: ['x-*'],
    },
  });
  const httpPort = await listen(httpAuthorizer);
  const part = { maxRequestBytes: 10, allowPartialMessage: true };
  security = await SecurityMesh.start({
    http: services,
    tcp: opaque,
    services: [{ name: 'judge', port: 9191, protocol: 'grpc', workloads: [{ address: `127.0.0.1:${authorizer.port}` }] }],
    extensionProviders: [
      grpc('plain'),
      grpc('lenient', { failOpen: true }),
      grpc('gone', { service: '127.0.0.1', port: await unusedPort(), statusOnError: '503' }),
      grpc('slow', { timeout: '50ms' }),
      grpc('whole', { includeRequestBodyInCheck: { maxRequestBytes: 10 } }),
      grpc('lenient-whole', { failOpen: true, includeRequestBodyInCheck: { maxRequestBytes: 10 } }),
      grpc('part', { includeRequestBodyInCheck: part }),
      grpc('bytes', { includeRequestBodyInCheck: { ...part, packAsBytes: true } }),
      byHttp('http-whole', { maxRequestBytes: 10 }),
      byHttp('http-part', part),
      grpc('opaque'),
      grpc('opaque-lenient', { failOpen: true }),
    ],
    documents: [...services, ...opaque].map((name) => customPolicy(name, name)),
  });
}, 60_000);
beforeEach(() => {
  authorizer.asked.length = 0;
  checked = null;
});
afterAll(async () => {
  await security?.close();
  authorizer?.close();
  httpAuthorizer?.close();
});

/** The authorizer answers as it is told. */
const ask = (service: string, answer: Answer, request: Partial<Case> = {}) =>
  security.ask(service, { ...request, headers: { 'x-answer': JSON.stringify(answer), ...request.headers } });

const header = (key: string, value: string, more: object = {}) => ({ header: { key, value }, ...more });
const allow = (ok: object = {}): Answer => ({ status: { code: 0 }, ok_response: ok });
const deny = (denied: object = {}, message = ''): Answer => ({ status: { code: 7, message }, denied_response: denied });
const asked = (): HttpAttributes => authorizer.asked[0]!.attributes.request!.http;

describe('§4 CUSTOM by gRPC: the question', () => {
  test('method, path, host, scheme, protocol, and every header, pseudo-headers among them; repeated ones joined', async () => {
    expect(await ask('plain', allow(), { path: '/a?b=1', headers: { 'x-in': ['1', '2'] } })).toMatchObject({ status: 200 });
    expect(asked()).toMatchObject({
      method: 'GET',
      host: 'plain:9080',
      scheme: 'http',
      protocol: 'HTTP/1.1',
      size: '0',
      body: '',
    });
    expect(asked().path).toMatch(/^\/a\?b=1&n=/);
    expect(asked().headers).toMatchObject({ ':authority': 'plain:9080', ':method': 'GET', ':scheme': 'http', 'x-in': '1,2' });
    expect(asked().headers).toHaveProperty('x-forwarded-client-cert');
  });

  test('both ends with their principals, and who is asked by its name in the mesh', async () => {
    await ask('plain', allow());
    const { attributes, metadata } = authorizer.asked[0]!;
    expect(attributes.source).toMatchObject({ principal: caller, address: { socket_address: { address: '127.0.0.1' } } });
    expect(attributes.destination.principal).toBe('spiffe://cluster.local/ns/default/sa/plain');
    expect(metadata).toMatchObject({ 'x-envoy-internal': 'true', 'x-envoy-expected-rq-timeout-ms': '20000' });
  });
});

describe('§4 CUSTOM by gRPC: allowed', () => {
  test('headers are set, joined with append, removed; nothing else of the request changes', async () => {
    const headers = [
      header('x-set', 'new'),
      header('x-joined', 'new', { append: { value: true } }),
      header('x-none', 'n', { append: { value: true } }),
    ];
    const request = { headers: { 'x-set': 'old', 'x-joined': 'old', 'x-gone': '1' } };
    const { status, seen, policies } = await ask('plain', allow({ headers, headers_to_remove: ['x-gone', 'host'] }), request);
    expect(status).toBe(200);
    expect(seen[0]!.headers).toMatchObject({ 'x-set': 'new', 'x-joined': 'old,new', host: 'plain:9080' });
    expect(seen[0]!.headers).not.toHaveProperty('x-gone');
    expect(seen[0]!.headers).not.toHaveProperty('x-none');
    expect(policies).toEqual(['AuthorizationPolicy default/plain spec.rules[0] allowed: plain answered 0 OK']);
  });

  test('response headers by their append_action', async () => {
    const add = (name: string, action: number) => header(name, 'new', { append_action: action });
    const answer = allow({
      response_headers_to_add: [add('x-server', 1), add('x-added', 0), add('x-missing', 3), add('x-unknown', 9)],
    });
    const { headers } = await ask('plain', answer);
    expect(headers).toMatchObject({ 'x-server': 'a', 'x-added': 'new' });
    expect(headers).not.toHaveProperty('x-missing');
    expect(headers).not.toHaveProperty('x-unknown');
  });

  test('query parameters are set and removed, and come out sorted', async () => {
    const answer = allow({ query_parameters_to_set: [{ key: 'c', value: '3' }], query_parameters_to_remove: ['b'] });
    const { seen } = await ask('plain', answer, { path: '/q?z=1&b=2&a' });
    expect(seen[0]!.path).toMatch(/^\/q\?a=&c=3&n=s-\d+&z=1$/);
  });

  test('without ok_response, too', async () => {
    expect(await ask('plain', { status: { code: 0 } })).toMatchObject({ status: 200 });
  });
});

describe('§4 CUSTOM by gRPC: refused', () => {
  test('status, body and headers are the client’s, the app hears nothing, the record has the service’s words', async () => {
    const headers = [header('set-cookie', 'a=1'), header('set-cookie', 'b=2'), header('www-authenticate', 'Badge')];
    const told = await ask('plain', deny({ status: { code: 401 }, body: 'who are you', headers }, 'no badge'));
    expect(told).toMatchObject({ status: 401, body: 'who are you', seen: [], headers: { 'www-authenticate': 'Badge' } });
    expect(told.headers['set-cookie']).toBe('a=1, b=2');
    expect(told.callee).toMatchObject({ flags: 'UAEX', details: 'ext_authz_denied' });
    expect(told.policies).toEqual([
      'AuthorizationPolicy default/plain spec.rules[0] denied: plain answered 7 PERMISSION_DENIED: no badge',
    ]);
  });

  test('403 and nothing else unless told', async () => {
    expect(await ask('plain', { status: { code: 16 } })).toMatchObject({ status: 403, body: '' });
  });

  test('a gRPC call gets a status and the body as its message', async () => {
    const { status, headers } = await ask('plain', deny({ status: { code: 401 }, body: 'who' }), {
      headers: { 'content-type': 'application/grpc' },
    });
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'grpc-status': '16', 'grpc-message': 'who' });
  });
});

describe('§4 CUSTOM by gRPC: the service fails', () => {
  test('a gRPC error refuses with 403', async () => {
    const told = await ask('plain', { grpc: 14 });
    expect(told).toMatchObject({ status: 403, body: '', callee: { flags: 'UAEX', details: 'ext_authz_error' } });
    expect(told.policies).toEqual([
      'AuthorizationPolicy default/plain spec.rules[0] denied: plain could not be asked: it answered 14 UNAVAILABLE: as asked',
    ]);
  });

  test('an error_response is the answer to the client', async () => {
    const answer = { status: { code: 13 }, error_response: { status: { code: 503 }, body: 'down' } };
    expect(await ask('plain', answer)).toMatchObject({ status: 503, body: 'down', callee: { details: 'ext_authz_error' } });
  });

  test('nobody there: statusOnError', async () => {
    expect(await ask('gone', allow())).toMatchObject({ status: 503, callee: { details: 'ext_authz_error' } });
  });

  test('no answer in time', async () => {
    const { status, policies } = await ask('slow', { hang: true });
    expect(status).toBe(403);
    // Whichever notices first: the service gets the deadline too.
    expect(policies[0]).toMatch(
      /^AuthorizationPolicy default\/slow spec.rules\[0\] denied: slow could not be asked: (no answer within 50 ms|it answered 4 DEADLINE)/,
    );
  });

  test('failOpen lets pass, an error_response too', async () => {
    expect(await ask('lenient', { grpc: 13 })).toMatchObject({ status: 200 });
    const answer = { status: { code: 13 }, error_response: { status: { code: 503 } } };
    const { status, policies } = await ask('lenient', answer);
    expect(status).toBe(200);
    expect(policies[0]).toMatch(/allowed: lenient could not be asked \(it answered 13 INTERNAL\) and failOpen is on$/);
  });
});

describe('§4 includeRequestBodyInCheck', () => {
  const post = (body: string, headers: Record<string, string> = {}): Partial<Case> => ({ method: 'POST', body, headers });
  const partial = 'x-envoy-auth-partial-body';

  test('the body is in the question, and the app gets it', async () => {
    const { seen } = await ask('whole', allow(), post('0123456789', { [partial]: 'mine' }));
    expect(asked()).toMatchObject({ body: '0123456789', size: '10', headers: { [partial]: 'false' } });
    expect(seen[0]).toMatchObject({ body: '0123456789' });
  });

  test('a chunked one too', async () => {
    const { seen } = await ask('whole', allow(), post('hello', { 'transfer-encoding': 'chunked' }));
    expect(asked()).toMatchObject({ body: 'hello', headers: { [partial]: 'false' } });
    expect(seen[0]).toMatchObject({ body: 'hello' });
  });

  test('longer than maxRequestBytes: 413, nobody is asked, failOpen or not', async () => {
    for (const service of ['whole', 'lenient-whole']) {
      const told = await ask(service, allow(), post('0123456789a'));
      expect(told).toMatchObject({
        status: 413,
        body: 'Payload Too Large',
        seen: [],
        callee: { details: 'request_payload_too_large' },
      });
      expect(told.policies[0]).toContain('longer than the 10 bytes');
    }
    expect(authorizer.asked).toEqual([]);
  });

  test('allowPartialMessage: its beginning is put to the service, all of it goes to the app', async () => {
    const long = 'x'.repeat(1_500_000);
    const { seen } = await ask('part', allow(), post(long));
    expect(asked()).toMatchObject({ body: 'xxxxxxxxxx', headers: { [partial]: 'true' } });
    expect(seen[0]!.body).toBe(long);
  });

  test('a refusal after a part of it: the app hears nothing', async () => {
    expect(await ask('part', deny({ body: 'no' }), post('x'.repeat(200_000)))).toMatchObject({
      status: 403,
      body: 'no',
      seen: [],
    });
  });

  test('packAsBytes: raw_body', async () => {
    await ask('bytes', allow(), post('hé'));
    expect(asked()).toMatchObject({ body: '', raw_body: Buffer.from('hé').toString('base64') });
  });

  test('without a body nothing is said of one', async () => {
    await ask('whole', allow());
    expect(asked().body).toBe('');
    expect(asked().headers).not.toHaveProperty(partial);
  });

  test('who waits for 100 Continue is told to go on', async () => {
    const target = security.mesh.inbound('whole-x-0');
    const client = new RawClient(target.port);
    const head = ['POST /continue HTTP/1.1', 'host: whole:9080', `x-answer: ${JSON.stringify(allow())}`, 'expect: 100-continue'];
    client.socket.write(`${[...head, 'content-length: 2', 'connection: close'].join('\r\n')}\r\n\r\n`);
    await client.until(({ text }) => text.startsWith('HTTP/1.1 100 Continue\r\n'));
    client.socket.write('hi');
    await client.until(({ text }) => text.includes('HTTP/1.1 200'));
    client.socket.destroy();
    expect(asked().body).toBe('hi');
  });

  test('by HTTP: the body is the check’s, with its length', async () => {
    const { seen } = await ask('http-whole', {}, post('hello', { 'x-secret': '1' }));
    expect(checked).toMatchObject({ body: 'hello', headers: { 'content-length': '5', [partial]: 'false' } });
    expect(seen[0]).toMatchObject({ body: 'hello' });
    expect(seen[0]!.headers).not.toHaveProperty('x-secret');
    expect(await ask('http-whole', {}, post('0123456789a'))).toMatchObject({ status: 413 });
  });

  test('by HTTP: a part of it', async () => {
    const { seen } = await ask('http-part', {}, post('0123456789abc'));
    expect(checked).toMatchObject({ body: '0123456789', headers: { 'content-length': '10', [partial]: 'true' } });
    expect(seen[0]).toMatchObject({ body: '0123456789abc' });
  });
});

describe('§4 CUSTOM by gRPC on a TCP port', () => {
  test('the service is asked about the connection’s two ends', async () => {
    authorizer.otherwise = { status: { code: 0 } };
    const { answered, policies } = await security.connect('opaque');
    expect(answered).toBe(true);
    expect(authorizer.asked[0]!.attributes.source.principal).toBe(caller);
    expect(policies).toEqual(['AuthorizationPolicy default/opaque spec.rules[0] allowed: opaque answered 0 OK']);
  });

  test('what it refuses is closed, and the record says by whom', async () => {
    authorizer.otherwise = { status: { code: 7 } };
    const { answered, callee, policies } = await security.connect('opaque');
    expect(answered).toBe(false);
    expect(callee).toMatchObject({ flags: 'UAEX', details: 'ext_authz_denied' });
    expect(policies).toEqual(['AuthorizationPolicy default/opaque spec.rules[0] denied: opaque answered 7 PERMISSION_DENIED']);
  });

  test('when it fails failOpen decides', async () => {
    authorizer.otherwise = { grpc: 14 };
    expect((await security.connect('opaque-lenient')).answered).toBe(true);
    expect(await security.connect('opaque')).toMatchObject({ answered: false, callee: { details: 'ext_authz_error' } });
  });
});
