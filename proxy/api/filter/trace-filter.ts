import type { Exchange } from '../exchange.schema.ts';
import type { TraceSummary } from '../observability.schema.ts';
import { compileFilter, compileNumber, compileText } from './match-exchange.ts';
import { parseMoment } from './moment.ts';
import { fitsTemplate } from './path-template.ts';
import type { Filter, FilterKey, FilterTerm } from './request-filter.ts';

/* What the requests' filter means for a trace: its first call, and everybody who took part. */
const texts: Partial<Record<FilterKey, (trace: TraceSummary) => string[]>> = {
  src: ({ rootService }) => [rootService],
  dest: ({ services }) => services,
  method: ({ rootName }) => [partsOf(rootName).method],
  path: ({ rootName }) => [partsOf(rootName).path],
  trace: ({ traceId }) => [traceId],
};

const bySummary: readonly FilterKey[] = ['status', 'ms', 'template', 'since', 'until'];
/** A trace is found by any call in it. */
const byCalls: readonly FilterKey[] = ['flag', 'fault', 'tries', 'version', 'rule', 'proto', 'mtls', 'open'];
const isAnswered = (key: FilterKey) => key in texts || bySummary.includes(key) || byCalls.includes(key);

/** Keys that only single requests have: their marks, and who told of them. */
export function unansweredByTraces({ terms }: Filter): FilterKey[] {
  return [...new Set(terms.flatMap(({ key }) => (key === null || isAnswered(key) ? [] : [key])))];
}

/** The filter without the terms that traces have no answer to. */
export function answeredByTraces(filter: Filter): Filter {
  return { ...filter, terms: filter.terms.filter(({ key }) => key === null || isAnswered(key)) };
}

/** One predicate for the whole filter, over what a list tells of a trace and the calls in it. */
export function compileTraceFilter(filter: Filter): (trace: TraceSummary, calls: readonly Exchange[]) => boolean {
  const tests = answeredByTraces(filter).terms.map((term) => {
    const wanted = term.negated === (term.op === '!=');
    const isNumber = term.key === 'status' || term.key === 'ms' || term.key === 'tries';
    const positive: FilterTerm = { ...term, negated: false, op: term.op !== '!=' ? term.op : isNumber ? '=' : ':' };
    const ofCall = term.key !== null && byCalls.includes(term.key) ? compileFilter({ ...filter, terms: [positive] }) : null;
    return (trace: TraceSummary, calls: readonly Exchange[]) => (ofCall ? calls.some(ofCall) : meets(positive, trace)) === wanted;
  });
  return (trace, calls) => tests.every((test) => test(trace, calls));
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
  if (key === 'since') return values.some((value) => Date.parse(trace.start) >= (parseMoment(value) ?? 0));
  if (key === 'until') return values.some((value) => Date.parse(trace.start) <= (parseMoment(value) ?? 0));
  if (key === 'template') return values.some((value) => fitsTemplate(partsOf(trace.rootName).path, value));
  const actual = texts[key]?.(trace) ?? [];
  return values.some((value) => actual.some(compileText(value, key === 'path' && op !== '=')));
}

/** A failed call within it makes a trace one of those with errors, whatever its first caller was told. */
const asksForErrors = (op: FilterTerm['op'], value: string, { errors }: TraceSummary): boolean =>
  errors > 0 && Number(value.replace(/xx/i, '00')) >= 400 && !op.startsWith('<') && op !== '=';

/** `GET /pay` → both; a name without a path is one. */
export function partsOf(rootName: string): { method: string; path: string } {
  const space = rootName.indexOf(' ');
  return space < 0 ? { method: '', path: rootName } : { method: rootName.slice(0, space), path: rootName.slice(space + 1) };
}
