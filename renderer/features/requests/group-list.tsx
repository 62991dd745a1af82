import { useCallback, useEffect, useRef, useState } from 'react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { type Column, formatClock, formatCount, formatMs, formatShare, VirtualList } from '../../ui/index.ts';
import { Failures } from '../health/failures.tsx';
import type { MatchingList } from './matching-list.ts';
import { filterOf, groupRequests, keepOrder, type RouteGroup } from './route-groups.ts';

const everyMs = 1000;

/** The matching requests by edge and route, once a second; each leads to its requests. The order stays while the numbers move. */
export function GroupList({
  list,
  older,
  onOpen,
}: {
  list: MatchingList;
  older: readonly Exchange[];
  onOpen: (filter: string) => void;
}) {
  const groups = useGroups(list, older);
  const [selected, setSelected] = useState<string | null>(null);
  const at = useCallback((index: number) => groups[index], [groups]);
  const open = (group: RouteGroup) => onOpen(filterOf(group));
  const most = Math.max(1, ...groups.filter(({ route }) => route === null).map(({ count }) => count));
  return (
    <VirtualList
      label="Requests by edge and route; Enter shows those of one"
      columns={columnsOf(most, open)}
      count={groups.length}
      at={at}
      keyOf={keyOf}
      selected={selected}
      onSelect={({ key }) => setSelected(key)}
      onOpen={open}
      rowTestId="request-group"
      rowClass={({ route }) => (route === null ? 'requests-edge-row' : '')}
    />
  );
}

const keyOf = ({ key }: RouteGroup) => key;

function useGroups(list: MatchingList, older: readonly Exchange[]): readonly RouteGroup[] {
  const { exchanges } = useEngine();
  const { paused } = usePreferences();
  const order = useRef<readonly string[]>([]);
  const [groups, setGroups] = useState<readonly RouteGroup[]>([]);
  useEffect(() => {
    const gather = () => {
      const view = exchanges.get();
      list.update(view);
      const numbers = list.numbersBefore(view.end);
      const next = keepOrder(
        groupRequests([...numbers.flatMap((number) => exchanges.at(number) ?? []), ...older]),
        order.current,
      );
      order.current = next.map(keyOf);
      setGroups(next);
    };
    gather();
    if (paused) return;
    const timer = setInterval(gather, everyMs);
    return () => clearInterval(timer);
  }, [exchanges, list, older, paused]);
  return groups;
}

function columnsOf(most: number, open: (group: RouteGroup) => void): Column<RouteGroup>[] {
  return [
    {
      id: 'route',
      title: 'Edge and route',
      width: 'minmax(200px, 3fr)',
      cell: (group) => <Name group={group} onOpen={() => open(group)} />,
    },
    { id: 'count', title: 'Requests', width: '72px', align: 'end', cell: ({ count }) => formatCount(count) },
    {
      id: 'share',
      title: '',
      width: 'minmax(40px, 1fr)',
      cell: ({ count, route }) => (
        <span className="requests-share" aria-hidden="true">
          <i data-edge={route === null || undefined} style={{ width: `max(2px, ${(count / most) * 100}%)` }} />
        </span>
      ),
    },
    {
      id: 'errors',
      title: 'Errors',
      width: '76px',
      align: 'end',
      cell: ({ failed, count }) => <Failures shares={{ errorShare: failed / count }} />,
    },
    {
      id: 'retried',
      title: 'Retried',
      width: '62px',
      align: 'end',
      cell: ({ retried, count }) =>
        retried === 0 ? (
          <span className="muted">–</span>
        ) : (
          <span className="requests-retried">{formatShare(retried / count)}</span>
        ),
    },
    { id: 'p50', title: 'p50', width: '68px', align: 'end', cell: ({ p50 }) => formatMs(p50) },
    { id: 'p95', title: 'p95', width: '68px', align: 'end', cell: ({ p95 }) => formatMs(p95) },
    { id: 'slowest', title: 'Slowest', width: '68px', align: 'end', cell: ({ slowest }) => formatMs(slowest) },
    {
      id: 'latest',
      title: 'Latest',
      width: '64px',
      align: 'end',
      cell: ({ latest }) => <span className="muted">{formatClock(latest, false)}</span>,
    },
  ];
}

function Name({ group, onOpen }: { group: RouteGroup; onOpen: () => void }) {
  const { route, source, destination } = group;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: an option of a list has no buttons in it; Enter on the row does the same.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    <span className="requests-group-name" title="Show these requests" onClick={onOpen}>
      {route === null ? (
        <b>
          {source || 'outside'} → {destination || 'nowhere'}
        </b>
      ) : (
        <>
          <span className="requests-method">{route.method}</span>
          <span className="mono">{route.template || 'connections'}</span>
        </>
      )}
    </span>
  );
}
