import { blankFault, type FaultForm, noDelay } from './fault-form.ts';
import { newToxic } from './toxic-words.ts';

export interface FaultPreset {
  id: string;
  label: string;
  /** What it is good for. */
  words: string;
  change: Partial<FaultForm>;
  /** One of the four that the empty screen offers. */
  first?: boolean;
}

/** Where services stand: what a status calls a workload. */
export interface Instance {
  id: string;
  service: string;
  version: string;
}

export const presets: readonly FaultPreset[] = [
  {
    id: 'errors',
    label: '500s',
    words: 'Every call is answered 500. Who shows an error page, and who copes?',
    change: { delay: noDelay, answer: 'status', status: 500 },
    first: true,
  },
  {
    id: 'slow',
    label: '+2 s',
    words: 'Every answer comes two seconds late. Do timeouts hold, do queues grow?',
    change: { delay: { ...blankFault.delay, a: '2s' } },
    first: true,
  },
  {
    id: 'reset',
    label: 'Reset',
    words: 'The connection breaks before an answer. Is the call tried again?',
    change: { delay: noDelay, answer: 'reset' },
    first: true,
  },
  {
    id: 'half-dead',
    label: 'Half-dead subset',
    words: 'Half of the answers of one version, or one host, are 503. Is it ejected?',
    change: { delay: noDelay, answer: 'status', percentage: 50 },
    first: true,
  },
  {
    id: 'flaky',
    label: '30 % of 503',
    words: 'Now and then a call fails: what retries are made for.',
    change: { delay: noDelay, answer: 'status', percentage: 30 },
  },
  {
    id: 'hang',
    label: 'Never answers',
    words: 'The request is taken and nothing comes back.',
    change: { delay: noDelay, answer: 'hang' },
  },
  {
    id: 'link',
    label: 'Slow link',
    words: 'Bytes trickle.',
    change: { effect: 'toxics', toxics: [newToxic('bandwidth', [])] },
  },
  {
    id: 'flap',
    label: 'Flapping link',
    words: 'Up for five seconds, down for two.',
    change: { effect: 'toxics', toxics: [{ ...newToxic('flap', []), attributes: { up: 5000, down: 2000 } }] },
  },
  {
    id: 'first3',
    label: 'Fail three, then recover',
    words: 'The first three calls fail.',
    change: { delay: noDelay, answer: 'status', first: 3 },
  },
];

/** The form a preset opens, aimed where it makes sense in this mesh. */
export function presetForm(preset: FaultPreset, instances: readonly Instance[]): FaultForm {
  return { ...blankFault, ...preset.change, ...(preset.id === 'half-dead' ? aimAtHalf(instances) : {}) };
}

/** One version where there are several, else one host of several. */
function aimAtHalf(instances: readonly Instance[]): Partial<FaultForm> {
  for (const { service } of instances) {
    const versions = [...new Set(ofService(instances, service).map(({ version }) => version))].filter(Boolean).sort();
    if (versions.length > 1) return { to: service, version: versions[0]! };
  }
  const some = instances.find(({ service }) => ofService(instances, service).length > 1);
  return some ? { to: some.service, workload: some.id } : {};
}

const ofService = (instances: readonly Instance[], name: string) => instances.filter(({ service }) => service === name);
