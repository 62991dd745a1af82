import { useMemo } from 'react';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { unmetConditions } from '../../../proxy/api/unmet-conditions.ts';
import { hrefTo } from '../../app/router.ts';
import { useEngine, useRingView } from '../../engine/use-engine.ts';
import { Badge, formatCount, formatShare, plural, type Tone } from '../../ui/index.ts';
import type { DocumentPlace } from './config-files.ts';
import { activityOf } from './object-activity.ts';

const lookBackMs = 60_000;
const maxLooked = 20_000;

const states: Record<Resource['status']['state'], { tone: Tone; text: string }> = {
  accepted: { tone: 'ok', text: '✓ accepted' },
  warning: { tone: 'warn', text: '▲ with warnings' },
  rejected: { tone: 'bad', text: '✖ rejected' },
};

/** What the object under the cursor is to the engine, and what it did in the last minute. */
export function ExplainObject({ place, resource }: { place: DocumentPlace | null; resource: Resource | null }) {
  if (!place)
    return <p className="muted">Put the cursor into a document: here stands what it did to the traffic in the last minute.</p>;
  return (
    <div className="col config-explain" data-testid="config-explain">
      <div>
        <h3>{place.kind}</h3>
        <div className="config-explain-name mono">{place.name}</div>
      </div>
      {resource ? (
        <RunningObject resource={resource} />
      ) : (
        <p className="muted">Not running yet. Apply it, and its effect on the traffic shows here.</p>
      )}
    </div>
  );
}

function RunningObject({ resource }: { resource: Resource }) {
  const { state, matched, usedBy } = resource.status;
  const unmet = unmetConditions(resource.status);
  const exchanges = useLastMinute();
  const activity = useMemo(() => activityOf(resource, exchanges), [resource, exchanges]);
  return (
    <>
      <div className="row config-explain-state">
        <Badge tone={states[state].tone}>{states[state].text}</Badge>
        {resource.source.live && <Badge tone="info">◌ applied live</Badge>}
      </div>
      {unmet.length > 0 && (
        <section aria-label="Not met">
          <h3>Not met</h3>
          <ul className="config-unmet soft">
            {unmet.map(({ about, type, reason, message }) => (
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
      )}
      {activity && (
        <section className="col" aria-label="In the last minute">
          <h3>In the last minute</h3>
          {activity.total === 0 ? (
            <p className="muted">No {activity.what}.</p>
          ) : (
            <>
              <p>
                <a className="num" href={hrefTo('requests', { filter: activity.filter })}>
                  {formatCount(activity.total)}
                </a>{' '}
                {activity.what}
              </p>
              <ul className="config-activity">
                {activity.rows.map((row) => (
                  <li key={row.label}>
                    <a className="truncate" href={hrefTo('requests', { filter: row.filter })} title={row.label}>
                      {row.label}
                    </a>
                    <span className="num">
                      {formatCount(row.count)} <span className="muted">{formatShare(row.count / activity.total)}</span>
                    </span>
                    <i aria-hidden="true">
                      <b style={{ width: `${(row.count / activity.total) * 100}%` }} />
                    </i>
                  </li>
                ))}
              </ul>
            </>
          )}
        </section>
      )}
      {matched > 0 && <p className="soft num">Decided about {plural(matched, 'request')} since the engine started.</p>}
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

/** The kept exchanges of the last minute; looked at again once a second at most. */
export function useLastMinute(): readonly Exchange[] {
  const { exchanges } = useEngine();
  const { first, end } = useRingView();
  const second = Math.floor(Date.now() / 1000);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once a second is often enough for counts.
  return useMemo(() => {
    const from = Date.now() - lookBackMs;
    const found: Exchange[] = [];
    for (let number = end - 1; number >= first && found.length < maxLooked; number--) {
      const exchange = exchanges.at(number);
      if (!exchange) continue;
      if (Date.parse(exchange.time) < from) break;
      found.push(exchange);
    }
    return found;
  }, [exchanges, second, end === 0]);
}
