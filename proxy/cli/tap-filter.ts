import type { Exchange } from '../api/exchange.schema.ts';
import { exchangeQuerySchema } from '../api/exchange.schema.ts';
import { describeFilter } from '../api/filter/filter-words.ts';
import { compileFilter } from '../api/filter/match-exchange.ts';
import { type Filter, parseFilter, termOf } from '../api/filter/request-filter.ts';
import type { Status } from '../api/status.schema.ts';
import { nearest } from '../shared/nearest.ts';
import { type OptionValues, text, UsageError } from './command.ts';

/** What to show of what passes, in the language of the Requests screen. */
export interface TapFilter {
  matches(exchange: Exchange): boolean;
  /** `status at least 500, to ratings`; '' for everything. */
  words: string;
  /** Exchanges that still go on are asked for. */
  open: boolean;
  terms: Filter['terms'];
}

/** Words as they are typed into the Requests screen, and the options that say the same. Throws UsageError with what was probably meant. */
export function readTapFilter(words: readonly string[], values: OptionValues): TapFilter {
  const filter = parseFilter([...words, ...termsOfOptions(values)].join(' '));
  const [problem] = filter.problems;
  if (problem) throw new UsageError(problem.message);
  if (filter.terms.some(({ key }) => key === 'mark'))
    throw new UsageError('Marks are kept by the page: `mark:` is for the Requests screen');
  return {
    matches: compileFilter(filter),
    words: describeFilter(filter),
    open: filter.terms.some(({ key }) => key === 'open'),
    terms: filter.terms,
  };
}

function termsOfOptions(values: OptionValues): string[] {
  const [from, to, status, path] = ['from', 'to', 'status', 'path'].map((name) => text(values, name));
  const read = exchangeQuerySchema.safeParse({ status });
  if (!read.success)
    throw new UsageError(read.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('; '));
  return [
    ...(from ? [termOf('src', from)] : []),
    ...(to ? [termOf('dest', to)] : []),
    ...(status ? [statusTerm(status.replace(/\s/g, ''))] : []),
    ...(path ? [termOf('path', path)] : []),
  ];
}

const statusTerm = (status: string) => (/^[<>=]/.test(status) ? `status${status}` : `status:${status}`);

/** Names that nothing in the mesh has: what was probably meant. They are no errors, for a service may come later. */
export function unknownNames({ terms }: TapFilter, { services, workloads }: Pick<Status, 'services' | 'workloads'>): string[] {
  const names = [...services, ...workloads].flatMap((one) =>
    'id' in one ? [one.id] : [one.name, `${one.namespace}/${one.name}`],
  );
  const known = new Set([...names, 'outside', 'ingress'].map((name) => name.toLowerCase()));
  return terms
    .filter(({ key }) => key === 'src' || key === 'dest')
    .flatMap(({ values }) => values)
    .filter((value) => !value.includes('*') && !known.has(value.toLowerCase()))
    .map((value) => {
      const close = nearest(value, [...known]);
      return `nothing in the mesh is called ${value}${close ? `: did you mean ${close}?` : ''}`;
    });
}
