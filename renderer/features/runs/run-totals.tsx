import type { ReactNode } from 'react';
import type { Red } from '../../../proxy/api/observability.schema.ts';
import type { RunSummary } from '../../../proxy/api/runs.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { formatCount, formatMs, formatRate, formatShare, Panel } from '../../ui/index.ts';
import { requestsOfRun, slowerThan } from './edge-requests.ts';
import { changeOf, isPresent, nameOf, pointsOf } from './run-words.ts';

/** Rate, errors and duration of all edges of a run; with `before`, side by side with that one's. */
export function RunTotals({ before, run }: { before: RunSummary | null; run: RunSummary }) {
  const [one, two] = [before?.total ?? null, run.total ?? null];
  const latency = (read: (red: Red) => number | null) => ({
    was: one && formatMs(read(one)),
    is: two ? (
      <a className="runs-number" href={requestsOfRun(null, run, slowerThan(read(two)))}>
        {formatMs(read(two))}
      </a>
    ) : (
      '–'
    ),
    change: changeOf(one && read(one), two && read(two)),
  });
  return (
    <Panel
      title={
        before ? (
          <>
            <a href={aloneHref(before)}>{nameOf(before)}</a> → <a href={aloneHref(run)}>{nameOf(run)}</a>
          </>
        ) : (
          nameOf(run)
        )
      }
      hint="all edges together, from start to end"
      className="runs-totals"
    >
      <dl className="runs-red">
        <Total
          label="Requests"
          was={one && formatCount(one.count)}
          is={
            two ? (
              <a className="runs-number" href={requestsOfRun(null, run)}>
                {formatCount(two.count)}
              </a>
            ) : (
              '0'
            )
          }
        />
        <Total
          label="Rate"
          was={one && `${formatRate(one.rate)}/s`}
          is={
            two ? (
              <a className="runs-number" href={requestsOfRun(null, run)}>
                {formatRate(two.rate)}/s
              </a>
            ) : (
              '–'
            )
          }
          change={changeOf(one?.rate ?? null, two?.rate ?? null)}
        />
        <Total
          label="Errors"
          was={one && formatShare(one.errorShare)}
          is={two ? <ErrorShare run={run} red={two} /> : '–'}
          change={pointsOf(one, two)}
        />
        <Total label="p50" {...latency((red) => red.p50)} />
        <Total label="p95" {...latency((red) => red.p95)} />
        <Total label="p99" {...latency((red) => red.p99)} />
      </dl>
    </Panel>
  );
}

/** The run by itself: with links to the requests behind its numbers. */
const aloneHref = (run: RunSummary) => hrefTo('runs', { before: isPresent(run) ? 'current' : run.id, after: 'none' });

function ErrorShare({ run, red }: { run: RunSummary; red: Red }) {
  if (red.errorShare === 0) return '0 %';
  return (
    <a className="runs-number" href={requestsOfRun(null, run, 'status>=500')}>
      {formatShare(red.errorShare)}
    </a>
  );
}

function Total({ label, was, is, change }: { label: string; was: string | null; is: ReactNode; change?: string }) {
  return (
    <div className="runs-total">
      <dt>{label}</dt>
      <dd className="num">
        <span className="runs-total-is">{is}</span>
        {was !== null && (
          <span className="runs-total-was soft">
            <span>was {was}</span>
            {change && <span>{change}</span>}
          </span>
        )}
      </dd>
    </div>
  );
}
