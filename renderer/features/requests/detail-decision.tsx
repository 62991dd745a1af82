import type { Decision, ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { Badge, EmptyState, Facts, formatShare } from '../../ui/index.ts';
import {
  describeDraw,
  describeRetries,
  describeRetrySource,
  describeRule,
  describeTimeout,
  layShares,
  nameResource,
} from './decision-words.ts';
import { StandInSection } from './detail-stand-in.tsx';

/** What the routing code decided, as it decided it, in words. */
export function DecisionTab({ detail }: { detail: ExchangeDetail }) {
  const { decision, standIn } = detail;
  if (!decision)
    return standIn ? (
      <div className="request-tab">
        <StandInSection note={standIn} />
      </div>
    ) : (
      <EmptyState title="No decision was taken">
        {detail.reporter === 'destination'
          ? 'This is the destination’s sidecar: it hands requests to the app behind it. The caller’s side chose the route.'
          : `The request ended before routing${detail.details ? ` (${detail.details})` : ''}.`}
      </EmptyState>
    );
  const { rule } = decision;
  return (
    <div className="request-tab">
      {standIn && <StandInSection note={standIn} />}
      <Facts
        rows={[
          [
            'Rule',
            <>
              {describeRule(decision)}{' '}
              {rule?.file && (
                <a href={hrefTo('config', { file: rule.file, line: String(rule.line ?? 1) })} className="mono">
                  {rule.file}
                  {rule.line ? `:${rule.line}` : ''}
                </a>
              )}
            </>,
          ],
          ['Virtual host', decision.virtualHost && <span className="mono">{decision.virtualHost}</span>],
          ['Destination', describeDraw(decision)],
          ['Timeout', describeTimeout(decision)],
          ['Retries', describeRetries(decision)],
          ['', ''],
          ['Retries from', describeRetrySource(decision)],
          ['Config', `snapshot ${decision.snapshot}`],
        ]}
      />
      <Shares decision={decision} />
      <Policies policies={decision.policies} />
      {decision.notes.length > 0 && (
        <section aria-label="Notes">
          <h3>Notes</h3>
          <ul className="request-notes">
            {decision.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

/** The shares as they lay beside each other, and where the draw fell. */
function Shares({ decision }: { decision: Decision }) {
  const shares = layShares(decision);
  if (shares.length < 2) return null;
  return (
    <section aria-label="Shares">
      <h3>Shares and the draw</h3>
      <div
        className="request-shares"
        role="img"
        aria-label={shares.map((share) => `${share.name} ${formatShare(share.share)}`).join(', ')}
      >
        {shares.map((share) => (
          <div key={share.cluster} data-drawn={share.drawn || undefined} style={{ flexGrow: share.share }} title={share.cluster}>
            {share.name} <span className="num">{formatShare(share.share)}</span>
          </div>
        ))}
        {decision.draw !== null && <i style={{ left: `${(decision.draw / (shares.at(-1)?.to || 1)) * 100}%` }} />}
      </div>
    </section>
  );
}

function Policies({ policies }: Pick<Decision, 'policies'>) {
  if (policies.length === 0) return null;
  return (
    <section aria-label="Policies">
      <h3>Policies</h3>
      <ul className="request-policies">
        {policies.map((policy) => (
          <li key={`${nameResource(policy.resource)} ${policy.reason}`}>
            <Badge tone={/den|refus|reject|limit/i.test(policy.outcome) ? 'bad' : 'ok'}>
              {/den|refus|reject|limit/i.test(policy.outcome) ? '✖' : '✓'} {policy.outcome}
            </Badge>
            <span>
              {nameResource(policy.resource)}
              <span className="muted"> {policy.reason}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
