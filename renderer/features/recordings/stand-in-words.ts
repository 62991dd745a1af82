import type { Simulation, SimulationCall, SimulationRequest } from '../../../proxy/api/simulation.schema.ts';

export type StandInSettings = Pick<
  SimulationRequest,
  'from' | 'mode' | 'exhaustion' | 'session' | 'latency' | 'latencyScale' | 'streams'
>;

export const newSettings: StandInSettings = {
  ...{ mode: 'simulate', exhaustion: 'repeat', session: 'none', latency: false, latencyScale: 1, streams: 'lock-step' },
};

export const settingsOf = (simulation: Simulation): StandInSettings => {
  const { from, mode, exhaustion, session, latency, latencyScale, streams } = simulation;
  return { ...{ mode, exhaustion, session, latency, latencyScale, streams }, ...(from === undefined ? {} : { from }) };
};

export const modes = [
  { value: 'simulate', label: 'Fail with 501' },
  { value: 'spy', label: 'Ask the service' },
  { value: 'record', label: 'Ask it and remember' },
] as const;

export const exhaustions = [
  { value: 'repeat', label: 'Repeat the last' },
  { value: 'cycle', label: 'Begin again' },
  { value: 'miss', label: 'Count as a miss' },
] as const;

export const sessionKinds = [
  { value: 'none', label: 'For everyone' },
  { value: 'trace', label: 'For each trace' },
  { value: 'header', label: 'By a header' },
  { value: 'cookie', label: 'By a cookie' },
] as const;
export type SessionKind = (typeof sessionKinds)[number]['value'];

export function splitSession(session: string): { kind: SessionKind; name: string } {
  const [kind = 'none', ...name] = session.split(':');
  return { kind: sessionKinds.find(({ value }) => value === kind)?.value ?? 'none', name: name.join(':') };
}

export const streamModes = [
  { value: 'lock-step', label: 'After what it followed' },
  { value: 'timed', label: 'At its recorded time' },
] as const;

const scales = [0.1, 0.25, 0.5, 1, 2, 5, 10];

/** One choice for whether, and how much of, the recorded time passes; a scale that was set elsewhere is a choice too. */
export function paces({
  latency,
  latencyScale,
}: Pick<StandInSettings, 'latency' | 'latencyScale'>): { value: string; label: string }[] {
  const known = latency && !scales.includes(latencyScale) ? [...scales, latencyScale].sort((a, b) => a - b) : scales;
  return [{ value: 'off', label: 'At once' }, ...known.map((scale) => ({ value: String(scale), label: paceWords(scale) }))];
}

export const paceOf = ({ latency, latencyScale }: StandInSettings): string => (latency ? String(latencyScale) : 'off');

export const withPace = (pace: string): Pick<StandInSettings, 'latency'> & { latencyScale?: number } =>
  pace === 'off' ? { latency: false } : { latency: true, latencyScale: Number(pace) };

function paceWords(scale: number): string {
  if (scale === 1) return 'As recorded';
  if (scale === 0) return 'Recorded order, no time';
  return scale < 1 ? `${Math.round(10 / scale) / 10}× faster` : `${scale}× slower`;
}

export type CallFilter = 'all' | 'hits' | 'misses';

export const callsFor = (calls: readonly SimulationCall[], filter: CallFilter): readonly SimulationCall[] =>
  filter === 'all' ? calls : calls.filter(({ outcome }) => (outcome === 'miss') === (filter === 'misses'));

/** What a tier is called where there is room for two words. */
export const tierWords: Readonly<Record<SimulationCall['outcome'], string>> = {
  ...{ stub: 'stub', exact: 'exact', masked: 'ids masked', template: 'by template', miss: 'missed' },
};

/** `12 exact, 3 by template, 1 missed` */
export function countWords({ hits, misses, forwarded }: Pick<Simulation, 'hits' | 'misses' | 'forwarded'>): string {
  const words = (['stub', 'exact', 'masked', 'template'] as const).flatMap((tier) =>
    hits[tier] > 0 ? [`${hits[tier]} ${tierWords[tier]}`] : [],
  );
  if (misses > 0) words.push(`${misses} missed`);
  if (forwarded > 0) words.push(`${forwarded} to the service`);
  return words.join(', ') || 'nothing asked yet';
}

/** Who is answered. */
export const forWhom = ({ from }: Pick<Simulation, 'from'>): string => (from === undefined ? 'every caller' : `only ${from}`);
