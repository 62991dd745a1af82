import type { RunSummary } from '../../../proxy/api/runs.schema.ts';
import { hrefTo } from '../../app/router.ts';

/** `p95 48 ms` leads to the slowest twentieth. */
export const slowerThan = (ms: number | null): string =>
  ms === null ? '' : `ms>=${ms < 10 ? Math.floor(ms * 10) / 10 : Math.floor(ms)}`;

/** The requests behind a number of a run: those of the edge, between the run's start and its end. */
export function requestsOfRun(edge: { from: string; to: string } | null, run: RunSummary, ...terms: string[]): string {
  const short = (id: string) => id.split('/').at(-1) ?? id;
  const filter = [
    // Somebody outside the mesh has no name.
    ...(edge ? [edge.from === 'outside' ? '-src:*' : `src:${short(edge.from)}`, `dest:${short(edge.to)}`] : []),
    `since:${run.startedAt}`,
    run.endedAt === null || run.clockMovedMs !== undefined ? '' : `until:${run.endedAt}`,
    ...terms,
  ];
  return hrefTo('requests', { filter: filter.filter((term) => term !== '').join(' ') });
}
