import './list.css';
import type { Column } from './list.tsx';
import { useHeldRows, usePointed } from './pointed.ts';

export interface TableProps<T> {
  label: string;
  columns: readonly (Omit<Column<T>, 'width'> & { width?: string })[];
  rows: readonly T[];
  keyOf: (item: T) => string;
  onSelect?: (item: T) => void;
  selected?: string | null;
  rowTestId?: string;
}

/**
 * A plain table for tens of rows. With `onSelect` put a button or link into the first cell for the keyboard. While the cursor is on the rows they
 * keep their places; the numbers in them move on.
 */
export function Table<T>({ label, columns, rows: latest, keyOf, onSelect, selected, rowTestId }: TableProps<T>) {
  const { pointed, on } = usePointed();
  const rows = useHeldRows(latest, keyOf, pointed);
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
      <tbody {...on}>
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
