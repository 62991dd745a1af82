import type { ScenarioRun } from '../../../proxy/api/scenario.schema.ts';
import { formatOffset, outcomeWords, type Plan, ticksOf } from './scenario-words.ts';

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
}

/** Load, faults, changes and the moments of decision over one axis of time; assistive tools read the same as a list. */
export function ScenarioTimeline({ plan, run }: TimelineProps) {
  const durationMs = Math.max(1, run?.durationMs ?? plan.durationMs);
  const tracks = run?.tracks ?? plan.tracks;
  const share = (ms: number) => `${(100 * Math.min(ms, durationMs)) / durationMs}%`;
  const now = run?.state === 'running' ? run.elapsedMs : null;
  return (
    <div className="scn-timeline">
      <div className="scn-axis" aria-hidden="true">
        {ticksOf(durationMs).map((ms) => (
          <span key={ms} className="num" style={{ left: share(ms) }} data-last={ms > durationMs * 0.94 || undefined}>
            {formatOffset(ms)}
          </span>
        ))}
      </div>
      <ul className="scn-tracks" aria-label="Timeline">
        {tracks.map((track) => (
          <TrackRow key={`${track.kind} ${track.name}`} track={track} durationMs={durationMs} share={share} />
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
}

function TrackRow({ track, durationMs, share }: RowProps) {
  const { glyph, word } = kinds[track.kind];
  const endMs = track.endMs ?? durationMs;
  const moment = track.kind === 'change';
  // What starts late has its words on the left of it, where there is room.
  const left = track.startMs > durationMs * 0.6;
  return (
    <li className="scn-track" data-kind={track.kind} data-state={track.state} data-testid="scenario-track">
      <span className="scn-track-name truncate" title={`${word} ${track.name}`}>
        <span aria-hidden="true">{glyph}</span> <span className="visually-hidden">{word}</span>
        {track.name}
      </span>
      <span className="scn-lane">
        <i
          className={moment ? 'scn-moment' : 'scn-bar'}
          style={
            moment ? { left: share(track.startMs) } : { left: share(track.startMs), width: widthOf(track.startMs, endMs, share) }
          }
          aria-hidden="true"
        />
        <span
          className="scn-track-label truncate"
          data-left={left || undefined}
          style={left ? { right: `calc(100% - ${share(track.startMs)})` } : { left: share(track.startMs) }}
          title={track.message || track.label}
        >
          {track.state === 'failed' ? `✖ ${track.message}` : track.label}
        </span>
        <span className="visually-hidden">
          from {formatOffset(track.startMs)} {moment ? '' : `to ${formatOffset(endMs)}`}, {stateWord[track.state]}
        </span>
      </span>
    </li>
  );
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
