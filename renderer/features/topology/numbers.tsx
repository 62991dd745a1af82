import type { ReactNode } from 'react';
import type { Red } from '../../../proxy/api/observability.schema.ts';
import { formatCount, formatMs, formatRate, formatShare } from '../../ui/format.ts';
import { useThresholds } from '../health/failures.tsx';
import { markErrors } from '../health/health-marks.ts';
import { requestsHref, slowerThan } from './request-links.ts';

/** Fewer samples than this make a 99th percentile a guess. */
const enoughForP99 = 100;

/** Rate, errors and latency; each number leads to the requests behind it. */
export function RedNumbers({ red, ends }: { red: Red; ends: { from?: string; to?: string; version?: string } }) {
  const mark = markErrors(red, useThresholds());
  return (
    <div className="topo-numbers num">
      <OneNumber label="Rate" href={requestsHref(ends)}>
        {formatRate(red.rate)}
        <i> /s</i>
      </OneNumber>
      <OneNumber label="Errors" href={requestsHref(ends, 'status>=500')} tone={mark?.tone} testId="edge-errors">
        {mark && <i aria-hidden="true">{mark.glyph} </i>}
        {formatShare(red.errorShare)}
      </OneNumber>
      <OneNumber label="Requests" href={requestsHref(ends)}>
        {formatCount(red.count)}
      </OneNumber>
      <OneNumber label="p50" href={requestsHref(ends, slowerThan(red.p50))}>
        {formatMs(red.p50)}
      </OneNumber>
      <OneNumber label="p95" href={requestsHref(ends, slowerThan(red.p95))} testId="edge-p95">
        {formatMs(red.p95)}
      </OneNumber>
      <OneNumber
        label={red.count > 0 && red.count < enoughForP99 ? `p99 of ${red.count}` : 'p99'}
        href={requestsHref(ends, slowerThan(red.p99))}
        muted={red.count < enoughForP99}
      >
        {formatMs(red.p99)}
      </OneNumber>
    </div>
  );
}

function OneNumber({
  label,
  href,
  tone,
  muted,
  testId,
  children,
}: {
  label: string;
  href: string;
  tone?: string;
  muted?: boolean;
  testId?: string;
  children: ReactNode;
}) {
  return (
    <a className="topo-number" href={href} title="Show these requests">
      <small>{label}</small>
      <b className={tone ? `tone-text tone-${tone}` : muted ? 'muted' : undefined} data-testid={testId}>
        {children}
      </b>
    </a>
  );
}
