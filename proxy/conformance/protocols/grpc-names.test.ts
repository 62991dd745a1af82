import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MessagePage } from '../../api/exchange.schema.ts';
import type { ServiceProtos } from '../../api/proto.schema.ts';
import { Engine } from '../../engine.ts';
import { writeBytes } from '../../shared/proto-wire.ts';

/*
 * A gRPC service that offers no reflection, as most do: its messages have names all the same once a .proto or a compiled descriptor set is
 * handed over, in the mesh file or over the API.
 */

const messages = `syntax = "proto3";
package shop;
import "place.proto";
message Ask { string product = 1; Place place = 2; }
message Answer { int32 left = 1; }
service Stock { rpc Get(Ask) returns (Answer); }
`;
const place = 'syntax = "proto3";\npackage shop;\nmessage Place { sint32 floor = 1; }\n';

let home: string;
let server: grpc.Server;
let engine: Engine;
let address: string;
const { root } = protobuf.parse(messages.replace('import "place.proto";', ''), { keepCase: true });
protobuf.parse(place, root);
const codec = (name: string) => {
  const type = root.lookupType(`shop.${name}`);
  return {
    write: (value: object) => Buffer.from(type.encode(type.fromObject(value)).finish()),
    read: (bytes: Buffer): object => type.toObject(type.decode(bytes), { defaults: true }),
  };
};
const get = {
  path: '/shop.Stock/Get',
  requestStream: false,
  responseStream: false,
  requestSerialize: codec('Ask').write,
  requestDeserialize: codec('Ask').read,
  responseSerialize: codec('Answer').write,
  responseDeserialize: codec('Answer').read,
};

/** As `protoc --include_imports --descriptor_set_out` writes it. */
function descriptorSet(): Buffer {
  const field = (name: string, number: number, type: number, typeName = '') => {
    const named = typeName === '' ? [] : [writeBytes(6, typeName)];
    return writeBytes(2, Buffer.concat([writeBytes(1, name), Buffer.from([24, number, 40, type]), ...named]));
  };
  const message = (name: string, ...fields: Buffer[]) => writeBytes(4, Buffer.concat([writeBytes(1, name), ...fields]));
  const method = Buffer.concat([writeBytes(1, 'Get'), writeBytes(2, '.shop.Ask'), writeBytes(3, '.shop.Answer')]);
  const file = (name: string, ...parts: Buffer[]) =>
    writeBytes(1, Buffer.concat([writeBytes(1, name), writeBytes(2, 'shop'), ...parts]));
  return Buffer.concat([
    file('place.proto', message('Place', field('floor', 1, 17))),
    file(
      'stock.proto',
      writeBytes(3, 'place.proto'),
      message('Ask', field('product_of_set', 1, 9), field('place', 2, 11, '.shop.Place')),
      message('Answer', field('left', 1, 5)),
      writeBytes(6, Buffer.concat([writeBytes(1, 'Stock'), writeBytes(2, method)])),
    ),
  ]);
}

const mesh = (protos: string) => `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - name: caller
      port: 8080
      workloads: [{address: '127.0.0.1:9', upstreams: [{service: stock}]}]
    - name: stock
      port: 9090
      protocol: grpc
      ${protos}
      workloads: [{address: '${address}'}]
`;

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'drydock-names-'));
  server = new grpc.Server();
  server.addService(
    { get },
    { get: (_call: grpc.ServerUnaryCall<object, object>, done: grpc.sendUnaryData<object>) => done(null, { left: 7 }) },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  address = `127.0.0.1:${port}`;
  await start('');
});
afterAll(async () => {
  await engine?.stop();
  server?.forceShutdown();
  await rm(home, { recursive: true, force: true });
});

