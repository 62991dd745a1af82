import { parseMoment } from './moment.ts';

/**
 * The filter language of requests, traces and the map, and of `drydock tap`.
 *
 *   filter = term { " " term }          all terms must hold
 *   term   = ["-"] key op values        -dest:ratings = anyone but ratings
 *          | ["-"] text                 anywhere in path, names, flags, ids; "quoted text" keeps its spaces
 *   op     = ":" | "=" | "!=" | ">=" | "<=" | ">" | "<"
 *   values = value { "," value }        one of them must hold; * stands for anything
 */
export const filterKeys = {
  status: { kind: 'status', words: 'status', example: '>=500', title: 'Response code: 503, 5xx, >=500' },
  dest: { kind: 'name', words: 'to', example: ':ratings', title: 'Destination service or workload' },
  src: { kind: 'name', words: 'from', example: ':reviews', title: 'Source service or workload' },
  method: { kind: 'name', words: 'method', example: ':POST', title: 'Request method' },
  path: { kind: 'path', words: 'path', example: ':/pay', title: 'Start of the path, or any part with *' },
  template: {
    kind: 'template',
    words: 'path',
    example: ':/orders/*',
    title: 'Path part by part, * for any one; the query left out',
  },
  flag: { kind: 'name', words: 'response flag', example: ':UO', title: 'Envoy response flag; * for any' },
  fault: { kind: 'name', words: 'fault', example: ':*', title: 'Name or effect of a fault that acted; * for any' },
  ms: { kind: 'number', words: 'duration in ms', example: '>200', title: 'Duration in milliseconds' },
  tries: { kind: 'number', words: 'tries', example: '>1', title: 'Number of attempts' },
  version: { kind: 'name', words: 'version', example: ':v2', title: 'Version that answered' },
  rule: { kind: 'name', words: 'route', example: ':*', title: 'Route name' },
  proto: { kind: 'name', words: 'protocol', example: ':HTTP/2', title: 'Protocol' },
  mtls: { kind: 'name', words: 'mutual TLS', example: ':no', title: 'Mutual TLS: yes or no' },
  open: { kind: 'name', words: 'open', example: ':yes', title: 'Still going on: yes or no' },
  mark: { kind: 'name', words: 'mark', example: ':*', title: 'Pinned, a colour, or what your note says; * for any' },
  trace: { kind: 'name', words: 'trace', example: ':', title: 'Trace id' },
  reporter: {
    kind: 'name',
    words: 'as told by the',
    example: ':source',
    title: 'Whose sidecar told of it: source, destination or gateway',
  },
  since: { kind: 'time', words: 'since', example: ':15:03', title: 'Begun at or after: 15:03, 15:03:20 or 2026-01-31T15:03:20Z' },
  until: {
    kind: 'time',
    words: 'until',
    example: ':15:03',
    title: 'Begun at or before: 15:03, 15:03:20 or 2026-01-31T15:03:20Z',
  },
} as const satisfies Record<
  string,
  { kind: 'status' | 'name' | 'path' | 'template' | 'number' | 'time'; words: string; example: string; title: string }
>;

export type FilterKey = keyof typeof filterKeys;
export type FilterOp = ':' | '=' | '!=' | '>=' | '<=' | '>' | '<';

export interface FilterTerm {
  /** null: free text. */
  key: FilterKey | null;
  op: FilterOp;
  values: readonly string[];
  negated: boolean;
  /** Offsets in the filter's text. */
  from: number;
  to: number;
}

export interface FilterProblem {
  from: number;
  to: number;
  message: string;
}

export interface Filter {
  terms: readonly FilterTerm[];
  problems: readonly FilterProblem[];
}

/** Other words for a key, as they are typed. */
const aliases: Record<string, FilterKey> = { from: 'src', to: 'dest' };

/** The key that somebody typed, in any case and also by its other word; null for none. */
export function filterKeyOf(typed: string): FilterKey | null {
  const name = typed.toLowerCase();
  return isFilterKey(name) ? name : Object.hasOwn(aliases, name) ? (aliases[name] ?? null) : null;
}

function isFilterKey(name: string): name is FilterKey {
  return Object.hasOwn(filterKeys, name);
}

const termPattern = /^(-?)([a-z]+)(!=|>=|<=|:|=|>|<)(.*)$/is;

