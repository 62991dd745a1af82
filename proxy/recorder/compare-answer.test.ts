import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { makeBody, makeExchange } from '../store/fixtures.ts';
import { compareAnswer } from './compare-answer.ts';
import { Redactor } from './redact.ts';

const redactor = new Redactor({ key: Buffer.alloc(32, 1) });

describe('the comparison', () => {
  const json = (value: unknown) => ({ headers: [], body: makeBody(JSON.stringify(value), 'application/json'), trailers: [] });
  const raw = (value: unknown) => ({ status: 200, headers: [] as [string, string][], body: Buffer.from(JSON.stringify(value)) });
  const compare = (recorded: unknown, replayed: unknown, ignore: string[] = []) =>
    compareAnswer(makeExchange(1, { response: json(recorded) }), raw(replayed), redactor, { ignore });

  test('goes by JSON path, kind and both values', () => {
    expect(compare({ a: 1, b: { c: [1, 2] }, d: 'x' }, { a: '1', b: { c: [1, 3, 4] }, e: null })).toEqual([
      { path: '$.a', kind: 'type', recorded: '1', replayed: '1' },
      { path: '$.b.c[1]', kind: 'changed', recorded: '2', replayed: '3' },
      { path: '$.b.c[2]', kind: 'extra', recorded: '', replayed: '4' },
      { path: '$.d', kind: 'missing', recorded: 'x', replayed: '' },
      { path: '$.e', kind: 'extra', recorded: '', replayed: 'null' },
    ]);
  });

  test('is blind to the order of members and to what it is told to ignore', () => {
    expect(compare({ a: 1, b: 2 }, { b: 2, a: 1 })).toEqual([]);
    const items = (at: number) => ({
      id: at,
      items: [
        { at, n: 1 },
        { at, n: 2 },
      ],
    });
    expect(compare(items(1), items(2), ['$.id', '$.items[*].at'])).toEqual([]);
    expect(compare(items(1), items(2), ['$.items']).map((f) => f.path)).toEqual(['$.id']);
    expect(compare({ a: 1 }, { a: 2 }, ['body'])).toEqual([]);
  });

  test('leaves out headers that change by nature, and tells others', () => {
    const recorded = makeExchange(1, {
      response: {
        headers: [
          ['date', 'a'],
          ['x-envoy-x', '1'],
          ['etag', '1'],
          ['server', 'a'],
        ],
        body: null,
        trailers: [],
      },
      responseBytes: 0,
    });
    const replayed = {
      status: 200,
      headers: [
        ['date', 'b'],
        ['X-Envoy-X', '2'],
        ['server', 'b'],
        ['x-new', '1'],
      ] as [string, string][],
      body: Buffer.alloc(0),
    };
    expect(compareAnswer(recorded, replayed, redactor, {}).map((f) => [f.path, f.kind])).toEqual([
      ['header:server', 'changed'],
      ['header:x-new', 'extra'],
    ]);
    expect(compareAnswer(recorded, replayed, redactor, { ignore: ['header:server', 'header:x-new'] })).toEqual([]);
  });

  test('never shows a secret, and equal secrets are equal', () => {
    const [recorded] = redactor.redact([makeExchange(1, { response: json({ token: 'C4n4ry1', n: 1 }) })]);
    expect(compareAnswer(recorded!, raw({ token: 'C4n4ry1', n: 1 }), redactor, {})).toEqual([]);
    const fields = compareAnswer(recorded!, raw({ token: 'C4n4ry2', n: 1 }), redactor, {});
    expect(fields.map((f) => f.path)).toEqual(['$.token']);
    expect(JSON.stringify(fields)).not.toContain('C4n4ry');
  });

  test('looks into compressed bodies, at what was captured of long ones, and not at what never was', () => {
    const zipped = (value: unknown) => gzipSync(JSON.stringify(value));
    const body = {
      ...makeBody(''),
      encoding: 'base64' as const,
      content: zipped({ a: 1 }).toString('base64'),
      contentEncoding: 'gzip',
    };
    const compressed = makeExchange(1, { response: { headers: [['content-encoding', 'gzip']], body, trailers: [] } });
    const answered = (value: unknown) => ({
      status: 200,
      headers: [['content-encoding', 'gzip']] as [string, string][],
      body: zipped(value),
    });
    expect(compareAnswer(compressed, answered({ a: 2 }), redactor, {}).map((f) => f.path)).toEqual(['$.a']);
    const long = makeExchange(1, {
      response: { headers: [], body: { ...makeBody('abc'), bytes: 6, truncated: true }, trailers: [] },
    });
    expect(compareAnswer(long, { status: 200, headers: [], body: Buffer.from('abcdef') }, redactor, {})).toEqual([]);
    expect(
      compareAnswer(long, { status: 200, headers: [], body: Buffer.from('abXdef') }, redactor, {}).map((f) => f.path),
    ).toEqual(['body']);
    const uncaptured = makeExchange(1, { response: { headers: [], body: null, trailers: [] }, responseBytes: 6 });
    expect(compareAnswer(uncaptured, { status: 200, headers: [], body: Buffer.from('abcdef') }, redactor, {})).toEqual([]);
  });

  test('without diff goes by status alone', () => {
    const other = { status: 200, headers: [['x', 'y']] as [string, string][], body: Buffer.from('other') };
    expect(compareAnswer(makeExchange(1), other, redactor, { diff: false })).toEqual([]);
    expect(compareAnswer(makeExchange(1), { ...other, status: 500 }, redactor, { diff: false })).toHaveLength(1);
  });
});
