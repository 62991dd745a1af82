import { useEffect, useReducer, useRef } from 'react';

/** A live list that stands still while it is being read. `waiting` counts what came meanwhile, `release` shows it. */
export interface HeldList<T> {
  shown: readonly T[] | null;
  waiting: number;
  release: () => void;
}

export interface ListOrder<T> {
  idOf: (item: T) => string;
  /** As for sort: newer items first. */
  compare: (a: T, b: T) => number;
}

/** `scope` names what the list is of (its filter): another scope is shown at once, held or not. */
export function useHeldList<T>(live: readonly T[] | null, held: boolean, scope: string, order: ListOrder<T>): HeldList<T> {
  const kept = useRef<{ scope: string; list: readonly T[] } | null>(null);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const hold = held && kept.current?.scope === scope ? kept.current.list : null;
  const shown = hold && live ? withOlder(hold, live, order) : live;
  useEffect(() => {
    if (shown) kept.current = { scope, list: shown };
  });
  return {
    shown,
    waiting: shown && live ? countMissing(live, shown, order.idOf) : 0,
    release: () => {
      kept.current = null;
      redraw();
    },
  };
}

/** What is older than the last row may come below it while the list is held: nothing moves. */
export function withOlder<T>(held: readonly T[], live: readonly T[], { compare }: ListOrder<T>): readonly T[] {
  const last = held.at(-1);
  if (last === undefined) return held;
  const older = live.filter((item) => compare(last, item) < 0);
  return older.length === 0 ? held : [...held, ...older];
}

/** How many of `live` are not among `shown`. */
export function countMissing<T>(live: readonly T[], shown: readonly T[], idOf: (item: T) => string): number {
  if (live === shown) return 0;
  const known = new Set(shown.map(idOf));
  return live.filter((item) => !known.has(idOf(item))).length;
}
