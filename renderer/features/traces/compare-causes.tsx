import { useMemo } from 'react';
import { causeWords, describeShare } from '../../../proxy/api/cause-words.ts';
import type { Trace } from '../../../proxy/api/observability.schema.ts';
import { formatMs, formatShare, Table } from '../../ui/index.ts';
import { compareCauses } from './compare-traces.ts';
import { Delta } from './delta.tsx';

/** Which cause made the one longer than the other: the differences add up to the difference. */
export function CompareCauses({ a, b }: { a: Trace; b: Trace }) {
  const causes = useMemo(() => compareCauses(a, b), [a, b]);
  const by = b.durationMs - a.durationMs;
  return (
    <>
      <p className="trace-compare-sentence num" data-testid="compare-sentence">
        B took <b>{formatMs(b.durationMs)}</b>, A <b>{formatMs(a.durationMs)}</b>: <Delta ms={by} />
        {a.durationMs > 0 && Math.abs(by) >= 0.5 && <span className="muted"> ({formatShare(Math.abs(by) / a.durationMs)})</span>}
      </p>
      <Table
        label="Causes of A and B"
        rows={causes}
        keyOf={(cause) => `${cause.cause} ${cause.who}`}
        rowTestId="compare-cause"
        columns={[
          {
            id: 'cause',
            title: 'Cause',
            cell: (share) => (
              <>
                <span className={`tone-${causeWords[share.cause].tone} tone-text`} aria-hidden="true">
                  {causeWords[share.cause].glyph}
                </span>{' '}
                {describeShare({ ...share, ms: 0 })}
              </>
            ),
          },
          { id: 'a', title: 'A', align: 'end', width: '86px', cell: ({ aMs }) => orNone(aMs) },
          { id: 'b', title: 'B', align: 'end', width: '86px', cell: ({ bMs }) => orNone(bMs) },
          { id: 'delta', title: 'B − A', align: 'end', width: '120px', cell: ({ aMs, bMs }) => <Delta ms={bMs - aMs} /> },
        ]}
      />
    </>
  );
}

const orNone = (ms: number): string => (ms === 0 ? '–' : formatMs(ms));
