import { useState } from 'react';
import type { ScenarioRun } from '../../../proxy/api/scenario.schema.ts';
import { Button, Input } from '../../ui/index.ts';
import { readDuration } from './scenario-words.ts';
import { writeDuration } from './track-edit.ts';

type Track = ScenarioRun['tracks'][number];

export interface TrackFieldsProps {
  track: Track;
  /** `lengthMs` null: as long as before. */
  onPlace: (startMs: number, lengthMs: number | null) => void;
  onClose: () => void;
}

/** Start and length of a track as text, for whoever does not drag. */
export function TrackFields({ track, onPlace, onClose }: TrackFieldsProps) {
  const length = track.endMs === null ? '' : writeDuration(track.endMs - track.startMs);
  const [at, setAt] = useState(writeDuration(track.startMs));
  const [lasts, setLasts] = useState(length);
  const isMoment = track.kind === 'change';
  const isDuration = (text: string) => text === '0' || /^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text);
  const valid = isDuration(at.trim()) && (isMoment || lasts.trim() === length || isDuration(lasts.trim()));
  return (
    <form
      className="row scn-place"
      aria-label={`Place of ${track.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) onPlace(readDuration(at), lasts.trim() === length ? null : readDuration(lasts));
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onClose();
      }}
    >
      <span className="row">
        Starts at
        <Input
          aria-label="Starts at"
          autoFocus
          value={at}
          data-testid="scenario-track-start"
          onChange={(event) => setAt(event.target.value)}
        />
      </span>
      {!isMoment && (
        <span className="row">
          lasts
          <Input
            aria-label="Lasts"
            value={lasts}
            placeholder="to the end"
            data-testid="scenario-track-length"
            onChange={(event) => setLasts(event.target.value)}
          />
        </span>
      )}
      <Button size="small" variant="primary" type="submit" disabled={!valid} data-testid="scenario-track-place">
        Place it
      </Button>
      <Button size="small" variant="ghost" onClick={onClose}>
        Leave it
      </Button>
      {!valid && <span className="tone-warn tone-text">▲ write 500ms, 1.5s or 2m</span>}
    </form>
  );
}
