import { X } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Span, Trace } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import {
  type Column,
  CopyButton,
  ErrorState,
  Facts,
  formatClock,
  formatMs,
  IconButton,
  plural,
  Skeleton,
  Switch,
  VirtualList,
} from '../../ui/index.ts';
import { orderSpans, type TreeSpan } from './span-tree.ts';

export function TraceView({ traceId, onClose }: { traceId: string; onClose: () => void }) {
  const { data, error, reload } = useCall('getTrace', { params: { id: traceId } });
  return (
    <aside className="trace-view" data-testid="trace-waterfall" aria-label={`Trace ${traceId}`}>
      {error && !data ? (
        <ErrorState title="This trace cannot be read" message={error} onRetry={reload} />
      ) : data ? (
        <Waterfall trace={data} onClose={onClose} />
      ) : (
        <Skeleton lines={8} />
      )}
    </aside>
  );
}

function Waterfall({ trace, onClose }: { trace: Trace; onClose: () => void }) {
  const [showMesh, setShowMesh] = useState(true);
  const [chosen, setChosen] = useState<string | null>(null);
  const rows = useMemo(() => orderSpans(trace.spans, showMesh), [trace, showMesh]);
  const columns = useMemo(() => columnsFor(trace), [trace]);
  const selected = rows.find((row) => keyOf(row) === chosen)?.span ?? null;
  const hasApp = trace.spans.some((span) => !span.mesh);
  return (
    <>
      <header className="trace-head">
        <div className="grow">
          <h2 className="num">
            {formatMs(trace.durationMs)} · {plural(trace.spans.length, 'span')}
          </h2>
          <div className="row soft">
            {formatClock(trace.start)} <span className="mono truncate">{trace.traceId}</span>
            <CopyButton text={trace.traceId} label="Copy the trace id" />
          </div>
        </div>
        {hasApp && (
          <Switch checked={showMesh} onChange={setShowMesh}>
            Mesh spans
          </Switch>
        )}
        <IconButton label="Close" keys="Escape" icon={<X size={15} />} onClick={onClose} />
      </header>
      <div className="trace-rows">
        <VirtualList
          label="Spans"
          columns={columns}
          count={rows.length}
          at={(i) => rows[i]}
          keyOf={keyOf}
          selected={chosen}
          onSelect={(row) => setChosen(keyOf(row))}
          rowTestId="span-row"
        />
      </div>
      {selected && <SpanDetail span={selected} />}
    </>
  );
}

const keyOf = ({ span }: TreeSpan): string => `${span.spanId}/${span.kind}/${span.name}`;
const isAttempt = (span: Span): boolean => span.attributes['drydock.attempt'] !== undefined;
const isFaulted = (span: Span): boolean => span.events.length > 0;

function columnsFor(trace: Trace): Column<TreeSpan>[] {
  const whole = Math.max(trace.durationMs, 0.001);
  return [
    {
      id: 'name',
      title: 'Span',
      width: 'minmax(180px, 0.9fr)',
      cell: ({ span, depth }) => (
        <span className="truncate" style={{ paddingLeft: depth * 14 }}>
          <span className={span.error ? 'tone-bad tone-text' : 'soft'}>{span.error ? '✖ ' : span.mesh ? '▨ ' : '● '}</span>
          {isAttempt(span) ? '' : <b>{span.service} </b>}
          <span className="soft">{span.kind === 'server' ? 'received' : isAttempt(span) ? '' : 'sent'} </span>
          {span.name}
          {isFaulted(span) && <span className="tone-fault tone-text"> ⚡</span>}
        </span>
      ),
    },
    {
      id: 'bar',
      title: `0 – ${formatMs(trace.durationMs)}`,
      width: 'minmax(160px, 1fr)',
      cell: ({ span }) => (
        <span className="trace-track">
          <i
            className={`tone-${span.error ? 'bad' : isFaulted(span) ? 'fault' : span.mesh ? 'accent' : 'ok'}`}
            data-mesh={span.mesh || undefined}
            style={{ left: `${(span.startMs / whole) * 100}%`, width: `max(2px, ${(span.durationMs / whole) * 100}%)` }}
          />
        </span>
      ),
    },
    {
      id: 'ms',
      title: 'Took',
      width: '76px',
      align: 'end',
      cell: ({ span }) => <span className="num">{formatMs(span.durationMs)}</span>,
    },
  ];
}

function SpanDetail({ span }: { span: Span }) {
  const attributes = Object.entries(span.attributes).filter(([, value]) => value !== '');
  return (
    <section className="trace-span" aria-label={span.name}>
      <div className="row">
        <h3 className="grow truncate">
          {span.service} · {span.name}
        </h3>
        {span.exchangeId && <a href={hrefTo('requests', { id: span.exchangeId })}>Exchange</a>}
      </div>
      <Facts
        rows={[
          ['Starts at', `${formatMs(span.startMs)} into the trace`],
          ['Took', formatMs(span.durationMs)],
          ['Happened', span.events.map((event) => event.name).join(', ')],
          ...attributes.map(
            ([name, value]) =>
              [
                name,
                <span key={name} className="mono">
                  {String(value)}
                </span>,
              ] as const,
          ),
        ]}
      />
    </section>
  );
}
