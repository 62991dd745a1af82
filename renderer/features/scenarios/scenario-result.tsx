import { type ReactNode, useMemo } from 'react';
import type { ScenarioRun } from '../../../proxy/api/scenario.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { LineChart } from '../../ui/charts/line-chart.tsx';
import { formatCount, formatMs, formatRate, Notice, Panel, Table } from '../../ui/index.ts';
import { formatOffset, outcomeWords, requestsOf, stateWords, summaryOf } from './scenario-words.ts';

/** What a run has found so far: expectations first, then load, the run second by second, what happened when. */
export function ScenarioResult({ run, children }: { run: ScenarioRun; children: ReactNode }) {
  return (
    <>
      {run.state === 'error' && <Notice tone="bad">Not carried out: {run.message}</Notice>}
      {run.state !== 'running' && run.expectations.length > 0 && <ResultLine run={run} />}
      {!run.valid && (
        <Notice tone="warn">
          This machine could not send the load on time: latencies of this run say nothing. Lower the rate, or close what else
          keeps it busy.
        </Notice>
      )}
      <Expectations run={run} />
      {children}
      <Seconds run={run} />
      <Loads run={run} />
      <Journal run={run} />
    </>
  );
}

/** The outcome in one line: `2 of 3 met · against run #11: p99 +180 ms, retries per request +0.4`. */
function ResultLine({ run }: { run: ScenarioRun }) {
  const { glyph, tone } = stateWords[run.state];
  const worth = (run.baseline?.differences ?? [])
    .filter(({ what, delta }) => delta && /p99|errors|retries/.test(what))
    .slice(0, 3);
  return (
    <p className={`scn-result tone-${tone}`}>
      <b className="tone-text">
        {glyph} {summaryOf(run)}
      </b>
      {run.baseline && (
        <span className="soft num">
          {' '}
          · against run #{run.baseline.number}:{' '}
          {worth.length === 0 ? 'no worse, no better' : worth.map(({ what, delta }) => `${what} ${delta}`).join(', ')}
        </span>
      )}
    </p>
  );
}

function Expectations({ run }: { run: ScenarioRun }) {
  if (run.expectations.length === 0)
    return <Notice>This scenario expects nothing: it passes when it could be carried out.</Notice>;
  return (
    <Panel title="Expectations" flush>
      <Table
        label="Expectations"
        rows={run.expectations}
        keyOf={(one) => one.name}
        rowTestId="scenario-expectation"
        columns={[
          {
            id: 'state',
            title: 'Verdict',
            width: '104px',
            cell: ({ state }) => {
              const { glyph, word, tone } = outcomeWords[state];
              return (
                <span className={`tone-${tone} tone-text`}>
                  <span aria-hidden="true">{glyph}</span> {word}
                </span>
              );
            },
          },
          {
            id: 'name',
            title: 'Expected',
            cell: (one) => (
              <span className="scn-expected">
                <span>{one.name}</span>
                {one.name !== one.text && <span className="soft">{one.text}</span>}
                {one.message !== '' && one.state !== 'passed' && <span className="soft">{one.message}</span>}
              </span>
            ),
          },
          { id: 'actual', title: 'Measured', align: 'end', cell: (one) => <b className="num">{one.actual || '–'}</b> },
          {
            id: 'at',
            title: 'Decided',
            align: 'end',
            cell: (one) => <span className="num">{one.atMs === null ? '–' : `+${formatOffset(one.atMs)}`}</span>,
          },
          { id: 'traces', title: 'Traces', align: 'end', cell: (one) => <TraceLinks ids={one.traceIds} /> },
        ]}
      />
    </Panel>
  );
}

function TraceLinks({ ids }: { ids: readonly string[] }) {
  if (ids.length === 0) return <span className="soft">–</span>;
  return (
    <span className="scn-traces">
      {ids.map((id) => (
        <a key={id} className="mono" href={hrefTo(`traces/${id}`)}>
          {id.slice(-6)}
        </a>
      ))}
    </span>
  );
}

