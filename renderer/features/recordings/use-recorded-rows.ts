import { useEffect, useState } from 'react';
import type { RecordedRowFilter } from '../../../proxy/api/recording.schema.ts';
import { useEngine } from '../../engine/use-engine.ts';
import { RowPages } from './row-pages.ts';

const liveEveryMs = 2000;

/** The rows of a recording that pass a filter, read where someone looks; one that is being recorded is read again every two seconds. */
export function useRecordedRows(recordingId: string, filter: RecordedRowFilter, isLive: boolean): RowPages | null {
  const engine = useEngine();
  const key = JSON.stringify(filter);
  const [pages, setPages] = useState<RowPages | null>(null);
  const [, redraw] = useState(0);
  useEffect(() => {
    const query = JSON.parse(key) as RecordedRowFilter;
    const made = new RowPages(
      (offset, limit) => engine.call('listRecordedRows', { params: { id: recordingId }, query: { ...query, offset, limit } }),
      () => {
        // The rows of the filter before stay until the first of this one are there.
        setPages(made);
        redraw((n) => n + 1);
      },
    );
    made.want(0, 40);
    const timer = isLive ? setInterval(() => made.refresh(), liveEveryMs) : undefined;
    return () => {
      clearInterval(timer);
      made.close();
    };
  }, [engine, recordingId, key, isLive]);
  return pages;
}
