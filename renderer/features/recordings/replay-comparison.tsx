import { EqualNot } from 'lucide-react';
import type { EdgeComparison, LatencyTest, Replay } from '../../../proxy/api/replay.schema.ts';
import { Badge, formatCount, formatMs, formatMsNumber, Panel, plural } from '../../ui/index.ts';
import { LatencyVerdict } from './replay-endpoints.tsx';

/** Then and now side by side: who called whom how often, and how long calls took. */
export function ReplayComparison({ replay }: { replay: Replay }) {
  const { graph, latencyTest, lag, pace, variables } = replay;
  if (latencyTest === undefined) return null;
  return (
    <div className="rpl-beside">
      {latencyTest && (
        <Panel
          title="Latency"
          hint={latencyTest.p === null ? undefined : probability(latencyTest)}
          actions={<LatencyVerdict test={latencyTest} />}
        >
          <Distribution test={latencyTest} />
          <Quantiles test={latencyTest} />
          {lag && pace === 'original' && (
            <p className="soft rpl-foot">
              Starts were off their schedule by {formatMs(lag.p50)} (p50), {formatMs(lag.p99)} (p99)
              {lag.held ? `; ${plural(lag.held, 'call')} waited for an answer before them` : ''}.
            </p>
          )}
        </Panel>
      )}
      {graph ? (
        <Panel title="Calls" hint="then → now" flush>
          <Graph edges={graph} />
        </Panel>
      ) : (
        <Panel title="Calls">
          <p className="soft">The recording holds no calls that services made, so there is nothing to compare theirs with.</p>
        </Panel>
      )}
      {variables !== undefined && variables.length > 0 && (
        <Panel title="Variables">
          <ul className="rpl-variables">
            {variables.map(({ rule, captured, used, problem }) => (
              <li key={rule}>
                <span className="mono">{rule}</span>
                <span className="soft">
                  taken {captured} ×, used in {used} requests{problem === '' ? '' : `; ${problem}`}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </div>
  );
}

function probability({ p, effect }: LatencyTest): string {
  return `Mann–Whitney p ${p !== null && p < 0.001 ? '< 0.001' : `= ${p?.toFixed(3)}`}, δ ${effect.toFixed(2)}`;
}

const height = 72;

/** Two histograms over one logarithmic scale: recorded upwards, replayed downwards. */
function Distribution({ test }: { test: LatencyTest }) {
  const { buckets } = test;
  const share = (count: number, of: number) => (of === 0 ? 0 : count / of);
  const most = Math.max(
    ...buckets.flatMap((b) => [share(b.recorded, test.recorded.n), share(b.replayed, test.replayed.n)]),
    0.01,
  );
  const width = 100 / buckets.length;
  const bar = (value: number) => (value / most) * (height / 2 - 2);
  const words = `Recorded above, replayed below, from ${formatMs(buckets[0]?.le)} to ${formatMs(buckets.at(-1)?.le)}`;
  return (
    <figure className="rpl-distribution">
      <svg viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" role="img" aria-label={words}>
        {buckets.map((bucket, i) => {
          const up = bar(share(bucket.recorded, test.recorded.n));
          const down = bar(share(bucket.replayed, test.replayed.n));
          const title = `up to ${formatMs(bucket.le)}: ${bucket.recorded} recorded, ${bucket.replayed} replayed`;
          return (
            <g key={bucket.le}>
              <title>{title}</title>
              <rect className="rpl-then" x={i * width + width * 0.1} width={width * 0.8} y={height / 2 - 0.5 - up} height={up} />
              <rect className="rpl-now" x={i * width + width * 0.1} width={width * 0.8} y={height / 2 + 0.5} height={down} />
            </g>
          );
        })}
      </svg>
      <figcaption className="soft num">
        <span>{formatMs(buckets[0]?.le)}</span>
        <span className="rpl-key">
          <i className="rpl-then" /> recorded <i className="rpl-now" /> replayed
        </span>
        <span>{formatMs(buckets.at(-1)?.le)}</span>
      </figcaption>
    </figure>
  );
}

const quantiles = ['p50', 'p90', 'p95', 'p99', 'max'] as const;

function Quantiles({ test }: { test: LatencyTest }) {
  return (
    <table className="dd-table" aria-label="Latency then and now">
      <thead>
        <tr>
          <th scope="col">ms</th>
          {quantiles.map((name) => (
            <th key={name} scope="col" data-align="end">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {(['recorded', 'replayed'] as const).map((side) => (
          <tr key={side}>
            <td>{side === 'recorded' ? 'Recorded' : 'Replayed'}</td>
            {quantiles.map((name) => (
              <td key={name} data-align="end" className="num">
                {formatMsNumber(test[side][name])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Graph({ edges }: { edges: readonly EdgeComparison[] }) {
  return (
    <table className="dd-table" aria-label="Calls between services then and now">
      <thead>
        <tr>
          <th scope="col">Edge</th>
          <th scope="col" data-align="end">
            Calls
          </th>
          <th scope="col" data-align="end">
            Attempts
          </th>
          <th scope="col"> </th>
        </tr>
      </thead>
      <tbody>
        {edges.map((edge) => {
          const same = edge.recordedCalls === edge.replayedCalls && edge.recordedAttempts === edge.replayedAttempts;
          return (
            <tr key={`${edge.source} ${edge.destination}`}>
              <td>
                {edge.source} → {edge.destination}
              </td>
              <td data-align="end" className="num">
                {thenNow(edge.recordedCalls, edge.replayedCalls)}
              </td>
              <td data-align="end" className="num">
                {thenNow(edge.recordedAttempts, edge.replayedAttempts)}
              </td>
              <td>
                {same ? (
                  <span className="soft">same</span>
                ) : (
                  <Badge tone="warn" icon={<EqualNot size={12} aria-hidden="true" />}>
                    {edgeWords(edge)}
                  </Badge>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

const thenNow = (then: number, now: number): string =>
  then === now ? formatCount(then) : `${formatCount(then)} → ${formatCount(now)}`;

function edgeWords({ recordedCalls, replayedCalls }: EdgeComparison): string {
  if (recordedCalls === 0) return 'new';
  if (replayedCalls === 0) return 'gone';
  if (replayedCalls !== recordedCalls) return replayedCalls > recordedCalls ? 'more calls' : 'fewer calls';
  return 'other attempts';
}
