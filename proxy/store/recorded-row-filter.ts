import type { RecordedRowFilter, RecordingSelection } from '../api/recording.schema.ts';
import { compileExchangeFilter } from './exchange-filter.ts';

export interface RowCondition {
  /** ` AND …`, or ''. */
  where: string;
  parameters: (string | number)[];
}

/** The filter of a recording's rows as SQL over `recorded_exchanges`. */
export function compileRowFilter({ hops, marked, ...filter }: RecordedRowFilter): RowCondition {
  const { where, parameters } = compileExchangeFilter(filter);
  const calls = hops === 'calls' ? ' AND is_call' : '';
  return { where: `${where}${calls}${marked === 'true' ? ' AND annotation IS NOT NULL' : ''}`, parameters };
}

/** What a new recording takes of recording `id`. */
export function compileSelection(id: string, { only, except, wholeTraces, ...filter }: RecordingSelection): RowCondition {
  const { where, parameters } = compileRowFilter(filter);
  const all = [...parameters];
  let conditions = where;
  if (only) {
    conditions += ' AND exchange_id IN (SELECT value FROM json_each(?))';
    all.push(JSON.stringify(only));
  }
  if (except) {
    conditions += ' AND exchange_id NOT IN (SELECT value FROM json_each(?))';
    all.push(JSON.stringify(except));
  }
  if (wholeTraces !== true || conditions === '') return { where: conditions, parameters: all };
  const traces = `SELECT trace_id FROM recorded_exchanges WHERE recording_id = ? AND trace_id <> ''${conditions}`;
  // What has no trace of its own stands for itself.
  return { where: ` AND (trace_id IN (${traces}) OR (1${conditions}))`, parameters: [id, ...all, ...all] };
}
