import type { FaultSpec, FaultStatus } from '../../../proxy/api/fault.schema.ts';
import { writeMatch } from './match-words.ts';
import { fromToxic, newToxic, type ToxicForm } from './toxic-words.ts';

export type DelayKind = 'none' | 'fixed' | 'uniform' | 'normal' | 'pareto';

/** What the form holds: text as typed, so that half-written values stay. */
export interface FaultForm {
  name: string;
  from: string;
  to: string;
  version: string;
  workload: string;
  port: number | null;
  side: 'server' | 'client';
  percentage: number;
  /** On requests and their answers, or on the bytes of connections. */
  effect: 'requests' | 'toxics';
  /** `a`: the length, the least, the mean or the scale; `b`: the most or the deviation. */
  delay: { kind: DelayKind; a: string; b: string; shape: number };
  answer: 'usual' | 'status' | 'grpc' | 'reset' | 'hang';
  status: number;
  grpcStatus: string;
  /** Of the answer's body; '' leaves it as it is. */
  truncateAfter: string;
  bytesPerSecond: string;
  corrupt: string;
  /** On the bytes of connections, in this order. */
  toxics: readonly ToxicForm[];
  method: string;
  pathIs: 'prefix' | 'exact' | 'regex';
  path: string;
  header: string;
  query: string;
  skip: number;
  first: number | null;
  per: FaultSpec['per'];
  /** The timetable, from when it is armed. */
  after: string;
  lasts: string;
  every: string;
  /** '' until it is removed. */
  expires: string;
  seed: number | null;
  /** The fault that is changed: what the form has no field for stays as it is. */
  original: { namespace: string; spec: FaultSpec } | null;
}

export const blankFault: FaultForm = {
  name: '',
  from: '',
  to: '',
  version: '',
  workload: '',
  port: null,
  side: 'server',
  percentage: 100,
  effect: 'requests',
  delay: { kind: 'fixed', a: '500ms', b: '', shape: 1.5 },
  answer: 'usual',
  status: 503,
  grpcStatus: 'UNAVAILABLE',
  truncateAfter: '',
  bytesPerSecond: '',
  corrupt: '',
  toxics: [newToxic('latency', [])],
  method: '',
  pathIs: 'prefix',
  path: '',
  header: '',
  query: '',
  skip: 0,
  first: null,
  per: 'request',
  after: '',
  lasts: '',
  every: '',
  expires: '10m',
  seed: null,
  original: null,
};

/** The answer comes without waiting. */
export const noDelay: FaultForm['delay'] = { ...blankFault.delay, kind: 'none' };

/** Values with which choosing a kind of delay makes sense at once. */
export const delayValues: Record<DelayKind, { a: string; b: string }> = {
  none: { a: '', b: '' },
  fixed: { a: '500ms', b: '' },
  uniform: { a: '100ms', b: '1s' },
  normal: { a: '500ms', b: '100ms' },
  pareto: { a: '200ms', b: '' },
};

/** The form of a fault that is there, to change it. */
export function formOf({ name, namespace, spec }: Pick<FaultStatus, 'name' | 'namespace' | 'spec'>): FaultForm {
  return {
    ...blankFault,
    name,
    from: spec.from?.service ?? '',
    to: spec.to.service,
    version: spec.to.version ?? '',
    workload: spec.to.workload ?? '',
    port: spec.to.port ?? null,
    side: spec.side,
    percentage: spec.percentage,
    effect: spec.tcp ? 'toxics' : 'requests',
    delay: delayForm(spec.delay),
    ...answerForm(spec.abort),
    truncateAfter: textOf(spec.response?.truncateAfter),
    bytesPerSecond: textOf(spec.response?.bytesPerSecond),
    corrupt: textOf(spec.response?.corrupt),
    toxics: spec.tcp?.map(fromToxic) ?? blankFault.toxics,
    ...writeMatch(spec.match?.[0]),
    skip: spec.only?.skip ?? 0,
    first: spec.only?.first ?? null,
    per: spec.per,
    after: spec.schedule?.after ?? '',
    lasts: spec.schedule?.for ?? '',
    every: spec.schedule?.every ?? '',
    expires: spec.expires ?? '',
    seed: spec.seed ?? null,
    original: { namespace, spec },
  };
}

const textOf = (value: string | number | undefined): string => (value === undefined ? '' : String(value));

function delayForm(delay: FaultSpec['delay']): FaultForm['delay'] {
  if (!delay) return noDelay;
  const { shape } = blankFault.delay;
  if ('fixed' in delay) return { kind: 'fixed', a: delay.fixed, b: '', shape };
  if ('uniform' in delay) return { kind: 'uniform', a: delay.uniform.min, b: delay.uniform.max, shape };
  if ('normal' in delay) return { kind: 'normal', a: delay.normal.mean, b: delay.normal.stddev, shape };
  return { kind: 'pareto', a: delay.pareto.scale, b: '', shape: delay.pareto.shape };
}

function answerForm(abort: FaultSpec['abort']): Pick<FaultForm, 'answer'> & Partial<FaultForm> {
  if (!abort) return { answer: 'usual' };
  if ('httpStatus' in abort) return { answer: 'status', status: abort.httpStatus };
  if ('grpcStatus' in abort) return { answer: 'grpc', grpcStatus: String(abort.grpcStatus) };
  return { answer: 'reset' in abort ? 'reset' : 'hang' };
}
