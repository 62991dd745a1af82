import type { Difference } from '../api/replay.schema.ts';
import { diffResponses } from './diff.ts';

/** A request as far as it is compared. */
export interface ComparedRequest {
  method: string;
  path: string;
  headers: readonly (readonly [string, string])[];
  body: Buffer;
}

/** The mesh writes these anew for every call. */
const writtenAnew = /^(host|:.*|te|trailer|upgrade|proxy-.*|x-forwarded-.*)$/i;

/** How a request sent again differs from the recorded one: method, path and query one by one, headers, body by JSON path. */
export function compareRequest(recorded: ComparedRequest, sent: ComparedRequest): Difference['fields'] {
  const fields: Difference['fields'] = [];
  const compare = (path: string, before: string | null, after: string | null) => {
    if (before === after) return;
    const kind = before === null ? 'extra' : after === null ? 'missing' : 'changed';
    fields.push({ path, kind, recorded: before ?? '', replayed: after ?? '' });
  };
  compare('method', recorded.method, sent.method);
  const [before, after] = [splitPath(recorded.path), splitPath(sent.path)];
  compare('path', before.path, after.path);
  for (const name of new Set([...before.query.keys(), ...after.query.keys()]))
    compare(`query:${name}`, valuesOf(before.query, name), valuesOf(after.query, name));
  const plain = ({ headers, body }: ComparedRequest) => ({
    status: 0,
    headers: headers.filter(([name]) => !writtenAnew.test(name)),
    body,
  });
  return [...fields, ...diffResponses(plain(recorded), plain(sent))];
}

function splitPath(target: string): { path: string; query: URLSearchParams } {
  const at = target.indexOf('?');
  return at < 0
    ? { path: target, query: new URLSearchParams() }
    : { path: target.slice(0, at), query: new URLSearchParams(target.slice(at + 1)) };
}

function valuesOf(query: URLSearchParams, name: string): string | null {
  return query.has(name) ? query.getAll(name).join(', ') : null;
}
