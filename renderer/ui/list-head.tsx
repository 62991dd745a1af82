import { type KeyboardEvent, useRef, useState } from 'react';
import type { Column } from './list.tsx';

export interface ListSort {
  column: string;
  descending: boolean;
}

export interface ListHeadProps<T> {
  label: string;
  columns: readonly Column<T>[];
  sort: ListSort | null;
  onSort: (column: string) => void;
  /** One place to the left (-1) or right (1). */
  onMove?: (column: string, by: -1 | 1) => void;
}

const arrows = { ascending: '▲', descending: '▼' };

/** Column titles that sort. One tab stop: ← → go along, Enter or Space sort, Alt with ← → moves the column. */
export function ListHead<T>({ label, columns, sort, onSort, onMove }: ListHeadProps<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<string | null>(null);
  const current = columns.find(({ id }) => id === at)?.id ?? columns[0]?.id;
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0 || event.ctrlKey || event.metaKey || current === undefined) return;
    event.preventDefault();
    // Alt with an arrow is Back elsewhere.
    event.stopPropagation();
    if (event.altKey) return onMove?.(current, by);
    const next = columns[columns.findIndex(({ id }) => id === current) + by];
    if (!next) return;
    setAt(next.id);
    box.current?.querySelector<HTMLElement>(`[data-column="${next.id}"]`)?.focus();
  };
  return (
    <div ref={box} className="dd-list-head" role="toolbar" aria-label={label} onKeyDown={onKeyDown}>
      {columns.map(({ id, title, name, align }) => {
        const way = sort?.column === id ? (sort.descending ? 'descending' : 'ascending') : null;
        return (
          <button
            key={id}
            type="button"
            className="dd-list-cell dd-list-sorter"
            data-align={align}
            data-column={id}
            data-sorted={way ?? undefined}
            tabIndex={id === current ? 0 : -1}
            title={`${name ?? title}: sort${onMove ? ', Alt+← → moves the column' : ''}`}
            onFocus={() => setAt(id)}
            onClick={() => onSort(id)}
          >
            <span className="truncate">{title}</span>
            <span className="visually-hidden">
              {name && name !== title ? `, ${name}` : ''}
              {way ? `, sorted ${way}` : ''}
            </span>
            {way && (
              <span aria-hidden="true" className="dd-list-arrow">
                {arrows[way]}
              </span>
            )}
          </button>
        );
      })}
    </div>
  );
}
