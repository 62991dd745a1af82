import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { type EchoClient, EchoServer, openClient } from './grpc-echo.ts';
import { exchangesOf, poll } from './kit.ts';

/*
 * More of gRPC over two sidecars with mutual TLS: which codes are retried, large and compressed messages, the standard health and reflection
 * services (grpc/grpc/doc/health-checking.md, server-reflection.md), and the way in through a gateway.
 */

const retried = { cancelled: 1, 'deadline-exceeded': 4, 'resource-exhausted': 8, internal: 13, unavailable: 14 };

const { root } = protobuf.parse(
  `syntax = "proto3";
  message HealthCheckRequest { string service = 1; }
  message HealthCheckResponse { int32 status = 1; }
  message ReflectionRequest { string host = 1; string file_by_filename = 3; string list_services = 7; }
  message ServiceResponse { string name = 1; }
  message ListServiceResponse { repeated ServiceResponse service = 1; }
  message ReflectionResponse { string valid_host = 1; ListServiceResponse list_services_response = 6; }`,
  { keepCase: true },
);
type Fields = Record<string, unknown>;
function codec(name: string) {
  const type = root.lookupType(name);
  return {
    write: (value: Fields) => Buffer.from(type.encode(type.fromObject(value)).finish()),
    read: (bytes: Buffer): Fields => type.toObject(type.decode(bytes), { defaults: true }),
  };
}
function method(path: string, request: string, response: string, streams: { up?: boolean; down?: boolean } = {}) {
  const [asked, answered] = [codec(request), codec(response)];
  return {
    path,
    requestStream: streams.up ?? false,
    responseStream: streams.down ?? false,
    requestSerialize: asked.write,
    requestDeserialize: asked.read,
    responseSerialize: answered.write,
    responseDeserialize: answered.read,
  };
}
const health = {
  check: method('/grpc.health.v1.Health/Check', 'HealthCheckRequest', 'HealthCheckResponse'),
  watch: method('/grpc.health.v1.Health/Watch', 'HealthCheckRequest', 'HealthCheckResponse', { down: true }),
};
const reflection = {
  info: method('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', 'ReflectionRequest', 'ReflectionResponse', {
    up: true,
    down: true,
  }),
};

let echo: EchoServer;
let standard: grpc.Server;
let mesh: TestMesh;
let watcher: ((status: number) => void) | null = null;
const clients: { close(): void }[] = [];

async function startStandard(): Promise<number> {
  standard = new grpc.Server();
  standard.addService(health, {
    check: (call: grpc.ServerUnaryCall<Fields, Fields>, done: grpc.sendUnaryData<Fields>) => {
      if (call.request.service === 'shop') done(null, { status: 1 });
      else done({ code: grpc.status.NOT_FOUND, details: 'unknown service' });
    },
    watch: (call: grpc.ServerWritableStream<Fields, Fields>) => {
      watcher = (status) => call.write({ status });
      watcher(1);
    },
  });
  standard.addService(reflection, {
    info: (call: grpc.ServerDuplexStream<Fields, Fields>) => {
      call.on('data', ({ list_services }: Fields) =>
        call.write({ valid_host: String(list_services), list_services_response: { service: [{ name: 'shop.Stock' }] } }),
      );
      call.on('end', () => call.end());
    },
  });
  return new Promise((resolve, reject) =>
    standard.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );
}

