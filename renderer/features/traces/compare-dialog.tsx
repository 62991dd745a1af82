import { useMemo, useState } from 'react';
import type { Trace, TraceSummary } from '../../../proxy/api/observability.schema.ts';
import { useCall } from '../../engine/use-engine.ts';
import { Dialog, ErrorState, Field, formatClock, formatMs, Select, Skeleton, Switch } from '../../ui/index.ts';
import { CompareCauses } from './compare-causes.tsx';
import { CompareRows } from './compare-rows.tsx';
import { compareTraces, differenceOf } from './compare-traces.ts';

export interface CompareDialogProps {
  trace: Trace;
  /** Id of the other trace; '' takes the latest one like this. */
  other: string;
  onOther: (traceId: string) => void;
  onClose: () => void;
}

/** Of the trace that is compared. */
const waterfall = () => document.querySelector<HTMLElement>('.wf');

/** This trace (A) beside another (B): how long, by which cause, and span by span. */
export default function CompareDialog({ trace, other, onOther, onClose }: CompareDialogProps) {
  const list = useCall('listTraces', { query: { limit: 200 } });
  const offered = useMemo(() => offer(list.data?.traces ?? [], trace.traceId), [list.data, trace.traceId]);
  const chosen = other || offered[0]?.traceId || '';
  const { data, error, reload } = useCall('getTrace', chosen ? { params: { id: chosen } } : null);
  const options = offered.map((one) => ({ value: one.traceId, label: describeOffer(one) }));
  if (chosen && !options.some(({ value }) => value === chosen)) options.unshift({ value: chosen, label: `trace ${chosen}` });
  return (
    <Dialog open onClose={onClose} size="wide" title="Compare two traces" returnFocus={waterfall}>
      <div className="col trace-compare">
        <Field label={`A is this trace, ${formatMs(trace.durationMs)} at ${formatClock(trace.start)}. B is`}>
          {(ids) => <Select id={ids.id} value={chosen} options={options} onChange={onOther} />}
        </Field>
        {list.data && chosen === '' ? (
          <p className="muted">There is no other trace to compare with yet.</p>
        ) : error ? (
          <ErrorState title="The other trace cannot be read" message={error} onRetry={reload} />
        ) : data ? (
          <Compared a={trace} b={data} />
        ) : (
          <Skeleton lines={6} />
        )}
      </div>
    </Dialog>
  );
}

/** Those that began with the same call first. */
function offer(traces: readonly TraceSummary[], traceId: string): TraceSummary[] {
  const own = traces.find((one) => one.traceId === traceId);
  const others = traces.filter((one) => one.traceId !== traceId);
  const isAlike = (one: TraceSummary) =>
    own !== undefined && one.rootService === own.rootService && one.rootName === own.rootName;
  return [...others.filter(isAlike), ...others.filter((one) => !isAlike(one))];
}

const describeOffer = ({ start, rootService, rootName, durationMs, errors }: TraceSummary): string =>
  `${formatClock(start)} · ${rootService} ${rootName} · ${formatMs(durationMs)}${errors > 0 ? ' · ✖' : ''}`;

function Compared({ a, b }: { a: Trace; b: Trace }) {
  const [showMesh, setShowMesh] = useState(false);
  const [onlyDifferent, setOnlyDifferent] = useState(false);
  const all = useMemo(() => compareTraces(a.spans, b.spans, showMesh), [a, b, showMesh]);
  const different = useMemo(() => all.filter((row) => differenceOf(row) !== 'same'), [all]);
  return (
    <>
      <CompareCauses a={a} b={b} />
      <div className="row trace-compare-switches">
        <Switch checked={showMesh} onChange={setShowMesh}>
          Spans of the mesh too
        </Switch>
        <Switch checked={onlyDifferent} onChange={setOnlyDifferent}>
          Only what differs
        </Switch>
        <span className="grow" />
        <span className="num muted">
          {different.length} of {all.length} differ
        </span>
      </div>
      <CompareRows rows={onlyDifferent ? different : all} longestMs={Math.max(a.durationMs, b.durationMs)} />
    </>
  );
}
