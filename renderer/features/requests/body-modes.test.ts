import { expect, test } from 'vitest';
import type { BodyView } from '../../../proxy/api/body.schema.ts';
import { bodyModes, bytesOf, comparableText, formOf } from './body-modes.ts';
import { hexDumpOf, hexRows } from './hex-dump.ts';

function makeView(contentType: string, content: string, encoding: BodyView['encoding'] = 'utf8'): BodyView {
  return { contentType, contentEncoding: '', bytes: content.length, shownBytes: content.length, encoding, content, notes: [] };
}

const base64 = (bytes: string) => btoa(bytes);

test('a body is shown first in the way that tells most', () => {
  expect(bodyModes(makeView('application/json; charset=utf-8', '{"a":1}'))).toEqual(['json', 'text', 'hex']);
  expect(bodyModes(makeView('application/problem+json', '{'))).toEqual(['json', 'text', 'hex']);
  expect(bodyModes(makeView('text/plain', ' [1,2]'))).toEqual(['json', 'text', 'hex']);
  expect(bodyModes(makeView('text/html', '<h1>{}</h1>'))).toEqual(['text', 'hex']);
  expect(bodyModes(makeView('image/png', base64('\x89PNG'), 'base64'))).toEqual(['image', 'hex']);
  expect(bodyModes(makeView('application/grpc', base64('\x00\x00'), 'base64'))).toEqual(['hex']);
  expect(bodyModes(makeView('application/x-www-form-urlencoded', 'a=1'))).toEqual(['form', 'text', 'hex']);
});

test('an SVG is text: as a document it could run what it brings', () => {
  expect(bodyModes(makeView('image/svg+xml', '<svg><script>1</script></svg>'))).toEqual(['text', 'hex']);
});

test('forms are read field by field, repeated ones too', () => {
  expect(formOf(makeView('application/x-www-form-urlencoded', 'name=Ann+Lee&city=K%C3%B6ln&tag=a&tag=b&empty='))).toEqual([
    { name: 'name', value: 'Ann Lee' },
    { name: 'city', value: 'Köln' },
    { name: 'tag', value: 'a' },
    { name: 'tag', value: 'b' },
    { name: 'empty', value: '' },
  ]);
});

test('of a multipart form with a binary file the text fields are read and the file is named', () => {
  const text = [
    '--x y',
    'Content-Disposition: form-data; name="say \\"hi\\""',
    '',
    'Gr\xc3\xbc\xc3\x9fe',
    '--x y',
    'Content-Disposition: form-data; name="photo"; filename="me.png"',
    'Content-Type: image/png',
    '',
    '\x89\xff\x00\r\nabc',
    '--x y--',
    'after the end; name="no"',
  ].join('\r\n');
  expect(formOf(makeView('multipart/form-data; boundary="x y"', base64(text), 'base64'))).toEqual([
    { name: 'say "hi"', value: 'Grüße' },
    { name: 'photo', value: '', file: 'me.png, image/png, 8 bytes' },
  ]);
  expect(formOf(makeView('multipart/form-data', 'x'))).toBeNull();
});

test('JSON bodies are compared indented, line by line; bytes are not', () => {
  expect(comparableText(makeView('application/json', '{"a":1}'))).toBe('{\n  "a": 1\n}');
  expect(comparableText(makeView('application/x-ndjson', '{"a":1}\n{"b":2}'))).toBe('{\n  "a": 1\n}\n{\n  "b": 2\n}');
  expect(comparableText(makeView('text/plain', 'hello'))).toBe('hello');
  expect(comparableText(makeView('image/png', base64('\x89'), 'base64'))).toBeNull();
});

test('a hex dump has offsets, bytes and what of them can be printed; of a large body each row is made when it is seen', () => {
  const bytes = Uint8Array.from({ length: 5001 }, (_, index) => index);
  const lines = hexDumpOf(bytes).split('\n');
  expect(lines[0]).toMatch(/^000000 {2}00 01 02 03 04 05 06 07 {2}········$/);
  expect(lines.at(-1)).toBe(`001388  ${'88'.padEnd(23)}  ·`);
  expect(hexRows(bytes).count).toBe(lines.length);
  expect(hexDumpOf(bytesOf(makeView('text/plain', base64('hi'), 'base64')))).toMatch(/^000000 {2}68 69 +hi$/);
  expect([...bytesOf(makeView('text/plain', 'é'))]).toEqual([0xc3, 0xa9]);
});
