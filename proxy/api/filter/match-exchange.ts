import type { Exchange } from '../exchange.schema.ts';
import { parseMoment } from './moment.ts';
import { fitsTemplate } from './path-template.ts';
import { type Filter, type FilterKey, type FilterOp, type FilterTerm, filterKeys } from './request-filter.ts';

/** What a request was marked with, by its id, for `mark:`. */
export type ReadMark = (id: string) => readonly string[];
const noMarks: ReadMark = () => [];

/** One predicate for the whole filter; built once per change, called once per exchange. */
export function compileFilter(filter: Filter, marksOf: ReadMark = noMarks): (exchange: Exchange) => boolean {
  const tests = filter.terms.map((term) => compileTerm(term, marksOf));
  return (exchange) => tests.every((test) => test(exchange));
}

function compileTerm(term: FilterTerm, marksOf: ReadMark): (exchange: Exchange) => boolean {
  const positive = compileValues(term, marksOf);
  const wanted = term.negated === (term.op === '!=');
  return (exchange) => positive(exchange) === wanted;
}

function compileValues({ key, op, values }: FilterTerm, marksOf: ReadMark): (exchange: Exchange) => boolean {
  if (key === null) {
    const needle = (values[0] ?? '').toLowerCase();
    return (exchange) => searchText(exchange).includes(needle);
  }
  const { kind } = filterKeys[key];
  if (kind === 'number' || kind === 'status') {
    const tests = values.map((value) => compileNumber(op, value));
    const read = numberReaders[key as keyof typeof numberReaders];
    return (exchange) => tests.some((test) => test(read(exchange)));
  }
  if (kind === 'time') return compileMoment(key === 'until', values);
  const tests = values.map((value) => compileText(value, kind === 'path' && op !== '='));
  if (kind === 'template') return (exchange) => values.some((value) => fitsTemplate(exchange.path, value));
  const read = key === 'mark' ? (exchange: Exchange) => marksOf(exchange.id) : textReaders[key as keyof typeof textReaders];
  return (exchange) => {
    const texts = read(exchange);
    return tests.some((test) => texts.some(test));
  };
}

function compileMoment(until: boolean, values: readonly string[]): (exchange: Exchange) => boolean {
  const moments = values.map((value) => parseMoment(value) ?? Number.NaN);
  return ({ time }) => {
    const at = Date.parse(time);
    return moments.some((moment) => (until ? at <= moment : at >= moment));
  };
}

export function compileNumber(op: FilterOp, value: string): (actual: number) => boolean {
  if (/xx$/i.test(value)) return (actual) => Math.floor(actual / 100) === Number(value[0]);
  const wanted = Number(value);
  if (op === '>') return (actual) => actual > wanted;
  if (op === '<') return (actual) => actual < wanted;
  if (op === '>=') return (actual) => actual >= wanted;
  if (op === '<=') return (actual) => actual <= wanted;
  return (actual) => actual === wanted;
}

/** Case does not matter. `*` alone means "has any"; a path's start is enough. */
export function compileText(value: string, prefix: boolean): (actual: string) => boolean {
  if (value === '*') return (actual) => actual !== '';
  const wanted = value.toLowerCase();
  if (!wanted.includes('*'))
    return prefix ? (actual) => actual.toLowerCase().startsWith(wanted) : (actual) => actual.toLowerCase() === wanted;
  const parts = wanted.split('*');
  return (actual) => matchesParts(actual.toLowerCase(), parts, prefix);
}

/** `a*b*c` by looking for the parts from left to right: linear, no regular expression from user input. */
function matchesParts(actual: string, parts: readonly string[], openEnd: boolean): boolean {
  let position = 0;
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1;
    if (last && !openEnd) return actual.length - part.length >= position && actual.endsWith(part);
    const found = index === 0 ? (actual.startsWith(part) ? 0 : -1) : actual.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return true;
}

const numberReaders = {
  status: (exchange: Exchange) => exchange.status,
  ms: (exchange: Exchange) => exchange.durationMs,
  tries: (exchange: Exchange) => exchange.attempts.length,
};

const textReaders = {
  dest: (exchange: Exchange) => names(exchange.destination, exchange.destinationNamespace, exchange.destinationWorkload),
  src: (exchange: Exchange) => names(exchange.source, exchange.sourceNamespace, exchange.sourceWorkload),
  method: (exchange: Exchange) => [exchange.method],
  path: (exchange: Exchange) => [exchange.path],
  flag: (exchange: Exchange) => exchange.flags.split(','),
  fault: (exchange: Exchange) => exchange.faults.flatMap((fault) => [fault.name, fault.effect]),
  version: (exchange: Exchange) => [exchange.destinationVersion],
  rule: (exchange: Exchange) => [exchange.route],
  proto: (exchange: Exchange) => [exchange.protocol],
  mtls: (exchange: Exchange) => [exchange.mtls ? 'yes' : 'no'],
  open: (exchange: Exchange) => [exchange.open ? 'yes' : 'no'],
  trace: (exchange: Exchange) => [exchange.traceId],
  reporter: (exchange: Exchange) => [exchange.reporter],
} satisfies Record<
  Exclude<FilterKey, keyof typeof numberReaders | 'template' | 'mark' | 'since' | 'until'>,
  (exchange: Exchange) => string[]
>;

function names(service: string, namespace: string, workload: string): string[] {
  return service === '' ? [workload] : [service, `${namespace}/${service}`, workload];
}

function searchText(exchange: Exchange): string {
  const { method, path, authority, source, destination, flags, details, route, traceId, requestId, status } = exchange;
  return `${method} ${path} ${authority} ${source} ${destination} ${status} ${flags} ${details} ${route} ${traceId} ${requestId}`.toLowerCase();
}
