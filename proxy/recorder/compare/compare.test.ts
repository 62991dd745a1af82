import { describe, expect, test } from 'vitest';
import { diffResponses } from '../diff.ts';
import { fisherExact } from './fisher.ts';
import { compareLatency } from './latency.ts';
import { mannWhitney, upperTail } from './mann-whitney.ts';
import { judgeField } from './noise.ts';
import { compileRules } from './rules.ts';

const answer = (value: unknown) => ({ status: 200, headers: [], body: Buffer.from(JSON.stringify(value)) });
const diff = (before: unknown, after: unknown, rules = {}) =>
  diffResponses(answer(before), answer(after), rules).map((field) => [field.path, field.kind]);

describe('the rules of a comparison', () => {
  test('the same in another order is one difference of kind order, and none where order says nothing', () => {
    const [before, after] = [{ items: [{ id: 1 }, { id: 2 }, { id: 3 }] }, { items: [{ id: 3 }, { id: 1 }, { id: 2 }] }];
    expect(diff(before, after)).toEqual([['$.items', 'order']]);
    expect(diff(before, after, { unordered: ['$.items'] })).toEqual([]);
    expect(diff(before, after, { unordered: ['*'] })).toEqual([]);
    expect(diff([1, 2], [2, 1], { unordered: ['$'] })).toEqual([]);
    expect(diff(before, after, { unordered: ['$.other'] })).toEqual([['$.items', 'order']]);
  });

  test('without order, elements without a partner are told; what is ignored inside keeps nobody apart', () => {
    const rules = { unordered: ['$.items'], ignore: ['$.items[*].at'] };
    const before = {
      items: [
        { id: 1, at: 1 },
        { id: 2, at: 2 },
      ],
    };
    expect(
      diff(
        before,
        {
          items: [
            { id: 2, at: 8 },
            { id: 1, at: 9 },
          ],
        },
        rules,
      ),
    ).toEqual([]);
    expect(
      diff(
        before,
        {
          items: [
            { id: 2, at: 8 },
            { id: 5, at: 9 },
            { id: 1, at: 1 },
          ],
        },
        rules,
      ),
    ).toEqual([['$.items[1]', 'extra']]);
    expect(diff(before, { items: [{ id: 2, at: 8 }] }, rules)).toEqual([['$.items[0]', 'missing']]);
    expect(
      diff({ items: Array.from({ length: 300 }, (_, i) => i) }, { items: Array.from({ length: 300 }, (_, i) => 299 - i) }, rules),
    ).toEqual([]);
  });

  test('numbers may differ by as much as is said, absolute or as a share', () => {
    const [before, after] = [
      { total: 10, n: 1 },
      { total: 10.01, n: 2 },
    ];
    expect(diff(before, after, { tolerance: ['$.total±0.01'] })).toEqual([['$.n', 'changed']]);
    expect(diff(before, after, { tolerance: ['$.total+-0.001'] })).toEqual([
      ['$.total', 'changed'],
      ['$.n', 'changed'],
    ]);
    expect(diff(before, after, { tolerance: ['$.total ± 1%', '$.n±1'] })).toEqual([]);
    expect(diff({ a: [1, 2] }, { a: [1.1, 2.1] }, { tolerance: ['$.a[*]±0.1'] })).toEqual([]);
    expect(compileRules({ tolerance: ['$.total'] })).toContain('$.total±0.01');
  });

  test('a name that every object inherits is a member like any other', () => {
    expect(diff({ a: 1 }, JSON.parse('{"a":1,"constructor":2}'))).toEqual([['$.constructor', 'extra']]);
  });
});

