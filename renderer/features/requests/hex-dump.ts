import type { TextRows } from '../../ui/text-rows.ts';

/** What fits the detail pane without a break. */
const bytesPerLine = 8;

/** Bytes as people read them: offset, eight bytes in hex, the printable ones as text; each row when it is asked for. */
export function hexRows(bytes: Uint8Array): TextRows {
  return {
    count: Math.ceil(bytes.length / bytesPerLine),
    at: (row) => hexRow(bytes, row * bytesPerLine),
  };
}

/** All rows as one text. */
export function hexDumpOf(bytes: Uint8Array): string {
  const { count, at } = hexRows(bytes);
  return Array.from({ length: count }, (_none, row) => at(row)).join('\n');
}

function hexRow(bytes: Uint8Array, offset: number): string {
  const row = [...bytes.subarray(offset, offset + bytesPerLine)];
  const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
  return `${offset.toString(16).padStart(6, '0')}  ${hex.padEnd(bytesPerLine * 3 - 1)}  ${text}`;
}
