import type { Difference } from '../../api/replay.schema.ts';

const MAX_VALUE = 200;

/** A value as a difference shows it; '' for none. */
export function show(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}

/** `undefined` stands for absent. */
export function difference(path: string, before: unknown, after: unknown): Difference['fields'][number] {
  const kind = before === undefined ? 'extra' : after === undefined ? 'missing' : 'changed';
  return { path, kind, recorded: show(before), replayed: show(after) };
}
