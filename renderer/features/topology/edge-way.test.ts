import { describe, expect, test } from 'vitest';
import { curve, wayAlong, wayThrough } from './edge-way.ts';

const apart = (points: readonly { x: number; y: number }[]): number[] =>
  points.slice(1).map(({ x, y }, index) => Math.hypot(x - (points[index]?.x ?? 0), y - (points[index]?.y ?? 0)));

describe('the way along a line', () => {
  const points = [
    { x: 0, y: 0 },
    { x: 100, y: 80 },
    { x: 400, y: 80 },
    { x: 500, y: -60 },
  ];

  test('begins and ends where the line does, and passes its points at even distances', () => {
    const way = wayThrough(points);
    expect(way.points[0]).toEqual(points[0]);
    expect(way.points.at(-1)).toEqual(points.at(-1));
    const steps = apart(way.points);
    const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
    for (const step of steps) expect(Math.abs(step - mean)).toBeLessThan(mean * 0.1);
    expect(way.lengthPx).toBeGreaterThan(560);
  });

  test('of a straight line is as long as the line', () => {
    const straight = wayThrough([
      { x: 10, y: 5 },
      { x: 110, y: 5 },
    ]);
    expect(straight.lengthPx).toBeCloseTo(100, 1);
    expect(straight.points.every(({ y }) => y === 5)).toBe(true);
  });

  test('of nothing is nowhere', () => {
    expect(curve([])).toBe('');
    expect(wayAlong([]).lengthPx).toBe(0);
    expect(wayThrough([{ x: 3, y: 4 }]).lengthPx).toBe(0);
  });
});
