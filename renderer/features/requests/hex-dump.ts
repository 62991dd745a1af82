const maxDumpBytes = 4096;
/** What fits the detail pane without a break. */
const bytesPerLine = 8;

export function toHexDump(base64: string): string {
  // No more of it than is shown.
  const head = base64.slice(0, Math.ceil((maxDumpBytes + 3) / 3) * 4);
  return hexDumpOf(Uint8Array.from(atob(head), (char) => char.charCodeAt(0)));
}

/** Bytes as people read them: offset, eight bytes in hex, the printable ones as text. Four KiB at most. */
export function hexDumpOf(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let offset = 0; offset < Math.min(bytes.length, maxDumpBytes); offset += bytesPerLine) {
    const row = [...bytes.subarray(offset, offset + bytesPerLine)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
    lines.push(`${offset.toString(16).padStart(6, '0')}  ${hex.padEnd(bytesPerLine * 3 - 1)}  ${text}`);
  }
  if (bytes.length > maxDumpBytes) lines.push(`…       ${bytes.length - maxDumpBytes} bytes more`);
  return lines.join('\n');
}
