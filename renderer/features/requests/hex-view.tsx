import { useMemo } from 'react';
import { Code, RowsOfCode } from '../../ui/index.ts';
import { hexDumpOf, hexRows } from './hex-dump.ts';

/** A longer dump is laid out row by row as it is seen. */
const maxLaidOutBytes = 4096;

/** Bytes in hex, however many. */
export function HexView({ bytes, maxHeight }: { bytes: Uint8Array; maxHeight?: number }) {
  const rows = useMemo(() => hexRows(bytes), [bytes]);
  if (bytes.length > maxLaidOutBytes) return <RowsOfCode rows={rows} copy={() => hexDumpOf(bytes)} />;
  return <Code text={hexDumpOf(bytes)} maxHeight={maxHeight} />;
}
