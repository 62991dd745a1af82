import { Waypoints } from 'lucide-react';
import { useState } from 'react';
import type { TraceSummary } from '../../../proxy/api/observability.schema.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { useCall, useStatus } from '../../engine/use-engine.ts';
import {
  type Column,
  EmptyState,
  ErrorState,
  formatClock,
  formatMs,
  Select,
  Skeleton,
  Switch,
  Toolbar,
  VirtualList,
} from '../../ui/index.ts';
import { TraceView } from './trace-view.tsx';
import './traces.css';

/** Where the time went: traces newest first, one of them as a waterfall. `#/traces/<traceId>` */
export default function TracesScreen() {
  const { rest, query } = useRoute();
  const router = useRouter();
  const services = (useStatus()?.services ?? []).map((s) => s.name).sort();
  const [frozen, setFrozen] = useState(false);
  const service = query.get('service') ?? '';
  const errors = query.get('error') === 'true';
  const list = useCall(
    'listTraces',
    { query: { service: service || undefined, error: errors ? 'true' : undefined, limit: 200 } },
    frozen ? undefined : 2000,
  );
  const selected = rest[0] ?? null;
  const open = (traceId: string) =>
    router.navigate(`traces/${traceId}`, { service: service || undefined, error: errors ? 'true' : undefined });
  return (
    <div className="screen">
      <Toolbar title="Traces">
        <Select
          label="Service"
          value={service}
          options={[{ value: '', label: 'All services' }, ...services.map((name) => ({ value: name, label: name }))]}
          onChange={(value) => router.setQuery({ service: value || undefined })}
        />
        <Switch checked={errors} onChange={(checked) => router.setQuery({ error: checked ? 'true' : undefined })}>
          Only with errors
        </Switch>
        <div className="grow" />
        {frozen && <span className="soft">held still while you point at it</span>}
      </Toolbar>
      <div className={selected ? 'traces-split' : 'traces-whole'}>
        <section
          className="traces-list"
          aria-label="Traces"
          onPointerEnter={() => setFrozen(true)}
          onPointerLeave={() => setFrozen(false)}
        >
          <List
            list={list.data?.traces ?? null}
            error={list.error}
            narrow={selected !== null}
            selected={selected}
            onOpen={open}
          />
        </section>
        {selected && <TraceView key={selected} traceId={selected} onClose={() => router.navigate('traces')} />}
      </div>
    </div>
  );
}

function List(props: {
  list: TraceSummary[] | null;
  error: string | null;
  narrow: boolean;
  selected: string | null;
  onOpen: (traceId: string) => void;
}) {
  const { list, error, narrow, selected, onOpen } = props;
  if (error && !list) return <ErrorState title="The traces cannot be read" message={error} />;
  if (!list) return <Skeleton lines={8} />;
  if (list.length === 0) {
    return (
      <EmptyState icon={Waypoints} title="No traces yet">
        Traffic makes traces by itself. For one trace per user action, services pass on the{' '}
        <span className="mono">traceparent</span> header.
      </EmptyState>
    );
  }
  return (
    <VirtualList
      label="Traces"
      columns={narrow ? columns.slice(0, 4) : columns}
      count={list.length}
      at={(i) => list[i]}
      keyOf={(t) => t.traceId}
      selected={selected}
      onSelect={(t) => onOpen(t.traceId)}
      rowTestId="trace-row"
    />
  );
}

const columns: Column<TraceSummary>[] = [
  { id: 'time', title: 'Time', width: '96px', cell: (t) => <span className="num soft">{formatClock(t.start)}</span> },
  {
    id: 'root',
    title: 'Starts with',
    width: 'minmax(160px, 1fr)',
    cell: (t) => (
      <span className="truncate">
        {t.rootService} <span className="mono soft">{t.rootName}</span>
      </span>
    ),
  },
  {
    id: 'duration',
    title: 'Took',
    width: '76px',
    align: 'end',
    cell: (t) => <span className="num">{formatMs(t.durationMs)}</span>,
  },
  {
    id: 'state',
    title: 'State',
    width: '92px',
    cell: (t) => (
      <span className="num">
        {t.errors > 0 ? (
          <span className="tone-bad tone-text">✖ {t.errors}</span>
        ) : (
          <span className="tone-ok tone-text">✓ {t.status}</span>
        )}
        {t.faults > 0 && <span className="tone-fault tone-text"> ⚡{t.faults}</span>}
      </span>
    ),
  },
  { id: 'spans', title: 'Spans', width: '60px', align: 'end', cell: (t) => <span className="num">{t.spans}</span> },
  {
    id: 'services',
    title: 'Services',
    width: 'minmax(160px, 1fr)',
    cell: (t) => <span className="truncate soft">{t.services.join(', ')}</span>,
  },
];
