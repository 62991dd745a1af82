import type { Red } from '../api/observability.schema.ts';
import type { Run, RunComparison, RunEdge } from '../api/runs.schema.ts';
import type { EdgeMetrics } from './metrics.ts';
import { Slot } from './slots.ts';

interface Gathered {
  from: string;
  to: string;
  whole: Slot;
  versions: Map<string, number>;
  first: number;
  last: number;
}

/**
 * Every edge of a run, and all of them together; percentiles only after merging. `elapsedMs` is how long the run has really lasted: where the
 * clock on the wall says that an edge was busy for longer than that, or less than nothing, the clock was moved.
 */
export function summarizeRun(edges: Iterable<EdgeMetrics>, elapsedMs: number): { edges: RunEdge[]; total: Red | null } {
  const byEdge = new Map<string, Gathered>();
  const all = new Slot();
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const edge of edges) {
    // Announced, and nothing finished yet.
    if (edge.whole.count === 0) continue;
    const id = `${edge.from}->${edge.to}`;
    const entry = byEdge.get(id) ?? newEdge(edge);
    byEdge.set(id, entry);
    entry.whole.merge(edge.whole);
    entry.first = Math.min(entry.first, edge.firstAt);
    entry.last = Math.max(entry.last, edge.lastAt);
    if (edge.version !== '') entry.versions.set(edge.version, (entry.versions.get(edge.version) ?? 0) + edge.whole.count);
    all.merge(edge.whole);
    [first, last] = [Math.min(first, edge.firstAt), Math.max(last, edge.lastAt)];
  }
  return {
    edges: [...byEdge].map(([id, gathered]) => toRunEdge(id, gathered, elapsedMs)).sort((a, b) => a.id.localeCompare(b.id)),
    total: all.count === 0 ? null : redOf(all, busySeconds(first, last, elapsedMs)),
  };
}

function newEdge({ from, to }: EdgeMetrics): Gathered {
  return { from, to, whole: new Slot(), versions: new Map(), first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY };
}

function toRunEdge(id: string, { from, to, whole, versions, first, last }: Gathered, elapsedMs: number): RunEdge {
  return {
    ...{ id, from, to, ...redOf(whole, busySeconds(first, last, elapsedMs)) },
    retryRatio: whole.retries / Math.max(1, whole.count),
    ...{ timeouts: whole.timeouts, overflows: whole.overflows, faultHits: whole.faultHits },
    versions: Object.fromEntries([...versions].map(([version, count]) => [version, count / Math.max(1, whole.count)])),
  };
}

function redOf(slot: Slot, seconds: number): Red {
  return {
    ...{ count: slot.count, rate: slot.count / seconds, errorShare: slot.errors / Math.max(1, slot.count) },
    ...{ p50: slot.latency.percentile(0.5), p95: slot.latency.percentile(0.95), p99: slot.latency.percentile(0.99) },
  };
}

/** Between the first and the last request, at least a second; all of the run where the clock cannot be believed. */
function busySeconds(first: number, last: number, elapsedMs: number): number {
  const span = last - first;
  return Math.max(1000, span < 0 || span > elapsedMs ? elapsedMs : span) / 1000;
}

export function compareRuns(before: Run, after: Run): RunComparison {
  const ids = [...new Set([...before.edges, ...after.edges].map((edge) => edge.id))].sort();
  const find = (run: Run, id: string) => run.edges.find((edge) => edge.id === id) ?? null;
  const { edges: _first, ...first } = before;
  const { edges: _second, ...second } = after;
  return {
    before: first,
    after: second,
    edges: ids.map((id) => ({ id, before: find(before, id), after: find(after, id) })),
  };
}
