import { useMemo } from 'react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { unmetConditions } from '../../../proxy/api/unmet-conditions.ts';
import { hrefTo } from '../../app/router.ts';
import { Badge, formatCount, formatShare, plural, type Tone } from '../../ui/index.ts';
import type { DocumentPart, DocumentPlace } from './documents.ts';
import { type Activity, activityOf } from './object-activity.ts';
import { useLastMinute } from './use-last-minute.ts';

const states: Record<Resource['status']['state'], { tone: Tone; text: string }> = {
  accepted: { tone: 'ok', text: '✓ accepted' },
  warning: { tone: 'warn', text: '▲ with warnings' },
  rejected: { tone: 'bad', text: '✖ rejected' },
};

/** What the object under the cursor is to the engine, and what it did in the last minute. */
export function ExplainObject({
  place,
  part,
  resource,
}: {
  place: DocumentPlace | null;
  /** The rule or subset under the cursor. */
  part: DocumentPart | null;
  resource: Resource | null;
}) {
  if (!place)
    return <p className="muted">Put the cursor into a document: here stands what it did to the traffic in the last minute.</p>;
  return (
    <div className="col config-explain" data-testid="config-explain">
      <div>
        <h3>{place.kind}</h3>
        <div className="config-explain-name mono">{place.name}</div>
      </div>
      {resource ? (
        <RunningObject resource={resource} part={part} />
      ) : (
        <p className="muted">Not running yet. Apply it, and its effect on the traffic shows here.</p>
      )}
    </div>
  );
}

function RunningObject({ resource, part }: { resource: Resource; part: DocumentPart | null }) {
  const { state, matched, usedBy } = resource.status;
  const unmet = unmetConditions(resource.status);
  const { exchanges, words } = useLastMinute();
  const activity = useMemo(() => activityOf(resource, exchanges), [resource, exchanges]);
  return (
    <>
      <div className="row config-explain-state">
        <Badge tone={states[state].tone}>{states[state].text}</Badge>
        {resource.source.live && <Badge tone="info">◌ applied live</Badge>}
      </div>
      {unmet.length > 0 && <Unmet conditions={unmet} />}
      {activity && <LastMinute activity={activity} part={part} words={words} />}
      {matched > 0 && (
        <p className="soft num">
          Decided about <a href={decidedHref(resource, activity)}>{plural(matched, 'request')}</a> since the engine started.
        </p>
      )}
      {usedBy.length > 0 && (
        <section aria-label="Used by">
          <h3>In force at</h3>
          <ul className="config-used soft">
            {usedBy.slice(0, 8).map((user) => (
              <li key={user} className="mono truncate" title={user}>
                {user}
              </li>
            ))}
            {usedBy.length > 8 && <li className="muted">and {usedBy.length - 8} more</li>}
          </ul>
        </section>
      )}
    </>
  );
}

/** A refusal names its policy; what others decided about is what went where they act. */
function decidedHref({ kind, name, spec }: Resource, activity: Activity | null): string {
  const refuses = kind === 'AuthorizationPolicy' && (spec as { action?: string } | null)?.action === 'DENY';
  return refuses
    ? hrefTo('requests', { hops: 'all', filter: `"policy[${name}]"` })
    : hrefTo('requests', { filter: activity?.filter ?? '' });
}

function Unmet({ conditions }: { conditions: ReturnType<typeof unmetConditions> }) {
  return (
    <section aria-label="Not met">
      <h3>Not met</h3>
      <ul className="config-unmet soft">
        {conditions.map(({ about, type, reason, message }) => (
          <li key={`${about} ${type}`}>
            <span className="mono">
              {type}: {reason}
            </span>{' '}
            {about && <span className="muted">{about}</span>}
            <div>{message}</div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function LastMinute({ activity, part, words }: { activity: Activity; part: DocumentPart | null; words: string }) {
  const { total, what, filter, rows } = activity;
  return (
    <section className="col" aria-label={`In ${words}`}>
      <h3>In {words}</h3>
      {total === 0 ? (
        <p className="muted">No {what}.</p>
      ) : (
        <>
          {part && <PartMatched activity={activity} part={part} />}
          <p>
            <a className="num" href={hrefTo('requests', { filter })}>
              {formatCount(total)}
            </a>{' '}
            {what}
          </p>
          <ul className="config-activity">
            {rows.map((row) => (
              <li key={row.label} data-under-cursor={part?.keys.includes(row.key) || undefined}>
                <a
                  className="truncate"
                  href={hrefTo('requests', { filter: row.filter, hops: row.allHops ? 'all' : null })}
                  title={row.label}
                >
                  {row.label}
                </a>
                <span className="num">
                  {formatCount(row.count)} <span className="muted">{formatShare(row.count / total)}</span>
                </span>
                <i aria-hidden="true">
                  <b style={{ width: `${(row.count / total) * 100}%` }} />
                </i>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** `Rule items matched 41 of 310`: the part of the text where the cursor stands. */
function PartMatched({ activity: { rows, total }, part }: { activity: Activity; part: DocumentPart }) {
  const own = rows.filter(({ key }) => part.keys.includes(key));
  const [first] = own;
  if (!first) return null;
  const count = own.reduce((sum, row) => sum + row.count, 0);
  return (
    <p className="config-part" data-testid="config-part">
      This {part.label} matched{' '}
      <a className="num" href={hrefTo('requests', { filter: first.filter, hops: first.allHops ? 'all' : null })}>
        {formatCount(count)} of {formatCount(total)}
      </a>
      .
    </p>
  );
}
