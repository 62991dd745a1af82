import { stripVTControlCharacters } from 'node:util';

/* Text in columns of a terminal. Colour codes take no room; what does not fit ends in `…`. */

export const widthOf = (text: string): number => [...stripVTControlCharacters(text)].length;

/** Exactly `width` wide: cut or filled up. A text that is cut loses its colours. */
export function toWidth(text: string, width: number, align: 'start' | 'end' = 'start'): string {
  const has = widthOf(text);
  if (has > width) return clip(text, width);
  const fill = ' '.repeat(width - has);
  return align === 'end' ? fill + text : text + fill;
}

/** At most `width` wide. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return width <= 0 ? '' : `${[...stripVTControlCharacters(text)].slice(0, width - 1).join('')}…`;
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
