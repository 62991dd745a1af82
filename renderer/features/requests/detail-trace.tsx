import { Waypoints } from 'lucide-react';
import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { isCall } from '../../../proxy/api/same-call.ts';
import { hrefTo } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import { CopyButton, EmptyState, ErrorState, formatMs, Skeleton } from '../../ui/index.ts';
import { StatusCode } from './request-columns.tsx';

/** The other calls of the same trace on one time axis; the Traces screen has the spans. */
export function TraceTab({ detail }: { detail: ExchangeDetail }) {
  const { data, error, reload } = useCall(
    'listExchanges',
    detail.traceId ? { query: { traceId: detail.traceId, limit: 200 } } : null,
  );
  if (!detail.traceId)
    return (
      <EmptyState icon={Waypoints} title="No trace">
        This exchange carried no trace id.
      </EmptyState>
    );
  if (error) return <ErrorState title="The trace could not be read" message={error} onRetry={reload} />;
  if (!data) return <Skeleton />;
  const calls = data.exchanges.filter(isCall).sort((a, b) => a.time.localeCompare(b.time));
  const start = Math.min(...calls.map((call) => Date.parse(call.time)));
  const end = Math.max(...calls.map((call) => Date.parse(call.time) + call.durationMs), start + 1);
  return (
    <div className="request-tab">
      <div className="row">
        <a className="dd-button" data-size="small" href={hrefTo(`traces/${detail.traceId}`)} data-testid="open-trace">
          <Waypoints size={13} aria-hidden="true" /> Open the trace
        </a>
        <span className="mono muted truncate">{detail.traceId}</span>
        <CopyButton text={detail.traceId} label="Copy the trace id" />
      </div>
      <ul className="request-trace num">
        {calls.map((call) => (
          <li key={call.id} aria-current={call.id === detail.id || undefined}>
            <a href={hrefTo('requests', { id: call.id })} className="truncate">
              {call.source} → {call.destination} <span className="muted">{call.path}</span>
            </a>
            <StatusCode exchange={call} />
            <span>{formatMs(call.durationMs)}</span>
            <span className="request-bar-track">
              <i
                className={call.status >= 500 ? 'tone-bad' : 'tone-accent'}
                style={{
                  left: `${((Date.parse(call.time) - start) / (end - start)) * 100}%`,
                  width: `${(call.durationMs / (end - start)) * 100}%`,
                }}
              />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
