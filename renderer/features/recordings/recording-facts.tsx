import { useState } from 'react';
import type { RecordedRowFilter, Recording } from '../../../proxy/api/recording.schema.ts';
import { Button, Facts, formatCount, Notice, plural } from '../../ui/index.ts';
import { filterWords, sortedRedactions } from './recording-words.ts';

/** So many edges, and names of what was taken out, are on one line at any width; more are behind a button. */
const onOneLine = 3;

export interface RecordingFactsProps {
  recording: Recording;
  filter: RecordedRowFilter;
  onFilter: (filter: RecordedRowFilter) => void;
}

/** What was recorded, who called whom, what was taken out before it was written, and what is missing. */
export function RecordingFacts({ recording, filter, onFilter }: RecordingFactsProps) {
  return (
    <div className="rec-facts">
      {recording.stopReason !== '' && <Notice tone="warn">It stopped early: {recording.stopReason}</Notice>}
      {recording.dropped > 0 && (
        <Notice tone="warn">{plural(recording.dropped, 'exchange')} could not be kept; the rest is complete.</Notice>
      )}
      <Facts
        rows={[
          ['Recorded', isWhole(recording) ? '' : filterWords(recording.filter)],
          ['Stubs', recording.stubs ? `${plural(recording.stubs, 'stub')}: answers to whatever fulfils their conditions` : ''],
          ['Calls', <Edges key="edges" recording={recording} filter={filter} onFilter={onFilter} />],
          ['Redacted', <Removed key="removed" redacted={recording.redacted} />],
        ]}
      />
    </div>
  );
}

/** Nothing was left out by a filter: not worth a line. */
function isWhole({ filter }: Recording): boolean {
  return Object.keys(filter).length === 0;
}

/** Names of what was taken out, most often first. */
function Removed({ redacted }: { redacted: Record<string, number> }) {
  const [all, setAll] = useState(false);
  const removed = sortedRedactions(redacted);
  if (removed.length === 0) return 'nothing had to be taken out';
  return (
    <div className="rec-line" data-open={all || undefined}>
      <ul className="rec-removed" data-testid="recording-redacted">
        {removed.map(([name, count]) => (
          <li key={name}>
            <span className="mono">{name}</span> <span className="soft num">×{formatCount(count)}</span>
          </li>
        ))}
      </ul>
      <Unfold count={removed.length} all={all} onChange={setAll} />
    </div>
  );
}

/** The busiest edges; each narrows the list below to itself. */
function Edges({ recording, filter, onFilter }: RecordingFactsProps) {
  const [all, setAll] = useState(false);
  const { edges } = recording;
  if (edges.length === 0) return 'none yet';
  return (
    <div className="rec-line" data-open={all || undefined}>
      <div className="rec-edges">
        {(all ? edges : edges.slice(0, 12)).map(({ source, destination, calls, errors }) => {
          const isOn = filter.from === source && filter.to === destination;
          return (
            <button
              key={`${source}>${destination}`}
              type="button"
              className="rec-edge truncate"
              aria-pressed={isOn}
              title={`${source} → ${destination}: ${plural(calls, 'call')}, ${formatCount(errors)} failed`}
              onClick={() => onFilter({ ...filter, from: isOn ? undefined : source, to: isOn ? undefined : destination })}
            >
              {source} → {destination} <span className="num soft">{formatCount(calls)}</span>
              {errors > 0 && <span className="num tone-bad tone-text"> ✖ {formatCount(errors)}</span>}
            </button>
          );
        })}
      </div>
      <Unfold count={edges.length} all={all} onChange={setAll} />
    </div>
  );
}

/** What does not fit on the line is shown by a button, and put away again. */
function Unfold({ count, all, onChange }: { count: number; all: boolean; onChange: (all: boolean) => void }) {
  if (count <= onOneLine) return null;
  return (
    <Button size="small" variant="ghost" aria-expanded={all} onClick={() => onChange(!all)}>
      {all ? 'Fewer' : `All ${formatCount(count)}`}
    </Button>
  );
}
