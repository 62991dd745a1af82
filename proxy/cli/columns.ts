import { stripVTControlCharacters } from 'node:util';
import { cellsOf, textWidth } from './text-width.ts';

/* Text in columns of a terminal. Colour codes take no room; what does not fit ends in `…`. */

export const widthOf = textWidth;

/** Exactly `width` wide: cut or filled up. A text that is cut loses its colours. */
export function toWidth(text: string, width: number, align: 'start' | 'end' = 'start'): string {
  if (widthOf(text) > width) text = clip(text, width);
  const has = widthOf(text);
  const fill = ' '.repeat(width - has);
  return align === 'end' ? fill + text : text + fill;
}

/** At most `width` wide. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 0) return '';
  let [kept, left] = ['', width - 1];
  for (const cell of cellsOf(stripVTControlCharacters(text))) {
    left -= cell.width;
    if (left < 0) break;
    kept += cell.text;
  }
  return `${kept}…`;
}

export interface TableShape {
  /** Columns left out when there is too little room, in this order. */
  drop?: readonly number[];
  /** Columns that are cut after that, the widest first. */
  cut?: readonly number[];
}

const gap = 2;
const leastWidth = 8;

/** Widths for a table in `room` columns; 0 leaves a column out. The natural widths when even that is too little. */
export function layColumns(natural: readonly number[], room: number, { drop = [], cut = [] }: TableShape): number[] {
  const widths = [...natural];
  const over = () => widths.reduce((sum, width) => sum + (width > 0 ? width + gap : 0), -gap) - room;
  for (const column of drop) if (over() > 0) widths[column] = 0;
  for (let left = over(); left > 0; left = over()) {
    const widest = cut.filter((column) => (widths[column] ?? 0) > leastWidth).sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0));
    const [first, second] = widest;
    if (first === undefined) return widths;
    const next = Math.max(leastWidth, second === undefined ? 0 : (widths[second] ?? 0) - 1);
    widths[first] = Math.max(next, (widths[first] ?? 0) - left);
  }
  return widths;
}
