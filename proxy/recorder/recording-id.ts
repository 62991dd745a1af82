import type { Clock } from '../shared/clock.ts';
import { makeTimedId } from '../shared/timed-id.ts';

/** Later ones sort after earlier ones. */
export const makeRecordingId = (clock: Clock, random: () => number): string => makeTimedId(clock, random, 8);
