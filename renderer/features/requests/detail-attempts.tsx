import type { Attempt, ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { EmptyState, formatMs } from '../../ui/index.ts';
import { describeRetries } from './decision-words.ts';
import { StatusCode } from './request-columns.tsx';
import { responseFlags } from './response-flags.ts';

/** Each try on one time axis, with the waits between them hatched. */
export function AttemptsTab({ detail }: { detail: ExchangeDetail }) {
  const { attempts } = detail;
  if (attempts.length === 0)
    return (
      <EmptyState title="Nothing was sent upstream">
        The proxy answered by itself{detail.details && ` (${detail.details})`}.
      </EmptyState>
    );
  const total = Math.max(detail.durationMs, ...attempts.map((attempt) => attempt.startMs + attempt.durationMs), 0.001);
  const waited = attempts.reduce((sum, attempt) => sum + (attempt.backoffMs ?? 0), 0);
  return (
    <div className="request-tab">
      <p className="request-sentence num">
        {attempts.length === 1 ? 'One attempt' : `${attempts.length} attempts`} in {formatMs(detail.durationMs)}
        {waited > 0 && `, ${formatMs(waited)} of it waiting between them`}.{' '}
        {detail.decision && <span className="muted">Allowed: {describeRetries(detail.decision)}</span>}
      </p>
      <ol className="request-attempts">
        {attempts.map((attempt, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: attempts have no other name than their number.
          <li key={index}>
            <AttemptRow attempt={attempt} number={index + 1} totalMs={total} protocol={detail.protocol} />
          </li>
        ))}
      </ol>
      <div className="request-axis num muted" aria-hidden="true">
        <span>0</span>
        <span>{formatMs(total / 2)}</span>
        <span>{formatMs(total)}</span>
      </div>
    </div>
  );
}

function AttemptRow({
  attempt,
  number,
  totalMs,
  protocol,
}: {
  attempt: Attempt;
  number: number;
  totalMs: number;
  protocol: string;
}) {
  const backoffMs = attempt.backoffMs ?? 0;
  const failed = attempt.flag !== '' || attempt.status >= 500 || (attempt.status === 0 && protocol !== 'TCP');
  const percent = (ms: number) => `${(ms / totalMs) * 100}%`;
  return (
    <>
      <div className="row num">
        <strong className="request-attempt-number">{number}</strong>
        <StatusCode exchange={{ status: attempt.status, protocol, flags: attempt.flag }} />
        <span className="mono truncate">{attempt.endpoint || 'no endpoint could be picked'}</span>
        {attempt.workload && <span className="muted truncate">{attempt.workload}</span>}
        <span className="grow" />
        <span>{formatMs(attempt.durationMs)}</span>
      </div>
      <div className="request-bar-track request-attempt-track">
        {backoffMs > 0 && (
          <i
            className="request-backoff"
            style={{ left: percent(attempt.startMs - backoffMs), width: percent(backoffMs) }}
            title={`backoff ${formatMs(backoffMs)}`}
          />
        )}
        <i
          className={failed ? 'tone-bad' : 'tone-ok'}
          style={{ left: percent(attempt.startMs), width: percent(attempt.durationMs) }}
        />
      </div>
      <p className="request-attempt-words num">
        {[
          backoffMs > 0 && `waited ${formatMs(backoffMs)} first`,
          attempt.flag && `${attempt.flag}: ${responseFlags[attempt.flag]?.title ?? 'unknown flag'}`,
          failed && attempt.phase && `failed in phase ${attempt.phase}`,
          attempt.reason,
          attempt.reused ? 'connection reused' : attempt.connectMs !== undefined && `connected in ${formatMs(attempt.connectMs)}`,
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
    </>
  );
}
