import type { Layout, Point } from './topology-layout.ts';

/** Pixels kept free at the borders; below stand the zoom buttons. */
const margin = { left: 28, right: 28, top: 28, bottom: 64 };

export interface Viewport {
  x: number;
  y: number;
  zoom: number;
}

/** The middle of the box that has most others around it: where a window onto a picture that does not fit shows most. The leftmost of equals. */
export function densestPlace(layout: Layout, size: { width: number; height: number }, zoom: number): Point | null {
  const [reachX, reachY] = [
    (size.width - margin.left - margin.right) / zoom / 2,
    (size.height - margin.top - margin.bottom) / zoom / 2,
  ];
  const middles = [...layout.nodes.values()]
    .map((box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 }))
    .sort((a, b) => a.x - b.x);
  let best: { place: Point; count: number } | null = null;
  for (const place of middles) {
    const count = middles.filter(({ x, y }) => Math.abs(x - place.x) <= reachX && Math.abs(y - place.y) <= reachY).length;
    if (best === null || count > best.count) best = { place, count };
  }
  return best?.place ?? null;
}

/** What has to be seen: its middle, and the zoom at which all of it is, between `least` and `most`. Null without a box of the picture. */
export function frameOf(
  layout: Layout,
  ids: readonly string[],
  size: { width: number; height: number },
  zoom: { least: number; most: number },
): { place: Point; zoom: number } | null {
  const boxes = ids.flatMap((id) => layout.nodes.get(id) ?? []);
  if (boxes.length === 0) return null;
  const { left, right, top, bottom } = boundsOf(boxes);
  const fits = Math.min(
    (size.width - margin.left - margin.right) / (right - left),
    (size.height - margin.top - margin.bottom) / (bottom - top),
  );
  return {
    place: { x: (left + right) / 2, y: (top + bottom) / 2 },
    zoom: Math.min(zoom.most, Math.max(zoom.least, fits)),
  };
}

/** `place` in the middle, as far as the picture reaches: no space is left empty on one side while boxes are cut off on the other. */
export function viewportAround(layout: Layout, place: Point, size: { width: number; height: number }, zoom: number): Viewport {
  const along = (middle: number, from: number, to: number, start: number, end: number): number => {
    const [first, last] = [start - from * zoom, end - to * zoom];
    // All of it fits: its middle in the middle.
    if (first <= last) return (first + last) / 2;
    return Math.min(first, Math.max(last, (start + end) / 2 - middle * zoom));
  };
  const { left, right, top, bottom } = boundsOf([...layout.nodes.values()]);
  return {
    x: along(place.x, left, right, margin.left, size.width - margin.right),
    y: along(place.y, top, bottom, margin.top, size.height - margin.bottom),
    zoom,
  };
}

function boundsOf(boxes: readonly (Point & { width: number; height: number })[]) {
  return {
    left: Math.min(...boxes.map(({ x }) => x)),
    right: Math.max(...boxes.map(({ x, width }) => x + width)),
    top: Math.min(...boxes.map(({ y }) => y)),
    bottom: Math.max(...boxes.map(({ y, height }) => y + height)),
  };
}
