import { useMemo, useState } from 'react';
import type { Trace } from '../../../proxy/api/observability.schema.ts';
import { useCall } from '../../engine/use-engine.ts';
import { Dialog, ErrorState, Field, formatClock, formatMs, Select, Skeleton, Switch, Table } from '../../ui/index.ts';
import { compareTraces } from './compare-traces.ts';

/** This trace (A) beside another (B), span by span with what became slower. */
export default function CompareDialog({ trace, onClose }: { trace: Trace; onClose: () => void }) {
  const list = useCall('listTraces', { query: { limit: 200 } });
  const own = list.data?.traces.find(({ traceId }) => traceId === trace.traceId);
  const others = (list.data?.traces ?? []).filter(({ traceId }) => traceId !== trace.traceId);
  const alike = others.filter((one) => !own || (one.rootService === own.rootService && one.rootName === own.rootName));
  const offered = alike.length > 0 ? alike : others;
  const [chosen, setChosen] = useState('');
  const other = chosen || offered[0]?.traceId || '';
  const { data, error, reload } = useCall('getTrace', other ? { params: { id: other } } : null);
  const [showMesh, setShowMesh] = useState(false);
  const rows = useMemo(() => (data ? compareTraces(trace.spans, data.spans, showMesh) : []), [trace, data, showMesh]);
  return (
    <Dialog open onClose={onClose} size="wide" title="Compare two traces">
      <div className="col trace-compare">
        <Field label={`A took ${formatMs(trace.durationMs)}. B is`}>
          {(ids) => (
            <Select
              id={ids.id}
              value={other}
              options={offered.map((one) => ({
                value: one.traceId,
                label: `${formatClock(one.start)} · ${one.rootService} ${one.rootName} · ${formatMs(one.durationMs)}${one.errors > 0 ? ' · ✖' : ''}`,
              }))}
              onChange={setChosen}
            />
          )}
        </Field>
        <Switch checked={showMesh} onChange={setShowMesh}>
          Spans of the mesh too
        </Switch>
        {list.data && other === '' ? (
          <p className="muted">There is no other trace to compare with yet.</p>
        ) : error ? (
          <ErrorState title="The other trace cannot be read" message={error} onRetry={reload} />
        ) : !data ? (
          <Skeleton lines={6} />
        ) : (
          <div className="trace-compare-rows">
            <Table
              label="Spans of A and B"
              rows={rows}
              keyOf={(row) => row.key}
              rowTestId="compare-row"
              columns={[
                {
                  id: 'span',
                  title: 'Span',
                  cell: ({ depth, span }) => (
                    <span style={{ paddingLeft: depth * 14 }}>
                      <span aria-hidden="true">{span.mesh ? '▨' : '●'}</span> <b>{span.service}</b>{' '}
                      <span className="mono soft">{span.name}</span>
                    </span>
                  ),
                },
                { id: 'a', title: 'A', align: 'end', width: '86px', cell: ({ a }) => formatMs(a) },
                { id: 'b', title: 'B', align: 'end', width: '86px', cell: ({ b }) => formatMs(b) },
                { id: 'delta', title: 'B − A', align: 'end', width: '110px', cell: ({ a, b }) => <Delta a={a} b={b} /> },
              ]}
            />
          </div>
        )}
      </div>
    </Dialog>
  );
}

function Delta({ a, b }: { a: number | null; b: number | null }) {
  if (a === null) return <span className="tone-info tone-text">only in B</span>;
  if (b === null) return <span className="tone-info tone-text">only in A</span>;
  const by = b - a;
  if (Math.abs(by) < 0.5) return <span className="muted">≈ same</span>;
  return (
    <span className={`tone-${by > 0 ? 'warn' : 'ok'} tone-text`}>{`${by > 0 ? '▲ +' : '▼ −'}${formatMs(Math.abs(by))}`}</span>
  );
}
