import type { Span } from '../../../proxy/api/observability.schema.ts';
import { type Column, formatMs, VirtualList } from '../../ui/index.ts';
import { type ComparedRow, differenceOf, outcomeOf } from './compare-traces.ts';
import { Delta } from './delta.tsx';

const rowHeight = 28;
const headHeight = 30;
const maxRowsInView = 14;
const maxIndent = 12;

/** Span by span, both bars on one scale. */
export function CompareRows({ rows, longestMs }: { rows: readonly ComparedRow[]; longestMs: number }) {
  if (rows.length === 0) return <p className="muted">No span differs.</p>;
  return (
    <div className="trace-compare-rows" style={{ height: headHeight + rowHeight * Math.min(maxRowsInView, rows.length) + 4 }}>
      <VirtualList
        label="Spans of A and B"
        columns={columnsFor(longestMs)}
        count={rows.length}
        at={(place) => rows[place]}
        keyOf={(row) => row.key}
        rowHeight={rowHeight}
        rowTestId="compare-row"
      />
    </div>
  );
}

const shownOf = ({ a, b }: ComparedRow): Span => (a ?? b) as Span;

function columnsFor(longestMs: number): Column<ComparedRow>[] {
  return [
    {
      id: 'span',
      title: 'Span',
      width: 'minmax(200px, 1.4fr)',
      cell: (row) => {
        const span = shownOf(row);
        return (
          <span style={{ paddingLeft: Math.min(row.depth, maxIndent) * 14 }} title={`${span.service} ${span.name}`}>
            <span aria-hidden="true">{span.mesh ? '▨' : '●'}</span> <b>{span.service}</b>{' '}
            <span className="mono soft">{span.name}</span>
          </span>
        );
      },
    },
    { id: 'bars', title: 'A over B', width: 'minmax(110px, 0.7fr)', cell: (row) => <Bars row={row} longestMs={longestMs} /> },
    { id: 'a', title: 'A', width: '70px', align: 'end', cell: ({ a }) => <Took span={a} /> },
    { id: 'b', title: 'B', width: '70px', align: 'end', cell: ({ b }) => <Took span={b} /> },
    { id: 'delta', title: 'B − A', width: '128px', align: 'end', cell: (row) => <What row={row} /> },
  ];
}

const Took = ({ span }: { span: Span | null }) => <span className="num">{span ? formatMs(span.durationMs) : '–'}</span>;

function Bars({ row: { a, b }, longestMs }: { row: ComparedRow; longestMs: number }) {
  const width = (span: Span) => `max(2px, ${(span.durationMs / Math.max(longestMs, 0.001)) * 100}%)`;
  return (
    <span className="trace-compare-bars" aria-hidden="true">
      {a ? <i className="tone-accent" style={{ width: width(a) }} /> : <i />}
      {b ? <i className={b.error ? 'tone-bad' : 'tone-info'} style={{ width: width(b) }} /> : <i />}
    </span>
  );
}

function What({ row }: { row: ComparedRow }) {
  const { a, b } = row;
  if (a === null) return <span className="tone-info tone-text">+ only in B</span>;
  if (b === null) return <span className="tone-info tone-text">− only in A</span>;
  if (differenceOf(row) === 'outcome')
    return (
      <span className={`tone-${b.error ? 'bad' : 'ok'} tone-text num`}>
        {outcomeOf(a)} → {outcomeOf(b)}
      </span>
    );
  return <Delta ms={b.durationMs - a.durationMs} />;
}
