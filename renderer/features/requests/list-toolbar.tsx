import { useCallback, useEffect, useRef, useState } from 'react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useRouter } from '../../app/router.ts';
import { useEngine, useStreamState } from '../../engine/use-engine.ts';
import { formatCount, Segments, Toolbar } from '../../ui/index.ts';
import { FilterBar } from './filter-bar.tsx';
import { gatherSeen } from './filter-complete.ts';
import type { RequestList } from './use-request-list.ts';

const seenWindow = 400;
const rateWindowMs = 3000;
const maxRateRows = 15_000;

/** Whether the list follows and how fast, the filter, and the two ways to look at what it finds. */
export function ListToolbar({ shown }: { shown: RequestList }) {
  const router = useRouter();
  const { grouped, allHops, filterText, filter, setFilter } = shown;
  const seen = useSeen();
  return (
    <Toolbar title="Requests">
      <LiveState shown={shown} />
      <FilterBar text={filterText} filter={filter} onChange={setFilter} seen={seen} />
      <Segments
        label="Show as"
        value={grouped ? 'groups' : 'list'}
        options={[
          { value: 'list', label: 'List', title: 'One by one, newest first' },
          { value: 'groups', label: 'Routes', title: 'By edge and route' },
        ]}
        onChange={(value) => router.setQuery({ view: value === 'groups' ? 'groups' : null, id: null, tab: null })}
      />
      <Segments
        label="Rows"
        value={allHops ? 'all' : 'calls'}
        options={[
          { value: 'calls', label: 'Calls', title: 'One row per call, as the caller’s side saw it' },
          { value: 'all', label: 'All hops', title: 'Both sidecars of each call: ⤷ is the destination’s' },
        ]}
        onChange={(value) => router.setQuery({ hops: value === 'all' ? 'all' : null })}
      />
    </Toolbar>
  );
}

function LiveState({ shown: { rows, sort, selectedId, pointed } }: { shown: RequestList }) {
  const { paused } = usePreferences();
  const connected = useStreamState().phase === 'live';
  const rate = useArrivalRate(rows.newest);
  const live = !rows.frozen && !paused && connected;
  return (
    <span
      className={`requests-live num ${live ? 'tone-ok' : 'tone-warn'}`}
      data-testid="requests-live"
      title={pointed && rows.frozen ? 'No row moves under the cursor; what is new comes when it leaves the list.' : undefined}
    >
      {live ? `▶ live${rate === null ? '' : ` ${formatCount(rate)}/s`}` : stillWords()}
    </span>
  );

  function stillWords(): string {
    if (!connected) return '■ not connected';
    if (paused) return '❚❚ paused';
    if (sort) return '❚❚ sorted';
    return pointed && selectedId === null ? '❚❚ held' : '❚❚ frozen';
  }
}

/** Values to complete with, of the newest few hundred. */
function useSeen() {
  const { exchanges } = useEngine();
  return useCallback(() => {
    const { first, end } = exchanges.get();
    const recent: Exchange[] = [];
    for (let number = Math.max(first, end - seenWindow); number < end; number++) {
      const exchange = exchanges.at(number);
      if (exchange) recent.push(exchange);
    }
    return gatherSeen(recent);
  }, [exchanges]);
}

/** Rows per second over the last three seconds, by their own times; changes once a second. Null until it was measured. */
function useArrivalRate(at: (index: number) => Exchange | undefined): number | null {
  const latest = useRef(at);
  latest.current = at;
  const [rate, setRate] = useState<number | null>(null);
  useEffect(() => {
    const count = () => {
      const from = Date.now() - rateWindowMs;
      let rows = 0;
      for (let exchange = latest.current(0); exchange && Date.parse(exchange.time) >= from && rows < maxRateRows; )
        exchange = latest.current(++rows);
      setRate(Math.round(rows / (rateWindowMs / 1000)));
    };
    const timer = setInterval(count, 1000);
    return () => clearInterval(timer);
  }, []);
  return rate;
}
