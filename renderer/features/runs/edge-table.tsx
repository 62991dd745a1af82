import type { RunComparison, RunEdge, RunSummary } from '../../../proxy/api/runs.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { EdgeWords, formatCount, formatMs, formatRate, formatShare, Table } from '../../ui/index.ts';
import { requestsOfRun, slowerThan } from './edge-requests.ts';
import { enoughRequests, judgeEdge, verdictWords } from './run-words.ts';

type Row = RunComparison['edges'][number];

const edgeColumn = {
  id: 'edge',
  title: 'Caller → callee',
  width: '36%',
  cell: ({ id }: { id: string }) => {
    const [from = '', to = ''] = id.replaceAll('default/', '').split('->');
    return (
      <a className="runs-edge" href={hrefTo('topology', { edge: id })}>
        <EdgeWords from={from} to={to} />
      </a>
    );
  },
};

/** A number of an edge, and the term that leads to the requests behind it; null: there are none. */
interface Figure {
  id: string;
  title: string;
  read: (edge: RunEdge) => string;
  term: (edge: RunEdge) => string | null;
}

const percentile = (id: 'p50' | 'p95' | 'p99'): Figure => ({
  id,
  title: id,
  read: (edge) => formatMs(edge[id]),
  term: (edge) => (edge[id] === null ? null : slowerThan(edge[id])),
});

const figures: readonly Figure[] = [
  { id: 'count', title: 'Requests', read: ({ count }) => formatCount(count), term: () => '' },
  { id: 'rate', title: 'Rate', read: ({ rate }) => `${formatRate(rate)}/s`, term: () => '' },
  {
    id: 'errors',
    title: 'Errors',
    read: ({ errorShare }) => formatShare(errorShare),
    term: ({ errorShare }) => (errorShare > 0 ? 'status>=500' : null),
  },
  percentile('p50'),
  percentile('p95'),
  percentile('p99'),
  {
    id: 'retries',
    title: 'Retries',
    read: ({ retryRatio }) => formatShare(retryRatio),
    term: ({ retryRatio }) => (retryRatio > 0 ? 'tries>1' : null),
  },
];

/** Every edge of one run. */
export function RunEdges({ run, edges }: { run: RunSummary; edges: readonly RunEdge[] }) {
  return (
    <Table
      label={`Edges of ${run.id}`}
      rows={edges}
      keyOf={(edge) => edge.id}
      rowTestId="run-edge-row"
      columns={[
        edgeColumn,
        ...figures.map((figure) => ({
          id: figure.id,
          title: figure.title,
          align: 'end' as const,
          cell: (edge: RunEdge) => <FigureOf edge={edge} run={run} figure={figure} />,
        })),
        { id: 'versions', title: 'Answered by', cell: (edge) => <span className="soft">{versionsOf(edge)}</span> },
      ]}
    />
  );
}

/** Every edge of both runs: what is, and below it what was. */
export function ComparedEdges({ after, edges }: { after: RunSummary; edges: readonly Row[] }) {
  return (
    <Table
      label="Edges of both runs"
      rows={edges}
      keyOf={(edge) => edge.id}
      rowTestId="run-edge-row"
      columns={[
        edgeColumn,
        { id: 'verdict', title: 'Verdict', cell: (edge) => <VerdictWord {...edge} /> },
        ...figures.map((figure) => ({
          id: figure.id,
          title: figure.title,
          align: 'end' as const,
          cell: (edge: Row) => <Pair {...edge} run={after} figure={figure} />,
        })),
      ]}
    />
  );
}

/** Percentiles of few requests are greyed: they say little. */
function FigureOf({ edge, run, figure }: { edge: RunEdge; run: RunSummary; figure: Figure }) {
  const few = figure.id.startsWith('p') && edge.count < enoughRequests;
  const [words, term] = [figure.read(edge), figure.term(edge)];
  return (
    <span className={few ? 'muted' : undefined} title={few ? `of fewer than ${enoughRequests} requests` : undefined}>
      {term === null ? (
        words
      ) : (
        // The rate leads where the count beside it leads: one stop for the keyboard.
        <a className="runs-number" href={requestsOfRun(edge, run, term)} tabIndex={figure.id === 'rate' ? -1 : undefined}>
          {words}
        </a>
      )}
    </span>
  );
}

/** `v1 80 %, v2 20 %`; '' where versions have no name. */
function versionsOf({ versions }: RunEdge): string {
  return Object.entries(versions)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([version, share]) => `${version} ${formatShare(share)}`)
    .join(', ');
}

function VerdictWord({ before, after }: Row) {
  const { verdict, because } = judgeEdge(before, after);
  const { glyph, word, tone, explain } = verdictWords[verdict];
  return (
    <span className="runs-verdict" title={explain}>
      <span className={`tone-${tone} tone-text`}>
        {glyph} {word}
      </span>
      {because && <span className="soft num">{because}</span>}
    </span>
  );
}

function Pair({ before, after, run, figure }: Row & { run: RunSummary; figure: Figure }) {
  const changed = before && after && figure.read(before) !== figure.read(after);
  return (
    <span className="runs-pair num">
      <span data-changed={changed || undefined}>{after ? <FigureOf edge={after} run={run} figure={figure} /> : '–'}</span>
      <span className="muted">
        <span className="visually-hidden">was </span>
        {before ? figure.read(before) : '–'}
      </span>
    </span>
  );
}
