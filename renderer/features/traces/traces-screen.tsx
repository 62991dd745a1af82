import { Send, Waypoints } from 'lucide-react';
import { useCallback, useMemo, useState } from 'react';
import type { TraceSummary } from '../../../proxy/api/observability.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { hrefTo, useRoute, useRouter } from '../../app/router.ts';
import { useCommandRegistry, useCommands } from '../../commands/registry.ts';
import { sendTestRequest, testTarget } from '../../commands/send-test-request.ts';
import { useCall, useStatus } from '../../engine/use-engine.ts';
import {
  Button,
  Code,
  type Column,
  EmptyState,
  ErrorState,
  formatClock,
  formatCount,
  formatMs,
  plural,
  Select,
  Skeleton,
  Switch,
  type Tone,
  Toolbar,
  VirtualList,
} from '../../ui/index.ts';
import { parseFilter } from '../requests/filter.ts';
import { FilterBar } from '../requests/filter-bar.tsx';
import { describeFilter } from '../requests/filter-words.ts';
import { useHeldList } from './held-list.ts';
import { answeredByTraces, compileTraceFilter, seenInTraces, unansweredByTraces } from './trace-filter.ts';
import { TraceView } from './trace-view.tsx';
import '../requests/requests.css';
import './traces.css';

const refreshMs = 2000;
const listLimit = 200;
/** A filter is looked for among more. */
const filteredLimit = 500;
const durations = ['', '20ms', '100ms', '300ms', '1s', '5s'];

/** Where the time went: traces newest first, one of them as a waterfall. `#/traces/<traceId>?service=&error=true&min=100ms` */
export default function TracesScreen() {
  const { rest, query } = useRoute();
  const router = useRouter();
  const { paused } = usePreferences();
  const services = (useStatus()?.services ?? []).map((s) => s.name).sort();
  const [pointed, setPointed] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  const [topToken, setTopToken] = useState(0);
  const service = query.get('service') ?? '';
  const error = query.get('error') ? 'true' : undefined;
  const min = query.get('min') ?? '';
  const text = query.get('filter') ?? '';
  const words = useMemo(() => parseFilter(text), [text]);
  const unanswered = unansweredByTraces(words);
  const filter = { service: service || undefined, error, minDuration: min || undefined };
  const limit = words.terms.length > 0 ? filteredLimit : listLimit;
  const list = useCall('listTraces', { query: { ...filter, limit } }, refreshMs);
  const traces = useMemo(() => list.data?.traces.filter(compileTraceFilter(words)) ?? null, [list.data, words]);
  const seen = useCallback(() => seenInTraces(list.data?.traces ?? []), [list.data]);
  const selected = rest[0] || null;
  const held = useHeldList(
    traces,
    pointed || scrolled || paused || selected !== null,
    JSON.stringify({ ...filter, text }),
    (trace) => trace.traceId,
  );
  const filterQuery = { filter: text || undefined, service: service || undefined, error, min: min || undefined };
  const close = () => router.navigate('traces', filterQuery);
  useCommands([
    {
      id: 'traces.close',
      title: 'Close the trace',
      group: 'This screen',
      keys: 'Escape',
      when: () => selected !== null,
      run: close,
    },
  ]);
  return (
    <div className="screen">
      <Toolbar title="Traces">
        <FilterBar
          text={text}
          filter={words}
          onChange={(next) => router.setQuery({ filter: next || null })}
          seen={seen}
          label="Filter the traces"
          placeholder="ms>200   status>=500   dest:ratings"
          testId="traces-filter"
        />
        <Select
          label="Service"
          value={service}
          options={[{ value: '', label: 'All services' }, ...services.map((name) => ({ value: name, label: name }))]}
          onChange={(value) => router.setQuery({ service: value })}
        />
        <Select
          label="Shortest"
          value={min}
          options={[...new Set([...durations, min])].map((value) => ({
            value,
            label: value ? `${value.replace(/(\d)([a-z])/, '$1 $2')} or longer` : 'Any length',
          }))}
          onChange={(value) => router.setQuery({ min: value })}
        />
        <Switch checked={error !== undefined} onChange={(checked) => router.setQuery({ error: checked ? 'true' : undefined })}>
          Only with errors
        </Switch>
        {held.waiting > 0 && (
          <Button
            size="small"
            data-testid="traces-waiting"
            onClick={() => {
              held.release();
              setTopToken(topToken + 1);
            }}
          >
            ↑ {formatCount(held.waiting)}
            {held.waiting >= listLimit ? ' or more' : ''} new
          </Button>
        )}
      </Toolbar>
      {(words.terms.length > 0 || words.problems.length > 0) && (
        <div className="traces-explained" role="status">
          {words.problems[0] ? (
            <span className="tone-bad tone-text">✖ {words.problems[0].message}</span>
          ) : (
            <span>Traces: {describeFilter(answeredByTraces(words)) || 'all'}</span>
          )}
          {unanswered.length > 0 && (
            <a href={hrefTo('requests', { filter: text })}>{unanswered.join(', ')}: only single requests know it. Show them</a>
          )}
          <span className="grow" />
          <span className="num">
            {formatCount(held.shown?.length ?? 0)} of the latest {formatCount(list.data?.traces.length ?? 0)}
          </span>
        </div>
      )}
      <div className={selected ? 'traces-split' : 'traces-whole'}>
        <section
          className="traces-list"
          aria-label="Traces"
          onPointerEnter={() => setPointed(true)}
          onPointerLeave={() => setPointed(false)}
        >
          <TraceList
            traces={held.shown}
            error={list.error}
            filtered={Boolean(service || error || min || text)}
            narrow={selected !== null}
            selected={selected}
            topToken={topToken}
            onScrolled={setScrolled}
            onOpen={(traceId) => router.navigate(`traces/${traceId}`, filterQuery, { replace: selected !== null })}
          />
        </section>
        {selected && <TraceView key={selected} traceId={selected} onClose={close} />}
      </div>
    </div>
  );
}

