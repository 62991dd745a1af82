import type { ScenarioRun, ScenarioSpec } from '../../../proxy/api/scenario.schema.ts';
import { formatMs, formatRate, plural } from '../../ui/index.ts';
import { describeFault } from '../topology/edge-faults.ts';

type Track = ScenarioRun['tracks'][number];
type State = ScenarioRun['state'];

export const stateWords: Record<State, { glyph: string; word: string; tone: 'ok' | 'bad' | 'warn' | 'info' | 'neutral' }> = {
  running: { glyph: '◷', word: 'running', tone: 'info' },
  passed: { glyph: '✓', word: 'passed', tone: 'ok' },
  failed: { glyph: '✖', word: 'failed', tone: 'bad' },
  cancelled: { glyph: '○', word: 'cancelled', tone: 'neutral' },
  error: { glyph: '▲', word: 'not carried out', tone: 'warn' },
};

export const outcomeWords = {
  waiting: { glyph: '◷', word: 'waiting', tone: 'neutral' },
  passed: { glyph: '✓', word: 'met', tone: 'ok' },
  failed: { glyph: '✖', word: 'not met', tone: 'bad' },
  no_data: { glyph: '?', word: 'no data', tone: 'bad' },
} as const;

const unitMs: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `1m30s` in milliseconds; 0 for what is no duration (the engine refuses those). */
export function readDuration(text: string): number {
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) sum += Number(number) * unitMs[unit!]!;
  return sum;
}

/** `12 s`, `1m 30s`: a place on the timeline. */
export function formatOffset(ms: number): string {
  return ms >= 60_000 ? formatMs(ms) : `${Math.round(ms / 100) / 10} s`;
}

export interface Plan {
  durationMs: number;
  tracks: Track[];
}

/** What a scenario will do, drawn before it has run. */
export function planOf(spec: ScenarioSpec): Plan {
  const loads = spec.load.map((load) =>
    bar('load', load.name, loadWords(load), readDuration(load.at), readDuration(load.at) + readDuration(load.for)),
  );
  const faults = spec.faults.map((fault) => {
    const start = readDuration(fault.at);
    const end = fault.for === undefined ? null : start + readDuration(fault.for);
    const label = `${describeFault({ ...fault.spec, enabled: true })} at ${fault.spec.to.service}`;
    return bar('fault', fault.name, label, start, end);
  });
  const changes = spec.changes.map((change) => bar('change', change.name, changeWords(change), readDuration(change.at), null));
  const tracks = [...loads, ...faults, ...changes];
  const ends = tracks.map((track) => (track.kind === 'change' ? track.startMs : (track.endMs ?? track.startMs)));
  return { durationMs: spec.duration === undefined ? Math.max(0, ...ends) : readDuration(spec.duration), tracks };
}

function bar(kind: Track['kind'], name: string, label: string, startMs: number, endMs: number | null): Track {
  return { kind, name, label, startMs, endMs, state: 'waiting', message: '' };
}

function loadWords(load: ScenarioSpec['load'][number]): string {
  const rate =
    typeof load.rate === 'number' ? formatRate(load.rate) : `${formatRate(load.rate.from)} → ${formatRate(load.rate.to)}`;
  const wire = { http: '', http2: ' over HTTP/2', grpc: ' over gRPC' }[load.protocol];
  return `${rate} req/s${wire} from ${load.from?.service ?? 'ingress'}`;
}

function changeWords(change: ScenarioSpec['changes'][number]): string {
  const words: string[] = [];
  if (change.shift)
    words.push(
      `${change.shift.service} ${Object.entries(change.shift.weights)
        .map(([version, weight]) => `${version} ${weight}`)
        .join(', ')}`,
    );
  if (change.apply) words.push(`apply ${change.apply.map(({ kind }) => kind).join(', ')}`);
  if (change.delete) words.push(`delete ${change.delete.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`);
  if (change.stop) words.push(`stop ${change.stop}`);
  if (change.start) words.push(`start ${change.start}`);
  return words.join(' · ');
}

/** `2 of 3 expectations met`, as it stands. */
export function summaryOf(run: ScenarioRun): string {
  const met = run.expectations.filter(({ state }) => state === 'passed').length;
  const waiting = run.expectations.filter(({ state }) => state === 'waiting').length;
  if (run.expectations.length === 0) return 'nothing was expected';
  return `${met} of ${run.expectations.length} met${waiting > 0 ? `, ${waiting} waiting` : ''}`;
}

/** Seconds at which to put a tick: about eight of them, at round numbers. */
export function ticksOf(durationMs: number): number[] {
  const steps = [500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000];
  const step = steps.find((one) => durationMs / one <= 9) ?? steps.at(-1)!;
  return Array.from({ length: Math.floor(durationMs / step) + 1 }, (_, index) => index * step);
}

/** `600 requests at 20 req/s`: what a run will do to the mesh, before it does. */
export function plannedRequests({ load }: Pick<ScenarioSpec, 'load'>): string {
  if (load.length === 0) return 'no requests of its own';
  const mean = ({ rate }: ScenarioSpec['load'][number]) => (typeof rate === 'number' ? rate : (rate.from + rate.to) / 2);
  const count = load.reduce((sum, one) => sum + Math.round((mean(one) * readDuration(one.for)) / 1000), 0);
  const services = new Set(load.flatMap(({ requests }) => requests.map(({ url }) => new URL(url).hostname.split('.')[0])));
  return `${plural(count, 'request')} to ${[...services].slice(0, 3).join(', ')}${services.size > 3 ? ` and ${services.size - 3} more` : ''}`;
}

/** The requests that one load of a run sent, as a filter of the requests list; null for runs kept before their marks were. */
export function requestsOf({ mark, load }: ScenarioRun, name: string): string | null {
  if (mark === undefined) return null;
  const index = load.findIndex((one) => one.name === name);
  return `trace:${mark}${(index + 1).toString(16).padStart(4, '0')}*`;
}
