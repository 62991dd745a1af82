import { type PointerEvent, useEffect, useRef, useState } from 'react';
import type { ScenarioRun } from '../../../proxy/api/scenario.schema.ts';
import { formatOffset, outcomeWords, type Plan, ticksOf } from './scenario-words.ts';
import { draggedStart, type TrackName } from './track-edit.ts';
import { TrackFields } from './track-fields.tsx';

type Track = ScenarioRun['tracks'][number];

const kinds: Record<Track['kind'], { glyph: string; word: string }> = {
  load: { glyph: '⇉', word: 'load' },
  fault: { glyph: '⚡', word: 'fault' },
  change: { glyph: '⤳', word: 'change' },
};
const stateWord: Record<Track['state'], string> = { waiting: 'waits', active: 'now', done: 'over', failed: 'failed' };

export interface TimelineProps {
  plan: Plan;
  run: ScenarioRun | null;
  /** Puts a track elsewhere; null while it runs. */
  onPlace: Place | null;
}

type Place = (track: TrackName, startMs: number, lengthMs: number | null) => void;

/** Load, faults, changes and the moments of decision over one axis of time; assistive tools read the same as a list. */
export function ScenarioTimeline({ plan, run, onPlace }: TimelineProps) {
  const [opened, setOpened] = useState('');
  const durationMs = Math.max(1, run?.durationMs ?? plan.durationMs);
  const tracks = run?.tracks ?? plan.tracks;
  const share = (ms: number) => `${(100 * Math.min(ms, durationMs)) / durationMs}%`;
  const now = run?.state === 'running' ? run.elapsedMs : null;
  const list = useRef<HTMLUListElement>(null);
  const acting = now === null ? -1 : tracks.findLastIndex(({ kind, startMs }) => kind !== 'load' && startMs <= now);
  // A long one is followed while it runs; only the list moves, never the page.
  useEffect(() => {
    const row = list.current?.children[acting];
    if (!(row instanceof HTMLElement) || !list.current) return;
    const { top, bottom } = row.getBoundingClientRect();
    const box = list.current.getBoundingClientRect();
    if (bottom > box.bottom) list.current.scrollTop += bottom - box.bottom;
    if (top < box.top) list.current.scrollTop -= box.top - top;
  }, [acting]);
  return (
    <div className="scn-timeline">
      <div className="scn-axis" aria-hidden="true">
        {ticksOf(durationMs).map((ms) => (
          <span key={ms} className="num" style={{ left: share(ms) }} data-last={ms > durationMs * 0.94 || undefined}>
            {formatOffset(ms)}
          </span>
        ))}
      </div>
      <ul ref={list} className="scn-tracks" aria-label="Timeline">
        {tracks.map((track) => (
          <TrackRow
            key={`${track.kind} ${track.name}`}
            track={track}
            durationMs={durationMs}
            share={share}
            isOpen={onPlace !== null && opened === `${track.kind} ${track.name}`}
            onOpen={(isOpen) => setOpened(isOpen ? `${track.kind} ${track.name}` : '')}
            onPlace={onPlace}
          />
        ))}
        {run && run.expectations.length > 0 && <Decisions run={run} share={share} />}
      </ul>
      {now !== null && (
        <div className="scn-now-lane" aria-hidden="true">
          <i style={{ left: share(now) }} />
        </div>
      )}
    </div>
  );
}

interface RowProps {
  track: Track;
  durationMs: number;
  share: (ms: number) => string;
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
  onPlace: Place | null;
}

