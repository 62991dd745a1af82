import { ArrowDown, ArrowUp, History } from 'lucide-react';
import type { RunSummary } from '../../../proxy/api/runs.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { FirstTraffic } from '../../commands/first-traffic.tsx';
import { useCommands } from '../../commands/registry.ts';
import { useCall } from '../../engine/use-engine.ts';
import { EmptyState, ErrorState, Notice, Panel, plural, Segments, Select, Skeleton, Toolbar } from '../../ui/index.ts';
import { FindField, useFind } from '../find-field.tsx';
import { ComparedEdges, RunEdges } from './edge-table.tsx';
import { RunList } from './run-list.tsx';
import { RunTotals } from './run-totals.tsx';
import { caveatsOf, enoughRequests, isPresent, judgeEdge, nameOf, summarize } from './run-words.ts';
import './runs.css';

const refreshMs = 2000;

/**
 * The runs of the mesh: one by itself, or held against another, rate, errors and latency of every edge side by side.
 * `#/runs?before=<run>&after=<run>&show=changed&find=<words>`; `before=current` shows the present one alone, `after=none` any other.
 */
export default function RunsScreen() {
  const { query } = useRoute();
  const router = useRouter();
  const { paused } = usePreferences();
  const { data, error, reload } = useCall('listRuns', {}, paused ? undefined : refreshMs);
  const runs = data?.runs ?? [];
  const chosen = query.get('before') ?? previousOf(runs)?.id ?? 'current';
  const asked = query.get('after') ?? 'current';
  const alone = asked === 'none' || asked === chosen;
  const choose = (id: string) => router.setQuery({ before: id });
  const step = (by: number) => {
    const ids = runs.map((run) => (isPresent(run) ? 'current' : run.id));
    const next = ids[ids.indexOf(chosen) + by];
    if (next) choose(next);
  };
  useCommands([
    { id: 'runs.next', title: 'Next run', group: 'This screen', icon: ArrowDown, keys: 'j', run: () => step(1) },
    { id: 'runs.previous', title: 'Previous run', group: 'This screen', icon: ArrowUp, keys: 'k', run: () => step(-1) },
  ]);
  return (
    <div className="screen runs">
      <Toolbar title="Runs">
        {runs.length > 1 && <Against runs={runs} chosen={chosen} after={alone ? 'none' : asked} />}
        <div className="grow" />
        {data && <EdgeFilter compared={!alone} />}
      </Toolbar>
      {error && !data ? (
        <ErrorState title="The runs cannot be read" message={error} onRetry={reload} />
      ) : !data ? (
        <Skeleton lines={6} />
      ) : (
        <div className="runs-split">
          <RunList runs={runs} chosen={chosen} onChoose={choose} />
          {alone ? <OneRun id={chosen} runs={runs} /> : <Comparison before={chosen} after={asked} />}
        </div>
      )}
    </div>
  );
}

/** What the present is held against unless somebody chooses: the last run of this mesh, else of any. */
function previousOf(runs: readonly RunSummary[]): RunSummary | undefined {
  const mesh = runs.find(isPresent)?.mesh;
  const kept = runs.filter((run) => !isPresent(run));
  return kept.find((run) => run.mesh === mesh) ?? kept[0];
}

function Against({ runs, chosen, after }: { runs: readonly RunSummary[]; chosen: string; after: string }) {
  const router = useRouter();
  const others = runs
    .map((run) => ({ value: isPresent(run) ? 'current' : run.id, label: nameOf(run) }))
    .filter(({ value }) => value !== chosen);
  const shown = runs.find((run) => (isPresent(run) ? 'current' : run.id) === chosen);
  return (
    <div className="runs-against">
      <span className="soft">{shown ? nameOf(shown) : 'A run'} held against</span>
      <Select
        label="Held against"
        value={after}
        onChange={(value) => router.setQuery({ after: value })}
        options={[...others, { value: 'none', label: 'nothing: alone' }]}
      />
    </div>
  );
}

