import type { RunComparison, RunEdge, RunSummary } from '../../../proxy/api/runs.schema.ts';

export type Verdict = 'same' | 'worse' | 'better' | 'new' | 'gone' | 'few';

/** Percentiles of fewer requests than this say little. */
export const enoughRequests = 30;
/** Latency has to move by this share, and by more than a millisecond, to be called a change. */
const latencyShare = 0.2;
const leastMs = 1;
/** One percentage point of errors. */
const errorPoints = 0.01;

/** How an edge did, held against the other run: errors first, then p95. */
export function judgeEdge(before: RunEdge | null, after: RunEdge | null): Verdict {
  if (before === null) return 'new';
  if (after === null) return 'gone';
  if (before.count < enoughRequests || after.count < enoughRequests) return 'few';
  const errors = after.errorShare - before.errorShare;
  if (Math.abs(errors) >= errorPoints) return errors > 0 ? 'worse' : 'better';
  const [one, two] = [before.p95 ?? 0, after.p95 ?? 0];
  if (Math.abs(two - one) > leastMs && Math.abs(two - one) > latencyShare * one) return two > one ? 'worse' : 'better';
  return 'same';
}

export const verdictWords: Record<
  Verdict,
  { glyph: string; word: string; tone: 'ok' | 'warn' | 'bad' | 'neutral' | 'info'; explain: string }
> = {
  same: { glyph: '=', word: 'same', tone: 'neutral', explain: 'errors within 1 point, p95 within 20 %' },
  worse: { glyph: '▲', word: 'worse', tone: 'bad', explain: 'more errors, or p95 more than 20 % up' },
  better: { glyph: '▼', word: 'better', tone: 'ok', explain: 'fewer errors, or p95 more than 20 % down' },
  new: { glyph: '+', word: 'new', tone: 'info', explain: 'nobody called this before' },
  gone: { glyph: '−', word: 'gone', tone: 'warn', explain: 'nobody calls this any more' },
  few: { glyph: '?', word: 'too few', tone: 'neutral', explain: `fewer than ${enoughRequests} requests in one of them` },
};

/** `3 worse, 1 new, 4 same`, what matters first. */
export function summarize(edges: RunComparison['edges']): string {
  const order: Verdict[] = ['worse', 'gone', 'new', 'better', 'few', 'same'];
  const verdicts = edges.map((edge) => judgeEdge(edge.before, edge.after));
  return order
    .map((verdict) => [verdicts.filter((one) => one === verdict).length, verdictWords[verdict].word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ');
}

/** `14:03–14:21`, with the day when it is not today. */
export function spanOf(run: RunSummary, now: number): string {
  const start = new Date(run.startedAt);
  const day =
    start.toDateString() === new Date(now).toDateString()
      ? ''
      : `${start.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })} `;
  const clock = (time: Date) => time.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  return `${day}${clock(start)} – ${run.endedAt === null ? 'now' : clock(new Date(run.endedAt))}`;
}
