import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import protobuf from 'protobufjs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FieldType, ProtoTypes } from '../../shared/proto-types.ts';
import { writeBytes } from '../../shared/proto-wire.ts';
import { lint } from '../lint.ts';
import { ProtoReader } from './proto-reader.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-protos-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, text: string | Uint8Array): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}
const read = (...given: string[]) => new ProtoReader().read(given, folder);
const fieldsOf = (types: ProtoTypes, message: string) =>
  [...(types.messages.get(message) ?? [])].map(([number, { name, type, typeName }]: [number, FieldType]) =>
    [number, name, type, typeName].join(' ').trim(),
  );

const stock = `syntax = "proto3";
package shop.v1;
import "shop/level.proto";
import "google/protobuf/timestamp.proto";
import "google/api/annotations.proto";

message Ask { string product = 1; map<string, Level> by_place = 2; repeated int64 ids = 3; }
message Answer {
  enum State { NONE = 0; LOW = 1; }
  optional State state = 1;
  google.protobuf.Timestamp counted_at = 2;
  oneof where { bytes shelf = 3; sint32 floor = 4; }
}
service Stock {
  rpc Get(Ask) returns (Answer) { option (google.api.http) = { get: "/v1/stock" }; }
  rpc Watch(Ask) returns (stream Answer);
}
`;
const level = 'syntax = "proto3";\npackage shop.v1;\nmessage Level { uint32 left = 1; }\n';

test('a .proto gives methods, fields, maps, enums; imports are found from the folder above, Google’s come along', async () => {
  await write('proto/shop/stock.proto', stock);
  await write('proto/shop/level.proto', level);
  const { types, problems } = await read('proto/shop/stock.proto');
  expect(problems).toEqual([]);
  expect(types.methods.get('/shop.v1.Stock/Watch')).toEqual({ input: 'shop.v1.Ask', output: 'shop.v1.Answer' });
  expect(fieldsOf(types, 'shop.v1.Ask')).toEqual(['1 product 9', '2 by_place 11 shop.v1.Ask.by_place.Entry', '3 ids 3']);
  expect(fieldsOf(types, 'shop.v1.Ask.by_place.Entry')).toEqual(['1 key 9', '2 value 11 shop.v1.Level']);
  expect(fieldsOf(types, 'shop.v1.Answer')).toEqual([
    '1 state 14 shop.v1.Answer.State',
    '2 counted_at 11 google.protobuf.Timestamp',
    '3 shelf 12',
    '4 floor 17',
  ]);
  expect(types.enums.get('shop.v1.Answer.State')?.get(1)).toBe('LOW');
  expect(fieldsOf(types, 'google.protobuf.Timestamp')).toEqual(['1 seconds 3', '2 nanos 5']);
});

test('a folder is read whole and is an include path for what it holds', async () => {
  await write('api/shop/stock.proto', stock);
  await write('api/shop/level.proto', level);
  const { types, problems, given } = await read('api');
  expect(problems).toEqual([]);
  expect(given.map((file) => path.relative(folder, file))).toEqual(['api/shop/level.proto', 'api/shop/stock.proto']);
  expect(types.methods.size).toBe(2);
});

test('a descriptor set as protoc writes it; without its imports it says what is missing', async () => {
  const field = (name: string, number: number, type: number) =>
    writeBytes(2, Buffer.concat([writeBytes(1, name), Buffer.from([24, number, 40, type])]));
  const message = writeBytes(4, Buffer.concat([writeBytes(1, 'Ask'), field('product', 1, 9)]));
  const file = (imports: string[]) =>
    writeBytes(
      1,
      Buffer.concat([writeBytes(1, 'a.proto'), writeBytes(2, 'shop'), ...imports.map((one) => writeBytes(3, one)), message]),
    );
  await write('whole.pb', file(['google/protobuf/timestamp.proto']));
  await write('part.pb', file(['b.proto']));
  const whole = await read('whole.pb');
  expect(whole.problems).toEqual([]);
  expect(fieldsOf(whole.types, 'shop.Ask')).toEqual(['1 product 9']);
  expect(fieldsOf(whole.types, 'google.protobuf.Timestamp')).toHaveLength(2);
  expect((await read('part.pb')).problems).toMatchObject([{ code: 'DD1012', message: expect.stringContaining('`b.proto`') }]);
});

