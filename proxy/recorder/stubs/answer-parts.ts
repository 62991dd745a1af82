import type { ImportNotes } from '../import-notes.ts';
import { numberOf, objectOf, textOf } from '../read-json.ts';
import { Untakeable } from './untakeable.ts';

/** 200 where none is given. Throws Untakeable for what HTTP does not have as a final status. */
export function readStatus(value: unknown): number {
  if (value === undefined || value === null || value === 0) return 200;
  const status = numberOf(value);
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new Untakeable('response.status', `${textOf(value)} is no status of an answer`);
}

/** Name → value or values; what no header can hold is told and left out. */
export function readAnswerHeaders(entry: string, headers: unknown, notes: ImportNotes): [string, string][] {
  const all = Object.entries(objectOf(headers) ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, textOf(one)]),
  );
  return all.filter(([name, value]) => {
    const isValid = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && !/[\0\r\n]/.test(value);
    if (!isValid) notes.add(entry, `response.headers.${name}`, 'cannot be sent as a header and is left out');
    return isValid;
  });
}
