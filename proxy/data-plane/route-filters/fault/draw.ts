import type { DelayDistribution } from '../../snapshot.ts';

/** Uniform [0,1) numbers for one decision, as many as it needs. */
export type DrawSequence = () => number;

/**
 * Draws that depend on the seed and on which decision it is (the n-th matching request, or the n-th new connection, trace or client), never on
 * what was drawn before: equal seeds and requests give equal faults, however they interleave.
 */
export function seededDraws(seed: number, ordinal: number): DrawSequence {
  let state = (Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(ordinal + 1, 0x85ebca6b)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Milliseconds, never negative. Normal by Box–Muller; Pareto by its inverse: scale / u^(1/shape). */
export function drawDelayMs(distribution: DelayDistribution, draw: DrawSequence): number {
  switch (distribution.kind) {
    case 'fixed':
      return distribution.ms;
    case 'uniform':
      return distribution.minMs + draw() * (distribution.maxMs - distribution.minMs);
    case 'normal': {
      const radius = Math.sqrt(-2 * Math.log(1 - draw()));
      return Math.max(0, distribution.meanMs + distribution.stddevMs * radius * Math.cos(2 * Math.PI * draw()));
    }
    case 'pareto':
      return distribution.scaleMs / (1 - draw()) ** (1 / distribution.shape);
  }
}
