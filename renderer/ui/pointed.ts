import { useEffect, useMemo, useRef, useState } from 'react';

export interface Pointed {
  pointed: boolean;
  /** For the element: `<ul {...on}>`. */
  on: { ref: (element: HTMLElement | null) => void; onPointerMove: () => void; onPointerLeave: () => void };
}

/**
 * Whether someone points at the element that spreads `on`: what is read or aimed at must not move under the cursor. A cursor that was left lying
 * there does not count: it has to move, and a key hands the page back to the keyboard.
 */
export function usePointed(): Pointed {
  const [pointed, setPointed] = useState(false);
  const on = useMemo(
    () => ({
      // An element that goes is never left.
      ref: (element: HTMLElement | null) => {
        if (!element) setPointed(false);
      },
      onPointerMove: () => setPointed(true),
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
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [pointed]);
  return { pointed, on };
}

/** `value`, but while `held` the one shown before: for short lists that come whole. */
export function useHeld<T>(value: T, held: boolean): T {
  const shown = useRef(value);
  if (!held) shown.current = value;
  return shown.current;
}
