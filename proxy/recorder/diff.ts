import type { Difference } from '../api/replay.schema.ts';

/** A response as the diff sees it. */
export interface ComparedResponse {
  status: number;
  headers: readonly (readonly [string, string])[];
  body: Buffer;
}

/** Headers that differ from run to run by nature. */
const VOLATILE_HEADERS = new Set([
  'date',
  'age',
  'expires',
  'last-modified',
  'etag',
  'server-timing',
  'x-request-id',
  'traceparent',
  'tracestate',
  'b3',
  'x-runtime',
  'x-response-time',
  'content-length',
  'connection',
  'keep-alive',
  'transfer-encoding',
]);
const MAX_FIELDS = 50;
const MAX_VALUE = 200;
/** Text shown before the first difference of a body. */
const CONTEXT_BYTES = 40;

export type FieldDifference = Difference['fields'][number];

/**
 * What differs between a recorded response and its replay: status, headers, body by JSON path, else as text. `ignore` leaves out `$.id`, `$.items[*].at`,
 * `header:etag`, `body`. A body that was not captured whole is compared as far as it goes.
 */
export function diffResponses(
  recorded: ComparedResponse,
  replayed: ComparedResponse,
  options: { ignore?: readonly string[]; recordedTruncated?: boolean } = {},
): FieldDifference[] {
  const ignored = compileIgnore(options.ignore ?? []);
  const fields: FieldDifference[] = [];
  if (recorded.status !== replayed.status) {
    fields.push({ path: 'status', kind: 'changed', recorded: String(recorded.status), replayed: String(replayed.status) });
  }
  diffHeaders(recorded.headers, replayed.headers, ignored, fields);
  diffBodies(recorded.body, replayed.body, ignored, fields, options.recordedTruncated ?? false);
  return fields.slice(0, MAX_FIELDS);
}

function diffHeaders(
  recorded: ComparedResponse['headers'],
  replayed: ComparedResponse['headers'],
  ignored: (path: string) => boolean,
  fields: FieldDifference[],
): void {
  const before = joinHeaders(recorded);
  const after = joinHeaders(replayed);
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    if (VOLATILE_HEADERS.has(name) || name.startsWith('x-envoy-') || name.startsWith('x-b3-') || ignored(`header:${name}`))
      continue;
    const [old, now] = [before.get(name), after.get(name)];
    if (old !== now) fields.push(difference(`header:${name}`, old, now));
  }
}

function joinHeaders(headers: ComparedResponse['headers']): Map<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    const known = joined.get(lower);
    joined.set(lower, known === undefined ? value : `${known}, ${value}`);
  }
  return joined;
}

function diffBodies(
  recorded: Buffer,
  replayed: Buffer,
  ignored: (path: string) => boolean,
  fields: FieldDifference[],
  truncated: boolean,
): void {
  const compared = truncated ? replayed.subarray(0, recorded.length) : replayed;
  if (recorded.equals(compared) || ignored('body')) return;
  const [before, after] = [parseJson(recorded), parseJson(replayed)];
  if (before !== undefined && after !== undefined && !truncated) diffValues(before.value, after.value, '$', ignored, fields);
  else {
    const from = contextStart(recorded, compared);
    fields.push({ path: 'body', kind: 'changed', recorded: preview(recorded, from), replayed: preview(compared, from) });
  }
}

function diffValues(
  before: unknown,
  after: unknown,
  path: string,
  ignored: (path: string) => boolean,
  fields: FieldDifference[],
): void {
  if (fields.length >= MAX_FIELDS || ignored(path)) return;
  if (Array.isArray(before) && Array.isArray(after)) {
    for (let i = 0; i < Math.max(before.length, after.length); i++)
      diffMember(before[i], after[i], `${path}[${i}]`, ignored, fields);
    return;
  }
  if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      diffMember(
        before[key],
        after[key],
        /^[\w$]+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`,
        ignored,
        fields,
      );
    }
    return;
  }
  if (before === after) return;
  const kind = typeOf(before) === typeOf(after) ? 'changed' : 'type';
  fields.push({ path, kind, recorded: show(before), replayed: show(after) });
}

function diffMember(
  before: unknown,
  after: unknown,
  path: string,
  ignored: (path: string) => boolean,
  fields: FieldDifference[],
): void {
  if (before !== undefined && after !== undefined) diffValues(before, after, path, ignored, fields);
  else if (before !== after && !ignored(path)) fields.push(difference(path, before, after));
}

function difference(path: string, before: unknown, after: unknown): FieldDifference {
  const kind = before === undefined ? 'extra' : after === undefined ? 'missing' : 'changed';
  return { path, kind, recorded: show(before), replayed: show(after) };
}

/** `$.items[*].at` ignores the field in every element; a path also covers what lies below it. */
function compileIgnore(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  const tests = patterns.map((pattern) => {
    const escaped = pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\\[\\*\\]', '\\[\\d+\\]');
    return new RegExp(`^${escaped}($|[.[])`, 'i');
  });
  return (path) => tests.some((test) => test.test(path));
}

function parseJson(body: Buffer): { value: unknown } | undefined {
  const text = body.toString('utf8');
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return { value: JSON.parse(text) };
  } catch {
    // Looks like JSON and is not: it is compared as text.
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}
function show(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}
/** Where a reader should look: a little before the first byte that differs. */
function contextStart(before: Buffer, after: Buffer): number {
  let same = 0;
  while (same < before.length && same < after.length && before[same] === after[same]) same++;
  return same < CONTEXT_BYTES * 2 ? 0 : same - CONTEXT_BYTES;
}

function preview(body: Buffer, from: number): string {
  return `${from > 0 ? '…' : ''}${show(body.subarray(from, from + 4 * MAX_VALUE).toString('utf8'))}`;
}
