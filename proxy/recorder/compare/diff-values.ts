import type { Difference } from '../../api/replay.schema.ts';
import type { CompiledRules } from './rules.ts';
import { difference, show } from './show.ts';

type Field = Difference['fields'][number];

export interface DiffInto {
  rules: CompiledRules;
  fields: Field[];
  maxFields: number;
}

/** Longer arrays are matched by their text alone, so that finding the partner of each stays quick. */
const MAX_MATCHED = 200;

/** Differences of two JSON values, each at its path. Arrays that hold the same in another order are one difference of kind `order`. */
export function diffValues(before: unknown, after: unknown, path: string, into: DiffInto): void {
  const { rules, fields, maxFields } = into;
  if (fields.length >= maxFields || rules.ignored(path)) return;
  if (Array.isArray(before) && Array.isArray(after)) {
    diffArrays(before, after, path, into);
    return;
  }
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const place = /^[\w$]+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
      diffMember(ownOf(before, key), ownOf(after, key), place, into);
    }
    return;
  }
  if (before === after) return;
  if (typeof before === 'number' && typeof after === 'number' && rules.tolerated(path, before, after)) return;
  const kind = typeOf(before) === typeOf(after) ? 'changed' : 'type';
  fields.push({ path, kind, recorded: show(before), replayed: show(after) });
}

function diffArrays(before: unknown[], after: unknown[], path: string, into: DiffInto): void {
  const unordered = into.rules.unordered(path);
  if (!unordered) {
    const own: DiffInto = { ...into, fields: [], maxFields: into.maxFields - into.fields.length };
    for (let i = 0; i < Math.max(before.length, after.length); i++) diffMember(before[i], after[i], `${path}[${i}]`, own);
    if (own.fields.length < 2 || before.length !== after.length || unmatched(before, after, path, into).length > 0) {
      into.fields.push(...own.fields);
    } else into.fields.push({ path, kind: 'order', recorded: show(before), replayed: show(after) });
    return;
  }
  for (const [i, j] of unmatched(before, after, path, into)) {
    diffMember(i === null ? undefined : before[i], j === null ? undefined : after[j], `${path}[${i ?? j}]`, into);
  }
}

/** Indexes of elements that have no equal on the other side, paired as they come. */
function unmatched(before: unknown[], after: unknown[], path: string, into: DiffInto): [number | null, number | null][] {
  const free = new Set(after.keys());
  const left: number[] = [];
  const byText = Math.max(before.length, after.length) > MAX_MATCHED;
  const places = byText ? textPlaces(after) : null;
  for (const [i, element] of before.entries()) {
    const at =
      places === null ? findEqual(element, i, after, free, path, into) : (places.get(JSON.stringify(element))?.shift() ?? -1);
    if (at < 0) left.push(i);
    else free.delete(at);
  }
  const rest = [...free];
  return Array.from({ length: Math.max(left.length, rest.length) }, (_, n) => [left[n] ?? null, rest[n] ?? null]);
}

function textPlaces(values: unknown[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [i, value] of values.entries()) {
    const text = JSON.stringify(value);
    const list = places.get(text);
    if (list) list.push(i);
    else places.set(text, [i]);
  }
  return places;
}

/** Equal under the rules: what is ignored or tolerated inside does not keep two elements apart. */
function findEqual(
  element: unknown,
  index: number,
  after: unknown[],
  free: ReadonlySet<number>,
  path: string,
  { rules }: DiffInto,
): number {
  for (const j of free) {
    const fields: Field[] = [];
    diffValues(element, after[j], `${path}[${index}]`, { rules, fields, maxFields: 1 });
    if (fields.length === 0) return j;
  }
  return -1;
}

function diffMember(before: unknown, after: unknown, path: string, into: DiffInto): void {
  if (before !== undefined && after !== undefined) diffValues(before, after, path, into);
  else if (before !== after && into.fields.length < into.maxFields && !into.rules.ignored(path))
    into.fields.push(difference(path, before, after));
}

function ownOf(value: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}
