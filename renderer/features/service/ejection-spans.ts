import type { ClusterStatus, MeshEvent } from '../../../proxy/api/observability.schema.ts';

/** One stretch in which one caller's sidecar had a host out. */
export interface EjectionSpan {
  fromMs: number;
  /** null: still out. */
  toMs: number | null;
  reason: string;
  /** The requests that caused it, when the record still names them. */
  exchanges: readonly string[];
}

/** The history of one host as one caller's sidecar judged it. */
export interface EjectionRow {
  key: string;
  proxy: string;
  endpoint: string;
  workload: string;
  spans: EjectionSpan[];
}

/** Rows for every host that was ever out within the events, worst first; `sinceMs` cuts what ended before. */
export function ejectionRows(
  clusters: readonly Pick<ClusterStatus, 'proxy' | 'endpoints'>[],
  events: readonly MeshEvent[],
  sinceMs: number,
): EjectionRow[] {
  const names = new Map(clusters.flatMap(({ endpoints }) => endpoints.map(({ address, workload }) => [address, workload])));
  const rows = new Map<string, EjectionRow>();
  for (const event of events.toReversed()) {
    if (event.type !== 'endpoint.ejected' && event.type !== 'endpoint.returned') continue;
    const [proxy, endpoint] = [String(event.data.proxy ?? ''), String(event.data.endpoint ?? '')];
    const key = `${proxy} ${endpoint}`;
    const row = rows.get(key) ?? { key, proxy, endpoint, workload: names.get(endpoint) || event.subject || endpoint, spans: [] };
    rows.set(key, row);
    const at = Date.parse(event.time);
    const open = row.spans.at(-1);
    if (event.type === 'endpoint.ejected') {
      if (open && open.toMs === null) open.toMs = at;
      const exchanges = Array.isArray(event.data.exchanges) ? event.data.exchanges.map(String) : [];
      row.spans.push({
        fromMs: at,
        toMs: null,
        reason: String(event.data.reason ?? 'ejected'),
        exchanges: [...new Set(exchanges)],
      });
    } else if (open && open.toMs === null) open.toMs = at;
    // Its ejection is older than what is kept: out since before the window.
    else if (!open) row.spans.push({ fromMs: 0, toMs: at, reason: 'ejected', exchanges: [] });
  }
  return [...rows.values()]
    .map((row) => ({ ...row, spans: row.spans.filter(({ toMs }) => toMs === null || toMs >= sinceMs) }))
    .filter(({ spans }) => spans.length > 0)
    .sort((a, b) => b.spans.length - a.spans.length || a.key.localeCompare(b.key));
}

/** Stretches drawn as one because they would lie on each other. */
export interface EjectionMark {
  leftPx: number;
  widthPx: number;
  spans: EjectionSpan[];
}

/** Where stretches stand on a line of `widthPx`; each mark is at least `leastPx` wide, and none covers another. */
export function placeSpans(
  spans: readonly EjectionSpan[],
  range: { startMs: number; endMs: number },
  widthPx: number,
  leastPx: number,
): EjectionMark[] {
  const px = (ms: number) =>
    ((Math.min(range.endMs, Math.max(range.startMs, ms)) - range.startMs) / (range.endMs - range.startMs)) * widthPx;
  const marks: EjectionMark[] = [];
  for (const span of spans) {
    const leftPx = Math.max(0, Math.min(px(span.fromMs), widthPx - leastPx));
    const endPx = Math.max(leftPx + leastPx, px(span.toMs ?? range.endMs));
    const last = marks.at(-1);
    if (last && leftPx < last.leftPx + last.widthPx) {
      last.spans.push(span);
      last.widthPx = Math.max(last.widthPx, endPx - last.leftPx);
    } else marks.push({ leftPx, widthPx: endPx - leftPx, spans: [span] });
  }
  return marks;
}
