import type { Recording, RecordingFilter } from '../../../proxy/api/recording.schema.ts';
import { formatClock, formatMs, formatSpan } from '../../ui/format.ts';

/** `everything`, or `to ratings, path /pay…`. */
export function filterWords(filter: RecordingFilter): string {
  const parts: string[] = [];
  if (filter.from) parts.push(`from ${filter.from}`);
  if (filter.to) parts.push(`to ${filter.to}`);
  if (filter.method) parts.push(filter.method);
  if (filter.path) parts.push(`path ${filter.path}…`);
  return parts.length === 0 ? 'everything' : parts.join(', ');
}

/** `13:26` of today; `3 Nov` before. */
export function whenWords(time: string, now: number): string {
  const date = new Date(time);
  if (date.toDateString() === new Date(now).toDateString()) return formatClock(time, false).slice(0, 5);
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}

/** From the first exchange to the last: `32 s`; how long it ran while it has none. */
export function spanWords({ firstAt, lastAt, startedAt, stoppedAt }: Recording): string {
  if (firstAt !== null && lastAt !== null) return lengthWords(Date.parse(lastAt) - Date.parse(firstAt));
  return stoppedAt === null ? 'running' : formatSpan(Math.max(0, Date.parse(stoppedAt) - Date.parse(startedAt)));
}

/** `430 ms`, `8.20 s`, `3 min`; of a single call nothing that could be measured. */
export function lengthWords(ms: number): string {
  if (ms <= 0) return '0 ms';
  return ms < 10_000 ? formatMs(Math.max(0, ms)) : formatSpan(ms);
}

/** What was taken out most often first. */
export function sortedRedactions(redacted: Record<string, number>): [name: string, count: number][] {
  return Object.entries(redacted).sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || a.localeCompare(b));
}

/** In a sentence: `a, b and c`. */
export function listWords(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
