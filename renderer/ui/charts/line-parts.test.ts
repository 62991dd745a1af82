import { describe, expect, test } from 'vitest';
import { type ChartSeries, lineParts, pathThrough, topOf } from './line-parts.ts';
import { Plot } from './plot.ts';

const line = (values: (number | null)[], more: Partial<ChartSeries> = {}): ChartSeries => ({
  id: 'a',
  label: 'A',
  values,
  ...more,
});
const read = (series: ChartSeries, partial = false) =>
  Object.fromEntries(lineParts(series, partial).map(({ kind, values }) => [kind, values]));

describe('the parts of a line', () => {
  test('a gap stays a gap, and a point between two gaps is a point', () => {
    expect(read(line([1, 2, null, 3, null, null]))).toEqual({
      whole: [1, 2, null, 3, null, null],
      alone: [null, null, null, 3, null, null],
    });
  });

  test('the slot that goes on hangs on the last whole one by a part of its own', () => {
    expect(read(line([1, 2, 3, 4, 5, 6]), true)).toEqual({
      whole: [1, 2, 3, 4, 5, null],
      tail: [null, null, null, null, 5, 6],
    });
    expect(read(line([null, null, 6]), true)).toEqual({ tail: [null, null, 6], alone: [null, null, 6] });
    // Nothing yet in the slot that goes on: there is nothing to lead to.
    expect(read(line([1, 2, null]), true)).toEqual({ whole: [1, 2, null] });
  });

  test('what rests on too little is pale, with the step to it', () => {
    const faint = [false, false, true, false, false, false];
    expect(read(line([1, 2, 3, 4, 5, 6], { faint }))).toEqual({
      whole: [1, 2, null, 4, 5, 6],
      faint: [null, 2, 3, 4, null, null],
    });
  });

  test('nothing at all has no parts', () => {
    expect(read(line([null, null]), true)).toEqual({});
    expect(read(line([]), true)).toEqual({});
  });
});

test('a path begins anew after a gap', () => {
  const at = (x: number, y: number) => ({ x, y });
  expect(pathThrough([at(52, 110), at(102.04, 60), null])).toBe('M52 110L102 60');
  expect(pathThrough([at(52, 110), null, at(152, 10)])).toBe('M52 110M152 10');
  expect(pathThrough([null, { x: 5, y: null }])).toBe('');
});

describe('a plot', () => {
  const plot = new Plot({ width: 176, height: 132, times: [0, 1000, 2000], top: 10 });

  test('places times and values, and finds the slot under a pointer', () => {
    expect([plot.x(0), plot.x(2000), plot.y(0), plot.y(10)]).toEqual([52, 152, 110, 10]);
    expect([0, 60, 101, 102, 500].map((x) => plot.slotAt(x))).toEqual([0, 0, 1, 1, 2]);
    expect(new Plot({ width: 100, height: 50, times: [], top: 1 }).slotAt(60)).toBeNull();
  });

  test('a value above the axis stays within the picture', () => {
    expect(plot.y(1e9)).toBe(10);
  });
});

test('the top of the axis fits bands too', () => {
  expect(topOf([line([1, 2], { band: { low: [0, 1], high: [9, 3] } })])).toBe(9);
});
