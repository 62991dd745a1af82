import { RotateCw, X } from 'lucide-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import { type CauseShare, findCriticalPath, type Segment, summarizeCauses } from '../../../proxy/api/critical-path.ts';
import type { TraceLog } from '../../../proxy/api/log.schema.ts';
import type { Span, Trace } from '../../../proxy/api/observability.schema.ts';
import { linkSpans, orderRows } from '../../../proxy/api/span-tree.ts';
import { hrefTo } from '../../app/router.ts';
import { useCommands } from '../../commands/registry.ts';
import { useCall } from '../../engine/use-engine.ts';
import {
  Button,
  CopyButton,
  ErrorState,
  Facts,
  formatClock,
  formatMs,
  formatShare,
  IconButton,
  KeyHint,
  plural,
  Skeleton,
  Switch,
} from '../../ui/index.ts';
import { spanOfLog, unfoldTo } from './log-words.ts';
import { LogDetail, TraceLogs } from './trace-logs.tsx';
import { causeWords, colourServices, describeShare } from './trace-words.ts';
import { Waterfall } from './waterfall.tsx';

const CompareDialog = lazy(() => import('./compare-dialog.tsx'));

export function TraceView({ traceId, onClose }: { traceId: string; onClose: () => void }) {
  const { data, error, reload } = useCall('getTrace', { params: { id: traceId } });
  return (
    <aside className="trace-view" data-testid="trace-waterfall" aria-label={`Trace ${traceId}`}>
      {data ? (
        // Other spans have other places: what was chosen among them is no longer what it was.
        <LoadedTrace key={data.spans.length} trace={data} onReload={reload} onClose={onClose} />
      ) : error ? (
        <>
          <header className="trace-head">
            <h2 className="grow">Trace</h2>
            <IconButton label="Close" keys="Escape" icon={<X size={15} />} onClick={onClose} />
          </header>
          <ErrorState title="This trace cannot be read" message={error} onRetry={reload} />
        </>
      ) : (
        <Skeleton lines={8} />
      )}
    </aside>
  );
}

function LoadedTrace({ trace, onReload, onClose }: { trace: Trace; onReload: () => void; onClose: () => void }) {
  const [showMesh, setShowMesh] = useState(true);
  const [showCritical, setShowCritical] = useState(true);
  const [comparing, setComparing] = useState(false);
  const [chosen, setChosen] = useState<number | null>(null);
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const [showLogs, setShowLogs] = useState(true);
  const [log, setLog] = useState<TraceLog | null>(null);
  const logs = trace.logs ?? [];
  const nodes = useMemo(() => linkSpans(trace.spans), [trace]);
  const path = useMemo(() => findCriticalPath(nodes, trace.durationMs), [nodes, trace]);
  const causes = useMemo(() => summarizeCauses(nodes, path), [nodes, path]);
  const critical = useMemo(() => groupBySpan(path), [path]);
  const rows = useMemo(() => orderRows(nodes, showMesh, folded), [nodes, showMesh, folded]);
  const colourOf = useMemo(() => colourServices(trace.spans.map((span) => span.service)), [trace]);
  const fold = (index: number, fold: boolean) => {
    const next = new Set(folded);
    if (fold) next.add(index);
    else next.delete(index);
    setFolded(next);
  };
  const choose = (index: number | null) => {
    setChosen(index);
    setLog(null);
  };
  const chooseLog = (next: TraceLog) => {
    const index = spanOfLog(nodes, next);
    setLog(next);
    setChosen(index);
    if (index !== null) setFolded(unfoldTo(nodes, index, folded));
  };
  useCommands([
    {
      id: 'traces.logs',
      title: showLogs ? 'Hide the logs' : 'Show the logs',
      group: 'This screen',
      keys: 'l',
      when: () => logs.length > 0,
      run: () => setShowLogs(!showLogs),
    },
    { id: 'traces.reload', title: 'Read the trace again', group: 'This screen', icon: RotateCw, run: onReload },
    {
      id: 'traces.mesh',
      title: showMesh ? 'Fold mesh spans away' : 'Show mesh spans',
      group: 'This screen',
      keys: 'm',
      run: () => setShowMesh(!showMesh),
    },
    {
      id: 'traces.critical',
      title: showCritical ? 'Hide the critical path' : 'Show the critical path',
      group: 'This screen',
      keys: 'c',
      run: () => setShowCritical(!showCritical),
    },
    { id: 'traces.compare', title: 'Compare with another trace', group: 'This screen', keys: 'b', run: () => setComparing(true) },
  ]);
  const selected = chosen === null ? undefined : nodes[chosen];
  const left = trace.spans.length - rows.length;
  return (
    <>
      <header className="trace-head">
        <div className="grow">
          <h2 className="num">
            {formatMs(trace.durationMs)} · {plural(trace.spans.length, 'span')}
            {left > 0 && folded.size === 0 && <span className="muted"> · {left} of the mesh folded away</span>}
          </h2>
          <div className="row soft">
            <span className="num">{formatClock(trace.start)}</span> <span className="mono truncate">{trace.traceId}</span>
            <CopyButton text={trace.traceId} label="Copy the trace id" />
          </div>
        </div>
        <div className="trace-tools">
          <Switch checked={showMesh} onChange={setShowMesh}>
            Mesh <KeyHint keys="m" />
          </Switch>
          <Switch checked={showCritical} onChange={setShowCritical}>
            Critical path <KeyHint keys="c" />
          </Switch>
          {logs.length > 0 && (
            <Switch checked={showLogs} onChange={setShowLogs}>
              Logs <KeyHint keys="l" />
            </Switch>
          )}
          <Button size="small" keys="b" data-testid="trace-compare" onClick={() => setComparing(true)}>
            Compare…
          </Button>
        </div>
        <div className="row">
          <IconButton label="Read it again: late spans and logs" icon={<RotateCw size={14} />} onClick={onReload} />
          <IconButton label="Close" keys="Escape" icon={<X size={15} />} onClick={onClose} />
        </div>
      </header>
      <LostContext trace={trace} />
      <Causes causes={causes} durationMs={trace.durationMs} />
      <Waterfall
        rows={rows}
        durationMs={trace.durationMs}
        critical={showCritical ? critical : null}
        colourOf={colourOf}
        selected={chosen}
        onSelect={choose}
        onFold={fold}
      />
      {showLogs && logs.length > 0 && (
        <TraceLogs logs={logs} spanId={selected?.span.spanId ?? ''} chosen={log} onChoose={chooseLog} />
      )}
      <Suspense>{comparing && <CompareDialog trace={trace} onClose={() => setComparing(false)} />}</Suspense>
      {log ? (
        <LogDetail log={log} onClose={() => setLog(null)} />
      ) : (
        selected && <SpanDetail span={selected.span} onClose={() => choose(null)} />
      )}
    </>
  );
}

