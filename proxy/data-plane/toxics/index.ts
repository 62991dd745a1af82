import { bandwidth } from './bandwidth.ts';
import { corrupt } from './corrupt.ts';
import { flap } from './flap.ts';
import { latency } from './latency.ts';
import { limitData } from './limit-data.ts';
import { noop } from './noop.ts';
import { refuse } from './refuse.ts';
import { resetPeer } from './reset-peer.ts';
import { slicer } from './slicer.ts';
import { slowClose } from './slow-close.ts';
import { stall } from './stall.ts';
import { timeout } from './timeout.ts';
import type { ToxicAttributes, ToxicType } from './toxic.ts';

/** Every toxic there is. One file each; a new one is a file and a line here. */
export const toxicTypes: readonly ToxicType[] = [
  latency,
  bandwidth,
  slowClose,
  timeout,
  resetPeer,
  slicer,
  limitData,
  noop,
  corrupt,
  stall,
  refuse,
  flap,
];

export function findToxicType(type: string): ToxicType | undefined {
  return toxicTypes.find((t) => t.type === type);
}

/** Why these attributes do not fit the toxic, in words; null when they do. Missing ones have defaults. */
export function toxicProblem(type: string, attributes: ToxicAttributes): string | null {
  const toxic = findToxicType(type);
  if (toxic === undefined) return `there is no toxic ${type}`;
  for (const [name, value] of Object.entries(attributes)) {
    const known = toxic.attributes.find((attribute) => attribute.name === name);
    if (known === undefined) {
      const names = toxic.attributes.map((attribute) => attribute.name).join(', ');
      return `the toxic ${type} has no ${name}; ${names === '' ? 'it has no attributes' : `it has ${names}`}`;
    }
    const { min, max, unit, integer } = known;
    if (integer && !Number.isInteger(value)) return `${name} of the toxic ${type} is a whole number of ${unit}, not ${value}`;
    if (value < min || value > max) return `${name} of the toxic ${type} is between ${min} and ${max} ${unit}, not ${value}`;
  }
  return null;
}
