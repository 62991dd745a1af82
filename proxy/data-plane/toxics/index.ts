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
import type { ToxicType } from './toxic.ts';

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
