import { CircleStop, Pause, Play } from 'lucide-react';
import { useState } from 'react';
import type { Replay, ReplayRules } from '../../../proxy/api/replay.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import { Button, formatCount, Notice, plural, Stat, useToasts } from '../../ui/index.ts';
import { ReplayComparison } from './replay-comparison.tsx';
import { ReplayDifferences } from './replay-differences.tsx';
import { ReplayEndpoints } from './replay-endpoints.tsx';
import './replays.css';

const noRules: ReplayRules = { ignore: [], unordered: [], tolerance: [] };

/** How a replay goes and what came of it: verdict per endpoint, the differences with the first one open, calls and latency then and now. */
export function ReplayResult({ replay: listed }: { replay: Replay }) {
  const engine = useEngine();
  const toasts = useToasts();
  const live = useCall('getReplay', listed.state === 'running' ? { params: { id: listed.id } } : null, 300).data;
  const [judged, setJudged] = useState<Replay | null>(null);
  const [endpoint, setEndpoint] = useState<string | null>(null);
  const replay = judged?.id === listed.id ? judged : live?.id === listed.id && listed.state === 'running' ? live : listed;
  const running = replay.state === 'running';
  const rules = replay.rules ?? noRules;
  const judge = async (next: ReplayRules) => {
    try {
      setJudged(await engine.call('judgeReplay', { params: { id: replay.id }, body: next }));
    } catch (error) {
      toasts.error('The differences were not judged again', error);
    }
  };
  const leaveOut = (kind: 'ignore' | 'unordered', path: string) => void judge({ ...rules, [kind]: [...rules[kind], path] });
  return (
    <section className="rec-result" data-testid={running ? 'replay-running' : 'replay-result'} aria-label="Replay">
      <Counts replay={replay} />
      {running && <Progress replay={replay} />}
      {!running && <Verdict replay={replay} />}
      {replay.standIns && replay.standIns.length > 0 && (
        <p className="soft">
          Mock dependencies: this recording answered{' '}
          {replay.standIns.map(({ from, service }) => `${from} → ${service}`).join(', ')}.
        </p>
      )}
      <RulesInForce rules={rules} onChange={running ? null : (next) => void judge(next)} />
      {replay.endpoints !== undefined && replay.endpoints.length > 0 && (
        <ReplayEndpoints endpoints={replay.endpoints} noise={replay.noise === true} chosen={endpoint} onChoose={setEndpoint} />
      )}
      {!running && <ReplayComparison replay={replay} />}
      <ReplayDifferences
        replay={replay}
        endpoint={endpoint}
        onIgnore={running || replay.groups === undefined ? null : leaveOut}
      />
      {(replay.notes ?? []).map(({ text, calls }) => (
        <Notice key={text} tone="info">
          {plural(calls, 'call')}: {text}
        </Notice>
      ))}
    </section>
  );
}

function Counts({ replay }: { replay: Replay }) {
  return (
    <div className="rec-stats">
      <Stat label="Sent" value={<Sent replay={replay} />} />
      <Stat
        label="✓ Same"
        value={<span data-testid="replay-same">{formatCount(replay.same)}</span>}
        tone={replay.same > 0 ? 'ok' : undefined}
      />
      <Stat
        label="Δ Different"
        value={<span data-testid="replay-different">{formatCount(replay.different)}</span>}
        tone={replay.different > 0 ? 'warn' : undefined}
      />
      <Stat label="✖ Failed" value={formatCount(replay.failed)} tone={replay.failed > 0 ? 'bad' : undefined} />
    </div>
  );
}

/** Leads to the requests themselves. */
function Sent({ replay: { sent, total, tracePrefix } }: { replay: Replay }) {
  const words = `${formatCount(sent)} of ${formatCount(total)}`;
  if (tracePrefix === undefined || sent === 0) return words;
  return <a href={hrefTo('requests', { filter: `trace:${tracePrefix}*` })}>{words}</a>;
}

function Progress({ replay }: { replay: Replay }) {
  const engine = useEngine();
  const params = { id: replay.id };
  const { surveying } = replay;
  const words = surveying
    ? `Looking through the recording, ${formatCount(surveying.read)} of ${formatCount(surveying.of)}`
    : replay.evaluating
      ? 'Comparing…'
      : replay.paused
        ? `Paused; ${plural(replay.inFlight ?? 0, 'call')} under way`
        : `${plural(replay.inFlight ?? 0, 'call')} under way`;
  return (
    <div className="row rec-progress">
      <progress
        max={Math.max(1, surveying ? surveying.of : replay.total)}
        value={surveying ? surveying.read : replay.sent}
        aria-label="Progress of the replay"
      />
      <span className="soft num rpl-underway" role="status">
        {words}
      </span>
      <Button
        icon={replay.paused ? <Play size={14} /> : <Pause size={14} />}
        disabled={replay.evaluating || Boolean(surveying)}
        onClick={() => void engine.call(replay.paused ? 'resumeReplay' : 'pauseReplay', { params })}
      >
        {replay.paused ? 'Go on' : 'Pause'}
      </Button>
      <Button icon={<CircleStop size={14} />} onClick={() => void engine.call('cancelReplay', { params })}>
        Cancel
      </Button>
    </div>
  );
}

function Verdict({ replay }: { replay: Replay }) {
  const { state, sent, different, failed, verdict, to, against } = replay;
  if (state === 'cancelled' && replay.problem) return <Notice tone="bad">{replay.problem}</Notice>;
  if (state === 'cancelled') return <Notice tone="warn">Cancelled after {plural(sent, 'call')}.</Notice>;
  if (sent === 0) return <Notice tone="warn">The recording has no calls to send again.</Notice>;
  const what = to === null ? '' : ` with ${to.replace('=', ' at ')}`;
  const beside = against === 'baseline' ? 'without it' : 'recorded';
  if (different === 0)
    return (
      <Notice tone="ok">
        Every answer{what} is the same as {beside}.
      </Notice>
    );
  if (verdict === 'unproven')
    return (
      <Notice tone="info">
        {plural(different, 'answer')} differ, too few to tell from what changes by itself: replay more calls.
      </Notice>
    );
  const broken = failed > 0 ? `, ${failed} of them failed` : '';
  return (
    <Notice tone={failed > 0 ? 'bad' : 'warn'}>
      {plural(different, 'answer')}
      {what} {different === 1 ? 'differs' : 'differ'} from {different === 1 ? 'the' : 'those'} {beside}
      {broken}.
    </Notice>
  );
}

/** What is left out of the comparison, each with a way back. */
function RulesInForce({ rules, onChange }: { rules: ReplayRules; onChange: ((rules: ReplayRules) => void) | null }) {
  const kinds = [
    ['ignore', 'Left out'],
    ['unordered', 'Order says nothing'],
    ['tolerance', 'May differ'],
  ] as const;
  return kinds.map(([kind, label]) =>
    rules[kind].length === 0 ? null : (
      <div key={kind} className="row rpl-rules" data-testid={`replay-rules-${kind}`}>
        <span className="soft">{label}</span>
        {rules[kind].map((path) => (
          <span key={path} className="rpl-chip mono">
            {path}
            {onChange && (
              <button
                type="button"
                aria-label={`Compare ${path} again`}
                onClick={() => onChange({ ...rules, [kind]: rules[kind].filter((other) => other !== path) })}
              >
                ×
              </button>
            )}
          </span>
        ))}
      </div>
    ),
  );
}
