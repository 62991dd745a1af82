import type { LoadResult } from './load-generator.ts';
import type { LoadAssignment } from './loads.ts';

/** To the load thread. `set` tells loads that were started together from others. */
export type ToLoadThread =
  /** `zeroAt`: time 0 on the clock that all threads share (monotonicMs()). */
  | { type: 'start'; set: number; mark: string; zeroAt: number; assignments: readonly LoadAssignment[] }
  | { type: 'stop'; set: number }
  | { type: 'cut'; set: number };

export type FromLoadThread =
  | { type: 'ready' }
  /** `dropped`: load and number of each. */
  | { type: 'batch'; set: number; results: LoadResult[]; dropped: [number, number][] }
  /** All of a stopped set has been told. */
  | { type: 'stopped'; set: number };
