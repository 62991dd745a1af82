import * as zlib from 'node:zlib';
import { expect, test } from 'vitest';
import type { CapturedBody } from '../api/exchange.schema.ts';
import { viewBody } from './view-body.ts';

const mib = 1024 * 1024;

function captured(bytes: Buffer, over: Partial<CapturedBody> = {}): CapturedBody {
  const size = { bytes: bytes.length, capturedBytes: bytes.length };
  const kind = { contentType: 'application/json', contentEncoding: '', truncated: false };
  return { ...size, ...kind, encoding: 'base64', content: bytes.toString('base64'), ...over };
}

const json = Buffer.from(JSON.stringify({ items: Array.from({ length: 200 }, (_, id) => ({ id, name: `item ${id}` })) }));

test.each([
  ['gzip', zlib.gzipSync(json)],
  ['x-gzip', zlib.gzipSync(json)],
  ['deflate', zlib.deflateSync(json)],
  ['Deflate', zlib.deflateRawSync(json)],
  ['br', zlib.brotliCompressSync(json)],
  ['zstd', zlib.zstdCompressSync(json)],
  ['gzip, br', zlib.brotliCompressSync(zlib.gzipSync(json))],
  ['identity', json],
])('a body in %s is shown as it was before', async (contentEncoding, bytes) => {
  const view = await viewBody(captured(bytes, { contentEncoding }));
  expect(view).toMatchObject({ encoding: 'utf8', content: json.toString(), contentEncoding, bytes: bytes.length, notes: [] });
});

test.each([
  ['gzip', zlib.gzipSync(Buffer.alloc(64 * mib))],
  ['deflate', zlib.deflateSync(Buffer.alloc(64 * mib))],
  ['br', zlib.brotliCompressSync(Buffer.alloc(64 * mib), { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 3 } })],
  ['zstd', zlib.zstdCompressSync(Buffer.alloc(64 * mib))],
  ['gzip, gzip', zlib.gzipSync(zlib.gzipSync(Buffer.alloc(64 * mib)))],
])('a bomb in %s stops at the limit and says so', async (contentEncoding, bytes) => {
  const view = await viewBody(captured(bytes, { contentEncoding }));
  expect(view.shownBytes).toBe(8 * mib);
  expect(view.notes).toEqual(['It inflates beyond 8 MiB: only that much is shown.']);
});

test('what is not what its header says, or in an encoding nobody knows, is shown as it came', async () => {
  const wrong = await viewBody(captured(Buffer.from('{"plain":true}'), { contentEncoding: 'gzip' }));
  expect(wrong.content).toBe('{"plain":true}');
  expect(wrong.notes[0]).toMatch(/^It is not gzip as its header says/);
  const unknown = await viewBody(captured(Buffer.from('abc'), { contentEncoding: 'sdch' }));
  expect(unknown).toMatchObject({ content: 'abc', notes: ['The content encoding sdch is not known here: shown as it came.'] });
  const object = await viewBody(captured(Buffer.from('abc'), { contentEncoding: '__proto__' }));
  expect(object.notes).toEqual(['The content encoding __proto__ is not known here: shown as it came.']);
});

test.each([
  ['gzip', zlib.gzipSync(json)],
  ['deflate', zlib.deflateSync(json)],
  ['br', zlib.brotliCompressSync(json)],
])('of a %s body that was cut off when it was captured, what can be read is shown', async (contentEncoding, bytes) => {
  const half = bytes.subarray(0, Math.floor(bytes.length * 0.8));
  const view = await viewBody(captured(half, { contentEncoding, truncated: true, bytes: bytes.length }));
  expect(view.encoding).toBe('utf8');
  expect(json.toString().startsWith(view.content)).toBe(true);
  expect(view.notes).toEqual([
    `Only the first ${half.length.toLocaleString('en-US')} of ${bytes.length.toLocaleString('en-US')} bytes were kept.`,
  ]);
  expect(contentEncoding === 'br' || view.content.length > 0).toBe(true);
});

test('text is read in its own character set; bytes that are none stay bytes', async () => {
  const latin = await viewBody(captured(Buffer.from('Grüße', 'latin1'), { contentType: 'text/plain; charset=ISO-8859-1' }));
  expect(latin).toMatchObject({ content: 'Grüße', notes: ['Read as iso-8859-1.'] });
  expect((await viewBody(captured(Buffer.from([0xff, 0xfe, 1])))).encoding).toBe('base64');
  expect((await viewBody(captured(Buffer.from([65, 0, 66])))).encoding).toBe('base64');
  const strange = captured(Buffer.from([0xff]), { contentType: 'text/plain; charset=klingon' });
  expect((await viewBody(strange)).encoding).toBe('base64');
});

test('a character that the limit cuts in two does not make a text into bytes', async () => {
  for (const lead of ['', 'a', 'ab', 'abc']) {
    const text = `${lead}${'€😀'.repeat(mib / 4)}`;
    const view = await viewBody(captured(Buffer.from(text)));
    expect(view.encoding).toBe('utf8');
    expect(text.startsWith(view.content)).toBe(true);
  }
});

test('of a large body that nobody packed as much is shown, and that is said too', async () => {
  const view = await viewBody(captured(Buffer.alloc(9 * mib, 'a')));
  expect([view.shownBytes, view.notes]).toEqual([8 * mib, ['Only the first 8 MiB are shown.']]);
});
