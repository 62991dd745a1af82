import { hrefTo } from '../../app/router.ts';
import { shortName } from './short-name.ts';

/** The requests behind a number: `requestsHref({to: 'default/ratings'}, 'status>=500')`. */
export function requestsHref(ends: { from?: string; to?: string; version?: string }, ...terms: string[]): string {
  // No sidecar saw these calls: they are in the traces of whoever made them.
  if (isInferred(ends.from) || isInferred(ends.to)) return hrefTo('traces', ends.from ? { service: shortName(ends.from) } : {});
  const filter = [
    ends.from && `src:${shortName(ends.from)}`,
    ends.to && `dest:${shortName(ends.to)}`,
    ends.version && `version:${ends.version}`,
    ...terms,
  ];
  return hrefTo('requests', { filter: filter.filter(Boolean).join(' ') });
}

const isInferred = (id: string | undefined): boolean => id?.startsWith('inferred/') ?? false;

/** `ms>=48`, so that "p95 48 ms" leads to the slowest twentieth. */
export const slowerThan = (ms: number | null): string =>
  ms === null ? '' : `ms>=${ms < 10 ? Math.floor(ms * 10) / 10 : Math.floor(ms)}`;
