import type { Point } from './topology-layout.ts';

/** Where something that travels along a line is, at even distances: what moves at one pace passes them at one interval. */
export interface EdgeWay {
  points: readonly Point[];
  lengthPx: number;
}

/** Fine enough for a curve's bends to stay round, coarse enough for thousands of pixels of a long line. */
const samplePx = 12;
const fewestSamples = 6;
const mostSamples = 64;
/** Steps each curve is measured in. */
const measureSteps = 24;

/** A cubic Bézier curve: start, two handles, end. */
type Cubic = readonly [Point, Point, Point, Point];

/** Through all points, flat at each: neighbouring columns are joined by an S. */
export function curve(points: readonly Point[]): string {
  const at = ({ x, y }: Point) => `${round(x)},${round(y)}`;
  const [first] = points;
  if (!first) return '';
  return `M${at(first)}${cubicsThrough(points)
    .map(([, a, b, end]) => `C${at(a)} ${at(b)} ${at(end)}`)
    .join('')}`;
}

/** The way along the line that `curve` draws through the same points. */
export const wayThrough = (points: readonly Point[]): EdgeWay => wayAlong(cubicsThrough(points));

export function wayAlong(cubics: readonly Cubic[]): EdgeWay {
  const fine = cubics.flatMap((cubic, index) =>
    Array.from({ length: measureSteps + (index === 0 ? 1 : 0) }, (_, step) =>
      pointOf(cubic, (step + (index === 0 ? 0 : 1)) / measureSteps),
    ),
  );
  const reached = [0];
  for (const [index, point] of fine.entries()) {
    const before = fine[index - 1];
    if (before) reached.push((reached[index - 1] ?? 0) + Math.hypot(point.x - before.x, point.y - before.y));
  }
  const lengthPx = reached.at(-1) ?? 0;
  const count = Math.min(mostSamples, Math.max(fewestSamples, Math.ceil(lengthPx / samplePx)));
  let at = 0;
  const points = Array.from({ length: count + 1 }, (_, sample) => {
    const wanted = (lengthPx * sample) / count;
    while (at < fine.length - 2 && (reached[at + 1] ?? 0) < wanted) at++;
    return between(fine[at], fine[at + 1], reached[at] ?? 0, reached[at + 1] ?? 0, wanted);
  });
  return { points, lengthPx };
}

function cubicsThrough(points: readonly Point[]): Cubic[] {
  return points.slice(1).map((end, index) => {
    const start = points[index] as Point;
    const middle = (start.x + end.x) / 2;
    return [start, { x: middle, y: start.y }, { x: middle, y: end.y }, end];
  });
}

function pointOf([start, a, b, end]: Cubic, t: number): Point {
  const s = 1 - t;
  const mix = (p: number, q: number, r: number, u: number) =>
    s * s * s * p + 3 * s * s * t * q + 3 * s * t * t * r + t * t * t * u;
  return { x: mix(start.x, a.x, b.x, end.x), y: mix(start.y, a.y, b.y, end.y) };
}

function between(a: Point | undefined, b: Point | undefined, fromPx: number, toPx: number, wantedPx: number): Point {
  if (!a || !b) return a ?? { x: 0, y: 0 };
  const share = toPx > fromPx ? (wantedPx - fromPx) / (toPx - fromPx) : 0;
  return { x: round(a.x + (b.x - a.x) * share), y: round(a.y + (b.y - a.y) * share) };
}

const round = (value: number) => Math.round(value * 10) / 10;