describe('Mann–Whitney', () => {
  test('is exact for small samples: published values', () => {
    expect(mannWhitney([1, 2, 3], [4, 5, 6])).toEqual({ u: 9, p: expect.closeTo(0.1, 10), effect: 1 });
    expect(mannWhitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]).p).toBeCloseTo(2 / 252, 10);
    // The tortoises and the hares.
    expect(mannWhitney([1, 7, 8, 9, 10, 11], [2, 3, 4, 5, 6, 12])).toMatchObject({ u: 11, p: expect.closeTo(0.3095, 4) });
    // The ages in SciPy's documentation of mannwhitneyu: U 17 and 3, p 0.1111.
    expect(mannWhitney([20, 11, 17, 12], [19, 22, 16, 29, 24])).toMatchObject({ u: 17, p: expect.closeTo(0.1111, 4) });
  });

  test('counts ties half, and with all values equal finds nothing', () => {
    expect(mannWhitney([1, 1, 1], [1, 1, 1])).toEqual({ u: 4.5, p: 1, effect: 0 });
    const { u, p, effect } = mannWhitney([1, 2, 2, 3, 3], [2, 3, 3, 4, 4]);
    // Counted by hand: 20 of 25 pairs; ties of 3, 4 and 2 give σ² = 25/12·(11 − 90/90), z = (7.5 − ½)/σ.
    expect(u).toBe(20);
    expect(effect).toBeCloseTo(0.6, 10);
    expect(p).toBeCloseTo(2 * upperTail(7 / Math.sqrt(250 / 12)), 10);
  });

  test('by the normal approximation agrees with the exact count', () => {
    const first = Array.from({ length: 20 }, (_, i) => i * 2);
    const second = Array.from({ length: 20 }, (_, i) => i * 2 + 9);
    const exact = mannWhitney(first, second).p;
    const approximate = mannWhitney([...first, -1], [...second]).p;
    expect(Math.abs(exact - approximate)).toBeLessThan(0.03);
    expect(upperTail(1.96)).toBeCloseTo(0.0249979, 6);
    expect(upperTail(5)).toBeCloseTo(2.8665e-7, 9);
  });

  test('a latency verdict wants an order that is clear and large enough to matter', () => {
    const sample = (n: number, base: number) => Array.from({ length: n }, (_, i) => base + (i % 10));
    expect(compareLatency(sample(100, 10), sample(100, 30))).toMatchObject({ verdict: 'slower', effect: 1 });
    expect(compareLatency(sample(100, 30), sample(100, 10))?.verdict).toBe('faster');
    expect(compareLatency(sample(100, 10), sample(100, 10))?.verdict).toBe('same');
    expect(compareLatency([1], [9])).toMatchObject({ verdict: 'unproven', p: null });
    const buckets = compareLatency([1, 2, 4], [8, 8])!.buckets;
    expect(buckets.reduce((sum, b) => sum + b.recorded, 0)).toBe(3);
    expect(buckets.at(-1)).toMatchObject({ le: 8, replayed: 2 });
    expect(compareLatency([], [1])).toBeNull();
  });
});

describe('noise', () => {
  test('is told from a difference by the published rule, from thirty calls on', () => {
    expect(judgeField(40, 40, 0, 40)).toMatchObject({ verdict: 'different', p: null });
    expect(judgeField(40, 40, 40, 40).verdict).toBe('noise');
    // 24 against 20: less than 20 % of both together.
    expect(judgeField(24, 40, 20, 40).verdict).toBe('noise');
    expect(judgeField(31, 40, 20, 40).verdict).toBe('different');
    // One in ten thousand is below 0.03 % of all calls.
    expect(judgeField(1, 10_000, 0, 10_000).verdict).toBe('noise');
    expect(judgeField(4, 10_000, 0, 10_000).verdict).toBe('different');
  });

  test('with fewer calls is judged by the exact test, or said to be unproven', () => {
    // The lady tasting tea.
    expect(fisherExact(3, 4, 1, 4)).toBeCloseTo(17 / 70, 10);
    expect(fisherExact(4, 4, 0, 4)).toBeCloseTo(1 / 70, 10);
    expect(judgeField(4, 4, 0, 4).verdict).toBe('different');
    expect(judgeField(2, 4, 0, 4).verdict).toBe('unproven');
    expect(judgeField(2, 4, 2, 4).verdict).toBe('noise');
    expect(judgeField(1, 3, 0, 0)).toMatchObject({ verdict: 'different', p: null });
  });
});
