import type { Span } from '../../../proxy/api/observability.schema.ts';

export interface TreeSpan {
  span: Span;
  depth: number;
}

/** Spans in reading order: children under their parents by start; spans whose parent is not here are roots. Iterative: any depth. */
export function orderSpans(spans: readonly Span[], showMesh: boolean): TreeSpan[] {
  const shown = showMesh ? spans : withoutMesh(spans);
  const ids = new Set(shown.map((s) => s.spanId));
  const children = new Map<string, Span[]>();
  for (const span of shown) {
    const parent = ids.has(span.parentSpanId) && span.parentSpanId !== span.spanId ? span.parentSpanId : '';
    const list = children.get(parent);
    if (list === undefined) children.set(parent, [span]);
    else list.push(span);
  }
  for (const list of children.values()) list.sort((a, b) => b.startMs - a.startMs);
  const ordered: TreeSpan[] = [];
  const pending: TreeSpan[] = (children.get('') ?? []).map((span) => ({ span, depth: 0 }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    ordered.push(next);
    const { depth } = next;
    for (const child of children.get(next.span.spanId) ?? []) pending.push({ span: child, depth: depth + 1 });
    children.delete(next.span.spanId);
  }
  return ordered;
}

/** App spans only, each under its nearest shown ancestor; without app spans there is nothing to fold away, so all stay. */
function withoutMesh(spans: readonly Span[]): readonly Span[] {
  const byId = new Map(spans.map((s) => [s.spanId, s]));
  const apps = spans.filter((s) => !s.mesh);
  if (apps.length === 0) return spans;
  return apps.map((span) => {
    let parent = byId.get(span.parentSpanId);
    for (let steps = 0; parent?.mesh && steps < 1000; steps++) parent = byId.get(parent.parentSpanId);
    return { ...span, parentSpanId: parent?.spanId ?? '' };
  });
}
