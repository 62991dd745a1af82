import type { Red } from '../../../proxy/api/observability.schema.ts';
import type { RunComparison, RunEdge, RunSummary } from '../../../proxy/api/runs.schema.ts';
import { formatClock, formatCount, formatMs, formatShare, plural } from '../../ui/format.ts';

export type Verdict = 'same' | 'worse' | 'better' | 'new' | 'gone' | 'few';

/** Percentiles of fewer requests than this say little. */
export const enoughRequests = 30;
/** Latency has to move by this share, and by more than a millisecond, to be called a change. */
const latencyShare = 0.2;
const leastMs = 1;
/** One percentage point of errors. */
const errorPoints = 0.01;

/** How an edge did, held against the other run, and by what: errors first, then p95. */
export function judgeEdge(before: RunEdge | null, after: RunEdge | null): { verdict: Verdict; because: string } {
  if (before === null) return { verdict: 'new', because: '' };
  if (after === null) return { verdict: 'gone', because: '' };
  if (before.count < enoughRequests || after.count < enoughRequests) return { verdict: 'few', because: '' };
  const points = after.errorShare - before.errorShare;
  if (Math.abs(points) >= errorPoints)
    return { verdict: points > 0 ? 'worse' : 'better', because: `errors ${signed(points * 100)} points` };
  const [one, two] = [before.p95 ?? 0, after.p95 ?? 0];
  if (Math.abs(two - one) > leastMs && Math.abs(two - one) > latencyShare * one)
    return { verdict: two > one ? 'worse' : 'better', because: `p95 ${changeOf(one, two)}` };
  return { verdict: 'same', because: '' };
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

/** What matters first. */
const verdictOrder: readonly Verdict[] = ['worse', 'gone', 'new', 'better', 'few', 'same'];

/** `3 worse, 1 new, 4 same` */
export function summarize(edges: RunComparison['edges']): string {
  const verdicts = edges.map((edge) => judgeEdge(edge.before, edge.after).verdict);
  return verdictOrder
    .map((verdict) => [verdicts.filter((one) => one === verdict).length, verdictWords[verdict].word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${formatCount(count)} ${word}`)
    .join(', ');
}

/** `+45 %`, `−12 %`, from 4 times on `×4.2`; '' where there is nothing to compare or next to no difference. */
export function changeOf(before: number | null, after: number | null): string {
  if (before === null || after === null || before === 0) return '';
  const ratio = after / before;
  if (ratio >= 4) return `×${ratio >= 10 ? Math.round(ratio) : ratio.toFixed(1)}`;
  const percent = Math.round((ratio - 1) * 100);
  return percent === 0 ? '' : `${signed(percent)} %`;
}

/** Errors are compared in percentage points: twice nothing is nothing. */
export function pointsOf(before: Red | null, after: Red | null): string {
  if (before === null || after === null) return '';
  const points = (after.errorShare - before.errorShare) * 100;
  return Math.abs(points) < 0.05 ? '' : `${signed(points)} points`;
}

function signed(value: number): string {
  const size = Math.abs(value);
  const digits = size < 10 && !Number.isInteger(size) ? size.toFixed(1) : String(Math.round(size));
  return `${value < 0 ? '−' : '+'}${digits}`;
}

/** `14:03 – 14:21`, with the day when it is not today. Where the clock moved, only when it began. */
export function spanOf(run: RunSummary, now: number): string {
  const start = new Date(run.startedAt);
  const day =
    start.toDateString() === new Date(now).toDateString()
      ? ''
      : `${start.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })} `;
  const clock = (time: Date) => formatClock(time.getTime(), false).slice(0, 5);
  if (run.endedAt === null) return `since ${day}${clock(start)}`;
  if (run.clockMovedMs !== undefined) return `from ${day}${clock(start)}`;
  return `${day}${clock(start)} – ${clock(new Date(run.endedAt))}`;
}

export const isPresent = (run: Pick<RunSummary, 'endedAt'>): boolean => run.endedAt === null;

/** `This run`, `Run 11` */
export const nameOf = (run: Pick<RunSummary, 'endedAt' | 'number'>): string =>
  isPresent(run) ? 'This run' : run.number === undefined ? 'A run' : `Run ${run.number}`;

/** What makes a run less than the others: words with a glyph, and what they mean. */
export function caveatsOf(run: RunSummary, mesh: string): { glyph: string; word: string; explain: string }[] {
  const caveats = [];
  if (run.mesh !== mesh)
    caveats.push({ glyph: '◇', word: run.mesh, explain: `A run of another mesh, ${run.mesh}: its services may be others.` });
  if (run.cutShort)
    caveats.push({
      glyph: '✂',
      word: 'cut short',
      explain: 'The engine was killed or crashed; the last seconds may be missing.',
    });
  if (run.clockMovedMs !== undefined)
    caveats.push({
      glyph: '◷',
      word: 'clock moved',
      explain: `The machine’s clock moved by ${words(run.clockMovedMs)} while it ran, or it slept: times of day mislead, durations are right.`,
    });
  return caveats;
}

function words(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  const [count, unit] =
    seconds < 120
      ? [seconds, 'second']
      : seconds < 7200
        ? [Math.round(seconds / 60), 'minute']
        : [Math.round(seconds / 3600), 'hour'];
  return `${ms < 0 ? '−' : '+'}${plural(count, unit)}`;
}

/** `2 % errors · p95 12.4 ms` */
export function conditionOf({ requests, errors, total }: Pick<RunSummary, 'requests' | 'errors' | 'total'>): string {
  const share = errors === 0 ? 'no errors' : `${formatShare(errors / Math.max(1, requests))} errors`;
  const p95 = total?.p95 ?? null;
  return requests === 0 ? 'nothing yet' : `${share}${p95 === null ? '' : ` · p95 ${formatMs(p95)}`}`;
}
