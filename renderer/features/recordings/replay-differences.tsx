import { EqualNot } from 'lucide-react';
import { useState } from 'react';
import type { Difference, Replay } from '../../../proxy/api/replay.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { Badge, Button, formatMs, plural } from '../../ui/index.ts';

type LeaveOut = (kind: 'ignore' | 'unordered', path: string) => void;

const shownAtFirst = 12;

/** Calls that came back different, the first one open. */
export function ReplayDifferences({
  replay,
  endpoint,
  onIgnore,
}: {
  replay: Replay;
  endpoint: string | null;
  onIgnore: LeaveOut | null;
}) {
  const [all, setAll] = useState(false);
  const found = replay.differences.filter((difference) => endpoint === null || difference.endpoint === endpoint);
  const shown = all ? found : found.slice(0, shownAtFirst);
  if (shown.length === 0) return endpoint === null ? null : <p className="soft">Nothing differs in {endpoint}.</p>;
  const more = endpoint === null ? replay.different - found.length : 0;
  return (
    <>
      <ol className="rec-diffs" aria-label="Differences">
        {shown.map((difference, index) => (
          <li key={difference.exchangeId}>
            <DifferenceRow
              difference={difference}
              opened={index === 0}
              before={replay.against === 'baseline' ? 'Baseline' : 'Recorded'}
              onIgnore={onIgnore}
            />
          </li>
        ))}
      </ol>
      {shown.length < found.length && (
        <div>
          <Button onClick={() => setAll(true)}>Show all {found.length}</Button>
        </div>
      )}
      {more > 0 && (
        <p className="soft">
          {plural(more, 'more call')} differ; the first {found.length} are shown.
        </p>
      )}
    </>
  );
}

function DifferenceRow({
  difference,
  opened,
  before,
  onIgnore,
}: {
  difference: Difference;
  opened: boolean;
  before: string;
  onIgnore: LeaveOut | null;
}) {
  const { fields, recorded, replayed } = difference;
  return (
    <details className="rec-diff" open={opened} data-testid="replay-diff-row">
      <summary>
        <Badge
          tone={replayed.error === '' ? 'warn' : 'bad'}
          icon={replayed.error === '' && <EqualNot size={12} aria-hidden="true" />}
        >
          {replayed.error === '' ? plural(fields.length, 'field') : '✖ failed'}
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
            <th scope="col">{before}</th>
            <th scope="col">Replayed</th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {fields.map((field) => (
            <tr key={`${field.path} ${field.kind}`}>
              <td className="mono">
                {field.path} {field.kind === 'order' && <span className="soft">order only</span>}
              </td>
              <td className="mono rec-old">{field.recorded === '' ? <i>absent</i> : field.recorded}</td>
              <td className="mono rec-new">{field.replayed === '' ? <i>absent</i> : field.replayed}</td>
              <td data-align="end">
                {onIgnore && replayed.error === '' && (
                  <Button
                    size="small"
                    onClick={() =>
                      onIgnore(field.kind === 'order' ? 'unordered' : 'ignore', field.path.replace(/\[\d+\]/g, '[*]'))
                    }
                  >
                    {field.kind === 'order' ? 'Ignore the order' : 'Ignore this path'}
                  </Button>
                )}
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
