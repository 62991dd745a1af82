import { useCallback, useMemo, useRef, useState } from 'react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { compileFilter } from '../../../proxy/api/filter/match-exchange.ts';
import { type Filter, parseFilter } from '../../../proxy/api/filter/request-filter.ts';
import { isCall } from '../../../proxy/api/same-call.ts';
import { useRoute, useRouter } from '../../app/router.ts';
import { useEngine, useRingView, useStore } from '../../engine/use-engine.ts';
import { type Pointed, usePointed } from '../../ui/pointed.ts';
import { type Marks, marksOf, RequestMarks } from './marks.ts';
import { MatchingList } from './matching-list.ts';
import { RowSample } from './row-sample.ts';
import { parseSort, type Sort } from './sort-rows.ts';
import { useLookBack, useOlder } from './use-older.ts';
import { type Rows, useRows } from './use-rows.ts';

/** What the list shows and how; the URL has all of it. */
export interface RequestList {
  filterText: string;
  filter: Filter;
  /** Both sidecars' reports of each call, not one row per call. */
  allHops: boolean;
  grouped: boolean;
  selectedId: string | null;
  sort: Sort | null;
  marks: RequestMarks;
  marked: Marks;
  /** What matches in the page; `older` is what the engine was asked for beyond it. */
  list: MatchingList;
  older: readonly Exchange[];
  rows: Rows;
  /** The cursor is on the rows, which therefore stand still. */
  pointed: boolean;
  /** For the element around the rows. */
  onPoint: Pointed['on'];
  /** How many there are to be filtered. */
  total: number;
  looking: boolean;
  /** The older ones could not be read. */
  lookFailed: boolean;
  onRange: (first: number, last: number) => void;
  setFilter: (text: string) => void;
  sortBy: (text: string | null) => void;
  select: (exchange: Exchange) => void;
  close: () => void;
  /** Lets newer ones in and follows again. */
  follow: () => void;
}

const none: readonly never[] = [];
const any = () => true;

export function useRequestList(): RequestList {
  const engine = useEngine();
  const ring = useRingView();
  const { query } = useRoute();
  const router = useRouter();
  const filterText = query.get('filter') ?? '';
  const allHops = query.get('hops') === 'all';
  const selectedId = query.get('id');
  const grouped = query.get('view') === 'groups';
  const sortText = query.get('sort');
  // By its text: a new object would sort again with every change of the URL.
  const sort = useMemo(() => parseSort(sortText), [sortText]);
  const filter = useMemo(() => parseFilter(filterText), [filterText]);
  const [marks] = useState(() => new RequestMarks(localStorage));
  const marked = useStore(marks.all);

  const matches = useMatches(filter, allHops, marked);
  const list = useMemo(() => new MatchingList(engine.exchanges, matches), [engine, matches]);
  const sample = useMemo(() => new RowSample(engine.exchanges, list), [engine, list]);
  const all = useMemo(() => new MatchingList(engine.exchanges, allHops ? any : isCall), [engine, allHops]);
  list.update(ring);
  sample.update(ring);
  all.update(ring);

  const held = useRef(false);
  const kept = useOlder(filter, matches, ring.end > 0, marked, held);
  const older = kept?.rows ?? none;
  const { pointed, on: onPoint } = usePointed();
  const rows = useRows(list, sample, older, ring, sort, selectedId, pointed && !grouped);
  held.current = rows.frozen;
  const { looking, lookFailed, onRange } = useLookBack(kept, rows.count);
  const { freeze, release } = rows;
  return {
    ...{ filterText, filter, allHops, selectedId, sort, marks, marked, list, older, rows, looking, lookFailed, onRange },
    ...{ pointed, onPoint },
    grouped,
    total: all.countBefore(ring.end) + older.length,
    setFilter: useCallback((text) => router.setQuery({ filter: text }), [router]),
    sortBy: useCallback((text) => router.setQuery({ sort: text }), [router]),
    select: (exchange) => {
      freeze();
      router.setQuery({ id: exchange.id }, { push: selectedId === null });
    },
    close: useCallback(() => router.setQuery({ id: null, tab: null }), [router]),
    follow: useCallback(() => {
      release();
      router.setQuery({ id: null, tab: null });
    }, [router, release]),
  };
}

/** Marks change what `mark:` finds, and nothing else. */
function useMatches(filter: Filter, allHops: boolean, marked: Marks): (exchange: Exchange) => boolean {
  const asked = filter.terms.some(({ key }) => key === 'mark') ? marked : null;
  return useMemo(() => {
    const meets = compileFilter(filter, asked ? marksOf(asked) : undefined);
    return (exchange: Exchange) => (allHops || isCall(exchange)) && meets(exchange);
  }, [filter, allHops, asked]);
}
