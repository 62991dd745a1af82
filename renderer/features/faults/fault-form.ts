import type { FaultRequest, FaultSpec } from '../../../proxy/api/fault.schema.ts';
import { newToxic, type ToxicForm, toToxic } from './toxic-words.ts';

/** What the form holds: text as typed, so that half-written values stay. */
export interface FaultForm {
  name: string;
  from: string;
  to: string;
  version: string;
  side: 'server' | 'client';
  percentage: number;
  effect: 'delay' | 'error' | 'grpc' | 'reset' | 'hang' | 'throttle' | 'truncate' | 'toxics';
  delay: string;
  jitter: string;
  status: number;
  grpcStatus: string;
  bytes: string;
  /** On the bytes of connections, in this order. */
  toxics: readonly ToxicForm[];
  path: string;
  header: string;
  skip: number;
  first: number | null;
  per: FaultSpec['per'];
  expires: string;
  seed: number | null;
}

export const blankFault: FaultForm = {
  name: '',
  from: '',
  to: '',
  version: '',
  side: 'server',
  percentage: 100,
  effect: 'delay',
  delay: '500ms',
  jitter: '',
  status: 503,
  grpcStatus: 'UNAVAILABLE',
  bytes: '2KiB',
  toxics: [newToxic('latency', [])],
  path: '',
  header: '',
  skip: 0,
  first: null,
  per: 'request',
  expires: '10m',
  seed: null,
};

export const presets: readonly { id: string; label: string; change: Partial<FaultForm> }[] = [
  { id: 'errors', label: 'All 503', change: { effect: 'error', status: 503, percentage: 100 } },
  { id: 'slow', label: '+2 s', change: { effect: 'delay', delay: '2s', jitter: '', percentage: 100 } },
  { id: 'flaky', label: '30 % of 503', change: { effect: 'error', status: 503, percentage: 30 } },
  { id: 'reset', label: 'Connection reset', change: { effect: 'reset', percentage: 100 } },
  { id: 'hang', label: 'Never answers', change: { effect: 'hang', percentage: 100 } },
  { id: 'link', label: 'Slow link', change: { effect: 'toxics', toxics: [newToxic('bandwidth', [])] } },
  {
    id: 'flap',
    label: 'Flapping link',
    change: { effect: 'toxics', toxics: [{ ...newToxic('flap', []), attributes: { up: 5000, down: 2000 } }] },
  },
  { id: 'first3', label: 'Fail three, then recover', change: { effect: 'error', status: 503, percentage: 100, first: 3 } },
];

/** The request for POST /faults, or what is missing in words. */
export function toFaultRequest(form: FaultForm): { request: FaultRequest } | { problem: string } {
  if (form.to.trim() === '') return { problem: 'Choose the service whose calls should suffer' };
  if (form.effect === 'toxics' && form.toxics.length === 0) return { problem: 'Choose at least one toxic' };
  // Toxics draw when a connection opens: no request is there to match.
  if (form.effect === 'toxics' && form.path + form.header !== '') return toFaultRequest({ ...form, path: '', header: '' });
  const header = form.header.trim() === '' ? null : /^([\w-]+)\s*[:=]\s*(.+)$/.exec(form.header.trim());
  if (form.header.trim() !== '' && header === null) return { problem: 'Write the header as name: value' };
  const match =
    form.path.trim() === '' && header === null
      ? undefined
      : [
          {
            ...(form.path.trim() === '' ? {} : { uri: { prefix: form.path.trim() } }),
            ...(header === null ? {} : { headers: { [header[1]!.toLowerCase()]: { exact: header[2]! } } }),
          },
        ];
  const spec: FaultSpec = {
    to: { service: form.to, ...(form.version === '' ? {} : { version: form.version }) },
    ...(form.from === '' ? {} : { from: { service: form.from } }),
    side: form.side,
    ...(match === undefined ? {} : { match }),
    percentage: form.percentage,
    ...effectOf(form),
    ...(form.skip > 0 || form.first !== null
      ? { only: { ...(form.skip > 0 ? { skip: form.skip } : {}), ...(form.first === null ? {} : { first: form.first }) } }
      : {}),
    per: form.per,
    ...(form.expires === '' ? {} : { expires: form.expires }),
    ...(form.seed === null ? {} : { seed: form.seed }),
    enabled: true,
  };
  return { request: { ...(form.name.trim() === '' ? {} : { name: form.name.trim() }), spec } };
}

function effectOf(form: FaultForm): Partial<FaultSpec> {
  switch (form.effect) {
    case 'delay':
      return { delay: form.jitter.trim() === '' ? { fixed: form.delay } : { normal: { mean: form.delay, stddev: form.jitter } } };
    case 'error':
      return { abort: { httpStatus: form.status } };
    case 'grpc':
      return { abort: { grpcStatus: form.grpcStatus } };
    case 'reset':
      return { abort: { reset: true } };
    case 'hang':
      return { abort: { hang: true } };
    case 'throttle':
      return { response: { bytesPerSecond: form.bytes } };
    case 'truncate':
      return { response: { truncateAfter: form.bytes } };
    case 'toxics':
      return { tcp: form.toxics.map(toToxic) };
  }
}

/** The same as YAML, to keep in a file. Values are plain words, numbers and durations: JSON's quoting is YAML's too. */
export function toYaml({ name, spec }: FaultRequest): string {
  const lines = ['apiVersion: drydock.dev/v1', 'kind: Fault', `metadata: {name: ${name ?? 'my-fault'}}`, 'spec:'];
  for (const [key, value] of Object.entries(spec)) {
    if (value === undefined || (key === 'enabled' && value === true) || (key === 'per' && value === 'request')) continue;
    lines.push(`  ${key}: ${inline(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .map(([k, v]) => `${k}: ${inline(v)}`)
      .join(', ')}}`;
  }
  if (typeof value === 'string') return /^[A-Za-z_][\w./-]*$|^\d+(\.\d+)?[A-Za-z]+$/.test(value) ? value : JSON.stringify(value);
  return String(value);
}
