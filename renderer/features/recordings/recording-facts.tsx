import { type RefObject, useEffect, useRef, useState } from 'react';
import type { RecordedRowFilter, Recording } from '../../../proxy/api/recording.schema.ts';
import { Button, Facts, formatCount, Notice, plural } from '../../ui/index.ts';
import { filterWords, sortedRedactions } from './recording-words.ts';

/** More edges than fit on any line are not even looked at before somebody asks. */
const atFirst = 12;

export interface RecordingFactsProps {
  recording: Recording;
  filter: RecordedRowFilter;
  onFilter: (filter: RecordedRowFilter) => void;
}

/** What was recorded, who called whom, what was taken out before it was written, and what is missing. */
export function RecordingFacts({ recording, filter, onFilter }: RecordingFactsProps) {
  return (
    <div className="rec-facts">
      {(recording.stopReason !== '' || recording.dropped > 0) && (
        <Notice tone="warn">
          {recording.stopReason !== '' && <p>It stopped early: {recording.stopReason}</p>}
          {recording.dropped > 0 && <p>{plural(recording.dropped, 'exchange')} could not be kept; the rest is complete.</p>}
        </Notice>
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
  const [list, clips] = useClips<HTMLUListElement>(removed.length);
  if (removed.length === 0) return 'nothing had to be taken out';
  return (
    <div className="rec-line" data-open={all || undefined}>
      <ul ref={list} className="rec-removed" data-testid="recording-redacted">
        {removed.map(([name, count]) => (
          <li key={name}>
            <span className="mono">{name}</span> <span className="soft num">×{formatCount(count)}</span>
          </li>
        ))}
      </ul>
      <Unfold count={removed.length} all={all} hides={clips} onChange={setAll} />
    </div>
  );
}

/** The busiest edges; each narrows the list below to itself. */
function Edges({ recording, filter, onFilter }: RecordingFactsProps) {
  const [all, setAll] = useState(false);
  const { edges } = recording;
  const [list, clips] = useClips<HTMLDivElement>(edges.length);
  if (edges.length === 0) return 'none yet';
  return (
    <div className="rec-line" data-open={all || undefined}>
      <div ref={list} className="rec-edges">
        {(all ? edges : edges.slice(0, atFirst)).map(({ source, destination, calls, errors }) => {
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
      <Unfold count={edges.length} all={all} hides={clips || edges.length > atFirst} onChange={setAll} />
    </div>
  );
}

/** Whether what the element holds is higher than it may be: then a part of it is not seen. */
function useClips<T extends HTMLElement>(count: number): [RefObject<T | null>, boolean] {
  const element = useRef<T>(null);
  const [clips, setClips] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another count may need another line.
  useEffect(() => {
    const shown = element.current;
    if (!shown) return;
    const look = () => setClips(shown.scrollHeight > shown.clientHeight + 4);
    look();
    const observer = new ResizeObserver(look);
    observer.observe(shown);
    return () => observer.disconnect();
  }, [count]);
  return [element, clips];
}

/** What does not fit on the line is shown by a button, and put away again. */
function Unfold({
  count,
  all,
  hides,
  onChange,
}: {
  count: number;
  all: boolean;
  hides: boolean;
  onChange: (all: boolean) => void;
}) {
  if (!all && !hides) return null;
  return (
    <Button size="small" variant="ghost" aria-expanded={all} onClick={() => onChange(!all)}>
      {all ? 'Fewer' : `All ${formatCount(count)}`}
    </Button>
  );
}
