import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unusedPort } from '../../testing/unused-port.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { type EchoClient, EchoServer, openClient } from './grpc-echo.ts';
import { exchangesOf, poll } from './kit.ts';

/*
 * gRPC with the real library at both ends: client → caller's sidecar → mutual TLS, h2 by ALPN → callee's sidecar → server.
 * Sources: gRPC over HTTP/2 (grpc/grpc/doc/PROTOCOL-HTTP2.md), Envoy's gRPC bridging of local replies, Istio's default retry policy.
 */

let first: EchoServer;
let second: EchoServer;
let mesh: TestMesh;
const clients: EchoClient[] = [];

beforeAll(async () => {
  first = await EchoServer.start('first');
  second = await EchoServer.start('second');
  const service = (name: string, ...ports: number[]) => ({
    name,
    port: 9090,
    protocol: 'grpc',
    workloads: ports.map((port, n) => ({ version: `v${n + 1}`, address: `127.0.0.1:${port}` })),
  });
  const echoes = ['echo', 'faulty', 'ours', 'slow', 'flaky'].map((name) => service(name, first.port));
  mesh = await startMesh(
    meshText(
      {
        services: [
          {
            name: 'caller',
            port: 8080,
            workloads: [{ address: '127.0.0.1:9', upstreams: echoes.map(({ name }) => ({ service: name, port: 0 })) }],
          },
          ...echoes,
          service('gone', await unusedPort()),
          service('pair', first.port, second.port),
        ],
      },
      [
        virtualService('faulty', { fault: { abort: { grpcStatus: 'RESOURCE_EXHAUSTED', percentage: { value: 100 } } } }),
        virtualService('slow', { timeout: '0.3s' }),
        virtualService('flaky', { retries: { attempts: 3, retryOn: 'unavailable', backoff: '5ms' } }),
        {
          apiVersion: 'drydock.dev/v1',
          kind: 'Fault',
          metadata: { name: 'ours' },
          spec: { to: { service: 'ours' }, abort: { grpcStatus: 'DATA_LOSS' } },
        },
      ],
    ),
  );
});
afterAll(async () => {
  for (const client of clients) client.close();
  await mesh?.close();
  first?.close();
  second?.close();
});

function virtualService(name: string, rule: object) {
  const route = [{ destination: { host: name } }];
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace: 'default' },
    spec: { hosts: [name], http: [{ route, ...rule }] },
  };
}

/** By the service's upstream port. */
function through(service: string): EchoClient {
  const caller = mesh.engine.ready().workloads.find(({ id }) => id === 'caller-x-0')!;
  return keep(openClient(new URL(caller.upstreams[service]!).host));
}
/** By CONNECT, as HTTP_PROXY makes the library do. */
function tunnelled(service: string): EchoClient {
  const { host, port } = mesh.outbound('caller-x-0');
  return keep(openClient(`${service}:9090`, `http://${host}:${port}`));
}
function keep(client: EchoClient): EchoClient {
  clients.push(client);
  return client;
}

for (const [way, open] of [
  ['an upstream port', through],
  ['CONNECT by HTTP_PROXY', tunnelled],
] as const) {
  describe(`gRPC through ${way}`, () => {
    test('a unary call: metadata, answer, initial and trailing metadata', async () => {
      const answer = await open('echo').unary('hello', { 'x-tag': 'one', 'x-raw-bin': Buffer.from([0, 255, 7]) });
      expect(answer).toMatchObject({ code: 0, messages: ['first:hello'] });
      expect(answer.headers.get('x-initial')).toEqual(['yes']);
      expect(answer.trailers.get('x-trailing')).toEqual(['kept']);
      const seen = first.calls.at(-1)!;
      expect(seen.metadata.get('x-tag')).toEqual(['one']);
      expect(seen.metadata.get('x-raw-bin')).toEqual([Buffer.from([0, 255, 7])]);
      expect(seen.metadata.get('x-forwarded-client-cert').join()).toContain('URI=spiffe://cluster.local/ns/default/sa/caller');
    });

    test('server streaming: messages come as they are sent', async () => {
      const stream = open('echo').serverStream('3');
      const times: number[] = [];
      stream.onMessage = () => times.push(performance.now());
      const answer = await stream.done;
      expect(answer.messages).toEqual(['first:0', 'first:1', 'first:2']);
      // The server waits 50 ms between them: they did not come in one piece.
      expect(times[2]! - times[0]!).toBeGreaterThan(60);
    });

    test('client streaming: all messages, one answer', async () => {
      const answer = await open('echo').clientStream(['a', 'b', 'c']);
      expect(answer).toMatchObject({ code: 0, messages: ['first:a+b+c'] });
    });

    test('both ways at once: an answer to each message before the next is sent', async () => {
      const stream = open('echo').bidi();
      for (const word of ['one', 'two', 'three']) expect(await stream.ask(word)).toBe(`first:${word}`);
      stream.end();
      expect((await stream.done).code).toBe(0);
    });
  });
}

