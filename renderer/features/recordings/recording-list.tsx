import { Combine } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { Recording } from '../../../proxy/api/recording.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { Button, formatBytes, formatCount, Input, plural, useToasts } from '../../ui/index.ts';
import { useHeldRows, usePointed } from '../../ui/pointed.ts';
import { searchedFrom } from '../find-field.tsx';
import { filterWords, listWords, spanWords, whenWords } from './recording-words.ts';

export interface RecordingListProps {
  recordings: readonly Recording[];
  selectedId: string | null;
  onSelect: (id: string) => void;
}

const idOf = ({ id }: Recording) => id;

/** All recordings, newest first. Several are chosen to be merged. */
export function RecordingList({ recordings, selectedId, onSelect }: RecordingListProps) {
  const [find, setFind] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const needle = find.trim().toLowerCase();
  const { pointed, on } = usePointed();
  const found = recordings.filter(
    ({ name, note, services }) => needle === '' || [name, note, ...services].some((one) => one.toLowerCase().includes(needle)),
  );
  const shown = useHeldRows(found, idOf, pointed);
  const merging = recordings.filter(({ id }) => chosen.includes(id));
  const toggle = (id: string) => setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return (
    <div className="dd-side">
      {recordings.length >= searchedFrom && (
        <Input
          value={find}
          onChange={(event) => setFind(event.target.value)}
          placeholder="Find by name, note or service"
          aria-label="Find a recording"
        />
      )}
      {merging.length > 0 && <MergeBar merging={merging} onDone={() => setChosen([])} onMerged={onSelect} />}
      <ul className="rec-list" aria-label="Recordings" {...on}>
        {shown.map((recording) => (
          <li key={recording.id} className="rec-item" data-selected={recording.id === selectedId || undefined}>
            <input
              type="checkbox"
              className="rec-check"
              aria-label={`Choose ${recording.name} to merge`}
              checked={chosen.includes(recording.id)}
              onChange={() => toggle(recording.id)}
            />
            <RecordingRow recording={recording} selected={recording.id === selectedId} onSelect={() => onSelect(recording.id)} />
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p className="soft rec-more">No recording has “{find}” in its name, note or services.</p>}
      <div className="rec-side-foot soft num">
        {plural(recordings.length, 'recording')} · {formatBytes(recordings.reduce((sum, { bytes }) => sum + bytes, 0))}
      </div>
    </div>
  );
}

function RecordingRow({ recording, selected, onSelect }: { recording: Recording; selected: boolean; onSelect: () => void }) {
  const live = recording.state === 'recording';
  const row = useRef<HTMLButtonElement>(null);
  // Chosen by a link, the palette or a merge, it may be far down.
  useEffect(() => {
    if (selected) row.current?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
  const errors = recording.edges.reduce((sum, edge) => sum + edge.errors, 0);
  return (
    <button
      ref={row}
      type="button"
      title={recording.name}
      className="rec-row"
      aria-pressed={selected}
      data-testid={`recording-row-${recording.name}`}
      onClick={onSelect}
    >
      <span className="rec-row-name">
        {live && <span className="tone-bad tone-text">● </span>}
        {recording.stopReason !== '' && (
          <span className="tone-warn tone-text" role="img" aria-label="stopped early">
            ▲{' '}
          </span>
        )}
        {recording.name}
      </span>
      <span className="rec-row-facts soft truncate">
        <span className="num">
          {whenWords(recording.startedAt, Date.now())} · {plural(recording.calls, 'call')}
        </span>{' '}
        · {live ? 'recording' : spanWords(recording)}
      </span>
      <span className="soft num">{formatBytes(recording.bytes)}</span>
      <span className="rec-row-who soft truncate">
        {errors > 0 && <span className="tone-bad tone-text num">{formatCount(errors)} failed · </span>}
        {summaryOf(recording)}
      </span>
    </button>
  );
}

/** The filter where there was one; else who took part. */
function summaryOf({ filter, services }: Recording): string {
  const words = filterWords(filter);
  if (words !== 'everything') return words;
  return services.length > 3 ? plural(services.length, 'service') : services.join(', ') || words;
}

function MergeBar({
  merging,
  onDone,
  onMerged,
}: {
  merging: readonly Recording[];
  onDone: () => void;
  onMerged: (id: string) => void;
}) {
  const engine = useEngine();
  const toasts = useToasts();
  const merge = async () => {
    try {
      const made = await engine.call('mergeRecordings', { body: { recordings: merging.map(({ id }) => id) } });
      await engine.refreshRecordings();
      toasts.ok(
        `Merged into ${made.name}`,
        `${plural(made.exchanges, 'exchange')} of ${listWords(merging.map(({ name }) => name))}`,
      );
      onDone();
      onMerged(made.id);
    } catch (error) {
      toasts.error('They were not merged', error);
    }
  };
  return (
    <div className="row rec-merge">
      <span className="num grow">{merging.length} chosen</span>
      <Button
        size="small"
        variant="primary"
        icon={<Combine size={13} />}
        data-testid="recordings-merge"
        disabled={merging.length < 2}
        title={merging.length < 2 ? 'Choose at least two' : undefined}
        onClick={() => void merge()}
      >
        Merge
      </Button>
      <Button size="small" variant="ghost" onClick={onDone}>
        None
      </Button>
    </div>
  );
}
