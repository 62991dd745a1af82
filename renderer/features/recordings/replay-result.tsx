import { CircleStop } from 'lucide-react';
import { useState } from 'react';
import type { Difference, Replay } from '../../../proxy/api/replay.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Badge, Button, formatCount, formatMs, Notice, plural, Stat } from '../../ui/index.ts';

/** How a replay went: counts, latency beside the recording's, and the differences with the first one open. */
export function ReplayResult({ replay }: { replay: Replay }) {
  const engine = useEngine();
  const [hidden, setHidden] = useState<string[]>([]);
  const running = replay.state === 'running';
  const shown = replay.differences
    .map((d) => ({ ...d, fields: d.fields.filter((f) => !hidden.includes(f.path)) }))
    .filter((d) => d.fields.length > 0);
  return (
    <section className="rec-result" data-testid={running ? 'replay-running' : 'replay-result'} aria-label="Replay">
      <div className="rec-stats">
        <Stat label="Sent" value={`${formatCount(replay.sent)} of ${formatCount(replay.total)}`} />
        <Stat
          label="✓ Same"
          value={<span data-testid="replay-same">{formatCount(replay.same)}</span>}
          tone={replay.same > 0 ? 'ok' : undefined}
        />
        <Stat
          label="≠ Different"
          value={<span data-testid="replay-different">{formatCount(replay.different)}</span>}
          tone={replay.different > 0 ? 'warn' : undefined}
        />
        <Stat label="✖ Failed" value={formatCount(replay.failed)} tone={replay.failed > 0 ? 'bad' : undefined} />
        <Stat label="p50 then → now" value={latencyWords(replay, 'P50')} />
        <Stat label="p95 then → now" value={latencyWords(replay, 'P95')} />
      </div>
      {running && (
        <div className="row rec-progress">
          <progress max={Math.max(1, replay.total)} value={replay.sent} aria-label="Progress of the replay" />
          <Button icon={<CircleStop size={14} />} onClick={() => void engine.call('cancelReplay', { params: { id: replay.id } })}>
            Cancel
          </Button>
        </div>
      )}
      {replay.state === 'cancelled' && <Notice tone="warn">Cancelled after {plural(replay.sent, 'call')}.</Notice>}
      {!running && replay.different === 0 && replay.sent > 0 && <Notice tone="ok">Every answer is the same as recorded.</Notice>}
      {hidden.length > 0 && (
        <div className="row soft rec-hidden">
          Not shown: <span className="mono">{hidden.join(', ')}</span>
          <Button size="small" onClick={() => setHidden([])}>
            Show again
          </Button>
        </div>
      )}
      <ol className="rec-diffs">
        {shown.map((difference, index) => (
          <li key={difference.exchangeId}>
            <DifferenceRow difference={difference} opened={index === 0} onIgnore={(path) => setHidden([...hidden, path])} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function latencyWords(replay: Replay, which: 'P50' | 'P95') {
  if (replay.latency === null) return '–';
  return (
    <span className="rec-latency">
      {formatMs(replay.latency[`recorded${which}`])} → {formatMs(replay.latency[`replayed${which}`])}
    </span>
  );
}

function DifferenceRow({
  difference,
  opened,
  onIgnore,
}: {
  difference: Difference;
  opened: boolean;
  onIgnore: (path: string) => void;
}) {
  const { fields, recorded, replayed } = difference;
  return (
    <details className="rec-diff" open={opened} data-testid="replay-diff-row">
      <summary>
        <Badge tone={replayed.error === '' ? 'warn' : 'bad'}>
          {replayed.error === '' ? `≠ ${plural(fields.length, 'field')}` : '✖ failed'}
        </Badge>
        <span className="mono truncate grow">
          {difference.method} {difference.path}
        </span>
        <span className="soft">
          {difference.source} → {difference.destination}
        </span>
        <span className="num">
          {recorded.status} → {replayed.status || '–'}
        </span>
        <span className="num soft">
          {formatMs(recorded.durationMs)} → {formatMs(replayed.durationMs)}
        </span>
      </summary>
      <table className="dd-table rec-fields" aria-label={`Differences of ${difference.method} ${difference.path}`}>
        <thead>
          <tr>
            <th scope="col">Where</th>
            <th scope="col">Recorded</th>
            <th scope="col">Replayed</th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={field.path}>
              <td className="mono">{field.path}</td>
              <td className="mono rec-old">{field.recorded === '' ? <i>absent</i> : field.recorded}</td>
              <td className="mono rec-new">{field.replayed === '' ? <i>absent</i> : field.replayed}</td>
              <td data-align="end">
                <Button size="small" onClick={() => onIgnore(field.path)}>
                  Ignore this path
                </Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="row rec-links">
        <a href={hrefTo('requests', { id: difference.exchangeId })}>Recorded exchange</a>
        {replayed.traceId !== '' && <a href={hrefTo(`traces/${replayed.traceId}`)}>Replayed trace</a>}
      </div>
    </details>
  );
}
