import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import type { RingView } from '../../engine/exchange-ring.ts';
import { useEngine } from '../../engine/use-engine.ts';
import type { MatchingList } from './matching-list.ts';
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
  freeze: () => void;
  /** Brings the newer ones in: on top of a list in order of time, each at its place in a sorted one. */
  release: () => void;
  onScrolled: (away: boolean) => void;
  /** Changes when the list should return to its top. */
  topToken: number;
}

/**
 * A list follows until it is scrolled, a row is selected, or it is sorted; from then on it stands still and counts what comes. A sorted list is
 * sorted once for the moment it shows: nothing that happens later moves a row. `older` ones, which the ring does not hold, stand below.
 */
export function useRows(
  list: MatchingList,
  older: readonly Exchange[],
  ring: RingView,
  sort: Sort | null,
  selectedId: string | null,
): Rows {
  const { exchanges } = useEngine();
  const [frozenAt, setFrozenAt] = useState<number | null>(null);
  const [topToken, setTopToken] = useState(0);
  const scrolled = useRef(false);
  const calm = useCalmEnd(ring.end, frozenAt === null);
  const end = frozenAt === null ? calm : Math.min(frozenAt, ring.end);
  const freeze = useCallback(() => setFrozenAt((at) => at ?? exchanges.get().end), [exchanges]);
  const held = selectedId !== null || sort !== null;
  // What is selected or sorted must not move; what is neither, nor scrolled, follows again.
  useEffect(() => {
    if (!held && !scrolled.current) setFrozenAt(null);
  }, [held]);
  useEffect(() => {
    if (held && frozenAt === null && ring.end > 0) freeze();
  }, [held, frozenAt, ring.end, freeze]);

  // The older ones are numbered downwards from -1.
  const latestOlder = useRef(older);
  latestOlder.current = older;
  const at = useCallback((number: number) => (number < 0 ? latestOlder.current[-1 - number] : exchanges.at(number)), [exchanges]);
  // Once for `end`, whatever the list learns afterwards; asked for by hand it takes in older ones found meanwhile.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the token stands for the asking.
  const sorted = useMemo(
    () => sort && new SortedRows([...list.numbersBefore(end), ...latestOlder.current.map((_one, index) => -1 - index)], at, sort),
    [list, at, sort, end, topToken],
  );
  const newest = useCallback(
    (index: number) => {
      const number = list.numberAt(index, end);
      return number === undefined ? older[index - list.countBefore(end)] : exchanges.at(number);
    },
    [exchanges, list, end, older],
  );
  const sortedAt = useCallback((index: number) => sorted?.at(index, at), [sorted, at]);
  const before = list.countBefore(end);
  const all = before + older.length;
  return {
    count: sorted?.count ?? all,
    at: sorted ? sortedAt : newest,
    newest,
    frozen: frozenAt !== null,
    fresh: list.countBefore(ring.end) + older.length - (sorted?.count ?? all),
    freeze,
    release: useCallback(() => {
      scrolled.current = false;
      setFrozenAt(sort === null ? null : exchanges.get().end);
      setTopToken((token) => token + 1);
    }, [sort, exchanges]),
    onScrolled: useCallback(
      (away: boolean) => {
        scrolled.current = away;
        if (away) freeze();
        else if (!held) setFrozenAt(null);
      },
      [freeze, held],
    ),
    topToken,
  };
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
