import { useMemo } from 'react';
import type { ClusterStatus, MeshEvent } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { formatClock, formatSpan, Panel } from '../../ui/index.ts';
import { type EjectionSpan, ejectionRows } from './ejection-spans.ts';

const maxRows = 8;

/** When each host was out, per caller, over the window; a stretch leads to the requests that caused it. */
export function EjectionStrip({
  clusters,
  events,
  nowMs,
  windowSeconds,
}: {
  clusters: readonly ClusterStatus[];
  events: readonly MeshEvent[];
  nowMs: number;
  windowSeconds: number;
}) {
  const spanMs = windowSeconds * 1000;
  const startMs = nowMs - spanMs;
  const rows = useMemo(() => ejectionRows(clusters, events, startMs), [clusters, events, startMs]);
  if (rows.length === 0) return null;
  const place = ({ fromMs, toMs }: EjectionSpan) => {
    const from = Math.max(0, (fromMs - startMs) / spanMs);
    const to = Math.min(1, ((toMs ?? nowMs) - startMs) / spanMs);
    return { left: `min(${from * 100}%, calc(100% - 24px))`, width: `${Math.max(0.4, (to - from) * 100)}%` };
  };
  return (
    <Panel title="Ejections" hint="healthy ─, out ■; a stretch leads to the requests that caused it">
      <div className="ejections">
        {rows.slice(0, maxRows).map((row) => (
          <div key={row.key} className="ejection-row">
            <span className="truncate" title={`${row.endpoint} as ${row.proxy} sees it`}>
              <b>{row.workload}</b> <span className="muted">by {row.proxy}</span>
            </span>
            <span className="ejection-line">
              {row.spans.map((span) => (
                <a key={span.fromMs} href={causeOf(span, row.workload)} style={place(span)} title={wordsOf(span, nowMs)}>
                  <span className="visually-hidden">{wordsOf(span, nowMs)}</span>
                  <span aria-hidden="true">✖</span>
                </a>
              ))}
            </span>
          </div>
        ))}
        <div className="ejection-row ejection-axis num" aria-hidden="true">
          <span />
          <span className="ejection-ticks">
            <i className="ejection-tick">{formatClock(new Date(startMs).toISOString(), false)}</i>
            <i className="ejection-tick">now</i>
          </span>
        </div>
      </div>
      {rows.length > maxRows && <p className="topo-note">{rows.length - maxRows} more hosts were out in this window.</p>}
    </Panel>
  );
}

function causeOf({ exchanges }: EjectionSpan, workload: string): string {
  const [first] = exchanges;
  const filter = `dest:${workload} status>=500`;
  return first === undefined ? hrefTo('requests', { filter }) : hrefTo('requests', { filter, id: first });
}

function wordsOf({ fromMs, toMs, reason }: EjectionSpan, nowMs: number): string {
  const since = fromMs === 0 ? 'before the window' : formatClock(new Date(fromMs).toISOString(), false);
  const lasted = fromMs === 0 ? '' : `, ${formatSpan((toMs ?? nowMs) - fromMs)}`;
  return `Out since ${since}${lasted}${toMs === null ? ', still out' : ''}: ${reason}`;
}
