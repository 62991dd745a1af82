import { describeMoment, parseMoment } from './moment.ts';
import { type Filter, type FilterTerm, filterKeys } from './request-filter.ts';

/** The filter read aloud: `status at least 500, to ratings, not from ingress`. */
export function describeFilter(filter: Filter): string {
  return filter.terms.map(describeTerm).join(', ');
}

function describeTerm(term: FilterTerm): string {
  const not = term.negated !== (term.op === '!=');
  const list = term.values.join(' or ');
  if (term.key === null) return `${not ? 'without' : 'containing'} “${list}”`;
  const { words, kind } = filterKeys[term.key];
  if (kind === 'template') return `path ${not ? 'not ' : ''}of the form ${list}`;
  if (kind === 'time') return `${not ? 'not ' : ''}${words} ${term.values.map(momentWords).join(' or ')}`;
  if (list === '*')
    return `${not ? 'without' : 'with'} any ${term.key === 'dest' ? 'destination' : term.key === 'src' ? 'source' : words}`;
  if (term.key === 'ms') return `${not ? 'not ' : ''}taking ${timeWords[term.op]}${list} ms`;
  if (kind === 'number' || kind === 'status') return `${words} ${not ? 'not ' : ''}${compareWords[term.op]}${list}`;
  if (term.key === 'path')
    return `path ${not ? 'not ' : ''}${term.op === '=' ? '' : list.includes('*') ? 'like ' : 'starting with '}${list}`;
  if (term.key === 'mtls') return `${(list === 'yes') !== not ? 'with' : 'without'} mutual TLS`;
  if (term.key === 'open') return (list === 'yes') !== not ? 'still open' : 'ended';
  return `${not ? 'not ' : ''}${words} ${list}`;
}

const momentWords = (value: string) => describeMoment(parseMoment(value) ?? 0);

const compareWords = { '>=': 'at least ', '<=': 'at most ', '>': 'above ', '<': 'below ', ':': '', '=': '', '!=': '' } as const;
const timeWords = { ...compareWords, '>': 'more than ', '<': 'less than ' } as const;
