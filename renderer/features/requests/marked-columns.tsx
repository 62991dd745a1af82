import { MessageSquare, Pin } from 'lucide-react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import type { Column } from '../../ui/index.ts';
import '../marks/marks.css';
import type { Mark, Marks } from './marks.ts';

/** The columns with what was marked before the path; the same columns while nothing is. */
export function withMarks(columns: Column<Exchange>[], marked: Marks): Column<Exchange>[] {
  if (marked.size === 0) return columns;
  return columns.map((column) =>
    column.id === 'path'
      ? {
          ...column,
          cell: (exchange) => (
            <>
              <MarkGlyphs mark={marked.get(exchange.id)} />
              {column.cell(exchange)}
            </>
          ),
        }
      : column,
  );
}

export const markClass = (mark: Mark | undefined): string => (mark?.annotation.colour ? `mark-${mark.annotation.colour}` : '');

function MarkGlyphs({ mark }: { mark: Mark | undefined }) {
  if (!mark) return null;
  const { pinned, colour, note } = mark.annotation;
  return (
    <span className="requests-marks" title={note}>
      {pinned && <Pin size={11} aria-label="pinned" />}
      {colour && <i className="mark-dot" role="img" aria-label={colour} />}
      {note && <MessageSquare size={11} aria-label={`note: ${note}`} />}
    </span>
  );
}
