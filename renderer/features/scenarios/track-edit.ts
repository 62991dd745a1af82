import { isMap, isSeq, parseDocument } from 'yaml';
import type { ScenarioRun } from '../../../proxy/api/scenario.schema.ts';
import type { Plan } from './scenario-words.ts';

type Track = ScenarioRun['tracks'][number];
export type TrackName = Pick<Track, 'kind' | 'name'>;

const lists: Record<Track['kind'], string> = { load: 'load', fault: 'faults', change: 'changes' };

/** A scenario's document with one track at another place; what else is written stays, comments too. `lengthMs` null: it lasts as it did. */
export function placeTrack(yaml: string, { kind, name }: TrackName, startMs: number, lengthMs: number | null): string {
  const document = parseDocument(yaml);
  const list = document.getIn(['spec', lists[kind]]);
  const index = isSeq(list) ? list.items.findIndex((item) => isMap(item) && item.get('name') === name) : -1;
  if (index < 0) throw new RangeError(`The scenario has no ${kind} ${name}`);
  const path = ['spec', lists[kind], index];
  document.setIn([...path, 'at'], writeDuration(startMs));
  if (lengthMs !== null) document.setIn([...path, 'for'], writeDuration(lengthMs));
  return document.toString({ lineWidth: 0 });
}

/** `12s`, `250ms`. */
export function writeDuration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  return whole % 1000 === 0 ? `${whole / 1000}s` : `${whole}ms`;
}

/** Where a drag by a share of the axis puts a start: at a round place, about two hundred of them on the axis. */
export function draggedStart(startMs: number, share: number, durationMs: number): number {
  const step = [50, 100, 250, 500, 1000, 5000].find((one) => durationMs / one <= 200) ?? 10_000;
  const moved = Math.round((startMs + share * durationMs) / step) * step;
  return Math.max(0, Math.min(moved, durationMs));
}

/** The scenario was changed after this run: its tracks stand elsewhere, or are others. Of a run by hand only which they are says so. */
export function isOutdated(plan: Plan, run: ScenarioRun): boolean {
  const namesOf = (tracks: readonly Track[]) =>
    tracks
      .map(({ kind, name }) => `${kind} ${name}`)
      .sort()
      .join('\n');
  if (run.stepped) return run.state !== 'running' && namesOf(plan.tracks) !== namesOf(run.tracks);
  const places = (tracks: readonly Track[]) =>
    tracks
      .map(({ kind, name, startMs, endMs }) => `${kind} ${name} ${startMs} ${kind === 'change' ? '' : endMs}`)
      .sort()
      .join('\n');
  // A run says when what has no end of its own ended.
  const known = new Set(plan.tracks.filter(({ endMs }) => endMs === null).map(({ kind, name }) => `${kind} ${name}`));
  const ran = run.tracks.map((track) => (known.has(`${track.kind} ${track.name}`) ? { ...track, endMs: null } : track));
  return run.state !== 'running' && places(plan.tracks) !== places(ran);
}
