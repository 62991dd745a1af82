import { type RefObject, useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import type { RingView } from '../../engine/exchange-ring.ts';
import { useEngine } from '../../engine/use-engine.ts';
import type { MatchingList, RowNumbers } from './matching-list.ts';
import type { RowSample } from './row-sample.ts';
import { type Sort, SortedRows } from './sort-rows.ts';

/** Two reports per call: about 200 calls a second. */
const crowdedPerSecond = 400;
const calmEveryMs = 500;

/** The rows of the list as they stand: following what happens, or held still. */
export interface Rows {
  count: number;
  /** Row `index` from the top. */
  at: (index: number) => Exchange | undefined;
  /** The matching exchanges newest first, however the list is sorted. */
  newest: (index: number) => Exchange | undefined;
  frozen: boolean;
  /** How many match that came after the list was frozen. */
  fresh: number;
  /** All that match, shown or not. */
  matching: number;
  /** More match than can be read, so that not each has a row: one in `every` of what comes now, `leftOut` of all. Null while each has one. */
  sampled: { every: number; leftOut: number } | null;
  freeze: () => void;
  /** Freezes, with a row for each that matches. */
  showAll: () => void;
  /** Brings the newer ones in: on top of a list in order of time, each at its place in a sorted one. */
  release: () => void;
  onScrolled: (away: boolean) => void;
  /** Changes when the list should return to its top. */
  topToken: number;
  /** Changes when rows were put in between: what is looked at stays where it is. */
  placeToken: number;
}

/**
 * A list follows until the cursor is on it, it is scrolled, a row is selected, or it is sorted; from then on it stands still and counts what comes. A sorted list is
 * sorted once for the moment it shows: nothing that happens later moves a row. `older` ones, which the ring does not hold, stand below. Of more
 * than can be read a sample has rows, frozen too, until all are asked for.
 */
export function useRows(
  list: MatchingList,
  sample: RowSample,
  older: readonly Exchange[],
  ring: RingView,
  sort: Sort | null,
  selectedId: string | null,
  pointed: boolean,
): Rows {
  const shownCount = useRef(0);
  const held = selectedId !== null || sort !== null || pointed;
  const stand = useStand(ring, { held, isSorted: sort !== null, shownCount });
  const { end, frozen, all, topToken } = stand;
  if (!frozen) sample.settle(ring.end);
  const isSampled = sort === null && !all && sample.hasGaps(end);
  const sorted = useSorted(list, older, sort, end, topToken);
  const newest = useNewestFirst(list, older, end);
  const shown: RowNumbers = isSampled ? sample : list;
  const shownAt = useNewestFirst(shown, older, end);
  const matching = sorted?.count ?? list.countBefore(end) + older.length;
  const count = sorted?.count ?? shown.countBefore(end) + older.length;
  shownCount.current = count;
  return {
    count,
    at: sorted?.at ?? shownAt,
    newest,
    frozen,
    fresh: list.countBefore(ring.end) + older.length - matching,
    matching,
    sampled: isSampled ? { every: sample.every, leftOut: list.countBefore(end) - sample.countBefore(end) } : null,
    freeze: stand.freeze,
    showAll: stand.showAll,
    release: stand.release,
    onScrolled: stand.onScrolled,
    topToken,
    placeToken: Number(all),
  };
}

/** Up to where the list shows what came: to the newest while it follows, to where it was frozen else. `held`: something must not move. */
function useStand(
  ring: RingView,
  { held, isSorted, shownCount }: { held: boolean; isSorted: boolean; shownCount: RefObject<number> },
) {
  const { exchanges } = useEngine();
  const [frozenAt, setFrozenAt] = useState<number | null>(null);
  const [topToken, setTopToken] = useState(0);
  const [all, setAll] = useState(false);
  const scrolled = useRef(false);
  const calm = useCalmEnd(ring.end, frozenAt === null);
  const end = frozenAt === null ? calm : Math.min(frozenAt, ring.end);
  // What is on the page now, which may be less than what has come: a row that is clicked stays where it is.
  const shownEnd = useRef(end);
  shownEnd.current = end;
  const freeze = useCallback(() => setFrozenAt((at) => at ?? shownEnd.current), []);
  const follow = useCallback(() => {
    setFrozenAt(null);
    setAll(false);
  }, []);
  // What is selected or sorted must not move; what is neither, nor scrolled, follows again.
  useEffect(() => {
    if (!held && !scrolled.current) follow();
  }, [held, follow]);
  // Where there is no row nothing can move: the first one comes, cursor or not.
  useEffect(() => {
    if (!held || scrolled.current) return;
    const isFrozen = frozenAt !== null;
    if (shownCount.current > 0 && !isFrozen) freeze();
    else if (shownCount.current === 0 && isFrozen) follow();
  });
  return {
    ...{ end, all, topToken, freeze },
    frozen: frozenAt !== null,
    showAll: useCallback(() => {
      // As if it had been scrolled: only the button lets newer ones in.
      scrolled.current = true;
      freeze();
      setAll(true);
    }, [freeze]),
    release: useCallback(() => {
      scrolled.current = false;
      follow();
      if (isSorted) setFrozenAt(exchanges.get().end);
      setTopToken((token) => token + 1);
    }, [follow, isSorted, exchanges]),
    onScrolled: useCallback(
      (away: boolean) => {
        scrolled.current = away;
        if (away) freeze();
        else if (!held) follow();
      },
      [freeze, follow, held],
    ),
  };
}

/** Row `index` from the top of a list in order of time; `older` ones stand below. */
function useNewestFirst(list: RowNumbers, older: readonly Exchange[], end: number) {
  const { exchanges } = useEngine();
  return useCallback(
    (index: number) => {
      const number = list.numberAt(index, end);
      return number === undefined ? older[index - list.countBefore(end)] : exchanges.at(number);
    },
    [exchanges, list, end, older],
  );
}

/** Sorted once for `end`, whatever the list learns afterwards; asked for by hand (`token`) it takes in older ones found meanwhile. */
function useSorted(list: MatchingList, older: readonly Exchange[], sort: Sort | null, end: number, token: number) {
  const { exchanges } = useEngine();
  // The older ones are numbered downwards from -1.
  const latestOlder = useRef(older);
  latestOlder.current = older;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the token stands for the asking.
  return useMemo(() => {
    if (!sort) return null;
    const at = (number: number) => (number < 0 ? latestOlder.current[-1 - number] : exchanges.at(number));
    const numbers = [...list.numbersBefore(end), ...latestOlder.current.map((_one, index) => -1 - index)];
    const rows = new SortedRows(numbers, at, sort);
    return { count: rows.count, at: (index: number) => rows.at(index, at) };
  }, [list, exchanges, sort, end, token]);
}

/**
 * Where a followed list ends. At a few hundred rows a second ten pictures a second cannot be read, so the list then moves twice a second;
 * nothing is left out, the rows between are there when one scrolls.
 */
function useCalmEnd(end: number, following: boolean): number {
  const shown = useRef({ end: 0, atMs: 0 });
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const now = performance.now();
  const passedMs = now - shown.current.atMs;
  const crowded = end - shown.current.end > (passedMs / 1000) * crowdedPerSecond;
  if (!following || !crowded || passedMs >= calmEveryMs || shown.current.end > end) shown.current = { end, atMs: now };
  // A burst, such as what happened before the page was opened, may be the last for a while: it must not wait for another.
  const behind = shown.current.end < end;
  useEffect(() => {
    if (!behind) return;
    const timer = setTimeout(redraw, calmEveryMs);
    return () => clearTimeout(timer);
  }, [behind]);
  return shown.current.end;
}