function EdgeFilter({ compared }: { compared: boolean }) {
  const { query } = useRoute();
  const router = useRouter();
  return (
    <>
      {compared && (
        <Segments
          label="Edges shown"
          value={query.get('show') === 'changed' ? 'changed' : 'all'}
          options={[
            { value: 'all', label: 'All edges' },
            { value: 'changed', label: 'Changed', title: 'Worse, better, new and gone ones' },
          ]}
          onChange={(show) => router.setQuery({ show: show === 'all' ? null : show })}
        />
      )}
      <FindField label="Find an edge by its services" placeholder="Find an edge" />
    </>
  );
}

function OneRun({ id, runs }: { id: string; runs: readonly RunSummary[] }) {
  const { paused } = usePreferences();
  const { data, error, reload } = useCall('getRun', { params: { id } }, id === 'current' && !paused ? refreshMs : undefined);
  const find = useFind();
  if (error && !data) return <ErrorState title="This run cannot be read" message={error} onRetry={reload} />;
  if (!data) return <Skeleton lines={8} />;
  const shown = data.edges.filter(({ id: edge }) => find(edge));
  return (
    <div className="screen-scroll runs-body">
      {runs.length === 1 && (
        <Notice tone="info">
          There is no earlier run to compare with yet. When the engine has been stopped and started again, what happens then is
          held against this run here, edge by edge.
        </Notice>
      )}
      <Caution runs={[data]} mesh={runs.find(isPresent)?.mesh ?? data.mesh} />
      <RunTotals before={null} run={data} />
      <Panel title="Edges" hint={shown.length < data.edges.length ? `${shown.length} of ${data.edges.length}` : undefined} flush>
        {data.edges.length === 0 ? (
          <EmptyState icon={History} title="No request in this run yet" actions={id === 'current' && <FirstTraffic />}>
            Send some traffic and it appears here.
          </EmptyState>
        ) : shown.length === 0 ? (
          <EmptyState title="No edge is called that" />
        ) : (
          <div className="runs-table">
            <RunEdges run={data} edges={shown} />
          </div>
        )}
      </Panel>
    </div>
  );
}

function Comparison({ before, after }: { before: string; after: string }) {
  const { paused } = usePreferences();
  const { query } = useRoute();
  const live = (before === 'current' || after === 'current') && !paused;
  const args = { params: { id: before }, query: { with: after } };
  const { data, error, reload } = useCall('compareRuns', args, live ? refreshMs : undefined);
  const find = useFind();
  if (error && !data) return <ErrorState title="These runs cannot be compared" message={error} onRetry={reload} />;
  if (!data) return <Skeleton lines={8} />;
  const onlyChanged = query.get('show') === 'changed';
  const shown = data.edges.filter((edge) => find(edge.id) && (!onlyChanged || isChanged(edge)));
  const hidden = data.edges.length - shown.length;
  return (
    <div className="screen-scroll runs-body">
      <Caution runs={[data.before, data.after]} mesh={data.after.mesh} />
      <RunTotals before={data.before} run={data.after} />
      <Panel title="Edges" hint={`${summarize(data.edges)}${hidden > 0 ? ` · ${plural(hidden, 'edge')} not shown` : ''}`} flush>
        {data.edges.length === 0 ? (
          <EmptyState title="No requests in either run">Send some traffic and it appears here.</EmptyState>
        ) : shown.length === 0 ? (
          <EmptyState title={onlyChanged ? 'No edge has changed' : 'No edge is called that'} />
        ) : (
          <div className="runs-table">
            <ComparedEdges after={data.after} edges={shown} />
          </div>
        )}
      </Panel>
      <p className="runs-legend soft">
        Worse and better: errors by more than one point, else p95 by more than 20 %. Percentiles are those of the whole run; below{' '}
        {enoughRequests} requests they say little.
      </p>
    </div>
  );
}

const isChanged = ({ before, after }: { before: Parameters<typeof judgeEdge>[0]; after: Parameters<typeof judgeEdge>[1] }) =>
  !['same', 'few'].includes(judgeEdge(before, after).verdict);

/** What makes the numbers mean less than they seem to, in words. */
function Caution({ runs, mesh }: { runs: readonly RunSummary[]; mesh: string }) {
  const cautions = runs.flatMap((run) => caveatsOf(run, mesh).map(({ explain }) => `${nameOf(run)}: ${explain}`));
  if (cautions.length === 0) return null;
  return (
    <Notice tone="warn">
      {cautions.map((caution) => (
        <div key={caution}>{caution}</div>
      ))}
    </Notice>
  );
}
