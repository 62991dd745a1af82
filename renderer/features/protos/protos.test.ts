import { expect, test } from 'vitest';
import { EngineError } from '../../engine/client.ts';
import { describeNames } from './message-names.tsx';
import { readProtoFile } from './read-proto-file.ts';
import { problemsOf } from './use-add-protos.ts';

test('a message says where its names come from, and asks for a .proto only where there are none', () => {
  const page = (names: string, protoFiles?: string[]) => ({ names, ...(protoFiles ? { protoFiles } : {}) });
  expect(describeNames(page('reflection'), 'shop.Ask')).toMatchObject({ type: 'shop.Ask', wanted: false });
  expect(describeNames(page('proto', ['api/stock.proto', 'api/place.proto']), 'shop.Ask').from).toBe(
    'names from stock.proto and place.proto',
  );
  expect(describeNames(page('proto', ['a.proto', 'b.proto', 'c.proto']), 'x').from).toBe(
    'names from a.proto, b.proto and 1 more',
  );
  expect(describeNames(page('the service offers no server reflection'), undefined)).toEqual({
    type: '',
    from: 'No names: the service offers no server reflection. Types with a question mark are guesses.',
    wanted: true,
  });
});

test('a chosen .proto goes as text, a descriptor set as bytes', async () => {
  expect(await readProtoFile(new File(['syntax = "proto3"; // ü'], 'a.proto'))).toEqual({
    name: 'a.proto',
    encoding: 'utf8',
    content: 'syntax = "proto3"; // ü',
  });
  const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
  const set = await readProtoFile(new File([bytes], 'set.pb'));
  expect(set).toMatchObject({ name: 'set.pb', encoding: 'base64' });
  expect(Uint8Array.from(atob(set.content), (letter) => letter.charCodeAt(0))).toEqual(bytes);
});

test('what the engine refuses is told with its place and remedy', () => {
  const details = [
    { severity: 'error', code: 'DD1011', message: 'It does not parse.', file: 'a.proto', line: 3, suggestion: 'Mend it.' },
  ];
  expect(problemsOf(new EngineError('rejected', 'a.proto:3: …', 422, details))).toEqual([
    { place: 'a.proto:3', message: 'It does not parse.', remedy: 'Mend it.' },
  ]);
  expect(problemsOf(new Error('gone'))).toEqual([{ place: '', message: 'gone', remedy: '' }]);
});