function TraceList(props: {
  traces: readonly TraceSummary[] | null;
  error: string | null;
  filtered: boolean;
  narrow: boolean;
  selected: string | null;
  topToken: number;
  onScrolled: (scrolled: boolean) => void;
  onOpen: (traceId: string) => void;
}) {
  const { traces, error, narrow, selected } = props;
  if (error && !traces) return <ErrorState title="The traces cannot be read" message={error} />;
  if (!traces) return <Skeleton lines={8} />;
  if (traces.length === 0) return <NoTraces filtered={props.filtered} />;
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
      onSelect={(trace) => props.onOpen(trace.traceId)}
      rowTestId="trace-row"
    />
  );
}

function NoTraces({ filtered }: { filtered: boolean }) {
  const router = useRouter();
  const registry = useCommandRegistry();
  const status = useStatus();
  if (filtered) {
    return (
      <EmptyState
        icon={Waypoints}
        title="No trace matches"
        actions={<Button onClick={() => router.navigate('traces')}>Show all traces</Button>}
      >
        Nothing among the kept traces meets this filter.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={Waypoints}
      title="No traces yet"
      actions={
        testTarget(status) !== null && (
          <Button variant="primary" icon={<Send size={13} />} onClick={() => registry.run(sendTestRequest)}>
            Send a test request
          </Button>
        )
      }
    >
      <p>
        Traffic makes traces by itself; apps must forward <span className="mono">traceparent</span> for their calls to join the
        trace of the request that caused them.
      </p>
      <OtlpEnvironment />
    </EmptyState>
  );
}

/** What an app with an OpenTelemetry SDK needs to be told, so that its own spans, logs and metrics come too. */
function OtlpEnvironment() {
  const status = useStatus();
  if (!status?.otlp.http) return null;
  const service = status.services[0]?.name ?? 'orders';
  return (
    <div className="traces-otlp">
      <p>Spans, logs and metrics of an app itself come with an OpenTelemetry SDK and two lines in its environment:</p>
      <Code text={`OTEL_EXPORTER_OTLP_ENDPOINT=${status.otlp.http}\nOTEL_SERVICE_NAME=${service} OTEL_LOGS_EXPORTER=otlp`} />
    </div>
  );
}

function columnsFor(traces: readonly TraceSummary[], narrow: boolean): Column<TraceSummary>[] {
  const longest = Math.max(0.001, ...traces.map((trace) => trace.durationMs));
  const all: Column<TraceSummary>[] = [
    { id: 'time', title: 'Time', width: '88px', cell: (t) => <span className="num soft">{formatClock(t.start)}</span> },
    {
      id: 'root',
      title: 'Starts with',
      width: 'minmax(150px, 1.3fr)',
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
            style={{ width: `max(2px, ${(t.durationMs / longest) * 100}%)` }}
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

function Outcome({ trace }: { trace: TraceSummary }) {
  const { status, errors, faults } = trace;
  const own = ownOutcome(trace);
  return (
    <span className="num trace-outcome">
      <span className={`tone-${own.tone} tone-text`} title={own.title}>
        {own.text}
      </span>
      {errors > 0 && status < 500 && (
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

function ownOutcome({ status, rootName }: TraceSummary): { tone: Tone; text: string; title: string } {
  if (status >= 500) return { tone: 'bad', text: `✖ ${status}`, title: 'it failed' };
  if (status > 0) return { tone: 'ok', text: `✓ ${status}`, title: 'it was answered' };
  if (rootName.startsWith('tcp ')) return { tone: 'ok', text: '✓ tcp', title: 'a TCP connection' };
  return { tone: 'neutral', text: '◌ open', title: 'no response yet, or the client left before one' };
}
