import { expect, test } from 'vitest';
import type { Layout } from './topology-layout.ts';
import { densestPlace, frameOf, viewportAround } from './viewport-around.ts';

/** Boxes of 100 × 50 in one row, 200 apart. */
function rowOf(count: number): Layout {
  const nodes = Array.from({ length: count }, (_, n) => [`${n}`, { x: n * 200, y: 0, width: 100, height: 50 }] as const);
  return { nodes: new Map(nodes), edges: new Map() };
}
const size = { width: 656, height: 392 };

test('what fits is in the middle, whatever is selected', () => {
  const shown = viewportAround(rowOf(3), { x: 450, y: 25 }, size, 1);
  expect(shown).toEqual({ x: 328 - 250, y: 178 - 25, zoom: 1 });
});

test('what does not fit is cut at one end only, and the selection is seen', () => {
  const row = rowOf(10);
  expect(viewportAround(row, { x: 50, y: 25 }, size, 1).x).toBe(28);
  expect(viewportAround(row, { x: 1850, y: 25 }, size, 1).x).toBe(628 - 1900);
  expect(viewportAround(row, { x: 850, y: 25 }, size, 1).x).toBe(328 - 850);
});

test('a picture that does not fit opens where most of it stands, not at a lonely box', () => {
  const boxes = new Map([
    ...rowOf(1).nodes,
    ...[0, 1, 2, 3].map((n) => [`far ${n}`, { x: 5000 + n * 120, y: 3000, width: 100, height: 50 }] as const),
  ]);
  expect(densestPlace({ nodes: boxes, edges: new Map() }, size, 1)).toEqual({ x: 5050 + 120, y: 3025 });
  expect(densestPlace(rowOf(3), size, 1)?.x).toBe(250);
  expect(densestPlace({ nodes: new Map(), edges: new Map() }, size, 1)).toBeNull();
});

test('both ends of a selected edge are seen, smaller if need be, but never too small to tell apart', () => {
  const row = rowOf(10);
  const zoom = { least: 0.3, most: 0.62 };
  expect(frameOf(row, ['2', '3'], size, zoom)).toEqual({ place: { x: 550, y: 25 }, zoom: 0.62 });
  expect(frameOf(row, ['2', '8'], size, zoom)).toEqual({ place: { x: 1050, y: 25 }, zoom: 600 / 1300 });
  expect(frameOf(rowOf(100), ['0', '99'], size, zoom)?.zoom).toBe(0.3);
  expect(frameOf(row, ['gone'], size, zoom)).toBeNull();
});
