import { fitsTemplate } from '../../../proxy/api/filter/path-template.ts';
import type { TraceSummary } from '../../../proxy/api/observability.schema.ts';
import { compileNumber, compileText, type Filter, type FilterKey, type FilterTerm } from '../requests/filter.ts';
import type { SeenValues } from '../requests/filter-complete.ts';

/** What the requests' filter means for a trace: its first call, and everybody who took part. */
const texts: Partial<Record<FilterKey, (trace: TraceSummary) => string[]>> = {
  src: ({ rootService }) => [rootService],
  dest: ({ services }) => services,
  method: ({ rootName }) => [partsOf(rootName).method],
  path: ({ rootName }) => [partsOf(rootName).path],
  trace: ({ traceId }) => [traceId],
};

/** Keys that only single requests have, such as `flag`. */
export function unansweredByTraces({ terms }: Filter): FilterKey[] {
  return [...new Set(terms.flatMap(({ key }) => (key === null || isAnswered(key) ? [] : [key])))];
}

const isAnswered = (key: FilterKey) => key in texts || ['status', 'ms', 'template', 'fault'].includes(key);

/** The filter without the terms that traces have no answer to. */
export function answeredByTraces(filter: Filter): Filter {
  return { ...filter, terms: filter.terms.filter(({ key }) => key === null || isAnswered(key)) };
}

export function compileTraceFilter(filter: Filter): (trace: TraceSummary) => boolean {
  const tests = answeredByTraces(filter).terms.map((term) => {
    const wanted = term.negated === (term.op === '!=');
    return (trace: TraceSummary) => meets(term, trace) === wanted;
  });
  return (trace) => tests.every((test) => test(trace));
}

function meets({ key, op, values }: FilterTerm, trace: TraceSummary): boolean {
  if (key === null) {
    const needle = (values[0] ?? '').toLowerCase();
    return [trace.rootService, trace.rootName, trace.traceId, ...trace.services].some((text) =>
      text.toLowerCase().includes(needle),
    );
  }
  if (key === 'ms') return values.some((value) => compileNumber(op, value)(trace.durationMs));
  if (key === 'status') return values.some((value) => compileNumber(op, value)(trace.status) || asksForErrors(op, value, trace));
  if (key === 'fault') return values.includes('*') ? trace.faults > 0 : false;
  if (key === 'template') return values.some((value) => fitsTemplate(partsOf(trace.rootName).path, value));
  const actual = texts[key]?.(trace) ?? [];
  return values.some((value) => actual.some(compileText(value, key === 'path' && op !== '=')));
}

/** A failed call within it makes a trace one of those with errors, whatever its first caller was told. */
const asksForErrors = (op: FilterTerm['op'], value: string, { errors }: TraceSummary): boolean =>
  errors > 0 && Number(value.replace(/xx/i, '00')) >= 400 && !op.startsWith('<') && op !== '=' && op !== '!=';

/** `GET /pay` → both; a name without a path is one. */
function partsOf(rootName: string): { method: string; path: string } {
  const space = rootName.indexOf(' ');
  return space < 0 ? { method: '', path: rootName } : { method: rootName.slice(0, space), path: rootName.slice(space + 1) };
}

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