beforeAll(async () => {
  echo = await EchoServer.start('echo');
  const standardPort = await startStandard();
  const service = (name: string, port: number) => ({
    name,
    port: 9090,
    protocol: 'grpc',
    workloads: [{ address: `127.0.0.1:${port}` }],
  });
  const callees = [
    service('echo', echo.port),
    service('standard', standardPort),
    service('again', echo.port),
    service('counted', echo.port),
  ];
  mesh = await startMesh(
    meshText(
      {
        services: [
          {
            name: 'caller',
            port: 8080,
            workloads: [{ address: '127.0.0.1:9', upstreams: callees.map(({ name }) => ({ service: name, port: 0 })) }],
          },
          ...callees,
        ],
      },
      [
        networking('VirtualService', 'again', {
          hosts: ['again'],
          http: [
            {
              retries: { attempts: 2, retryOn: Object.keys(retried).join(','), backoff: '2ms' },
              route: [{ destination: { host: 'again' } }],
            },
          ],
        }),
        networking('Gateway', 'front', {
          selector: { istio: 'ingressgateway' },
          servers: [{ port: { number: 80, name: 'grpc', protocol: 'GRPC' }, hosts: ['grpc.example'] }],
        }),
        networking('VirtualService', 'front', {
          hosts: ['grpc.example'],
          gateways: ['front'],
          http: [{ route: [{ destination: { host: 'echo', port: { number: 9090 } } }] }],
        }),
      ],
    ),
  );
});
afterAll(async () => {
  for (const client of clients) client.close();
  await mesh?.close();
  echo?.close();
  standard?.forceShutdown();
});

function networking(kind: string, name: string, spec: object) {
  return { apiVersion: 'networking.istio.io/v1', kind, metadata: { name, namespace: 'default' }, spec };
}
function upstream(service: string): string {
  const { upstreams } = mesh.engine.ready().workloads.find(({ id }) => id === 'caller-x-0')!;
  return new URL(upstreams[service]!).host;
}
function through(service: string): EchoClient {
  const client = openClient(upstream(service));
  clients.push(client);
  return client;
}
function plainClient(target: string, options: grpc.ClientOptions = {}): grpc.Client {
  const client = new grpc.Client(target, grpc.credentials.createInsecure(), {
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
    ...options,
  });
  clients.push(client);
  return client;
}

describe('retries on gRPC codes', () => {
  for (const [condition, code] of Object.entries(retried)) {
    test(`${condition}: tried three times, the last answer is the client’s`, async () => {
      const before = echo.calls.length;
      expect(await through('again').unary(`fail:${code}:${condition}`)).toMatchObject({ code, details: condition });
      expect(echo.calls.length - before).toBe(3);
      const records = await exchangesOf(mesh, 'to=again&reporter=source', 1);
      const last = records.at(-1)!;
      expect(last).toMatchObject({ grpcStatus: code, flags: 'URX' });
      expect(last.attempts).toHaveLength(3);
    });
  }

  test('a code that is not listed is answered at once', async () => {
    const before = echo.calls.length;
    expect(await through('again').unary('fail:9:precondition')).toMatchObject({ code: 9 });
    expect(echo.calls.length - before).toBe(1);
  });
});

describe('messages', () => {
  test('of 3 MB go up and come down whole', async () => {
    const word = 'm'.repeat(3 * 1024 * 1024);
    const answer = await through('echo').unary(word);
    expect(answer.code).toBe(0);
    expect(answer.messages[0]).toBe(`echo:${word}`);
  });

  test('a hundred calls at once on one connection, each with its own answer', async () => {
    const client = through('echo');
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => client.unary(String(n))));
    expect(answers.map(({ messages }) => messages[0])).toEqual(Array.from({ length: 100 }, (_, n) => `echo:${n}`));
  });

  test('of 1 MB, forty at once on one connection: none is lost', async () => {
    const client = through('echo');
    const word = 'm'.repeat(1024 * 1024);
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => client.unary(`${n}:${word}`)));
    expect(answers.every(({ code, messages }, n) => code === 0 && messages[0] === `echo:${n}:${word}`)).toBe(true);
  });

  test('compressed ones pass as they are', async () => {
    const client = plainClient(upstream('echo'), { 'grpc.default_compression_algorithm': 2 });
    const word = 'zip '.repeat(10_000);
    const answer = await new Promise<string>((resolve, reject) =>
      client.makeUnaryRequest(
        '/echo.Echo/Unary',
        (value: string) => Buffer.from(value),
        (bytes: Buffer) => bytes.toString(),
        word,
        (error, value) => (error === null ? resolve(value ?? '') : reject(error)),
      ),
    );
    expect(answer).toBe(`echo:${word}`);
    const records = await exchangesOf(mesh, 'to=echo&reporter=destination', 1);
    const { requestBytes } = records.at(-1)!;
    expect(requestBytes).toBeLessThan(word.length / 10);
    expect(records.at(-1)!.request.headers).toContainEqual(['grpc-encoding', 'gzip']);
  });
});