test('what is wrong is told with file, line, cause and remedy; the rest is read', async () => {
  await write('broken.proto', 'syntax = "proto3";\nmessage A {\n  string x = 1\n}\n');
  await write('lacking.proto', 'syntax = "proto3";\n\nimport "gone.proto";\nmessage B { Gone g = 1; string y = 2; }\n');
  await write('typo.proto', 'syntax = "proto3";\nmessage C {\n  Sting z = 1;\n}\n');
  await write('set.pb', 'syntax = "proto3";');
  const told = async (...given: string[]) =>
    (await read(...given)).problems.map(({ code, file, line, message }) => [code, file && path.basename(file), line, message]);
  expect(await told('broken.proto')).toEqual([
    ['DD1011', 'broken.proto', 4, "It does not parse: illegal token '}', ';' expected."],
  ]);
  expect(await told('lacking.proto')).toEqual([
    ['DD1011', 'lacking.proto', 3, '`gone.proto` is imported, and is nowhere to be found.'],
  ]);
  expect(await told('typo.proto')).toEqual([['DD1011', 'typo.proto', 3, '`Sting`, which C uses, is defined nowhere.']]);
  expect(await told('set.pb')).toEqual([['DD1011', 'set.pb', null, 'It is no descriptor set.']]);
  expect(await told('none.proto')).toEqual([
    ['DD1010', null, null, 'none.proto cannot be read: there is no such file or folder.'],
  ]);
  const { types } = await read('lacking.proto', 'broken.proto');
  expect(fieldsOf(types, 'B')).toContain('2 y 9');
});

test('a file that changed is read again, one that did not is not', async () => {
  const reader = new ProtoReader();
  await write('a.proto', 'message A { optional string one = 1; }');
  const first = await reader.read(['a.proto'], folder);
  expect((await reader.read(['a.proto'], folder)).types).toBe(first.types);
  await write('a.proto', 'message A { optional string other = 1; }');
  expect(fieldsOf((await reader.read(['a.proto'], folder)).types, 'A')).toEqual(['1 other 9']);
  await rm(path.join(folder, 'a.proto'));
  expect((await reader.read(['a.proto'], folder)).problems).toHaveLength(1);
});

test('lint points at the .proto’s line, or at the entry of `protos` that leads nowhere', async () => {
  await write('broken.proto', 'syntax = "proto3";\nmessage A {\n  string x = 1\n}\n');
  const mesh = await write(
    'mesh.yaml',
    `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - name: stock
      port: 9090
      protocol: grpc
      protos: [broken.proto, gone.proto]
      workloads: [{address: 127.0.0.1:9}]
    - {name: db, port: 5432, protocol: tcp, protos: [broken.proto], workloads: [{address: 127.0.0.1:9}]}
`,
  );
  const found = await lint([mesh]);
  expect(found.map(({ severity, code, file, line, path: at }) => [severity, code, path.basename(file!), line, at])).toEqual([
    ['error', 'DD1011', 'broken.proto', 4, 'spec.services[0].protos[0]'],
    ['error', 'DD1011', 'broken.proto', 4, 'spec.services[1].protos[0]'],
    ['error', 'DD1010', 'mesh.yaml', 9, 'spec.services[0].protos[1]'],
    ['warning', 'DD1012', 'mesh.yaml', 11, 'spec.services[1].protos'],
  ]);
  expect(found[0]!.suggestion).toBeTruthy();
});

test('what the parser makes of a file agrees with what protobufjs writes by it', async () => {
  await write('shop/stock.proto', stock);
  await write('shop/level.proto', level);
  const { types } = await read('shop/stock.proto');
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => path.join(target.startsWith('google/') ? 'node_modules/protobufjs' : folder, target);
  await root.load('shop/stock.proto', { keepCase: true });
  for (const name of ['shop.v1.Ask', 'shop.v1.Answer', 'shop.v1.Level']) {
    const numbers = root.lookupType(name).fieldsArray.map(({ id, name: field }) => `${id} ${field}`);
    expect(fieldsOf(types, name).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(numbers);
  }
});
