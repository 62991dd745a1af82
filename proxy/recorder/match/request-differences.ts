import type { Difference } from '../../api/replay.schema.ts';
import { readJson } from '../../shared/read-json.ts';
import { diffValues } from '../compare/diff-values.ts';
import { compileRules } from '../compare/rules.ts';
import { boundaryOf, isForm, mask, maskBody, splitPath } from './mask.ts';
import { partsOf } from './multipart.ts';

/** What requests are compared by: redacted, bodies without content encoding. */
export interface ComparedRequest {
  method: string;
  /** With query. */
  path: string;
  body: string;
}

const maxFields = 20;
const maxValue = 60;
/** Longer bodies are told apart, not taken apart. */
const maxComparedLength = 256 * 1024;

/**
 * What a request has otherwise than a recorded one, a phrase each: `body $.amount 10, recorded 20`. Volatile values (ids, times, tokens) that
 * differ are no difference, as in the tier `masked`.
 */
export function requestDifferences(request: ComparedRequest, recorded: ComparedRequest): string[] {
  const differs: string[] = [];
  if (request.method !== recorded.method) differs.push(`method ${request.method}, recorded ${recorded.method}`);
  const [path, query] = splitPath(request.path);
  const [recordedPath, recordedQuery] = splitPath(recorded.path);
  if (path !== recordedPath) differs.push(`path ${path}, recorded ${recordedPath}`);
  differs.push(...parameterDifferences('query', query, recordedQuery));
  return [...differs, ...bodyDifferences(request.body, recorded.body)].slice(0, maxFields);
}

/** The same of two bodies, or two messages; `what` is how the place is called. */
export function bodyDifferences(body: string, recorded: string, what = 'body'): string[] {
  if (body === recorded) return [];
  if (body === '' || recorded === '')
    return [`${what} ${body === '' ? '(none)' : shorten(body)}, recorded ${recorded === '' ? '(none)' : shorten(recorded)}`];
  if (body.length > maxComparedLength || recorded.length > maxComparedLength)
    return [`${what} (${body.length} and ${recorded.length} characters)`];
  if (maskBody(body) === maskBody(recorded)) return [];
  const [now, then] = [readJson(body)?.value, readJson(recorded)?.value];
  if (isTree(now) && isTree(then)) return jsonDifferences(now, then, what);
  if (isForm(body) && isForm(recorded)) return parameterDifferences(what, body, recorded);
  const [boundary, recordedBoundary] = [boundaryOf(body), boundaryOf(recorded)];
  if (boundary !== null && recordedBoundary !== null) return partDifferences(byName(body), byName(recorded), what);
  if (body.startsWith('base64:') || recorded.startsWith('base64:')) return [`${what} (bytes that are no text)`];
  return [`${what} ${shorten(body)}, recorded ${shorten(recorded)}`];
}

function jsonDifferences(now: unknown, then: unknown, what: string): string[] {
  const rules = compileRules({});
  if (typeof rules === 'string') return [what];
  const fields: Difference['fields'] = [];
  diffValues(then, now, '$', { rules, fields, maxFields });
  return fields
    .filter(({ recorded, replayed }) => mask(recorded) !== mask(replayed))
    .map(
      ({ path, kind, recorded, replayed }) =>
        `${what} ${path} ${kind === 'order' ? 'in another order' : `${shown(replayed)}, recorded ${shown(recorded)}`}`,
    );
}

/** Names of parameters whose values are others, are missing, or were not there. */
function parameterDifferences(what: string, text: string, recorded: string): string[] {
  if (text === recorded) return [];
  const [now, then] = [valuesByName(text), valuesByName(recorded)];
  const names = [...new Set([...now.keys(), ...then.keys()])];
  return names.flatMap((name) => {
    const [value, before] = [now.get(name) ?? '', then.get(name) ?? ''];
    return mask(value) === mask(before) ? [] : [`${what} ${name}=${shown(value)}, recorded ${shown(before)}`];
  });
}

function valuesByName(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text))
    values.set(name, values.has(name) ? `${values.get(name)},${value}` : value);
  return values;
}

/** Of multipart: by the name of the part. */
function partDifferences(now: ReadonlyMap<string, string>, then: ReadonlyMap<string, string>, what: string): string[] {
  const names = [...new Set([...now.keys(), ...then.keys()])];
  return names.flatMap((name) => bodyDifferences(now.get(name) ?? '', then.get(name) ?? '', `${what} part ${name}`));
}

const byName = (body: string): Map<string, string> => new Map(partsOf(body).map((part) => [part.name, part.body]));
const isTree = (value: unknown): boolean => typeof value === 'object' && value !== null;
const shown = (text: string): string => (text === '' ? '(none)' : shorten(text));
const shorten = (text: string): string => {
  const line = text.replace(/\s+/g, ' ');
  return line.length > maxValue ? `${line.slice(0, maxValue)}…` : line;
};