test('messages of all kinds of calls are counted in the record and in Prometheus’ metrics, by both reporters', async () => {
  const messagesOf = async (name: string) => {
    const { control } = mesh.engine.ready();
    const response = await fetch(`${control.url}/api/v1/metrics`, { headers: { authorization: `Bearer ${control.token}` } });
    const rows = (await response.text()).split('\n').filter((line) => line.startsWith(`istio_${name}_messages_total{`));
    const ofCounted = rows.filter((row) => row.includes('destination_service_name="counted"'));
    return Object.fromEntries(ofCounted.map((row) => [/reporter="(\w+)"/.exec(row)![1], Number(row.split(' ').at(-1))]));
  };
  const client = through('counted');
  await client.unary('one');
  await client.serverStream('3').done;
  await client.clientStream(['a', 'b', 'c', 'd']);
  const stream = client.bidi();
  for (const word of ['one', 'two']) await stream.ask(word);
  stream.end();
  await stream.done;
  const records = await exchangesOf(mesh, 'to=counted&reporter=destination', 4);
  expect(records.map(({ requestMessages, responseMessages }) => [requestMessages, responseMessages])).toEqual([
    [1, 1],
    [1, 3],
    [4, 1],
    [2, 2],
  ]);
  const sent = await poll(
    () => messagesOf('request'),
    (found) => found.source === 8 && found.destination === 8,
  );
  expect(sent).toEqual({ source: 8, destination: 8 });
  expect(await messagesOf('response')).toEqual({ source: 7, destination: 7 });
});

describe('the standard services', () => {
  test('health: Check answers, an unknown service is NOT_FOUND, Watch tells each change', async () => {
    const { check, watch } = health;
    const client = plainClient(upstream('standard'));
    const ask = (service: string) =>
      new Promise<Fields | number>((resolve) =>
        client.makeUnaryRequest(check.path, check.requestSerialize, check.responseDeserialize, { service }, (error, value) =>
          resolve(error === null ? (value ?? {}) : error.code),
        ),
      );
    expect(await ask('shop')).toEqual({ status: 1 });
    expect(await ask('other')).toBe(grpc.status.NOT_FOUND);
    const stream = client.makeServerStreamRequest(watch.path, watch.requestSerialize, watch.responseDeserialize, {
      service: 'shop',
    });
    stream.on('error', () => undefined);
    const next = () => new Promise<Fields>((resolve) => stream.once('data', resolve));
    expect(await next()).toEqual({ status: 1 });
    const changed = next();
    watcher!(2);
    expect(await changed).toEqual({ status: 2 });
    stream.cancel();
  });

  test('reflection: a conversation about what there is', async () => {
    const { info } = reflection;
    const client = plainClient(upstream('standard'));
    const stream = client.makeBidiStreamRequest(info.path, info.requestSerialize, info.responseDeserialize);
    const answered = new Promise<Fields>((resolve) => stream.once('data', resolve));
    stream.write({ list_services: '*' });
    expect(await answered).toMatchObject({ valid_host: '*', list_services_response: { service: [{ name: 'shop.Stock' }] } });
    const ended = new Promise((resolve) => stream.on('status', ({ code }: grpc.StatusObject) => resolve(code)));
    stream.end();
    expect(await ended).toBe(0);
  });
});

test('through a gateway: by its authority, all the way to the server', async () => {
  const { host, port } = mesh.ingress();
  const client = plainClient(`${host}:${port}`, { 'grpc.default_authority': 'grpc.example' });
  const answer = await new Promise<string>((resolve, reject) =>
    client.makeUnaryRequest(
      '/echo.Echo/Unary',
      (value: string) => Buffer.from(value),
      (bytes: Buffer) => bytes.toString(),
      'outside',
      (error, value) => (error === null ? resolve(value ?? '') : reject(error)),
    ),
  );
  expect(answer).toBe('echo:outside');
  const [record] = await exchangesOf(mesh, 'to=echo&reporter=gateway', 1);
  expect(record).toMatchObject({ protocol: 'gRPC', grpcStatus: 0 });
});
