import { stripVTControlCharacters } from 'node:util';

/* How many columns of a terminal a text takes: East Asian wide characters and emoji two, what is put on top of another none (Unicode UAX #11). */

/** First and last code points of what is two columns wide, in order. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];

const ascii = /^[\x20-\x7e]*$/;
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Characters as a reader counts them, each with its width. Colour codes must be gone. */
export function* cellsOf(text: string): Generator<{ text: string; width: number }> {
  for (const { segment } of graphemes.segment(text)) yield { text: segment, width: widthOfGrapheme(segment) };
}

/** Columns that a text takes; colour codes take none. */
export function textWidth(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (ascii.test(plain)) return plain.length;
  let width = 0;
  for (const cell of cellsOf(plain)) width += cell.width;
  return width;
}

function widthOfGrapheme(segment: string): number {
  const first = segment.codePointAt(0) ?? 0;
  if (/^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u.test(segment)) return 0;
  // With the emoji selector a character of one column is drawn as a picture of two.
  return segment.includes('\ufe0f') || wide.some(([from, to]) => first >= from && first <= to) ? 2 : 1;
}

/**
 * What somebody else wrote, safe to print: what would move the cursor, colour the screen or turn the direction of writing around is a dot.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '·');
}
