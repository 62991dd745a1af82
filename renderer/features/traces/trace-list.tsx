import type { TraceSummary } from '../../../proxy/api/observability.schema.ts';
import { type Column, ErrorState, formatClock, formatMs, plural, Skeleton, type Tone, VirtualList } from '../../ui/index.ts';
import { NoTraces } from './no-traces.tsx';

export function TraceList(props: {
  traces: readonly TraceSummary[] | null;
  error: string | null;
  onRetry: () => void;
  filtered: boolean;
  looking: boolean;
  narrow: boolean;
  selected: string | null;
  topToken: number;
  onScrolled: (scrolled: boolean) => void;
  onRange: (first: number, last: number) => void;
  onOpen: (traceId: string) => void;
}) {
  const { traces, error, narrow, selected } = props;
  if (error && !traces) return <ErrorState title="The traces cannot be read" message={error} onRetry={props.onRetry} />;
  if (!traces) return <Skeleton lines={8} />;
  if (traces.length === 0) return <NoTraces filtered={props.filtered} looking={props.looking} />;
  return (
    <VirtualList
      label="Traces"
      columns={columnsFor(traces, narrow)}
      count={traces.length}
      at={(i) => traces[i]}
      keyOf={(trace) => trace.traceId}
      selected={selected}
      topToken={props.topToken}
      onScrolled={props.onScrolled}
      onRange={props.onRange}
      onSelect={(trace) => props.onOpen(trace.traceId)}
      rowTestId="trace-row"
    />
  );
}

function columnsFor(traces: readonly TraceSummary[], narrow: boolean): Column<TraceSummary>[] {
  const fullMs = lengthOfFullBar(traces);
  const all: Column<TraceSummary>[] = [
    { id: 'time', title: 'Time', width: '88px', cell: (t) => <span className="num soft">{formatClock(t.start)}</span> },
    {
      id: 'root',
      title: 'Starts with',
      width: narrow ? 'minmax(70px, 1fr)' : 'minmax(150px, 1.3fr)',
      cell: (t) => (
        <>
          <b>{t.rootService}</b> <span className="mono soft">{t.rootName}</span>
        </>
      ),
    },
    {
      id: 'bar',
      title: '',
      width: 'minmax(60px, 1fr)',
      cell: (t) => (
        <span className="trace-length" aria-hidden="true">
          <i
            className={t.errors > 0 ? 'tone-bad' : t.faults > 0 ? 'tone-fault' : 'tone-accent'}
            data-cut={t.durationMs > fullMs || undefined}
            style={{ width: `max(2px, ${Math.min(1, t.durationMs / fullMs) * 100}%)` }}
          />
        </span>
      ),
    },
    {
      id: 'duration',
      title: 'Took',
      width: '68px',
      align: 'end',
      cell: (t) => <span className="num">{formatMs(t.durationMs)}</span>,
    },
    { id: 'state', title: 'Outcome', width: '116px', cell: (t) => <Outcome trace={t} /> },
    { id: 'spans', title: 'Spans', width: '48px', align: 'end', cell: (t) => <span className="num">{t.spans}</span> },
    {
      id: 'services',
      title: 'Services',
      width: 'minmax(140px, 1.2fr)',
      cell: (t) => <span className="soft">{t.services.join(', ')}</span>,
    },
  ];
  const keep = ['root', 'duration', 'state'];
  return narrow ? all.filter((column) => keep.includes(column.id)) : all;
}

/** One that hung for a minute must not make dots of all others: the slowest twentieth is cut off. */
function lengthOfFullBar(traces: readonly TraceSummary[]): number {
  const sorted = traces.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  const [most = 0, usual = 0] = [sorted.at(-1), sorted[Math.floor(sorted.length * 0.95)]];
  return Math.max(0.001, most > 2 * usual ? 1.25 * usual : most);
}

function Outcome({ trace }: { trace: TraceSummary }) {
  const { status, errors, faults } = trace;
  const own = ownOutcome(trace);
  return (
    <span className="num trace-outcome">
      <span className={`tone-${own.tone} tone-text`} title={own.title}>
        {own.text}
      </span>
      {errors > 0 && status < 500 && !trace.appOnly && (
        <span className="tone-bad tone-text" title={`${plural(errors, 'call')} within it failed`}>
          ✖ {errors}
        </span>
      )}
      {faults > 0 && (
        <span className="tone-fault tone-text" title={`${plural(faults, 'fault')} injected`}>
          ⚡ {faults}
        </span>
      )}
    </span>
  );
}

function ownOutcome({ status, rootName, open, appOnly, errors }: TraceSummary): { tone: Tone; text: string; title: string } {
  if (open) return { tone: 'info', text: '⏵ open', title: 'it goes on' };
  if (status >= 500) return { tone: 'bad', text: `✖ ${status}`, title: 'it failed' };
  if (status > 0) return { tone: 'ok', text: `✓ ${status}`, title: 'it was answered' };
  if (rootName.startsWith('tcp ')) return { tone: 'ok', text: '✓ tcp', title: 'a TCP connection' };
  if (appOnly)
    return errors > 0
      ? { tone: 'bad', text: '✖ app', title: 'spans of apps alone, and some of them failed' }
      : { tone: 'ok', text: '● app', title: 'spans of apps alone: no sidecar saw a call' };
  return { tone: 'neutral', text: '◌ left', title: 'the client left before a response' };
}
