import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import './list.css';
import { ListHead, type ListHeadProps } from './list-head.tsx';
import { ListRow } from './list-row.tsx';
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
  const { columns, count, at, keyOf, selected, onSelect, onOpen, onScrolled, topToken = 0, rowHeight = 28 } = props;
  const body = useRef<HTMLDivElement>(null);
  const id = useId();
  const scrolled = useRef(false);
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => body.current,
    estimateSize: () => rowHeight,
    // The window below decides which rows are kept; this one tells which are looked at.
    overscan: 0,
    useFlushSync: false,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the token is the signal.
  useEffect(() => {
    body.current?.scrollTo({ top: 0 });
  }, [topToken]);

  const totalPx = virtualizer.getTotalSize();
  // The range by itself is that of the last scroll; a list that was empty has had none.
  const drawn = useRowWindow(virtualizer.calculateRange(), count);
  const { onRange } = props;
  useEffect(() => {
    onRange?.(drawn.first, drawn.last);
  }, [drawn.first, drawn.last, onRange]);

  // A selection made elsewhere (keys, palette, URL) comes into view; a clicked row is there already.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a change of selection may scroll.
  useEffect(() => {
    const index = selectedIndex();
    if (index >= 0) virtualizer.scrollToIndex(index, { align: 'auto' });
  }, [selected]);

  const selectedIndex = () => {
    if (selected == null) return -1;
    for (let index = 0; index < count; index++) {
      const item = at(index);
      if (item && keyOf(item) === selected) return index;
    }
    return -1;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const page = Math.max(1, Math.floor((body.current?.clientHeight ?? 300) / rowHeight) - 1);
    const steps: Record<string, number> = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: page,
      PageUp: -page,
      Home: -count,
      End: count,
    };
    const step = steps[event.key];
    const from = selectedIndex();
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
    virtualizer.scrollToIndex(to, { align: 'auto' });
  };

  const withRow = (event: MouseEvent, act: ((item: T, index: number) => void) | undefined) => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('.dd-list-row') : null;
    const index = Number(row?.dataset.index ?? -1);
    const item = index < 0 ? undefined : at(index);
    if (item) act?.(item, index);
  };

  return (
    <div className="dd-list" style={{ '--columns': columns.map((column) => column.width).join(' ') } as React.CSSProperties}>
      {props.head ? (
        <ListHead columns={columns} {...props.head} />
      ) : (
        <div className="dd-list-head" aria-hidden="true">
          {columns.map((column) => (
            <div key={column.id} className="dd-list-cell" data-align={column.align}>
              {column.title}
            </div>
          ))}
        </div>
      )}
      <div
        ref={body}
        className="dd-list-body"
        role="listbox"
        aria-label={props.label}
        aria-activedescendant={selected ? `${id}-${selected}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onClick={(event) => withRow(event, onSelect)}
        onDoubleClick={(event) => withRow(event, onOpen)}
        onScroll={(event) => {
          const next = event.currentTarget.scrollTop > 2;
          if (next !== scrolled.current) {
            scrolled.current = next;
            onScrolled?.(next);
          }
        }}
      >
        <div className="dd-list-sizer" role="presentation" style={{ height: totalPx }}>
          {Array.from({ length: Math.max(0, drawn.last - drawn.first + 1) }, (_, n) => {
            const index = drawn.first + n;
            const item = at(index);
            if (!item) return null;
            const key = keyOf(item);
            return (
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
            );
          })}
        </div>
      </div>
    </div>
  );
}

export interface TableProps<T> {
  label: string;
  columns: readonly (Omit<Column<T>, 'width'> & { width?: string })[];
  rows: readonly T[];
  keyOf: (item: T) => string;
  onSelect?: (item: T) => void;
  selected?: string | null;
  rowTestId?: string;
}

/** A plain table for tens of rows. With `onSelect` put a button or link into the first cell for the keyboard. */
export function Table<T>({ label, columns, rows, keyOf, onSelect, selected, rowTestId }: TableProps<T>) {
  return (
    <table className="dd-table" aria-label={label}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.id} scope="col" data-align={column.align} style={column.width ? { width: column.width } : undefined}>
              {column.title === '' ? <span className="visually-hidden">Actions</span> : column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr
            key={keyOf(row)}
            data-testid={rowTestId}
            data-id={keyOf(row)}
            aria-selected={selected === undefined ? undefined : keyOf(row) === selected}
            onClick={onSelect && (() => onSelect(row))}
          >
            {columns.map((column) => (
              <td key={column.id} data-align={column.align}>
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
