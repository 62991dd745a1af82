import type { ColumnChoice, ColumnId } from './column-choice.ts';

/** How much of a column is shown: with room for all, with the detail open beside it, in a small window. */
export type ListSize = 'wide' | 'medium' | 'narrow';

export interface ColumnRoom {
  id: ColumnId;
  /** Pixels it needs at least, its gap included. */
  room: Record<ListSize, number>;
  /** Goes last when there is too little room for all. */
  vital: boolean;
}

/** Left and right of a row. */
const padding = 24;
const mediumFrom = 600;

/**
 * The chosen columns that fit into `width` pixels, and how much each shows. What does not fit is left out from the right, the vital ones last;
 * it is in the detail all the same. Before the first layout (width 0) everything fits.
 */
export function fitColumns(
  choice: ColumnChoice,
  rooms: Record<ColumnId, ColumnRoom>,
  width: number,
): { size: ListSize; ids: ColumnId[] } {
  let ids = choice.order.filter((id) => choice.shown.has(id));
  const needs = (size: ListSize) => ids.reduce((sum, id) => sum + rooms[id].room[size], padding);
  if (width === 0 || needs('wide') <= width) return { size: 'wide', ids };
  const size = width >= mediumFrom ? 'medium' : 'narrow';
  while (needs(size) > width && ids.length > 1) {
    const drop = ids.findLast((id) => !rooms[id].vital) ?? ids.at(-1);
    ids = ids.filter((id) => id !== drop);
  }
  return { size, ids };
}
