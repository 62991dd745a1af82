import { ArrowDown, ArrowDownUp, ArrowUp, Columns3, FilterX, ListTree, X } from 'lucide-react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { describeFilter } from '../../../proxy/api/filter/filter-words.ts';
import { compileFilter } from '../../../proxy/api/filter/match-exchange.ts';
import { parseFilter } from '../../../proxy/api/filter/request-filter.ts';
import { isCall } from '../../../proxy/api/same-call.ts';
import { usePreferences } from '../../app/preferences.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { useCommands } from '../../commands/registry.ts';
import { useEngine, useRingView, useStore, useStreamState } from '../../engine/use-engine.ts';
import { formatCount, Segments, Toolbar, VirtualList } from '../../ui/index.ts';
import { type ColumnChoice, type ColumnId, keepChoice, moveColumn, readChoice } from './column-choice.ts';
import { ColumnMenu } from './column-menu.tsx';
import { ExplainedBar } from './explained-bar.tsx';
import { FilterBar } from './filter-bar.tsx';
import { gatherSeen } from './filter-complete.ts';
import { GroupList } from './group-list.tsx';
import { markClass, withMarks } from './marked-columns.tsx';
import { MarkedMenu } from './marked-menu.tsx';
import { marksOf, RequestMarks } from './marks.ts';
import { MatchingList } from './matching-list.ts';
import { NoRequests } from './no-requests.tsx';
import { columnsFor, requestColumns } from './request-columns.tsx';
import { RequestDetail } from './request-detail.tsx';
import './requests.css';
import { useWidth } from '../../ui/use-width.ts';
import { nextSort, parseSort } from './sort-rows.ts';
import { useLookBack, useOlder } from './use-older.ts';
import { useRows } from './use-rows.ts';

const seenWindow = 400;
const rateWindowMs = 3000;
const maxRateRows = 15_000;
const none: readonly never[] = [];

