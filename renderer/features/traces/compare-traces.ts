import type { Span } from '../../../proxy/api/observability.schema.ts';
import { linkSpans, orderRows } from '../../../proxy/api/span-tree.ts';

export interface ComparedRow {
  /** The way down to the span: services and names, with a number among equals. */
  key: string;
  depth: number;
  span: Span;
  /** Milliseconds; null where that trace has no such span. */
  a: number | null;
  b: number | null;
}

/** Two traces as one tree: a span meets the one that stands at the same place under the same callers. */
export function compareTraces(a: readonly Span[], b: readonly Span[], showMesh: boolean): ComparedRow[] {
  const rows: ComparedRow[] = keyedRows(a, showMesh).map(({ key, depth, span }) => ({
    key,
    depth,
    span,
    a: span.durationMs,
    b: null,
  }));
  const byKey = new Map(rows.map((row) => [row.key, row]));
  let before = -1;
  for (const { key, depth, span } of keyedRows(b, showMesh)) {
    const known = byKey.get(key);
    if (known) {
      known.b = span.durationMs;
      before = rows.indexOf(known);
      continue;
    }
    // Where it stands in its own trace: behind the row that came before it there.
    rows.splice(++before, 0, { key, depth, span, a: null, b: span.durationMs });
  }
  return rows;
}

function keyedRows(spans: readonly Span[], showMesh: boolean): { key: string; depth: number; span: Span }[] {
  const above: string[] = [];
  const seen = new Map<string, number>();
  return orderRows(linkSpans(spans), showMesh).map(({ node: { span }, depth }) => {
    const place = `${above[depth - 1] ?? ''}/${span.service} ${span.kind} ${span.name}`;
    const nth = (seen.get(place) ?? 0) + 1;
    seen.set(place, nth);
    const key = `${place}#${nth}`;
    above[depth] = key;
    return { key, depth, span };
  });
}