function Seconds({ run }: { run: ScenarioRun }) {
  const start = Date.parse(run.startedAt);
  // The second in progress, and an end that is not a whole second, hold less than a second's traffic.
  const seconds = useMemo(
    () => run.series.filter(({ t }) => (t + 1) * 1000 <= (run.state === 'running' ? run.elapsedMs : run.durationMs)),
    [run],
  );
  const times = useMemo(() => seconds.map(({ t }) => start + t * 1000), [seconds, start]);
  const marks = useMemo(
    () =>
      run.tracks
        .filter((track) => track.kind !== 'load')
        .map((track) => ({
          time: start + track.startMs,
          label: track.name,
          tone: track.kind === 'fault' ? ('fault' as const) : ('info' as const),
        })),
    [run.tracks, start],
  );
  if (seconds.length < 2) return null;
  return (
    <div className="scn-charts">
      <Panel title="Requests" hint="per second">
        <LineChart
          label="Requests per second"
          times={times}
          marks={marks}
          height={130}
          series={[
            { id: 'sent', label: 'sent', values: seconds.map(({ sent }) => sent) },
            { id: 'failed', label: 'failed', color: '--bad', dash: '5 3', values: seconds.map(({ failed }) => failed) },
          ]}
          legend
        />
      </Panel>
      <Panel title="p95" hint="from the intended start">
        <LineChart
          label="95th percentile, milliseconds"
          times={times}
          marks={marks}
          height={130}
          format={formatMs}
          series={[{ id: 'p95', label: 'p95', values: seconds.map(({ p95 }) => p95) }]}
        />
      </Panel>
    </div>
  );
}

function Loads({ run }: { run: ScenarioRun }) {
  if (run.load.length === 0) return null;
  return (
    <Panel title="Load" hint="latency from the intended start, so that waiting counts" flush>
      <Table
        label="Load"
        rows={run.load}
        keyOf={(one) => one.name}
        rowTestId="scenario-load"
        columns={[
          { id: 'name', title: 'Load', cell: (one) => one.name },
          { id: 'sent', title: 'Sent', align: 'end', cell: (one) => <RequestCount run={run} load={one.name} count={one.sent} /> },
          { id: 'rate', title: 'Rate', align: 'end', cell: (one) => <span className="num">{formatRate(one.rate)}/s</span> },
          {
            id: 'failed',
            title: 'Failed',
            align: 'end',
            cell: (one) => <RequestCount run={run} load={one.name} count={one.failed} terms="status:5xx,0" />,
          },
          {
            id: 'dropped',
            title: 'Not sent',
            align: 'end',
            cell: (one) => <span className="num">{formatCount(one.dropped)}</span>,
          },
          { id: 'p50', title: 'p50', align: 'end', cell: (one) => <span className="num">{formatMs(one.response?.p50)}</span> },
          { id: 'p95', title: 'p95', align: 'end', cell: (one) => <span className="num">{formatMs(one.response?.p95)}</span> },
          { id: 'p99', title: 'p99', align: 'end', cell: (one) => <span className="num">{formatMs(one.response?.p99)}</span> },
          { id: 'lag', title: 'Left late', align: 'end', cell: (one) => <span className="num">{formatMs(one.lagP99Ms)}</span> },
        ]}
      />
    </Panel>
  );
}

/** A number of a load's requests; it leads to them. */
function RequestCount({ run, load, count, terms = '' }: { run: ScenarioRun; load: string; count: number; terms?: string }) {
  const filter = requestsOf(run, load);
  const tone = terms !== '' && count > 0 ? 'num tone-bad tone-text' : 'num';
  if (filter === null || count === 0) return <span className={tone}>{formatCount(count)}</span>;
  return (
    <a className={tone} href={hrefTo('requests', { filter: `${filter} ${terms}`.trim() })}>
      {formatCount(count)}
    </a>
  );
}

function Journal({ run }: { run: ScenarioRun }) {
  if (run.journal.length === 0) return null;
  return (
    <Panel title="What happened">
      <ol className="scn-journal">
        {run.journal.map((entry, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a journal only grows at its end.
          <li key={index}>
            <span className="num soft">+{formatOffset(entry.atMs)}</span>
            <span>{entry.message}</span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
