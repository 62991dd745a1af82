import { History } from 'lucide-react';
import type { RunComparison, RunEdge, RunSummary } from '../../../proxy/api/runs.schema.ts';
import { hrefTo, useRoute, useRouter } from '../../app/router.ts';
import { useCall } from '../../engine/use-engine.ts';
import {
  EmptyState,
  ErrorState,
  formatCount,
  formatMs,
  formatRate,
  formatShare,
  Panel,
  Select,
  Skeleton,
  Table,
  Toolbar,
} from '../../ui/index.ts';
import { enoughRequests, judgeEdge, spanOf, summarize, verdictWords } from './run-words.ts';
import './runs.css';

const refreshMs = 2000;

/** One run of the mesh held against another: rate, errors and latency of every edge side by side. */
export default function RunsScreen() {
  const { query } = useRoute();
  const { data, error, reload } = useCall('listRuns', {}, refreshMs);
  const runs = data?.runs ?? [];
  const before = query.get('before') ?? runs.find((run) => run.endedAt !== null)?.id ?? '';
  const after = query.get('after') ?? 'current';
  return (
    <div className="screen runs">
      <Toolbar title="Runs">
        {runs.length > 1 && <RunPickers runs={runs} before={before} after={after} />}
        <div className="grow" />
      </Toolbar>
      {error && !data ? (
        <ErrorState title="The runs cannot be read" message={error} onRetry={reload} />
      ) : !data ? (
        <Skeleton lines={6} />
      ) : runs.length < 2 ? (
        <EmptyState icon={History} title="No earlier run to compare with">
          The last ten runs of the mesh are kept. When the engine has been stopped and started again, this page holds what happens
          now against what happened then, edge by edge.
        </EmptyState>
      ) : (
        <Comparison before={before} after={after} />
      )}
    </div>
  );
}

function RunPickers({ runs, before, after }: { runs: readonly RunSummary[]; before: string; after: string }) {
  const router = useRouter();
  const now = Date.now();
  const options = runs.map((run) => ({
    value: run.endedAt === null ? 'current' : run.id,
    label: `${run.endedAt === null ? 'This run' : run.mesh} · ${spanOf(run, now)} · ${formatCount(run.requests)} requests`,
  }));
  const pick = (name: 'before' | 'after') => (value: string) => router.setQuery({ [name]: value });
  return (
    <div className="runs-pickers">
      <Select label="Before" value={before} onChange={pick('before')} options={options} />
      <span aria-hidden="true">→</span>
      <Select label="After" value={after} onChange={pick('after')} options={options} />
    </div>
  );
}

function Comparison({ before, after }: { before: string; after: string }) {
  const { data, error, reload } = useCall('compareRuns', { params: { id: before }, query: { with: after } }, refreshMs);
  if (error && !data) return <ErrorState title="These runs cannot be compared" message={error} onRetry={reload} />;
  if (!data) return <Skeleton lines={8} />;
  return (
    <div className="screen-scroll">
      <Panel title="Edges" hint={summarize(data.edges)} flush>
        {data.edges.length === 0 ? (
          <EmptyState title="No requests in either run">Send some traffic and it appears here.</EmptyState>
        ) : (
          <EdgeTable edges={data.edges} />
        )}
      </Panel>
      <p className="runs-legend soft">
        Worse and better: errors by more than one point, else p95 by more than 20 %. Percentiles are those of the whole run; below{' '}
        {enoughRequests} requests they say little.
      </p>
    </div>
  );
}

function EdgeTable({ edges }: { edges: RunComparison['edges'] }) {
  return (
    <Table
      label="Edges of both runs"
      rows={edges}
      keyOf={(edge) => edge.id}
      rowTestId="run-edge-row"
      columns={[
        {
          id: 'edge',
          title: 'Caller → callee',
          cell: ({ id }) => <a href={hrefTo('topology', { edge: id })}>{id.replaceAll('default/', '').replace('->', ' → ')}</a>,
        },
        { id: 'verdict', title: 'Verdict', cell: (edge) => <VerdictWord before={edge.before} after={edge.after} /> },
        {
          id: 'count',
          title: 'Requests',
          align: 'end',
          cell: (edge) => <Pair {...edge} read={(one) => formatCount(one.count)} />,
        },
        {
          id: 'rate',
          title: 'Rate',
          align: 'end',
          cell: (edge) => <Pair {...edge} read={(one) => `${formatRate(one.rate)}/s`} />,
        },
        {
          id: 'errors',
          title: 'Errors',
          align: 'end',
          cell: (edge) => <Pair {...edge} read={(one) => formatShare(one.errorShare)} />,
        },
        { id: 'p50', title: 'p50', align: 'end', cell: (edge) => <Pair {...edge} read={(one) => formatMs(one.p50)} /> },
        { id: 'p95', title: 'p95', align: 'end', cell: (edge) => <Pair {...edge} read={(one) => formatMs(one.p95)} /> },
        { id: 'p99', title: 'p99', align: 'end', cell: (edge) => <Pair {...edge} read={(one) => formatMs(one.p99)} /> },
        {
          id: 'retries',
          title: 'Retries',
          align: 'end',
          cell: (edge) => <Pair {...edge} read={(one) => formatShare(one.retryRatio)} />,
        },
      ]}
    />
  );
}

function VerdictWord({ before, after }: { before: RunEdge | null; after: RunEdge | null }) {
  const { glyph, word, tone, explain } = verdictWords[judgeEdge(before, after)];
  return (
    <span className={`tone-${tone} tone-text`} title={explain}>
      {glyph} {word}
    </span>
  );
}

function Pair({ before, after, read }: { before: RunEdge | null; after: RunEdge | null; read: (edge: RunEdge) => string }) {
  const [one, two] = [before ? read(before) : '–', after ? read(after) : '–'];
  return (
    <span className="runs-pair num">
      <span className="soft">{one}</span>
      <span className="muted" aria-hidden="true">
        →
      </span>
      <span className="visually-hidden">then</span>
      <span data-changed={one !== two || undefined}>{two}</span>
    </span>
  );
}
