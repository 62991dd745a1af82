import type { Recording, RecordingFilter } from '../../../proxy/api/recording.schema.ts';
import { formatSpan } from '../../ui/format.ts';

/** `everything`, or `to ratings, path /pay…`. */
export function filterWords(filter: RecordingFilter): string {
  const parts: string[] = [];
  if (filter.from) parts.push(`from ${filter.from}`);
  if (filter.to) parts.push(`to ${filter.to}`);
  if (filter.method) parts.push(filter.method);
  if (filter.path) parts.push(`path ${filter.path}…`);
  return parts.length === 0 ? 'everything' : parts.join(', ');
}

/** How long it ran: `32 s`. */
export function spanWords(recording: Recording): string {
  if (recording.stoppedAt === null) return 'running';
  return formatSpan(Math.max(0, Date.parse(recording.stoppedAt) - Date.parse(recording.startedAt)));
}

/** `authorization ×5, password ×2`; '' when nothing was taken out. */
export function redactionWords(redacted: Record<string, number>): string {
  return Object.entries(redacted)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ×${count}`)
    .join(', ');
}
