import type { RecordedRowFilter, Recording } from '../../../proxy/api/recording.schema.ts';
import { Facts, formatCount, Notice, plural } from '../../ui/index.ts';
import { filterWords, sortedRedactions } from './recording-words.ts';

const shownEdges = 8;

export interface RecordingFactsProps {
  recording: Recording;
  filter: RecordedRowFilter;
  onFilter: (filter: RecordedRowFilter) => void;
}

/** What was recorded, who called whom, what was taken out before it was written, and what is missing. */
export function RecordingFacts({ recording, filter, onFilter }: RecordingFactsProps) {
  const removed = sortedRedactions(recording.redacted);
  const total = removed.reduce((sum, [, count]) => sum + count, 0);
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
          [
            'Redacted',
            total === 0 ? (
              'nothing had to be taken out'
            ) : (
              <details key="removed" className="rec-removed">
                <summary>
                  {plural(total, 'value')} under {plural(removed.length, 'name')}
                </summary>
                <ul>
                  {removed.map(([name, count]) => (
                    <li key={name}>
                      <span className="mono">{name}</span> <span className="soft num">×{formatCount(count)}</span>
                    </li>
                  ))}
                </ul>
              </details>
            ),
          ],
        ]}
      />
    </div>
  );
}

/** Nothing was left out by a filter: not worth a line. */
function isWhole({ filter }: Recording): boolean {
  return Object.keys(filter).length === 0;
}

/** The busiest edges; each narrows the list below to itself. */
function Edges({ recording, filter, onFilter }: RecordingFactsProps) {
  const { edges } = recording;
  if (edges.length === 0) return 'none yet';
  return (
    <div className="rec-edges">
      {edges.slice(0, shownEdges).map(({ source, destination, calls, errors }) => {
        const isOn = filter.from === source && filter.to === destination;
        return (
          <button
            key={`${source}>${destination}`}
            type="button"
            className="rec-edge"
            aria-pressed={isOn}
            onClick={() => onFilter({ ...filter, from: isOn ? undefined : source, to: isOn ? undefined : destination })}
          >
            {source} → {destination} <span className="num soft">{formatCount(calls)}</span>
            {errors > 0 && <span className="num tone-bad tone-text"> ✖ {formatCount(errors)}</span>}
          </button>
        );
      })}
      {edges.length > shownEdges && <span className="soft">and {formatCount(edges.length - shownEdges)} more</span>}
    </div>
  );
}
