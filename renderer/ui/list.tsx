import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type MouseEvent, type ReactNode, useId, useRef } from 'react';
import './list.css';
import { ListHead, type ListHeadProps } from './list-head.tsx';
import { ListRow } from './list-row.tsx';
import { indexOf, useListPlace } from './use-list-place.ts';
import { useRowWindow } from './use-row-window.ts';

export interface Column<T> {
  id: string;
  title: string;
  /** In full, where the title is short. */
  name?: string;
  /** A grid track: `72px`, `minmax(120px, 1fr)`. */
  width: string;
  align?: 'end';
  cell: (item: T) => ReactNode;
}

export interface VirtualListProps<T> {
  /** Accessible name. */
  label: string;
  columns: readonly Column<T>[];
  count: number;
  /** Item i from the top; undefined rows are left blank. */
  at: (index: number) => T | undefined;
  keyOf: (item: T) => string;
  selected?: string | null;
  onSelect?: (item: T, index: number) => void;
  onOpen?: (item: T) => void;
  /** True as soon as the user has scrolled away from the top. */
  onScrolled?: (scrolled: boolean) => void;
  /** The first and last rows that are drawn, whenever they change: for lists that are read where someone looks. */
  onRange?: (first: number, last: number) => void;
  /** Change it to scroll back to the top. */
  topToken?: number;
  /** Change it when rows were put in or taken out: what stands at the top of the view stays there. */
  placeToken?: number;
  rowHeight?: number;
  rowTestId?: string;
  rowClass?: (item: T) => string;
  /** Makes the titles buttons that sort. */
  head?: Omit<ListHeadProps<T>, 'columns'>;
}

/**
 * A list of any length with rows of one height. ↑ ↓ (and j k), Page keys, Home and End move the selection, Enter opens. The rows are a
 * `listbox` as far as assistive tools see: one tab stop, the selected row is its active descendant.
 */
export function VirtualList<T>(props: VirtualListProps<T>) {
  const { columns, count, at, keyOf, selected, onSelect, onOpen, rowHeight = 28 } = props;
  const body = useRef<HTMLDivElement>(null);
  const id = useId();
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => body.current,
    estimateSize: () => rowHeight,
    // The window below decides which rows are kept; this one tells which are looked at.
    overscan: 0,
    useFlushSync: false,
  });
  const totalPx = virtualizer.getTotalSize();
  // The range by itself is that of the last scroll; a list that was empty has had none.
  const drawn = useRowWindow(virtualizer.calculateRange(), count);
  const scrollTo = (index: number) => virtualizer.scrollToIndex(index, { align: 'auto' });
  const onScroll = useListPlace(props, { body, rowHeight, drawn, scrollTo });
  const rows = Array.from({ length: Math.max(0, drawn.last - drawn.first + 1) }, (_, n) => drawn.first + n).flatMap((index) => {
    const item = at(index);
    return item ? [{ item, index, key: keyOf(item) }] : [];
  });
  const withRow = (event: MouseEvent, act: ((item: T, index: number) => void) | undefined) => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('.dd-list-row') : null;
    const index = Number(row?.dataset.index ?? -1);
    const item = index < 0 ? undefined : at(index);
    if (item) act?.(item, index);
  };
  return (
    <div className="dd-list" style={{ '--columns': columns.map((column) => column.width).join(' ') } as React.CSSProperties}>
      {props.head ? <ListHead columns={columns} {...props.head} /> : <PlainHead columns={columns} />}
      <div
        ref={body}
        className="dd-list-body"
        role="listbox"
        aria-label={props.label}
        // Only a row that is in the page can be pointed at.
        aria-activedescendant={rows.some(({ key }) => key === selected) ? `${id}-${selected}` : undefined}
        tabIndex={0}
        onKeyDown={(event) => moveByKey(event, props, rowHeight, scrollTo)}
        onClick={(event) => withRow(event, onSelect)}
        onDoubleClick={(event) => withRow(event, onOpen)}
        onScroll={onScroll}
      >
        <div className="dd-list-sizer" role="presentation" style={{ height: totalPx }}>
          {rows.map(({ item, index, key }) => (
            <ListRow
              // Rows are recycled by place: a live list would otherwise rebuild every row ten times a second.
              key={index}
              id={`${id}-${key}`}
              itemKey={key}
              item={item}
              index={index}
              count={count}
              columns={columns}
              height={rowHeight}
              selected={key === selected}
              testId={props.rowTestId}
              className={props.rowClass?.(item) ?? ''}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

function PlainHead<T>({ columns }: { columns: readonly Column<T>[] }) {
  return (
    <div className="dd-list-head" aria-hidden="true">
      {columns.map((column) => (
        <div key={column.id} className="dd-list-cell" data-align={column.align}>
          {column.title}
        </div>
      ))}
    </div>
  );
}

const steps: Record<string, (count: number, page: number) => number> = {
  ArrowDown: () => 1,
  j: () => 1,
  ArrowUp: () => -1,
  k: () => -1,
  PageDown: (_count, page) => page,
  PageUp: (_count, page) => -page,
  Home: (count) => -count,
  End: (count) => count,
};

function moveByKey<T>(
  event: KeyboardEvent<HTMLElement>,
  { count, at, onSelect, onOpen, ...props }: VirtualListProps<T>,
  rowHeight: number,
  scrollTo: (index: number) => void,
): void {
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  const page = Math.max(1, Math.floor((event.currentTarget.clientHeight || 300) / rowHeight) - 1);
  const step = steps[event.key]?.(count, page);
  const from = indexOf(props.selected, { count, at, keyOf: props.keyOf });
  if (event.key === 'Enter' && from >= 0) {
    const item = at(from);
    if (item) onOpen?.(item);
    return;
  }
  if (step === undefined || count === 0) return;
  event.preventDefault();
  const to = Math.max(0, Math.min(count - 1, from < 0 ? 0 : from + step));
  const item = at(to);
  if (item) onSelect?.(item, to);
  scrollTo(to);
}
