import type { Clock } from '../shared/clock.ts';

/** Later ones sort after earlier ones. */
export function makeRecordingId(clock: Clock, random: () => number): string {
  const suffix = Math.floor(random() * 36 ** 8).toString(36);
  return `${Math.floor(clock.wallNow()).toString(36).padStart(9, '0')}${suffix.padStart(8, '0')}`;
}
