import { partsOf } from '../../../proxy/api/filter/trace-filter.ts';
import type { TraceSummary } from '../../../proxy/api/observability.schema.ts';
import type { SeenValues } from '../requests/filter-complete.ts';

/** Values to complete with. */
export function seenInTraces(traces: readonly TraceSummary[]): SeenValues {
  const unique = (values: string[]) => [...new Set(values)].filter(Boolean);
  return {
    src: unique(traces.map(({ rootService }) => rootService)),
    dest: unique(traces.flatMap(({ services }) => services)),
    method: unique(traces.map(({ rootName }) => partsOf(rootName).method)),
    path: unique(traces.map(({ rootName }) => partsOf(rootName).path)),
    status: unique(traces.map(({ status }) => (status === 0 ? '' : String(status)))),
  };
}
