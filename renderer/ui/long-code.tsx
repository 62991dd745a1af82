import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useMemo, useRef } from 'react';
import { CopyButton } from './copy-button.tsx';
import { rowsOfText, type TextRows } from './text-rows.ts';
import { useWidth } from './use-width.ts';
import './code.css';

const rowHeightPx = 19;
/** Of the monospaced type at the size of code; a row that is a little too long is cut by the box. */
const charWidthPx = 7.3;
const sidesPx = 50;

/** Text of any length in a box that scrolls: only the rows that are seen are in the page. */
export function LongCode({ text, paint }: { text: string; paint?: (row: string) => ReactNode }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const columns = Math.max(20, Math.floor((width - sidesPx) / charWidthPx));
  const rows = useMemo(() => rowsOfText(text, width === 0 ? 80 : columns), [text, columns, width]);
  return (
    <div ref={box}>
      <RowsOfCode rows={rows} copy={() => text} paint={paint} />
    </div>
  );
}

/** `copy`: all of it, as text. */
export function RowsOfCode({
  rows,
  copy,
  paint = (row) => row,
}: {
  rows: TextRows;
  copy: () => string;
  paint?: (row: string) => ReactNode;
}) {
  const box = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.count,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeightPx,
    overscan: 24,
    useFlushSync: false,
  });
  return (
    <div className="dd-code dd-code-long">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
      <section className="dd-code-box" ref={box} tabIndex={0} aria-label="Text">
        <pre style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => (
            <span key={index} className="dd-code-row" style={{ top: start }}>
              {paint(rows.at(index))}
            </span>
          ))}
        </pre>
      </section>
      <CopyButton text={copy} className="dd-code-copy" />
    </div>
  );
}
