import dagre from '@dagrejs/dagre';
import { curve, type EdgeWay, wayAlong, wayThrough } from './edge-way.ts';

export interface Point {
  x: number;
  y: number;
}
export interface NodeBox {
  id: string;
  width: number;
  height: number;
}
export interface EdgeEnds {
  id: string;
  from: string;
  to: string;
}
export interface Layout {
  /** Top left corners. */
  nodes: ReadonlyMap<string, Point & { width: number; height: number }>;
  edges: ReadonlyMap<string, EdgeLine>;
}
export interface EdgeLine {
  /** SVG path from border to border. */
  path: string;
  /** The same line for what moves along it. */
  way: EdgeWay;
  label: Point;
  /** Where it ends and whether it comes from the left. */
  end: Point;
  forward: boolean;
}

/** Room an edge's label takes between two columns. */
const labelBox = { width: 88, height: 46 };
const gap = { column: 12, row: 30 };
const idleColumns = 4;

/**
 * Left to right, callers before callees; the same nodes and edges give the same picture whatever their order. Nodes without an edge stand in
 * rows below.
 */
export function layOut(boxes: readonly NodeBox[], ends: readonly EdgeEnds[]): Layout {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const wanted = ends.filter(({ from, to }) => byId.has(from) && byId.has(to)).sort((a, b) => a.id.localeCompare(b.id));
  const linked = new Set(wanted.flatMap(({ from, to }) => [from, to]));
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: gap.row, ranksep: gap.column, edgesep: 16, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const box of [...boxes].sort((a, b) => a.id.localeCompare(b.id)))
    if (linked.has(box.id)) graph.setNode(box.id, { width: box.width, height: box.height });
  for (const { id, from, to } of wanted) if (from !== to) graph.setEdge(from, to, { ...labelBox, labelpos: 'c' }, id);
  if (linked.size > 0) dagre.layout(graph);

  const nodes = new Map<string, Point & { width: number; height: number }>();
  for (const id of linked) {
    const { x, y, width, height } = graph.node(id) as unknown as Point & { width: number; height: number };
    nodes.set(id, { x: x - width / 2, y: y - height / 2, width, height });
  }
  placeIdle(
    boxes.filter(({ id }) => !linked.has(id)).sort((a, b) => a.id.localeCompare(b.id)),
    nodes,
  );
  return { nodes, edges: drawLines(wanted, nodes, graph) };
}

function placeIdle(idle: readonly NodeBox[], nodes: Map<string, Point & { width: number; height: number }>): void {
  const bottom = Math.max(0, ...[...nodes.values()].map((node) => node.y + node.height + gap.row * 2));
  const columns = nodes.size > 0 ? idleColumns : Math.max(1, Math.ceil(Math.sqrt(idle.length * 1.2)));
  const rowHeight = Math.max(0, ...idle.map(({ height }) => height)) + gap.row;
  idle.forEach(({ id, width, height }, index) => {
    const x = (index % columns) * (width + gap.column * 2);
    nodes.set(id, { x, y: bottom + Math.floor(index / columns) * rowHeight, width, height });
  });
}

type GraphLike = { edge(v: string, w: string, name: string): unknown };

function drawLines(
  ends: readonly EdgeEnds[],
  nodes: ReadonlyMap<string, Point & { width: number; height: number }>,
  graph: GraphLike,
): Map<string, EdgeLine> {
  const drafts = ends.flatMap(({ id, from, to }) => {
    const [start, target] = [nodes.get(from), nodes.get(to)];
    if (!start || !target) return [];
    const laid = from === to ? null : (graph.edge(from, to, id) as { points: Point[]; x: number; y: number });
    return [{ id, from, to, start, target, middle: laid?.points.slice(1, -1) ?? [], label: laid, forward: target.x >= start.x }];
  });
  // Where several edges meet one side of a node they spread along it, in the order of where they come from.
  const sides = new Map<string, { id: string; y: number }[]>();
  for (const { id, from, to, start, target, middle, forward } of drafts) {
    if (from === to) continue;
    push(sides, `${from} ${forward ? 'right' : 'left'}`, { id: `${id} start`, y: middle[0]?.y ?? target.y });
    push(sides, `${to} ${forward ? 'left' : 'right'}`, { id: `${id} end`, y: middle.at(-1)?.y ?? start.y });
  }
  const offsets = new Map<string, number>();
  for (const list of sides.values()) {
    list.sort((a, b) => a.y - b.y || a.id.localeCompare(b.id));
    const step = Math.min(16, 56 / list.length);
    list.forEach(({ id }, index) => {
      offsets.set(id, (index - (list.length - 1) / 2) * step);
    });
  }
  const lines = new Map<string, EdgeLine>();
  for (const { id, from, to, start, target, middle, label, forward } of drafts) {
    if (from === to) {
      lines.set(id, loop(start));
      continue;
    }
    const first = { x: start.x + (forward ? start.width : 0), y: start.y + start.height / 2 + (offsets.get(`${id} start`) ?? 0) };
    const end = { x: target.x + (forward ? 0 : target.width), y: target.y + target.height / 2 + (offsets.get(`${id} end`) ?? 0) };
    const points = [first, ...middle, end];
    lines.set(id, {
      path: curve(points),
      way: wayThrough(points),
      end,
      forward,
      label: label ? { x: label.x, y: label.y } : end,
    });
  }
  return lines;
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** A service that calls itself: a loop above its box. */
function loop({ x, y, width }: Point & { width: number }): EdgeLine {
  const [left, right, top] = [x + width * 0.3, x + width * 0.7, y - 46];
  const [start, end] = [
    { x: right, y },
    { x: left, y },
  ];
  return {
    path: `M${right},${y}C${right + 30},${top} ${left - 30},${top} ${left},${y}`,
    way: wayAlong([[start, { x: right + 30, y: top }, { x: left - 30, y: top }, end]]),
    label: { x: x + width / 2, y: top + 4 },
    end,
    forward: true,
  };
}
