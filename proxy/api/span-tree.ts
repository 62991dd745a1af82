import type { Span } from './observability.schema.ts';

/** A span and its place among the others; `parent` and `children` are places in the same array, -1 is none. */
export interface SpanNode {
  span: Span;
  index: number;
  parent: number;
  /** It names a parent that is not among the spans: not sent to us, not sampled, or still on its way. */
  parentMissing: boolean;
  /** By start. */
  children: number[];
}

export interface TreeRow {
  node: SpanNode;
  depth: number;
  /** Rows that stand under this one, folded or not. */
  childCount: number;
  folded: boolean;
}

export const isAttempt = (span: Span): boolean => span.attributes['drydock.attempt'] !== undefined;
export const endOf = (span: Span): number => span.startMs + span.durationMs;

/** Wall clocks have millisecond grain: a call may seem to start this much before the attempt that made it. */
const grainMs = 2;

/**
 * Links spans to their parents. A parent that is missing makes a root, a cycle is cut at one place, and a callee's span hangs under the attempt
 * that reached it, not under the whole call (the headers name the call, see telemetry/spans/exchange-spans.ts). B3 shares one span id between the two
 * sides of a call, so a span is known by trace, id and kind (envoyproxy/envoy#4642): the server's side hangs under the client's. Iterative: any
 * depth.
 */
export function linkSpans(spans: readonly Span[]): SpanNode[] {
  const nodes = spans.map((span, index): SpanNode => ({ span, index, parent: -1, parentMissing: false, children: [] }));
  const byId = new Map<string, SpanNode[]>();
  for (const node of nodes) {
    if (node.span.spanId === '') continue;
    const same = byId.get(node.span.spanId);
    if (same === undefined) byId.set(node.span.spanId, [node]);
    else same.push(node);
  }
  for (const node of nodes) {
    node.parent = findParent(node, byId);
    node.parentMissing = node.parent < 0 && node.span.parentSpanId !== '' && node.span.parentSpanId !== node.span.spanId;
  }
  cutCycles(nodes);
  moveUnderAttempts(nodes);
  for (const node of nodes) if (node.parent >= 0) nodes[node.parent]?.children.push(node.index);
  for (const node of nodes) sortByStart(node.children, nodes);
  return nodes;
}

function findParent(node: SpanNode, byId: ReadonlyMap<string, SpanNode[]>): number {
  const { span } = node;
  const twins = (byId.get(span.spanId) ?? []).filter((other) => other !== node && other.span.traceId === span.traceId);
  const otherSide = span.kind === 'server' ? twins.find((twin) => twin.span.kind === 'client') : undefined;
  // An app that joins B3's span takes the id its sidecar sent it: both are servers of one call, the app within its sidecar.
  const sidecar = span.mesh ? undefined : twins.find((twin) => twin.span.mesh && twin.span.kind === span.kind);
  const twin = sidecar ?? otherSide;
  if (twin) return twin.index;
  const named = (byId.get(span.parentSpanId) ?? []).filter((other) => other !== node && other.span.spanId !== span.spanId);
  const sameTrace = named.filter((other) => other.span.traceId === span.traceId);
  // A link by inference leads into another trace.
  const candidates = sameTrace.length > 0 ? sameTrace : named;
  const servers = candidates.filter((other) => other.span.kind === 'server');
  return (servers.find((server) => !server.span.mesh) ?? servers[0] ?? candidates[0])?.index ?? -1;
}

/** Walks up from every span once; meeting the walk's own trail again is a cycle, and the span met becomes a root. */
function cutCycles(nodes: readonly SpanNode[]): void {
  const walkOf = new Int32Array(nodes.length).fill(-1);
  for (const start of nodes) {
    let at: SpanNode | undefined = start;
    while (at && walkOf[at.index] === -1) {
      walkOf[at.index] = start.index;
      const up: SpanNode | undefined = nodes[at.parent];
      if (up && walkOf[up.index] === start.index) at.parent = -1;
      at = up;
    }
  }
}

function moveUnderAttempts(nodes: readonly SpanNode[]): void {
  const attempts = new Map<number, SpanNode[]>();
  for (const node of nodes) {
    if (!isAttempt(node.span) || node.parent < 0) continue;
    const known = attempts.get(node.parent);
    if (known === undefined) attempts.set(node.parent, [node]);
    else known.push(node);
  }
  for (const tries of attempts.values()) tries.sort((a, b) => a.span.startMs - b.span.startMs);
  for (const node of nodes) {
    const tries = isAttempt(node.span) ? undefined : attempts.get(node.parent);
    const made = tries?.findLast((attempt) => attempt.span.startMs <= node.span.startMs + grainMs);
    if (made) node.parent = made.index;
  }
}

function sortByStart(children: number[], nodes: readonly SpanNode[]): void {
  children.sort((a, b) => (nodes[a]?.span.startMs ?? 0) - (nodes[b]?.span.startMs ?? 0) || a - b);
}

/**
 * Rows in reading order: children under their parents by start. Without the mesh, app spans stay, and where an app makes no spans of its own
 * the span of its sidecar stands in for it, so that a trace of sidecars alone folds to one row per call received.
 */
export function orderRows(nodes: readonly SpanNode[], showMesh: boolean, folded: ReadonlySet<number> = new Set()): TreeRow[] {
  const kept = keptNodes(nodes, showMesh);
  const children = new Map<number, number[]>();
  for (const node of nodes) {
    if (!kept[node.index]) continue;
    let parent = node.parent;
    while (parent >= 0 && !kept[parent]) parent = nodes[parent]?.parent ?? -1;
    const list = children.get(parent);
    if (list === undefined) children.set(parent, [node.index]);
    else list.push(node.index);
  }
  for (const list of children.values()) sortByStart(list, nodes);
  const rows: TreeRow[] = [];
  const pending = (children.get(-1) ?? []).map((index) => ({ index, depth: 0 })).reverse();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const node = nodes[next.index];
    if (!node) continue;
    const below = children.get(next.index) ?? [];
    const isFolded = folded.has(next.index);
    rows.push({ node, depth: next.depth, childCount: below.length, folded: isFolded });
    if (isFolded) continue;
    for (let i = below.length - 1; i >= 0; i--) pending.push({ index: below[i] as number, depth: next.depth + 1 });
  }
  return rows;
}

function keptNodes(nodes: readonly SpanNode[], showMesh: boolean): boolean[] {
  if (showMesh) return nodes.map(() => true);
  return nodes.map(({ span, children }) => {
    if (!span.mesh) return true;
    const hasAppBelow = children.some((child) => nodes[child]?.span.mesh === false);
    if (span.kind === 'server') return !hasAppBelow;
    // A call that left the mesh has no other side here: it stays, or the trace would hide it.
    return children.length === 0 && !isAttempt(span);
  });
}
