import { useMemo } from 'react';
import type { ClusterStatus, MeshEvent } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { formatClock, formatSpan, Panel } from '../../ui/index.ts';
import { useHeldRows, usePointed } from '../../ui/pointed.ts';
import { useWidth } from '../../ui/use-width.ts';
import { type EjectionRow, type EjectionSpan, ejectionRows, placeSpans } from './ejection-spans.ts';

const maxRows = 8;
/** Targets are no smaller. */
const leastPx = 24;

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
  const latest = useMemo(() => ejectionRows(clusters, events, startMs), [clusters, events, startMs]);
  const { pointed, on } = usePointed();
  const rows = useHeldRows(latest, keyOf, pointed);
  const [line, width] = useWidth<HTMLSpanElement>();
  if (rows.length === 0) return null;
  return (
    <Panel title="Ejections" hint="healthy ─, out ■; a stretch leads to the requests that caused it">
      <div className="ejections" {...on}>
        {rows.slice(0, maxRows).map((row) => (
          <div key={row.key} className="ejection-row">
            <span className="truncate" title={`${row.endpoint} as ${row.proxy} sees it`}>
              <b>{row.workload}</b> <span className="muted">by {row.proxy}</span>
            </span>
            <span className="ejection-line">
              {placeSpans(row.spans, { startMs, endMs: nowMs }, width, leastPx).map(({ leftPx, widthPx, spans }) => (
                <a
                  key={spans[0]?.fromMs}
                  href={causeOf(spans, row.workload)}
                  style={{ left: leftPx, width: widthPx }}
                  title={wordsOf(spans, nowMs)}
                >
                  <span className="visually-hidden">{wordsOf(spans, nowMs)}</span>
                  <span aria-hidden="true">{spans.length > 1 ? `${spans.length}×` : '✖'}</span>
                </a>
              ))}
            </span>
          </div>
        ))}
        <div className="ejection-row ejection-axis num" aria-hidden="true">
          <span />
          <span ref={line} className="ejection-ticks">
            <i className="ejection-tick">{formatClock(new Date(startMs).toISOString(), false)}</i>
            <i className="ejection-tick">now</i>
          </span>
        </div>
      </div>
      {rows.length > maxRows && <p className="topo-note">{rows.length - maxRows} more hosts were out in this window.</p>}
    </Panel>
  );
}

const keyOf = ({ key }: EjectionRow) => key;

function causeOf(spans: readonly EjectionSpan[], workload: string): string {
  const first = spans.flatMap(({ exchanges }) => exchanges).at(-1);
  const filter = `dest:${workload} status>=500`;
  return first === undefined ? hrefTo('requests', { filter }) : hrefTo('requests', { filter, id: first });
}

function wordsOf(spans: readonly EjectionSpan[], nowMs: number): string {
  return spans.map((span) => wordsOfOne(span, nowMs)).join('; ');
}

function wordsOfOne({ fromMs, toMs, reason }: EjectionSpan, nowMs: number): string {
  const since = fromMs === 0 ? 'before the window' : formatClock(new Date(fromMs).toISOString(), false);
  const lasted = fromMs === 0 ? '' : `, ${formatSpan((toMs ?? nowMs) - fromMs)}`;
  return `Out since ${since}${lasted}${toMs === null ? ', still out' : ''}: ${reason}`;
}