describe('gRPC outcomes', () => {
  test('a trailers-only error arrives with code and message', async () => {
    const answer = await through('echo').unary('fail:5:no such thing ü');
    expect(answer).toMatchObject({ code: 5, details: 'no such thing ü', messages: [] });
  });

  test('a deadline ends the call at both ends: 4 for the client, cancelled for the server', async () => {
    let before = 0;
    // The sidecar knows the deadline too and says 14: once more where it was first, because this machine kept the client waiting.
    const ask = () => {
      before = first.cancelled;
      return through('echo').unary('hang', {}, { deadlineMs: 200 });
    };
    await expect.poll(async () => (await ask()).code).toBe(grpc.status.DEADLINE_EXCEEDED);
    await expect.poll(() => first.cancelled).toBe(before + 1);
    expect(Number(first.calls.at(-1)!.deadlineMs)).toBeLessThanOrEqual(200);
  });

  test('a cancel reaches the server within 100 ms', async () => {
    const cancelAndWait = async () => {
      const stream = through('echo').bidi();
      expect(await stream.ask('x')).toBe('first:x');
      const before = first.cancelled;
      const startedAt = performance.now();
      stream.cancel();
      await poll(
        () => first.cancelled,
        (count) => count === before + 1,
      );
      const tookMs = performance.now() - startedAt;
      expect((await stream.done).code).toBe(grpc.status.CANCELLED);
      return tookMs;
    };
    await expect.poll(cancelAndWait).toBeLessThan(100);
  });

  test('a route timeout is DEADLINE_EXCEEDED or UNAVAILABLE, and recorded as UT', async () => {
    const answer = await through('slow').unary('hang');
    expect([4, 14]).toContain(answer.code);
    const [record] = await exchangesOf(mesh, 'to=slow&reporter=source', 1);
    expect(record).toMatchObject({ protocol: 'gRPC', flags: 'UT', grpcStatus: answer.code });
  });

  test('an app that is not there: 14, from either sidecar', async () => {
    const answer = await tunnelled('gone').unary('x');
    expect(answer.code).toBe(14);
    const records = await exchangesOf(mesh, 'to=gone', 2);
    expect(records.map(({ reporter, grpcStatus }) => ({ reporter, grpcStatus }))).toContainEqual({
      reporter: 'destination',
      grpcStatus: 14,
    });
  });

  test('a server that dies: 14 for a call not answered yet; a stream already answered is reset, which the library calls 13', async () => {
    const dying = await EchoServer.start('dying');
    await mesh.apply(
      JSON.stringify({
        apiVersion: 'networking.istio.io/v1',
        kind: 'ServiceEntry',
        metadata: { name: 'mortal', namespace: 'default' },
        spec: {
          hosts: ['mortal.example'],
          location: 'MESH_EXTERNAL',
          resolution: 'STATIC',
          ports: [{ number: 9090, name: 'grpc', protocol: 'GRPC' }],
          endpoints: [{ address: '127.0.0.1', ports: { grpc: dying.port } }],
        },
      }),
    );
    const { host, port } = mesh.outbound('caller-x-0');
    const client = keep(openClient('mortal.example:9090', `http://${host}:${port}`));
    const stream = client.bidi();
    expect(await stream.ask('x')).toBe('dying:x');
    const unanswered = client.unary('hang');
    await poll(
      () => dying.calls.length,
      (count) => count === 2,
    );
    dying.close();
    expect((await unanswered).code).toBe(14);
    // As with Envoy, whose RST_STREAM after a response head says NO_ERROR or INTERNAL_ERROR: both are INTERNAL in gRPC's table.
    expect((await stream.done).code).toBe(13);
    const records = await exchangesOf(mesh, 'path=/echo.Echo&reporter=source&to=mortal.example', 2);
    // The library's forced end resets some streams before it closes the connection.
    for (const { flags } of records) expect(flags).toMatch(/^U[CR]$/);
  });

  test('retries on unavailable: the third try answers, and the client never knew', async () => {
    first.failNext = 2;
    const answer = await through('flaky').unary('again');
    expect(answer).toMatchObject({ code: 0, messages: ['first:again'] });
    const [record] = await exchangesOf(mesh, 'to=flaky&reporter=source', 1);
    expect(record!.attempts).toHaveLength(3);
    expect(record).toMatchObject({ protocol: 'gRPC', grpcStatus: 0, status: 200 });
  });

  test('faults by gRPC status: Istio’s at the caller, ours at the callee', async () => {
    expect(await through('faulty').unary('x')).toMatchObject({ code: 8, details: 'fault filter abort' });
    expect(await through('ours').unary('x')).toMatchObject({ code: 15 });
    const [client] = await exchangesOf(mesh, 'to=faulty', 1);
    expect(client).toMatchObject({ reporter: 'source', grpcStatus: 8, flags: 'FI' });
    const ours = await exchangesOf(mesh, 'to=ours', 2);
    expect(ours.map(({ reporter, grpcStatus }) => [reporter, grpcStatus]).sort()).toEqual([
      ['destination', 15],
      ['source', 15],
    ]);
  });

  test('calls spread over instances one by one, not by connection', async () => {
    const client = tunnelled('pair');
    const answers = await Promise.all(Array.from({ length: 40 }, () => client.unary('x')));
    const names = answers.map(({ messages }) => messages[0]!);
    expect(new Set(names)).toEqual(new Set(['first:x', 'second:x']));
  });

  test('both records say gRPC, the status, the trailers and mutual TLS', async () => {
    await through('echo').unary('fail:9:recorded', { 'x-case': 'record' });
    const records = await exchangesOf(mesh, 'to=echo&path=/echo.Echo/Unary&limit=50', 2);
    const last = records.filter(({ request }) => request.headers.some(([n, v]) => n === 'x-case' && v === 'record'));
    expect(last.map((r) => r.reporter).sort()).toEqual(['destination', 'source']);
    for (const record of last) expect(record).toMatchObject({ protocol: 'gRPC', grpcStatus: 9, status: 200, mtls: true });
  });
});
