import type { Clock } from './clock.ts';

/** Letters and digits: later ones sort after earlier ones, `letters` of chance tell those of one millisecond apart. `random`: uniform [0, 1). */
export function makeTimedId(clock: Clock, random: () => number, letters: number): string {
  return `${Math.floor(clock.wallNow()).toString(36).padStart(9, '0')}${randomLetters(random, letters)}`;
}

/** So many lower-case letters and digits. */
export function randomLetters(random: () => number, count: number): string {
  return Math.floor(random() * 36 ** count)
    .toString(36)
    .padStart(count, '0');
}