export default function RequestsScreen() {
  const engine = useEngine();
  const ring = useRingView();
  const { query } = useRoute();
  const router = useRouter();
  const { paused } = usePreferences();
  const filterText = query.get('filter') ?? '';
  const allHops = query.get('hops') === 'all';
  const grouped = query.get('view') === 'groups';
  const selectedId = query.get('id');

  const filter = useMemo(() => parseFilter(filterText), [filterText]);
  const [marks] = useState(() => new RequestMarks(localStorage));
  const marked = useStore(marks.all);
  const marksCount = filter.terms.some(({ key }) => key === 'mark') ? marked : null;
  const matches = useMemo(() => {
    const meets = compileFilter(filter, marksCount ? marksOf(marksCount) : undefined);
    return (exchange: Exchange) => (allHops || isCall(exchange)) && meets(exchange);
  }, [filter, allHops, marksCount]);
  const list = useMemo(() => new MatchingList(engine.exchanges, matches), [engine, matches]);
  list.update(ring);
  const held = useRef(false);
  const older = useOlder(filter, matches, ring.end > 0, marked, held);

  const sortText = query.get('sort');
  // By its text: a new object would sort again with every change of the URL.
  const sort = useMemo(() => parseSort(sortText), [sortText]);
  const rows = useRows(list, older?.rows ?? none, ring, sort, selectedId);
  const { at, count, frozen, freeze } = rows;
  held.current = frozen;
  const back = useLookBack(older, count);
  const follow = useCallback(() => {
    rows.release();
    router.setQuery({ id: null, tab: null });
  }, [router, rows.release]);
  const sortBy = useCallback((text: string | null) => router.setQuery({ sort: text }), [router]);

  const select = (exchange: Exchange) => {
    freeze();
    router.setQuery({ id: exchange.id }, { push: selectedId === null });
  };
  const close = useCallback(() => router.setQuery({ id: null, tab: null }), [router]);
  const setFilter = useCallback((text: string) => router.setQuery({ filter: text }), [router]);

  const step = (by: number) => {
    let index = -1;
    for (let row = 0; row < count && index < 0; row++) if (at(row)?.id === selectedId) index = row;
    const next = at(index < 0 ? 0 : Math.max(0, Math.min(count - 1, index + by)));
    if (next) select(next);
  };
  useCommands([
    {
      id: 'requests.next',
      title: 'Next request',
      group: 'This screen',
      icon: ArrowDown,
      keys: 'j',
      when: () => count > 0,
      run: () => step(1),
    },
    {
      id: 'requests.previous',
      title: 'Previous request',
      group: 'This screen',
      icon: ArrowUp,
      keys: 'k',
      when: () => count > 0,
      run: () => step(-1),
    },
    {
      id: 'requests.close',
      title: 'Close the detail',
      group: 'This screen',
      icon: X,
      keys: 'Escape',
      when: () => selectedId !== null,
      run: close,
    },
    {
      id: 'requests.follow',
      title: 'Follow new requests',
      group: 'This screen',
      icon: ArrowUp,
      keys: 'f',
      when: () => frozen,
      run: follow,
    },
    {
      id: 'requests.clear-filter',
      title: 'Clear the filter',
      group: 'This screen',
      icon: FilterX,
      when: () => filterText !== '',
      run: () => setFilter(''),
    },
    {
      id: 'requests.columns',
      title: 'Choose the columns',
      group: 'This screen',
      icon: Columns3,
      keys: 'v',
      run: () => setChoosing(true),
    },
    {
      id: 'requests.groups',
      title: grouped ? 'Show one by one' : 'Group by edge and route',
      group: 'This screen',
      icon: ListTree,
      keys: 't',
      run: () => router.setQuery({ view: grouped ? null : 'groups', id: null, tab: null }),
    },
    {
      id: 'requests.unsort',
      title: 'Unsort: newest first again',
      group: 'This screen',
      icon: ArrowDownUp,
      when: () => sort !== null,
      run: () => sortBy(null),
    },
  ]);

  const seen = useCallback(() => {
    const { first, end: newest } = engine.exchanges.get();
    const recent: Exchange[] = [];
    for (let number = Math.max(first, newest - seenWindow); number < newest; number++) {
      const exchange = engine.exchanges.at(number);
      if (exchange) recent.push(exchange);
    }
    return gatherSeen(recent);
  }, [engine]);

  const [listBox, listWidth] = useWidth<HTMLDivElement>();
  const [choice, setChoice] = useColumnChoice();
  const [choosing, setChoosing] = useState(false);
  const columns = useMemo(() => withMarks(columnsFor(choice, listWidth), marked), [choice, listWidth, marked]);
  const connected = useStreamState().phase === 'live';
  const live = !frozen && !paused && connected;
  const rate = useArrivalRate(rows.newest);

  return (
    <div className="screen requests">
      <Toolbar title="Requests">
        <span className={`requests-live num ${live ? 'tone-ok' : 'tone-warn'}`} data-testid="requests-live">
          {live
            ? `▶ live ${formatCount(rate)}/s`
            : !connected
              ? '■ not connected'
              : paused
                ? '❚❚ paused'
                : sort
                  ? '❚❚ sorted'
                  : '❚❚ frozen'}
        </span>
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
            { value: 'all', label: 'All hops', title: 'Both sidecars of each call' },
          ]}
          onChange={(value) => router.setQuery({ hops: value === 'all' ? 'all' : null })}
        />
      </Toolbar>
      <ExplainedBar
        text={filterText}
        setFilter={setFilter}
        more={<MarkedMenu marks={marks} marked={marked} text={filterText} onChange={setFilter} />}
      >
        {filter.problems.length > 0 ? (
          <span className="tone-bad tone-text truncate" role="alert" title={filter.problems[0]?.message}>
            ✖ {filter.problems[0]?.message}
          </span>
        ) : (
          <span className="truncate" role="status">
            {filter.terms.length > 0 ? `Showing ${describeFilter(filter)}` : 'Showing everything'}
          </span>
        )}
        <span className="grow" />
        {rows.fresh > 0 && frozen && !paused && (
          <button type="button" className="requests-new num" data-testid="requests-new" onClick={follow}>
            {formatCount(rows.fresh)} new{' '}
            {sort ? <ArrowDown size={13} aria-label="sorted in" /> : <ArrowUp size={13} aria-hidden="true" />}
          </button>
        )}
        <span className="num" data-testid="requests-count">
          {formatCount(count)} of {formatCount(ring.end - ring.first + (older?.rows.length ?? 0))}
          {!allHops && filter.terms.length === 0 ? ' reports, one row per call' : ''}
          {back.looking && <span className="muted"> · looking further back…</span>}
        </span>
        <ColumnMenu
          choice={choice}
          onChange={setChoice}
          fitting={columns.map(({ id }) => id)}
          sorted={sort !== null}
          onUnsort={() => sortBy(null)}
          open={choosing}
          onOpenChange={setChoosing}
        />
      </ExplainedBar>
      <div className="requests-split">
        <div className="requests-list" ref={listBox}>
          {count === 0 ? (
            <NoRequests
              filtered={filterText !== ''}
              any={ring.end > ring.first}
              looking={back.looking}
              onClear={() => setFilter('')}
            />
          ) : grouped ? (
            <GroupList
              list={list}
              older={older?.rows ?? none}
              onOpen={(text) => router.setQuery({ view: null, filter: `${filterText} ${text}`.trim() }, { push: true })}
            />
          ) : (
            <VirtualList
              label={sort ? `Requests by ${requestColumns[sort.column].name}` : 'Requests, newest first'}
              head={{
                label: 'Sort the requests',
                sort,
                onSort: (id) => sortBy(nextSort(sort, id as ColumnId)),
                onMove: (id, by) => setChoice(moveColumn(choice, id as ColumnId, by, 'shown')),
              }}
              columns={columns}
              count={count}
              at={at}
              keyOf={(exchange) => exchange.id}
              selected={selectedId}
              onSelect={select}
              onScrolled={rows.onScrolled}
              onRange={back.onRange}
              onOpen={() => document.querySelector<HTMLElement>('.request-detail [role="tab"][aria-selected="true"]')?.focus()}
              topToken={rows.topToken}
              rowTestId="request-row"
              rowClass={(exchange) =>
                `${isFailed(exchange) ? 'requests-failed' : ''} ${markClass(marked.get(exchange.id))}`.trim()
              }
            />
          )}
        </div>
        {selectedId && <RequestDetail key={selectedId} id={selectedId} marks={marks} onClose={close} />}
      </div>
    </div>
  );
}

const isFailed = ({ status, flags }: Exchange) => status >= 500 || (flags !== '' && status === 0);

/** Chosen on this machine, and kept. */
function useColumnChoice(): [ColumnChoice, (choice: ColumnChoice) => void] {
  const [choice, setChoice] = useState(() => readChoice(localStorage));
  const keep = useCallback((next: ColumnChoice) => {
    keepChoice(localStorage, next);
    setChoice(next);
  }, []);
  return [choice, keep];
}

/** Rows per second over the last three seconds, by their own times; changes once a second. */
function useArrivalRate(at: (index: number) => Exchange | undefined): number {
  const latest = useRef(at);
  latest.current = at;
  const [rate, setRate] = useState(0);
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
