import type { MeshEvent } from '../../../proxy/api/observability.schema.ts';
import { hrefTo } from '../../app/router.ts';
import { formatClock, Panel } from '../../ui/index.ts';
import { useHeld, usePointed } from '../../ui/pointed.ts';
import { requestsHref } from '../topology/request-links.ts';
import { eventWords } from './service-view.ts';

const shown = 30;

/** What happened to the service, newest first. */
export function EventList({ events: latest }: { events: readonly MeshEvent[] }) {
  const { pointed, on } = usePointed();
  const events = useHeld(latest, pointed);
  return (
    <Panel title="Events" hint="marked on every chart" flush>
      {events.length === 0 ? (
        <p className="service-none">Nothing has happened to it yet.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable with the keyboard.
        <ul className="service-events num" tabIndex={0} aria-label="Events, newest first" {...on}>
          {events.slice(0, shown).map((event) => (
            <li key={event.id}>
              <span className="muted">{formatClock(event.time, false)}</span>
              <EventText event={event} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** With what is behind it, where there is something: the fault, the requests that caused an ejection, the object applied. */
function EventText({ event }: { event: MeshEvent }) {
  const { type, subject, data } = event;
  const message = eventWords(event);
  if (type.startsWith('fault.'))
    return (
      <a href={hrefTo('faults', { name: subject })} className="tone-fault tone-text">
        {message}
      </a>
    );
  if (type === 'endpoint.ejected') {
    const cause = Array.isArray(data.exchanges) ? data.exchanges.map(String).at(-1) : undefined;
    const filter = `dest:${String(data.workload || subject)} status>=500`;
    return <a href={hrefTo('requests', cause === undefined ? { filter } : { filter, id: cause })}>{message}</a>;
  }
  if (type === 'cluster.overflow') {
    const [from, to] = subject.split('->');
    return <a href={requestsHref({ from, to: to?.split('.')[0] }, 'flag:UO')}>{message}</a>;
  }
  return <span>{message}</span>;
}
