import type { Scenario, ScenarioRun, ScenarioSpec } from '../../../proxy/api/scenario.schema.ts';
import { formatMs, formatRate } from '../../ui/index.ts';
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

export interface TemplateTarget {
  service: string;
  /** Where calls go in, from outside: `http://reviews.localhost/`. */
  url: string;
  /** Its versions, oldest first. */
  versions: readonly string[];
}

export interface Template {
  id: string;
  title: string;
  words: string;
  /** Versions the target needs. */
  needs: number;
  yaml: (target: TemplateTarget) => string;
}

const head = (name: string, description: string) =>
  `apiVersion: drydock.dev/v1\nkind: Scenario\nmetadata: {name: ${name}}\nspec:\n  description: ${description}\n`;
const load = (url: string, rate: number, seconds: number) =>
  `  load:\n    - name: callers\n      rate: ${rate}\n      for: ${seconds}s\n      requests: [{url: '${url}'}]\n`;

/** Three drills to begin with; each is a whole document that can be run as it is and edited. */
export const templates: readonly Template[] = [
  {
    id: 'ejection',
    title: 'Ejection drill',
    words: 'Half of the answers of one version fail. Is its host taken out of the pool, and do callers notice?',
    needs: 1,
    yaml: ({ service, url, versions }) =>
      `${head(`${service}-ejection`, `One version of ${service} fails half of the time; its host should be ejected`)}${load(url, 20, 30)}  faults:
    - name: half-dead
      at: 5s
      for: 15s
      spec:
        to: {service: ${service}${versions[0] ? `, version: ${versions[0]}` : ''}}
        percentage: 50
        abort: {httpStatus: 503}
  expect:
    - name: a host is ejected soon
      event: {type: endpoint.ejected, subject: ${service}, after: half-dead, within: 10s}
    - name: callers see few errors
      that: errors < 5%
    - name: no retry storm
      that: attempts < 1.5
`,
  },
  {
    id: 'canary',
    title: 'Canary',
    words: 'Traffic moves to the newest version in steps; errors and latency must hold at each.',
    needs: 2,
    yaml: ({ service, url, versions }) => {
      const [from, to] = [versions[0]!, versions.at(-1)!];
      const shift = (name: string, at: number, share: number) =>
        `    - {name: ${name}, at: ${at}s, shift: {service: ${service}, weights: {${from}: ${100 - share}, ${to}: ${share}}}}\n`;
      return `${head(`${service}-canary`, `${service} goes from ${from} to ${to} in three steps`)}${load(url, 30, 40)}  changes:
${shift('ten', 5, 10)}${shift('half', 15, 50)}${shift('all', 28, 100)}  expect:
    - {that: errors < 1%, abortOnFail: true, delayAbort: 5s}
    - {that: p(95) < 500ms}
    - name: a tenth went to ${to}
      that: share(${to}) < 20%
      during: {from: 6s, to: 14s}
    - name: in the end all of it
      that: share(${to}) > 99%
      during: {from: 30s}
`;
    },
  },
  {
    id: 'retries',
    title: 'Retry storm',
    words: 'The service slows down and fails. Do retries multiply the load on it?',
    needs: 1,
    yaml: ({ service, url }) =>
      `${head(`${service}-retry-storm`, `${service} is slow and fails a third of the time; retries must stay bounded`)}${load(url, 30, 30)}  faults:
    - name: in-trouble
      at: 5s
      for: 15s
      spec:
        to: {service: ${service}}
        percentage: 33
        delay: {fixed: 100ms}
        abort: {httpStatus: 503}
  expect:
    - name: at most three tries for one request
      that: max_attempts <= 3
    - name: no storm
      that: retries < 0.5
    - name: it recovers
      that: errors < 1%
      during: {from: 23s}
`,
  },
];

export const nameOf = (scenario: Pick<Scenario, 'metadata'>): string => scenario.metadata.name;
