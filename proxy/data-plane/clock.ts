export type { Clock, Timer } from '../shared/clock.ts';

/** Uniform in [0, 1). Injected, so that tests get the same draws each time. */
export type Random = () => number;