async function start(protos: string): Promise<void> {
  await engine?.stop();
  await writeFile(path.join(home, 'mesh.yaml'), mesh(protos));
  engine = await Engine.start({ home, paths: [path.join(home, 'mesh.yaml')] });
}
async function api(route: string, method = 'GET', body?: unknown): Promise<{ status: number; json: unknown }> {
  const { control } = engine.ready();
  const response = await fetch(`${control.url}/api/v1${route}`, {
    method,
    headers: { authorization: `Bearer ${control.token}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() };
}
/** One call through both sidecars, and its messages as they are shown. */
async function callAndRead(options: grpc.ClientOptions = {}): Promise<MessagePage> {
  const { upstreams } = engine.ready().workloads.find(({ id }) => id === 'caller-x-0')!;
  const client = new grpc.Client(new URL(upstreams.stock!).host, grpc.credentials.createInsecure(), options);
  const answer = await new Promise((resolve, reject) =>
    client.makeUnaryRequest(
      get.path,
      get.requestSerialize,
      get.responseDeserialize,
      { product: 'compass', place: { floor: -2 } },
      (error, value) => (error === null ? resolve(value) : reject(error)),
    ),
  );
  client.close();
  expect(answer).toEqual({ left: 7 });
  const { exchanges } = (await api('/exchanges?to=stock&reporter=source&limit=1')).json as { exchanges: { id: string }[] };
  return (await api(`/exchanges/${exchanges[0]!.id}/messages`)).json as MessagePage;
}
const bin = fileURLToPath(new URL('../../cli/drydock.mjs', import.meta.url));
async function drydock(...args: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [bin, ...args, '--home', home])).stdout;
}
const named = ({ messages: all }: MessagePage) => all.map(({ type, summary }) => [type, summary]);
const byProto = [
  ['shop.Ask', 'product: "compass", floor: -2'],
  ['shop.Answer', 'left: 7'],
];
const file = (name: string, content: string | Buffer) =>
  typeof content === 'string' ? { name, content } : { name, encoding: 'base64', content: content.toString('base64') };

describe('a gRPC service without reflection', () => {
  test('numbers instead of names, and why', async () => {
    const page = await callAndRead();
    expect(named(page)).toEqual([
      [undefined, '#1: "compass", #1: 3'],
      [undefined, '#1: 7'],
    ]);
    expect(page.names).toBe('the service offers no server reflection');
  });

  test('a .proto handed over names them, and is kept over a restart, until it is removed', async () => {
    const alone = await api('/protos', 'POST', { service: 'stock', files: [file('stock.proto', messages)] });
    expect(alone).toMatchObject({
      status: 422,
      json: { error: { message: 'stock.proto:3: `place.proto` is imported, and is nowhere to be found.' } },
    });
    expect((await api('/protos')).json).toEqual({ protos: [] });
    const files = [file('stock.proto', messages), file('place.proto', place)];
    const given = await api('/protos', 'POST', { service: 'stock', files });
    expect(given).toMatchObject({ status: 200, json: { from: 'app', methods: ['/shop.Stock/Get'], diagnostics: [] } });
    expect(named(await callAndRead())).toEqual(byProto);
    await start('');
    const page = await callAndRead();
    expect(named(page)).toEqual(byProto);
    expect(page).toMatchObject({ names: 'proto', protoFiles: ['stock.proto', 'place.proto'] });
    expect((await api('/protos/default/stock', 'DELETE')).status).toBe(200);
    expect((await api('/protos/default/stock', 'DELETE')).status).toBe(404);
    expect((await callAndRead()).names).toBe('the service offers no server reflection');
  });

  test('compressed messages are read as well', async () => {
    const files = [file('stock.proto', messages), file('place.proto', place)];
    await api('/protos', 'POST', { service: 'stock', files });
    const page = await callAndRead({ 'grpc.default_compression_algorithm': 2 });
    expect(page.messages.map(({ compressed }) => compressed ?? false)).toEqual([true, expect.any(Boolean)]);
    expect(named(page)).toEqual(byProto);
    await api('/protos/default/stock', 'DELETE');
  });

  test('a descriptor set does too', async () => {
    const given = await api('/protos', 'POST', { service: 'stock', files: [file('stock.pb', descriptorSet())] });
    expect(given.status).toBe(200);
    expect(named(await callAndRead())[0]).toEqual(['shop.Ask', 'product_of_set: "compass", floor: -2']);
    await api('/protos/default/stock', 'DELETE');
  });

  test('the command line hands over a folder, lists and forgets', async () => {
    const folder = path.join(home, 'api');
    await mkdir(folder);
    await writeFile(path.join(folder, 'stock.proto'), messages);
    await writeFile(path.join(folder, 'place.proto'), place);
    expect(await drydock('protos', 'add', 'stock', folder)).toBe('stock: 1 methods from place.proto, stock.proto\n');
    expect(named(await callAndRead())).toEqual(byProto);
    expect(await drydock('messages', '--to', 'stock')).toContain('names from place.proto, stock.proto');
    expect(await drydock('protos')).toMatch(/default\/stock\s+given live\s+1\s+place\.proto, stock\.proto/);
    expect(await drydock('protos', 'rm', 'stock')).toBe('stock: forgotten\n');
    expect(await drydock('messages', '--to', 'stock')).toContain('`drydock protos add` takes a .proto');
  });

  test('the mesh file names .proto files beside it; an edited one counts at once', async () => {
    await writeFile(path.join(home, 'stock.proto'), messages);
    await writeFile(path.join(home, 'place.proto'), place);
    await start('protos: [stock.proto]');
    expect(named(await callAndRead())).toEqual(byProto);
    expect(((await api('/protos')).json as { protos: ServiceProtos[] }).protos).toMatchObject([
      { service: 'stock', namespace: 'default', from: 'mesh', files: ['stock.proto'], methods: ['/shop.Stock/Get'] },
    ]);
    await writeFile(path.join(home, 'place.proto'), place.replace('floor', 'storey'));
    expect(named(await callAndRead())[0]).toEqual(['shop.Ask', 'product: "compass", storey: -2']);
  });

  test('a .proto that does not know the method is told beside what reflection said', async () => {
    await writeFile(path.join(home, 'other.proto'), 'syntax = "proto3";\nservice Other {}\n');
    await start('protos: [other.proto]');
    expect((await callAndRead()).names).toBe(
      'other.proto has no method /shop.Stock/Get, and the service offers no server reflection',
    );
  });

  test('one that does not parse refuses the mesh file, with its own line', async () => {
    await writeFile(path.join(home, 'broken.proto'), 'syntax = "proto3";\nmessage A {\n  string x = 1\n}\n');
    const { status, json } = await api('/lint', 'POST', {
      yaml: mesh('protos: [broken.proto]'),
      file: path.join(home, 'mesh.yaml'),
    });
    expect(status).toBe(200);
    expect((json as { diagnostics: unknown[] }).diagnostics).toMatchObject([
      { severity: 'error', code: 'DD1011', file: path.join(home, 'broken.proto'), line: 4, path: 'spec.services[1].protos[0]' },
    ]);
  });
});
