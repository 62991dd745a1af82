const maxDumpBytes = 4096;
/** What fits the detail pane without a break. */
const bytesPerLine = 8;

/** Bytes as people read them: offset, eight bytes in hex, the printable ones as text. */
export function toHexDump(base64: string): string {
  const bytes = Uint8Array.from(atob(base64.slice(0, Math.ceil((maxDumpBytes * 4) / 3 / 4) * 4)), (char) => char.charCodeAt(0));
  const lines: string[] = [];
  for (let offset = 0; offset < Math.min(bytes.length, maxDumpBytes); offset += bytesPerLine) {
    const row = [...bytes.subarray(offset, offset + bytesPerLine)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
    lines.push(`${offset.toString(16).padStart(6, '0')}  ${hex.padEnd(bytesPerLine * 3 - 1)}  ${text}`);
  }
  return lines.join('\n');
}