/** An app that drops the trace headers breaks its traces here and in production: say which, and what was done about it. */
function LostContext({ trace }: { trace: Trace }) {
  const lost = trace.contextLost ?? [];
  const { continues } = trace;
  if (lost.length === 0 && !continues) return null;
  return (
    <section className="trace-lost" data-testid="context-lost" aria-label="Trace context lost">
      {continues && (
        <p>
          <span aria-hidden="true">┄</span> Made while <b>{continues.service}</b> answered{' '}
          <a href={hrefTo('traces', { id: continues.traceId })}>another trace</a>
          {continues.by === 'timing' ? ', by timing.' : ', by its x-request-id.'}
        </p>
      )}
      {lost.map(({ service, calls, linked }) => (
        <p key={service}>
          <span aria-hidden="true">▲</span> <b>Context lost in {service}:</b> {plural(calls, 'call')} sent without the trace
          headers it had received. {linked === calls ? 'Drawn dotted where' : `${linked} of ${calls} drawn dotted where`} it is
          known what for. Let {service} copy <code>traceparent</code>, <code>tracestate</code> and <code>x-request-id</code>.
        </p>
      ))}
    </section>
  );
}

/** Where the time went, as one bar and in words; the parts add up to the trace's length. */
function Causes({ causes, durationMs }: { causes: readonly CauseShare[]; durationMs: number }) {
  if (durationMs <= 0) return null;
  return (
    <section className="trace-causes" data-testid="trace-causes" aria-label="Where the time went">
      <div className="trace-causes-bar" aria-hidden="true">
        {causes.map((share) => (
          <i
            key={describeShare(share)}
            className={`tone-${causeWords[share.cause].tone}`}
            data-cause={share.cause}
            style={{ flexGrow: share.ms }}
          />
        ))}
      </div>
      <ul className="num">
        {causes.map((share) => (
          <li key={describeShare(share)} title={causeWords[share.cause].explain}>
            <span className={`tone-${causeWords[share.cause].tone} tone-text`} aria-hidden="true">
              {causeWords[share.cause].glyph}
            </span>{' '}
            {describeShare(share)} <b>{formatMs(share.ms)}</b> <span className="muted">{formatShare(share.ms / durationMs)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function SpanDetail({ span, onClose }: { span: Span; onClose: () => void }) {
  const attributes = Object.entries(span.attributes).filter(([, value]) => value !== '');
  return (
    <section className="trace-span" data-testid="span-detail" aria-label={span.name}>
      <div className="row">
        <h3 className="grow truncate">
          {span.service} · {span.name}
        </h3>
        {span.exchangeId && <a href={hrefTo('requests', { id: span.exchangeId })}>Exchange</a>}
        <IconButton label="Close the span" size="small" icon={<X size={14} />} onClick={onClose} />
      </div>
      <Facts
        rows={[
          ['Made by', span.mesh ? '▨ the sidecar' : '● the app'],
          ['Starts', `${formatMs(span.startMs)} into the trace`],
          ['Took', formatMs(span.durationMs)],
          ['Outcome', span.error ? '✖ failed' : ''],
          ['Happened', span.events.map((event) => `${event.name} (at ${formatMs(event.atMs)})`).join(', ')],
          ['Span id', mono(span.spanId)],
          ['Parent', span.parentSpanId && mono(span.parentSpanId)],
          ...attributes.map(([name, value]) => [name, mono(attributeText(value))] as const),
        ]}
      />
    </section>
  );
}

const attributeText = (value: string | number | boolean): string =>
  typeof value === 'number' ? String(Math.round(value * 1000) / 1000) : String(value);
const mono = (text: string) => <span className="mono">{text}</span>;

function groupBySpan(path: readonly Segment[]): Map<number, Segment[]> {
  const bySpan = new Map<number, Segment[]>();
  for (const segment of path) {
    const known = bySpan.get(segment.index);
    if (known === undefined) bySpan.set(segment.index, [segment]);
    else known.push(segment);
  }
  return bySpan;
}
