import { useEffect, useReducer, useRef } from 'react';
import { nextWindow, type RowSpan } from './list-window.ts';

/** The rows to draw while `range` is looked at; grows by a few rows a frame until enough are ready on either side. */
export function useRowWindow(range: { startIndex: number; endIndex: number } | null, count: number): RowSpan {
  const kept = useRef<RowSpan>({ first: 0, last: -1 });
  const seen = useRef({ first: 0, travel: 1 as 1 | -1 });
  const [, nextFrame] = useReducer((n: number) => n + 1, 0);
  const first = range?.startIndex ?? 0;
  if (first !== seen.current.first) seen.current = { first, travel: first > seen.current.first ? 1 : -1 };
  const { span, more } = nextWindow(kept.current, { first, last: range?.endIndex ?? -1 }, count, seen.current.travel);
  useEffect(() => {
    kept.current = span;
    if (!more) return;
    const frame = requestAnimationFrame(nextFrame);
    return () => cancelAnimationFrame(frame);
  });
  return span;
}