/** Never throws: what cannot be understood is a problem with its place, and takes no part in the filter. */
export function parseFilter(text: string): Filter {
  const terms: FilterTerm[] = [];
  const problems: FilterProblem[] = [];
  for (const { word, from, to } of splitWords(text)) {
    const match = termPattern.exec(word);
    const key = filterKeyOf(match?.[2] ?? '');
    if (!match || !(key || looksLikeKey(match[3] ?? '', match[4] ?? ''))) {
      const negated = word.startsWith('-') && word.length > 1;
      const value = unquote(negated ? word.slice(1) : word);
      if (value !== '') terms.push({ key: null, op: ':', values: [value], negated, from, to });
      continue;
    }
    if (!key) {
      problems.push({ from, to, message: `There is no “${match[2]}”. ${suggestKey(match[2] ?? '')}` });
      continue;
    }
    const values = splitValues(match[4] ?? '');
    const term: FilterTerm = { key, op: match[3] as FilterOp, values, negated: match[1] === '-', from, to };
    const problem =
      values.length === 0 ? `“${word}” needs a value, for example ${key}${filterKeys[key].example}.` : checkValues(term);
    if (problem) problems.push({ from, to, message: problem });
    else terms.push(term);
  }
  return { terms, problems };
}

/** `http://x`, `localhost:9080` and `sort=asc` are text someone pasted; `foo:bar` is a misspelt key. */
function looksLikeKey(op: string, rest: string): boolean {
  return op !== '=' && !(op === ':' && (rest.startsWith('//') || /^\d{4,5}(\/|$)/.test(rest)));
}

/** The key that shares most letters with what was typed, or all of them when none is close. */
function suggestKey(typed: string): string {
  const close = Object.keys(filterKeys).find(
    (key) => [...key].sort().join('') === [...typed].sort().join('') || key.startsWith(typed) || typed.startsWith(key),
  );
  return close ? `Did you mean ${close}?` : `Known: ${Object.keys(filterKeys).join(', ')}.`;
}

export function splitWords(text: string): { word: string; from: number; to: number }[] {
  return [...text.matchAll(/(?:"[^"]*"?|[^\s"])+/g)].map((match) => ({
    word: match[0],
    from: match.index,
    to: match.index + match[0].length,
  }));
}

function splitValues(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"?|[^,"]+/g)].map((match) => match[1] ?? match[0]).filter((value) => value !== '');
}

function unquote(word: string): string {
  return word.replaceAll('"', '');
}

function checkValues({ key, op, values }: FilterTerm): string | null {
  if (key === null) return null;
  const { kind } = filterKeys[key];
  const ordered = op === '>' || op === '<' || op === '>=' || op === '<=';
  for (const value of values) {
    if (kind === 'status' && !(/^\d{1,3}$/.test(value) || (!ordered && /^[1-5]xx$/i.test(value))))
      return `A status is a number like 503${ordered ? '' : ', or a class like 5xx'}; “${value}” is neither.`;
    if (kind === 'number' && !/^\d+(\.\d+)?$/.test(value)) return `${key} is compared with a number; “${value}” is none.`;
    if (kind === 'time' && parseMoment(value) === null)
      return `A time is written 15:03, 15:03:20 or 2026-01-31T15:03:20Z; “${value}” is none.`;
    if (ordered && kind !== 'status' && kind !== 'number') return `${key} has no order; write ${key}:${value}.`;
  }
  return null;
}

/** Adds the term, or takes it out when it is there already: what the quick-filter buttons do. */
export function toggleTerm(text: string, term: string): string {
  const words = splitWords(text).map(({ word }) => word);
  const without = words.filter((word) => word.toLowerCase() !== term.toLowerCase());
  return (without.length < words.length ? without : [...words, term]).join(' ');
}

export function hasTerm(text: string, term: string): boolean {
  return splitWords(text).some(({ word }) => word.toLowerCase() === term.toLowerCase());
}

/** `key:value`, in quotes where the value needs them; `-key:*` for what has none. */
export function termOf(key: FilterKey, value: string): string {
  if (value === '') return `-${key}:*`;
  return `${key}:${/[\s,"]/.test(value) ? `"${value.replaceAll('"', '')}"` : value}`;
}
