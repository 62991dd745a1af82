import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { templateOf } from '../../../proxy/api/filter/path-template.ts';
import { type FilterKey, filterKeyOf, filterKeys } from '../../../proxy/api/filter/request-filter.ts';
import { markColourSchema } from '../../../proxy/api/recording.schema.ts';
import { responseFlags } from './response-flags.ts';

export interface Suggestion {
  /** What is shown. */
  label: string;
  /** Says what it means. */
  detail: string;
  /** The whole filter text after accepting it, and where the cursor goes. */
  text: string;
  caret: number;
}

/** Values seen lately, per key, most frequent first. */
export type SeenValues = Partial<Record<FilterKey, readonly string[]>>;

const maxSuggestions = 8;
const markValues = ['*', 'pinned', 'noted', ...markColourSchema.options];

/** What could stand at the cursor: keys at the start of a word, seen values behind `key:`. */
export function completeFilter(text: string, caret: number, seen: SeenValues): Suggestion[] {
  const start = text.slice(0, caret).search(/\S*$/);
  const end = caret + (/^\S*/.exec(text.slice(caret))?.[0].length ?? 0);
  const word = text.slice(start, caret);
  const put = (replacement: string, space: boolean) => {
    const after = text.slice(end).trimStart();
    const filled = `${text.slice(0, start)}${replacement}${space || after ? ' ' : ''}${after}`;
    return { text: filled, caret: start + replacement.length + (space ? 1 : 0) };
  };
  const match = /^(-?)([a-z]+)(!=|>=|<=|:|=|>|<)(.*)$/i.exec(word);
  const key = filterKeyOf(match?.[2] ?? '');
  if (match && key) {
    const [, minus = '', name = key, op = ':', typed = ''] = match;
    const head = typed.slice(0, typed.lastIndexOf(',') + 1);
    const tail = typed.slice(head.length).toLowerCase();
    return valuesFor(key, seen)
      .filter(([value]) => value.toLowerCase().includes(tail) && value.toLowerCase() !== tail)
      .slice(0, maxSuggestions)
      .map(([value, detail]) => ({
        label: value,
        detail,
        ...put(`${minus}${name}${op}${head}${/[\s,]/.test(value) ? `"${value}"` : value}`, true),
      }));
  }
  const minus = word.startsWith('-') ? '-' : '';
  const typed = word.slice(minus.length).toLowerCase();
  return Object.entries(filterKeys)
    .filter(([name]) => name.startsWith(typed))
    .slice(0, typed === '' ? maxSuggestions : undefined)
    .map(([name, { title, kind }]) => ({
      label: `${minus}${name}`,
      detail: title,
      ...put(`${minus}${name}${kind === 'number' || kind === 'status' ? '>=' : ':'}`, false),
    }));
}

/**
 * The filter without the word at the cursor while that may yet become a key (`sta`): as a text to look for it would empty the list under the
 * hand of somebody who is still typing.
 */
export function withoutUnfinished(text: string, caret: number): string {
  const start = text.slice(0, caret).search(/\S*$/);
  const word = text.slice(start, caret);
  const unfinished =
    /^-?[a-z]+$/i.test(word) && !/^\S/.test(text.slice(caret)) && isKeyStart(word.replace(/^-/, '').toLowerCase());
  return unfinished ? `${text.slice(0, start)}${text.slice(caret)}`.trim() : text;
}

const isKeyStart = (typed: string) => Object.keys(filterKeys).some((key) => key.startsWith(typed));

function valuesFor(key: FilterKey, seen: SeenValues): (readonly [string, string])[] {
  const values = (seen[key] ?? []).map((value) => [value, key === 'flag' ? (responseFlags[value]?.title ?? '') : ''] as const);
  if (key === 'status') return [...values, ['5xx', 'any server error'], ['4xx', 'any client error']];
  if (key === 'fault' || key === 'flag') return [['*', 'any at all'], ...values];
  if (key === 'mark') return markValues.map((value) => [value, value === '*' ? 'any mark at all' : ''] as const);
  if (key === 'reporter') return ['source', 'destination', 'gateway'].map((value) => [value, 'its sidecar told of it'] as const);
  if (key === 'mtls' || key === 'open') return [['yes', ''] as const, ['no', ''] as const];
  return values;
}

/** Gathers the values to offer from the newest exchanges; look at a few hundred, not at all. */
export function gatherSeen(exchanges: Iterable<Exchange>): SeenValues {
  const counts = new Map<FilterKey, Map<string, number>>();
  const add = (key: FilterKey, value: string) => {
    if (value === '') return;
    const values = counts.get(key) ?? new Map<string, number>();
    values.set(value, (values.get(value) ?? 0) + 1);
    counts.set(key, values);
  };
  for (const exchange of exchanges) {
    add('status', String(exchange.status));
    add('dest', exchange.destination);
    add('src', exchange.source);
    add('method', exchange.method);
    add('path', exchange.path.split('?')[0] ?? '');
    add('template', templateOf(exchange.path));
    for (const flag of exchange.flags.split(',')) add('flag', flag);
    for (const fault of exchange.faults) add('fault', fault.name);
    add('version', exchange.destinationVersion);
    add('rule', exchange.route);
    add('proto', exchange.protocol);
  }
  return Object.fromEntries(
    [...counts].map(([key, values]) => [key, [...values].sort((a, b) => b[1] - a[1]).map(([value]) => value)]),
  );
}
