import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestAuthority } from '../../data-plane/listener/tls-test-kit.ts';
import type { Document } from '../case.ts';
import { gatewayApi } from '../cases/gateway/api.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { type EchoClient, EchoServer, openClient } from './grpc-echo.ts';

/*
 * §6 GRPCRoute through the gateway with the real library at both ends. Facts of the API's tests
 * GRPC{ExactMethodMatching}, GRPCRoute{HeaderMatching,ListenerHostnameMatching,NamedRule,RequestHeaderModifier,Weight}.
 */

let first: EchoServer;
let second: EchoServer;
let secure: EchoServer;
const authority = new TestAuthority('backend root');
let mesh: TestMesh;
const clients: EchoClient[] = [];

const to = (name: string, more: Document = {}): Document => ({ name, port: 9090, ...more });
const route = (name: string, hostnames: string[], rules: Document[]): Document =>
  gatewayApi('GRPCRoute', name, { parentRefs: [{ name: 'api' }], hostnames, rules });
const method = (service?: string, name?: string, type?: string): Document => ({
  matches: [{ method: { ...(service ? { service } : {}), ...(name ? { method: name } : {}), ...(type ? { type } : {}) } }],
});

beforeAll(async () => {
  first = await EchoServer.start('first');
  second = await EchoServer.start('second');
  secure = await EchoServer.start('secure', authority.issue({ dns: ['secure.example'] }));
  const service = (name: string, port: number): Document => ({
    name,
    port: 9090,
    protocol: 'grpc',
    workloads: [{ address: `127.0.0.1:${port}` }],
  });
  mesh = await startMesh(
    meshText({ services: [service('first', first.port), service('second', second.port), service('secure', secure.port)] }, [
      gatewayApi('Gateway', 'api', {
        gatewayClassName: 'istio',
        listeners: [{ name: 'grpc', port: 80, protocol: 'HTTP', hostname: '*.grpc.example' }],
      }),
      route(
        'methods',
        ['methods.grpc.example'],
        [
          { backendRefs: [to('first')], ...method(undefined, 'ServerStream') },
          { backendRefs: [to('second')], ...method('echo.Echo') },
          { backendRefs: [to('first')], ...method('echo.Echo', 'Unary') },
        ],
      ),
      // A longer service comes before a longer method, and any text before a regular expression.
      route(
        'ranks',
        ['ranks.grpc.example'],
        [
          { backendRefs: [to('first')], ...method('e.*', '[A-Z][a-z]+', 'RegularExpression') },
          { backendRefs: [to('second')], ...method('echo\\..+', 'U.*', 'RegularExpression') },
        ],
      ),
      route(
        'headers',
        ['headers.grpc.example'],
        [
          { name: 'by-header', matches: [{ headers: [{ name: 'x-who', value: 'second' }] }], backendRefs: [to('second')] },
          {
            filters: [
              {
                type: 'RequestHeaderModifier',
                requestHeaderModifier: { set: [{ name: 'x-set', value: 'gateway' }], remove: ['x-gone'] },
              },
              { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'x-answer', value: 'gateway' }] } },
            ],
            backendRefs: [to('first')],
          },
        ],
      ),
      route('secure', ['secure.grpc.example'], [{ backendRefs: [to('secure')] }]),
      gatewayApi('BackendTLSPolicy', 'secure', {
        targetRefs: [{ group: '', kind: 'Service', name: 'secure' }],
        validation: { hostname: 'secure.example', caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'root' }] },
      }),
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'root', namespace: 'default' },
        data: { 'ca.crt': authority.caPem },
      },
      route('weights', ['weights.grpc.example'], [{ backendRefs: [to('first', { weight: 50 }), to('second', { weight: 50 })] }]),
      route('absent', ['absent.grpc.example'], [{ backendRefs: [to('ghost')] }]),
      route(
        'extension',
        ['extension.grpc.example'],
        [
          {
            filters: [{ type: 'ExtensionRef', extensionRef: { group: 'x.example', kind: 'X', name: 'x' } }],
            backendRefs: [to('first')],
          },
        ],
      ),
      route('beyond', ['methods.other.example'], [{ backendRefs: [to('first')] }]),
    ]),
  );
});
afterAll(async () => {
  for (const client of clients) client.close();
  await mesh?.close();
  first?.close();
  second?.close();
  secure?.close();
});

function client(host: string): EchoClient {
  const { port } = mesh.ingress();
  const opened = openClient(`127.0.0.1:${port}`, '', host);
  clients.push(opened);
  return opened;
}

describe('GRPCRoute at the gateway', () => {
  test('service and method decide; streams go through', async () => {
    const { unary, clientStream, serverStream } = client('methods.grpc.example');
    expect(await unary('hi')).toMatchObject({ code: 0, messages: ['first:hi'] });
    expect(await clientStream(['a', 'b'])).toMatchObject({ code: 0, messages: ['second:a+b'] });
    expect(await serverStream('2').done).toMatchObject({ code: 0, messages: ['second:0', 'second:1'] });
  });

  test('the longer service wins, then the longer method', async () => {
    expect((await client('ranks.grpc.example').unary('hi')).messages).toEqual(['second:hi']);
  });

  test('headers decide; modifiers reach server and client', async () => {
    const { unary } = client('headers.grpc.example');
    expect((await unary('hi', { 'x-who': 'second' })).messages).toEqual(['second:hi']);
    const { messages, headers } = await unary('hi', { 'x-gone': '1' });
    expect(messages).toEqual(['first:hi']);
    expect(headers.get('x-answer')).toEqual(['gateway']);
    const sent = first.calls.at(-1)!.metadata;
    expect([sent.get('x-set'), sent.get('x-gone')]).toEqual([['gateway'], []]);
  });

  test('weights divide', async () => {
    const { unary } = client('weights.grpc.example');
    const answers = await Promise.all(Array.from({ length: 60 }, () => unary('hi')));
    const firsts = answers.filter(({ messages }) => messages[0] === 'first:hi').length;
    expect(firsts).toBeGreaterThan(12);
    expect(firsts).toBeLessThan(48);
  });

  test('BackendTLSPolicy: a server that ends TLS itself', async () => {
    const { unary, bidi } = client('secure.grpc.example');
    expect(await unary('hi')).toMatchObject({ code: 0, messages: ['secure:hi'] });
    const stream = bidi();
    expect(await stream.ask('a')).toBe('secure:a');
    expect(await stream.ask('b')).toBe('secure:b');
    stream.end();
    expect((await stream.done).code).toBe(0);
  });

  test('an absent backend is UNAVAILABLE', async () => expect((await client('absent.grpc.example').unary('hi')).code).toBe(14));

  test('nothing matches, a hostname the listener has not, a filter nobody knows: UNIMPLEMENTED', async () => {
    for (const host of ['none.grpc.example', 'methods.other.example', 'extension.grpc.example'])
      expect([host, (await client(host).unary('hi')).code]).toEqual([host, 12]);
  });
});
