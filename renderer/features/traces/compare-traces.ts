import { type Cause, findCriticalPath, summarizeCauses } from '../../../proxy/api/critical-path.ts';
import type { Span, Trace } from '../../../proxy/api/observability.schema.ts';
import { isAttempt, linkSpans, orderRows } from '../../../proxy/api/span-tree.ts';

export interface ComparedRow {
  /** The way down to the span: services and names, with a number among equals. */
  key: string;
  depth: number;
  /** Null where that trace has no such span; one of them is there. */
  a: Span | null;
  b: Span | null;
}

/** Two traces as one tree: a span meets the one that stands at the same place under the same callers. */
export function compareTraces(a: readonly Span[], b: readonly Span[], showMesh: boolean): ComparedRow[] {
  const rows = keyedRows(a, showMesh).map(({ key, depth, span }): ComparedRow => ({ key, depth, a: span, b: null }));
  const placeOf = new Map(rows.map((row, place) => [row.key, place]));
  /** What only B has, by the place in A behind which it stands in its own trace; -1 is before everything. */
  const onlyInB = new Map<number, ComparedRow[]>();
  let behind = -1;
  for (const { key, depth, span } of keyedRows(b, showMesh)) {
    const place = placeOf.get(key);
    const row = place === undefined ? undefined : rows[place];
    if (row !== undefined && place !== undefined) {
      row.b = span;
      behind = place;
      continue;
    }
    const list = onlyInB.get(behind);
    if (list) list.push({ key, depth, a: null, b: span });
    else onlyInB.set(behind, [{ key, depth, a: null, b: span }]);
  }
  return [...(onlyInB.get(-1) ?? []), ...rows.flatMap((row, place) => [row, ...(onlyInB.get(place) ?? [])])];
}

function keyedRows(spans: readonly Span[], showMesh: boolean): { key: string; depth: number; span: Span }[] {
  const above: string[] = [];
  const seen = new Map<string, number>();
  return orderRows(linkSpans(spans), showMesh).map(({ node: { span }, depth }) => {
    const place = `${above[depth - 1] ?? ''}/${span.service} ${span.kind} ${nameOf(span)}`;
    const nth = (seen.get(place) ?? 0) + 1;
    seen.set(place, nth);
    const key = `${place}#${nth}`;
    above[depth] = key;
    return { key, depth, span };
  });
}

/** The second try is the second try, whichever host it went to. */
const nameOf = (span: Span): string => (isAttempt(span) ? `try ${span.attributes['drydock.attempt']}` : span.name);

/** Spans took about as long when they differ by less. */
const sameMs = 0.5;

export type Difference = 'same' | 'slower' | 'faster' | 'only-a' | 'only-b' | 'outcome';

/** What is told of a row first: that one is missing, then that one failed, then which is slower. */
export function differenceOf({ a, b }: ComparedRow): Difference {
  if (a === null) return 'only-b';
  if (b === null) return 'only-a';
  if (outcomeOf(a) !== outcomeOf(b)) return 'outcome';
  const by = b.durationMs - a.durationMs;
  return Math.abs(by) < sameMs ? 'same' : by > 0 ? 'slower' : 'faster';
}

/** `✖ 503`, `✓ 200`, `✖`, `✓`. */
export function outcomeOf(span: Span): string {
  const status = span.attributes['http.response.status_code'];
  return `${span.error ? '✖' : '✓'}${status === undefined ? '' : ` ${status}`}`;
}

export interface ComparedCause {
  cause: Cause;
  who: string;
  aMs: number;
  bMs: number;
}

/** Where the time of both went, the greatest difference first. */
export function compareCauses(a: Trace, b: Trace): ComparedCause[] {
  const shares = new Map<string, ComparedCause>();
  for (const side of ['aMs', 'bMs'] as const) {
    const trace = side === 'aMs' ? a : b;
    const nodes = linkSpans(trace.spans);
    for (const { cause, who, ms } of summarizeCauses(nodes, findCriticalPath(nodes, trace.durationMs))) {
      const key = `${cause} ${who}`;
      const share = shares.get(key) ?? { cause, who, aMs: 0, bMs: 0 };
      shares.set(key, { ...share, [side]: ms });
    }
  }
  return [...shares.values()].sort((x, y) => Math.abs(y.bMs - y.aMs) - Math.abs(x.bMs - x.aMs));
}
