import { type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';

export interface Pointed {
  pointed: boolean;
  /** For the element: `<ul {...on}>`. */
  on: {
    ref: (element: HTMLElement | null) => void;
    onPointerMove: (event: PointerEvent<HTMLElement>) => void;
    onPointerLeave: () => void;
  };
}

/**
 * Whether someone points at the element that spreads `on`: what is read or aimed at must not move under the cursor. A cursor that was left lying
 * there does not count: it has to move, and a key hands the page back to the keyboard.
 */
export function usePointed(): Pointed {
  const [pointed, setPointed] = useState(false);
  const met = useRef<HTMLElement | null>(null);
  const on = useMemo(
    () => ({
      // An element that goes is never left.
      ref: (element: HTMLElement | null) => {
        if (!element) setPointed(false);
      },
      // A menu or a dialog of one of its rows lies elsewhere on the page.
      onPointerMove: ({ currentTarget, target }: PointerEvent<HTMLElement>) => {
        if (!isWithin(currentTarget, target)) return;
        met.current = currentTarget;
        setPointed(true);
      },
      onPointerLeave: () => setPointed(false),
    }),
    [],
  );
  useEffect(() => {
    if (!pointed) return;
    const onKeyDown = ({ ctrlKey, metaKey, altKey, key }: KeyboardEvent) => {
      const isCombination = ctrlKey || metaKey || altKey || key === 'Shift';
      if (!isCombination) setPointed(false);
    };
    // Under what opened above it the element is not left as far as React can tell.
    const onMove = ({ target }: Event) => {
      if (!isWithin(met.current, target)) setPointed(false);
    };
    window.addEventListener('keydown', onKeyDown);
    window.addEventListener('pointermove', onMove);
    return () => {
      window.removeEventListener('keydown', onKeyDown);
      window.removeEventListener('pointermove', onMove);
    };
  }, [pointed]);
  return { pointed, on };
}

const isWithin = (element: HTMLElement | null, target: EventTarget | null): boolean =>
  element !== null && target instanceof Node && element.contains(target);

/** `value`, but while `held` the one shown before: for short lists that come whole. */
export function useHeld<T>(value: T, held: boolean): T {
  const shown = useRef(value);
  if (!held) shown.current = value;
  return shown.current;
}

/**
 * Which rows there are and in which order, held while `held`: what they say stays live, new ones wait, and one that has gone goes. `keyOf` must
 * tell all of them apart.
 */
export function useHeldRows<T>(rows: readonly T[], keyOf: (row: T) => string, held: boolean): readonly T[] {
  const order = useHeld(rows, held);
  return order === rows ? rows : inOrderOf(order.map(keyOf), rows, keyOf);
}

/** Those of `rows` that are in `keys`, in the order of `keys`. */
export function inOrderOf<T>(keys: readonly string[], rows: readonly T[], keyOf: (row: T) => string): T[] {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return keys.flatMap((key) => byKey.get(key) ?? []);
}
