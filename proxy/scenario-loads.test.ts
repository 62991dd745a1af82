import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ScenarioRun } from './api/scenario.schema.ts';
import { Engine } from './engine.ts';
import { askEngine } from './testing/ask-engine.ts';
import { listen } from './testing/listen.ts';

/* Loads over HTTP/2 and gRPC through a whole mesh, against a server of grpc-js that reads the messages by protobufjs. */

const proto = `syntax = "proto3"; package shop;
message Wanted { string product_id = 1; repeated int32 sizes = 2; }
message Found { int32 stars = 1; }
service Ratings { rpc Get (Wanted) returns (Found); rpc Fail (Wanted) returns (Found); }
`;
const { root } = protobuf.parse(proto);
const [wanted, found] = [root.lookupType('shop.Wanted'), root.lookupType('shop.Found')];
const method = (name: string) => ({
  path: `/shop.Ratings/${name}`,
  ...{ requestStream: false, responseStream: false },
  requestSerialize: (value: object) => Buffer.from(wanted.encode(value).finish()),
  requestDeserialize: (bytes: Buffer) => wanted.toObject(wanted.decode(bytes)),
  responseSerialize: (value: object) => Buffer.from(found.encode(value).finish()),
  responseDeserialize: (bytes: Buffer) => found.toObject(found.decode(bytes)),
});

let home: string;
let engine: Engine;
let ratings: grpc.Server;
let pages: http2.Http2Server;
let seen: unknown[];
let versions: string[];

beforeEach(async () => {
  [seen, versions] = [[], []];
  home = await mkdtemp(path.join(tmpdir(), 'drydock-loads-'));
  ratings = new grpc.Server();
  ratings.addService({ Get: method('Get'), Fail: method('Fail') } as grpc.ServiceDefinition, {
    Get: (call: grpc.ServerUnaryCall<object, object>, done: grpc.sendUnaryData<object>) => {
      seen.push(call.request);
      done(null, { stars: 5 });
    },
    Fail: (_call: unknown, done: grpc.sendUnaryData<object>) => done({ code: grpc.status.UNAVAILABLE, details: 'closed' }),
  });
  const grpcPort = await new Promise<number>((resolve, reject) =>
    ratings.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
  pages = http2.createServer((request, response) => {
    versions.push(`${request.httpVersion} ${request.method} ${request.url}`);
    request.resume();
    response.end('page');
  });
  await listen(pages);
  await writeFile(path.join(home, 'ratings.proto'), proto);
  const file = path.join(home, 'mesh.yaml');
  await writeFile(
    file,
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: loads}
spec:
  services:
    - {name: web, port: 9080, workloads: [{address: '127.0.0.1:9'}]}
    - {name: pages, port: 9080, protocol: http2, workloads: [{address: '127.0.0.1:${(pages.address() as AddressInfo).port}'}]}
    - {name: ratings, port: 9090, protocol: grpc, protos: [ratings.proto], workloads: [{address: '127.0.0.1:${grpcPort}'}]}
`,
  );
  engine = await Engine.start({ home, paths: [file] });
});
afterEach(async () => {
  await engine.stop();
  ratings.forceShutdown();
  pages.close();
  await rm(home, { recursive: true, force: true });
});

async function api(method: string, route: string, body?: unknown) {
  return askEngine<ScenarioRun & { error?: unknown }>(engine.ready().control, method, route, body);
}

async function run(load: string, expectations = ''): Promise<ScenarioRun> {
  const yaml = `apiVersion: drydock.dev/v1
kind: Scenario
metadata: {name: drill}
spec:
  load:
    - {name: readers, from: {service: web}, for: 500ms, rate: 40, ${load}}
  expect: [${expectations}]
`;
  const started = await api('POST', '/scenarios/runs', { yaml });
  if (started.status !== 201 && started.status !== 200) throw new Error(JSON.stringify(started.json));
  let now = started.json;
  const endAt = performance.now() + 60_000;
  while (now.state === 'running' && performance.now() < endAt) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    now = (await api('GET', `/scenarios/runs/${now.id}`)).json;
  }
  return now;
}

test('a load over HTTP/2 arrives as HTTP/2, and is found again inside the mesh', async () => {
  const ended = await run(
    'protocol: http2, requests: [{url: "http://pages:9080/a"}]',
    '{that: errors == 0%}, {that: count == 20, of: {to: pages}}',
  );
  expect(ended).toMatchObject({ state: 'passed', load: [{ intended: 20, sent: 20, ok: 20, failed: 0 }] });
  expect(ended.tracks[0]!.label).toBe('40 req/s over HTTP/2 from web');
  expect(new Set(versions)).toEqual(new Set(['2.0 GET /a']));
});

test('a load of gRPC calls sends its message as the .proto says, and a gRPC failure counts as one', async () => {
  const message = 'message: {productId: lantern, sizes: [1, 2]}';
  const good = await run(
    `protocol: grpc, requests: [{url: "http://ratings:9090/shop.Ratings/Get", ${message}}]`,
    '{that: errors == 0%}, {that: count == 20, of: {to: ratings}}',
  );
  expect(good).toMatchObject({ state: 'passed', load: [{ sent: 20, ok: 20 }] });
  expect(seen).toHaveLength(20);
  expect(seen[0]).toEqual({ productId: 'lantern', sizes: [1, 2] });
  const bad = await run(
    'protocol: grpc, requests: [{url: "http://ratings:9090/shop.Ratings/Fail"}]',
    '{that: errors == 100%}, {that: status(503) == 100%}',
  );
  expect(bad).toMatchObject({ state: 'passed', load: [{ sent: 20, ok: 0, failed: 20 }] });
});

test('a message that does not fit is told before anything is sent', async () => {
  const wrong = 'protocol: grpc, requests: [{url: "http://ratings:9090/shop.Ratings/Get", message: {product: lantern}}]';
  expect(await run(wrong)).toMatchObject({
    state: 'error',
    message: expect.stringContaining('product: shop.Wanted has no such field; it has product_id, sizes'),
  });
  const unknown = 'protocol: grpc, requests: [{url: "http://ratings:9090/shop.Ratings/Give", message: {a: 1}}]';
  expect(await run(unknown)).toMatchObject({ state: 'error', message: expect.stringContaining('has no method') });
  await expect(run('requests: [{url: "http://ratings:9090/x", message: {}}]')).rejects.toThrow('protocol: grpc');
  await expect(run('protocol: grpc, requests: [{url: "http://ratings:9090/x"}]')).rejects.toThrow('/package.Service/Method');
  expect(seen).toEqual([]);
});
