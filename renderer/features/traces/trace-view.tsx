import { X } from 'lucide-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import type { TraceLog } from '../../../proxy/api/log.schema.ts';
import type { Trace } from '../../../proxy/api/observability.schema.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import { ErrorState, IconButton, Skeleton } from '../../ui/index.ts';
import { saveText } from '../../ui/save-text.ts';
import { spanOfLog, unfoldTo } from './log-words.ts';
import { SpanDetail } from './span-detail.tsx';
import { TraceCauses } from './trace-causes.tsx';
import { TraceHead } from './trace-head.tsx';
import { LogDetail, TraceLogs } from './trace-logs.tsx';
import { LostContext } from './trace-notices.tsx';
import { useTraceModel } from './use-trace-model.ts';
import { useTraceCommands, useTraceSwitches } from './use-trace-switches.ts';
import { Waterfall } from './waterfall.tsx';

const CompareDialog = lazy(() => import('./compare-dialog.tsx'));

/** What goes on is read again; late spans of a finished one come with the button. */
const openRefreshMs = 2000;
/** The address follows a selection that stays: browsers refuse to be given a new one at every press of an arrow key. */
const addressMs = 400;

/** One trace as a waterfall, with where its time went, its logs and the span that is chosen: `#/traces/<id>?span=<span id>&compare=<id>` */
export function TraceView({ traceId, onClose }: { traceId: string; onClose: () => void }) {
  const [open, setOpen] = useState(false);
  const { data, error, reload } = useCall('getTrace', { params: { id: traceId } }, open ? openRefreshMs : undefined);
  const goesOn = data?.spans.some((span) => span.open) ?? false;
  useEffect(() => setOpen(goesOn), [goesOn]);
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
  const { query } = useRoute();
  const router = useRouter();
  const switches = useTraceSwitches();
  const model = useTraceModel(trace, switches.mesh);
  const { nodes, rows } = model;
  const [chosen, setChosen] = useState<number | null>(() => placeOf(trace, query.get('span')));
  const [log, setLog] = useState<TraceLog | null>(null);
  const logs = trace.logs ?? [];
  const selected = chosen === null ? undefined : nodes[chosen];
  useSpanInAddress(selected?.span.spanId ?? '');
  const asked = query.get('span');
  // biome-ignore lint/correctness/useExhaustiveDependencies: a link into this trace, not a selection that is on its way to the address.
  useEffect(() => {
    if (asked && asked !== selected?.span.spanId) setChosen(placeOf(trace, asked));
  }, [asked]);
  const choose = (index: number | null) => {
    setChosen(index);
    setLog(null);
  };
  const chooseLog = (next: TraceLog) => {
    const index = spanOfLog(nodes, next);
    setLog(next);
    setChosen(index);
    if (index !== null) model.setFolded(unfoldTo(nodes, index, model.folded));
  };
  const compareWith = query.get('compare');
  const actions = {
    onCompare: () => router.setQuery({ compare: 'choose' }),
    onDownload: () => saveText(`trace-${trace.traceId}.json`, JSON.stringify(trace, null, 2), 'application/json'),
    onReload,
  };
  useTraceCommands({ switches, hasLogs: logs.length > 0, ...actions });
  const away = model.folded.size === 0 ? trace.spans.length - rows.length : 0;
  return (
    <>
      <TraceHead trace={trace} switches={switches} away={away} hasLogs={logs.length > 0} {...actions} onClose={onClose} />
      <LostContext trace={trace} />
      <TraceCauses causes={model.causes} durationMs={trace.durationMs} />
      <Waterfall
        rows={rows}
        durationMs={trace.durationMs}
        critical={switches.critical ? model.critical : null}
        colourOf={model.colourOf}
        selected={chosen}
        onSelect={choose}
        onFold={model.fold}
      />
      {switches.logs && logs.length > 0 && (
        <TraceLogs logs={logs} spanId={selected?.span.spanId ?? ''} chosen={log} onChoose={chooseLog} />
      )}
      <Suspense>
        {compareWith && (
          <CompareDialog
            trace={trace}
            other={compareWith === 'choose' ? '' : compareWith}
            onOther={(id) => router.setQuery({ compare: id })}
            onClose={() => router.setQuery({ compare: null })}
          />
        )}
      </Suspense>
      {log ? (
        <LogDetail log={log} onClose={() => setLog(null)} />
      ) : (
        selected && <SpanDetail node={selected} parent={nodes[selected.parent]?.span} onClose={() => choose(null)} />
      )}
    </>
  );
}

function placeOf(trace: Trace, spanId: string | null): number | null {
  const place = spanId ? trace.spans.findIndex((span) => span.spanId === spanId) : -1;
  return place < 0 ? null : place;
}

function useSpanInAddress(spanId: string): void {
  const router = useRouter();
  useEffect(() => {
    const timer = setTimeout(() => {
      if ((router.route.get().query.get('span') ?? '') !== spanId) router.setQuery({ span: spanId || null });
    }, addressMs);
    return () => clearTimeout(timer);
  }, [router, spanId]);
}
