import { type RefObject, type UIEvent, useEffect, useLayoutEffect, useRef } from 'react';
import type { VirtualListProps } from './list.tsx';
import type { RowSpan } from './list-window.ts';

type Items<T> = Pick<VirtualListProps<T>, 'count' | 'at' | 'keyOf'>;

/** Where the item with this key stands, or -1. */
export function indexOf<T>(key: string | null | undefined, { count, at, keyOf }: Items<T>): number {
  if (key == null) return -1;
  for (let index = 0; index < count; index++) {
    const item = at(index);
    if (item && keyOf(item) === key) return index;
  }
  return -1;
}

interface Place {
  body: RefObject<HTMLDivElement | null>;
  rowHeight: number;
  drawn: RowSpan;
  scrollTo: (index: number) => void;
}

/** Where a list is scrolled to, and what moves it there; the result is its onScroll. */
export function useListPlace<T>(props: VirtualListProps<T>, { body, rowHeight, drawn, scrollTo }: Place) {
  const { at, keyOf, selected, onScrolled, onRange, topToken = 0, placeToken = 0 } = props;
  const scrolled = useRef(false);
  const topKey = useRef<string | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the token is the signal.
  useEffect(() => {
    body.current?.scrollTo({ top: 0 });
  }, [topToken]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the token is the signal.
  useLayoutEffect(() => {
    const index = scrolled.current ? indexOf(topKey.current, props) : -1;
    if (index >= 0) body.current?.scrollTo({ top: index * rowHeight + (body.current.scrollTop % rowHeight) });
  }, [placeToken]);
  useEffect(() => {
    const item = at(Math.floor((body.current?.scrollTop ?? 0) / rowHeight));
    topKey.current = item ? keyOf(item) : null;
  });

  useEffect(() => {
    onRange?.(drawn.first, drawn.last);
  }, [drawn.first, drawn.last, onRange]);

  // A selection made elsewhere (keys, palette, URL) comes into view; a clicked row is there already.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a change of selection may scroll.
  useEffect(() => {
    const index = indexOf(selected, props);
    if (index >= 0) scrollTo(index);
  }, [selected]);

  return (event: UIEvent<HTMLElement>) => {
    const next = event.currentTarget.scrollTop > 2;
    if (next === scrolled.current) return;
    scrolled.current = next;
    onScrolled?.(next);
  };
}
