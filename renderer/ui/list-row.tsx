import { memo, type ReactNode } from 'react';
import type { Column } from './list.tsx';

interface ListRowProps<T> {
  item: T;
  index: number;
  count: number;
  id: string;
  itemKey: string;
  columns: readonly Column<T>[];
  height: number;
  selected: boolean;
  testId: string | undefined;
  className: string;
}

/** A row of a VirtualList. Drawn again when something of it changed, not when the list is scrolled; the list takes its clicks. */
export const ListRow = memo(function ListRow<T>({ item, index, columns, ...props }: ListRowProps<T>) {
  return (
    <div
      id={props.id}
      role="option"
      tabIndex={-1}
      aria-selected={props.selected}
      aria-posinset={index + 1}
      aria-setsize={props.count}
      data-testid={props.testId}
      data-id={props.itemKey}
      data-index={index}
      className={`dd-list-row ${props.className}`}
      style={{ height: props.height, top: index * props.height }}
    >
      {columns.map((column) => (
        <div key={column.id} className="dd-list-cell" data-align={column.align}>
          {column.cell(item)}
        </div>
      ))}
    </div>
  );
}) as <T>(props: ListRowProps<T>) => ReactNode;
