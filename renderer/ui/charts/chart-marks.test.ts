import { describe, expect, test } from 'vitest';
import { marksAt, spaceMarks } from './chart-marks.ts';

describe('event marks', () => {
  test('keep the gravest of names that would lie on each other, and all their lines', () => {
    const marks = spaceMarks(
      [
        { time: 500, label: 'returned', tone: 'info' },
        { time: 510, label: 'ejected', tone: 'bad' },
        { time: 700, label: 'config' },
        { time: 5000, label: 'later' },
      ],
      0,
      1000,
    );
    expect(marks.map(({ mark, named }) => [mark.label, named])).toEqual([
      ['returned', false],
      ['ejected', true],
      ['config', true],
    ]);
  });

  test('near the right border are named on the left', () => {
    expect(spaceMarks([{ time: 990, label: 'fault', tone: 'fault' }], 0, 1000)).toMatchObject([{ left: true, named: true }]);
  });
});

test('a pointer is told the marks that are nearer to its slot than to any other', () => {
  const times = [0, 1000, 2000];
  const marks = [900, 1400, 1600].map((time) => ({ time, label: String(time) }));
  expect(marksAt(marks, times, 1).map(({ time }) => time)).toEqual([900, 1400]);
  expect(marksAt(marks, times, 0)).toEqual([]);
});
