import { describe, expect, test } from 'vitest';
import { hrefTo, parseRoute } from '../app/router.ts';
import { formatBytes, formatCount, formatMs, formatRate, formatShare, formatSpan, plural } from './format.ts';
import { inOrderOf } from './pointed.ts';
import { indentJson, prettyJson } from './pretty-json.ts';

describe('formats', () => {
  test('times keep three significant figures and change unit', () => {
    expect([0.421, 9.876, 12.34, 345.6, 2345, 125_000].map(formatMs)).toEqual([
      '0.42 ms',
      '9.88 ms',
      '12.3 ms',
      '346 ms',
      '2.35 s',
      '2m 05s',
    ]);
    expect(formatMs(null)).toBe('–');
  });

  test('a small share is not rounded to nothing', () => {
    expect([0, 0.0004, 0.096, 0.31, 1].map(formatShare)).toEqual(['0 %', '0.04 %', '9.6 %', '31 %', '100 %']);
  });

  test('rates, sizes, spans and counts', () => {
    expect([0, 0.01, 12.46, 2134].map(formatRate)).toEqual(['0', '<0.1', '12.5', '2,134']);
    expect([512, 1536, 70_000, 5e9].map(formatBytes)).toEqual(['512 B', '1.5 KiB', '68 KiB', '4.7 GiB']);
    expect([41_000, 540_000, 7_500_000, 260_000_000].map(formatSpan)).toEqual(['41 s', '9 min', '2 h 05 min', '3 d']);
    expect([plural(1, 'fault'), plural(2, 'fault'), formatCount(18_204)]).toEqual(['1 fault', '2 faults', '18,204']);
  });

  test('JSON is indented; what is no JSON stays as it is', () => {
    expect(prettyJson('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(prettyJson('{"a":')).toBe('{"a":');
    expect(indentJson('{"a":[1,"x\\",{"],"e":{},"b":{"c":tr')).toBe(
      '{\n  "a": [\n    1,\n    "x\\",{"\n  ],\n  "e": {},\n  "b": {\n    "c": tr',
    );
    expect(indentJson('["cut o')).toBe('[\n  "cut o');
  });
});

describe('rows under the cursor', () => {
  test('keep their order and say what is new in them; newcomers wait, what has gone goes', () => {
    const now = [
      { id: 'new', rate: 9 },
      { id: 'b', rate: 2 },
      { id: 'a', rate: 1 },
    ];
    expect(inOrderOf(['a', 'gone', 'b'], now, ({ id }) => id)).toEqual([
      { id: 'a', rate: 1 },
      { id: 'b', rate: 2 },
    ]);
  });
});

describe('the router', () => {
  test('reads what it writes', () => {
    const route = parseRoute(hrefTo('traces/7f3a', { filter: 'status>=500 dest:a&b', id: null, empty: '' }));
    expect(route.screen).toBe('traces');
    expect(route.rest).toEqual(['7f3a']);
    expect([...route.query]).toEqual([['filter', 'status>=500 dest:a&b']]);
    expect(parseRoute('')).toMatchObject({ screen: '', rest: [] });
  });
});
