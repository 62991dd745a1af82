import type { FaultSpec } from '../../../proxy/api/fault.schema.ts';
import type { ProxyToxic, ToxicTypeInfo } from '../../../proxy/api/toxic.schema.ts';

export type ToxicSpec = NonNullable<FaultSpec['tcp']>[number];
type Worded = Pick<ProxyToxic, 'type' | 'stream' | 'toxicity' | 'attributes'>;

const names: Record<string, string> = {
  latency: 'Latency',
  bandwidth: 'Bandwidth',
  slow_close: 'Slow close',
  timeout: 'Black hole',
  reset_peer: 'Reset',
  slicer: 'Slicer',
  limit_data: 'Cut after bytes',
  noop: 'Nothing',
  corrupt: 'Corrupt bytes',
  stall: 'Stalls',
  refuse: 'Refuse',
  flap: 'Flapping link',
};

/** A toxic's name on buttons; one that came later keeps its own. */
export const toxicName = (type: string): string => names[type] ?? type;

/** The direction in words: Toxiproxy's `downstream` runs towards the caller. */
const streamWords = { downstream: 'answers', upstream: 'requests' } as const;

/** Toxics that end or refuse whole connections act in neither direction. */
export const hasDirection = (type: string): boolean => type !== 'refuse' && type !== 'flap';

/** `latency 100 ms ± 20 ms on requests, for 50 % of connections`; short: `… · 50 %`. */
export function describeToxic({ type, stream, toxicity, attributes }: Worded, length: 'full' | 'short' = 'full'): string {
  const direction = hasDirection(type) && stream === 'upstream' ? ` on ${streamWords.upstream}` : '';
  const percent = `${Math.round(toxicity * 100)} %`;
  const share = toxicity >= 1 ? '' : length === 'short' ? ` · ${percent}` : `, for ${percent} of connections`;
  return `${whatItDoes(type, attributes)}${direction}${share}`;
}

function whatItDoes(type: string, attributes: Record<string, number>): string {
  const of = (name: string) => attributes[name] ?? 0;
  switch (type) {
    case 'latency':
      return `latency ${of('latency')} ms${of('jitter') > 0 ? ` ± ${of('jitter')} ms` : ''}`;
    case 'bandwidth':
      return of('rate') === 0 ? 'no bandwidth' : `bandwidth ${of('rate')} KB/s`;
    case 'slow_close':
      return `close held ${of('delay')} ms`;
    case 'timeout':
      return of('timeout') === 0 ? 'black hole' : `black hole, closed after ${of('timeout')} ms`;
    case 'reset_peer':
      return of('timeout') === 0 ? 'reset at the first byte' : `reset ${of('timeout')} ms after the first byte`;
    case 'slicer':
      return `slices of ${of('average_size')} bytes${of('delay') > 0 ? ` every ${of('delay')} µs` : ''}`;
    case 'limit_data':
      return `cut after ${of('bytes')} bytes`;
    case 'corrupt':
      return `${of('percent')} % of bytes corrupted`;
    case 'stall':
      return `${of('percent')} % of chunks stall ${of('delay')} ms`;
    case 'refuse':
      return 'connections refused';
    case 'flap':
      return `flapping, up ${of('up')} ms, down ${of('down')} ms`;
    default:
      return toxicName(type).toLowerCase();
  }
}

/** What a form holds of one toxic; toxicity in percent, attributes as typed. */
export interface ToxicForm {
  type: string;
  stream: ToxicSpec['stream'];
  toxicityPercent: number;
  attributes: Record<string, number | null>;
}

/** Values with which choosing a toxic shows something at once; where none is named, the toxic's own default. */
const telling: Record<string, Record<string, number>> = {
  latency: { latency: 500, jitter: 0 },
  bandwidth: { rate: 20 },
  slow_close: { delay: 2000 },
  limit_data: { bytes: 512 },
  slicer: { average_size: 64, delay: 500 },
};

export function newToxic(type: string, types: readonly ToxicTypeInfo[]): ToxicForm {
  const info = types.find((one) => one.type === type);
  const own = Object.fromEntries((info?.attributes ?? []).map((attribute) => [attribute.name, attribute.default]));
  return { type, stream: 'downstream', toxicityPercent: 100, attributes: { ...own, ...telling[type] } };
}

export function toToxic({ type, stream, toxicityPercent, attributes }: ToxicForm): ToxicSpec {
  const typed = Object.entries(attributes).filter((entry): entry is [string, number] => entry[1] !== null);
  return { type: type as ToxicSpec['type'], stream, toxicity: toxicityPercent / 100, attributes: Object.fromEntries(typed) };
}

/** A toxic that is there, as a form holds it. */
export function fromToxic({ type, stream, toxicity, attributes }: ToxicSpec): ToxicForm {
  return { type, stream, toxicityPercent: toxicity * 100, attributes: { ...attributes } };
}