/** A track: dragged along its lane, or placed by the fields behind its name. */
function TrackRow({ track: given, durationMs, share, isOpen, onOpen, onPlace }: RowProps) {
  const lane = useRef<HTMLSpanElement>(null);
  const drag = useDrag(given, durationMs, lane, onPlace);
  const movedMs = drag.startMs - given.startMs;
  const track = { ...given, startMs: drag.startMs, endMs: given.endMs === null ? null : given.endMs + movedMs };
  const { glyph, word } = kinds[track.kind];
  const endMs = track.endMs ?? durationMs;
  const moment = track.kind === 'change';
  // What starts late has its words on the left of it, where there is room.
  const left = track.startMs > durationMs * 0.6;
  const name = (
    <>
      <span aria-hidden="true">{glyph}</span> <span className="visually-hidden">{word}</span>
      {track.name}
    </>
  );
  return (
    <li className="scn-track" data-kind={track.kind} data-state={track.state} data-testid="scenario-track">
      {onPlace ? (
        <button
          type="button"
          className="scn-track-name scn-track-opener truncate"
          title={`${word} ${track.name}: drag it, or click for its start and length`}
          aria-expanded={isOpen}
          onClick={() => onOpen(!isOpen)}
        >
          {name}
        </button>
      ) : (
        <span className="scn-track-name truncate" title={`${word} ${track.name}`}>
          {name}
        </span>
      )}
      <span ref={lane} className="scn-lane">
        <i
          className={moment ? 'scn-moment' : 'scn-bar'}
          style={
            moment ? { left: share(track.startMs) } : { left: share(track.startMs), width: widthOf(track.startMs, endMs, share) }
          }
          aria-hidden="true"
          data-drag={onPlace ? '' : undefined}
          {...drag.handlers}
        />
        <span
          className="scn-track-label truncate"
          data-left={left || undefined}
          style={left ? { right: `calc(100% - ${share(track.startMs)})` } : { left: share(track.startMs) }}
          title={track.message || track.label}
        >
          {drag.active ? formatOffset(track.startMs) : track.state === 'failed' ? `✖ ${track.message}` : track.label}
        </span>
        <span className="visually-hidden">
          from {formatOffset(track.startMs)} {moment ? '' : `to ${formatOffset(endMs)}`}, {stateWord[track.state]}
        </span>
      </span>
      {isOpen && onPlace && (
        <TrackFields
          key={`${given.startMs} ${given.endMs}`}
          track={given}
          onPlace={(startMs, lengthMs) => {
            onPlace(given, startMs, lengthMs);
            onOpen(false);
          }}
          onClose={() => onOpen(false)}
        />
      )}
    </li>
  );
}

/** A drag along the lane: shown while it lasts, asked for when the pointer is let go. */
function useDrag(track: Track, durationMs: number, lane: { current: HTMLElement | null }, onPlace: Place | null) {
  const [drag, setDrag] = useState<{ fromX: number; startMs: number } | null>(null);
  const startAt = (event: PointerEvent, fromX: number) => {
    const width = Math.max(1, lane.current?.getBoundingClientRect().width ?? 1);
    return draggedStart(track.startMs, (event.clientX - fromX) / width, durationMs);
  };
  const handlers = onPlace && {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setDrag({ fromX: event.clientX, startMs: track.startMs });
    },
    onPointerMove: (event: PointerEvent) => {
      // A click moves nothing.
      if (drag && Math.abs(event.clientX - drag.fromX) > 3) setDrag({ ...drag, startMs: startAt(event, drag.fromX) });
    },
    onPointerUp: () => {
      if (drag && drag.startMs !== track.startMs) onPlace(track, drag.startMs, null);
      setDrag(null);
    },
    onPointerCancel: () => setDrag(null),
  };
  return { startMs: drag?.startMs ?? track.startMs, active: drag !== null, handlers };
}

const widthOf = (startMs: number, endMs: number, share: (ms: number) => string) => `calc(${share(endMs)} - ${share(startMs)})`;

/** When which expectation was decided. */
function Decisions({ run, share }: { run: ScenarioRun; share: (ms: number) => string }) {
  const decided = run.expectations
    .flatMap((one) => (one.atMs === null ? [] : [{ ...one, atMs: one.atMs }]))
    .sort((a, b) => a.atMs - b.atMs);
  return (
    <li className="scn-track" data-kind="expect">
      <span className="scn-track-name truncate">
        <span aria-hidden="true">✓</span> expectations
      </span>
      <span className="scn-lane">
        {decided.map((one, index) => {
          const { glyph, word, tone } = outcomeWords[one.state];
          const beside = decided.slice(index + 1).filter((other) => other.atMs - one.atMs < run.durationMs * 0.015).length;
          return (
            <span
              key={one.name}
              className={`scn-verdict tone-${tone} tone-text`}
              style={{ left: `calc(${share(one.atMs)} - ${beside * 14}px)` }}
              title={`${one.name}: ${word} at ${formatOffset(one.atMs)}`}
            >
              <span aria-hidden="true">{glyph}</span>
              <span className="visually-hidden">
                {one.name} {word} at {formatOffset(one.atMs)}
              </span>
            </span>
          );
        })}
      </span>
    </li>
  );
}
