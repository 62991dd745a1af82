import { describe, expect, test } from 'vitest';
import { spaceMarks } from './line-chart.tsx';

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
