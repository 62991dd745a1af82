import type { Difference, ReplayRules } from '../api/replay.schema.ts';
import { readJsonDocument } from '../shared/read-json.ts';
import { diffValues } from './compare/diff-values.ts';
import { type CompiledRules, compileRules } from './compare/rules.ts';
import { difference, show } from './compare/show.ts';

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
 * What differs between a recorded response and its replay: status, headers, body by JSON path, else as text. The rules leave out `$.id`,
 * `$.items[*].at`, `header:etag`, `body`, and say where order and small differences of numbers mean nothing. A body that was not captured whole is
 * compared as far as it goes.
 */
export function diffResponses(
  recorded: ComparedResponse,
  replayed: ComparedResponse,
  options: Partial<ReplayRules> & { rules?: CompiledRules; recordedTruncated?: boolean } = {},
): FieldDifference[] {
  const rules = options.rules ?? compiled(options);
  const fields: FieldDifference[] = [];
  if (recorded.status !== replayed.status && !rules.ignored('status')) {
    fields.push({ path: 'status', kind: 'changed', recorded: String(recorded.status), replayed: String(replayed.status) });
  }
  diffHeaders(recorded.headers, replayed.headers, rules, fields);
  diffBodies(recorded.body, replayed.body, rules, fields, options.recordedTruncated ?? false);
  return fields.slice(0, MAX_FIELDS);
}

function compiled(rules: Partial<ReplayRules>): CompiledRules {
  const compiledRules = compileRules(rules);
  if (typeof compiledRules === 'string') throw new TypeError(compiledRules);
  return compiledRules;
}

function diffHeaders(
  recorded: ComparedResponse['headers'],
  replayed: ComparedResponse['headers'],
  rules: CompiledRules,
  fields: FieldDifference[],
): void {
  const before = joinHeaders(recorded);
  const after = joinHeaders(replayed);
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    if (VOLATILE_HEADERS.has(name) || name.startsWith('x-envoy-') || name.startsWith('x-b3-')) continue;
    const [old, now] = [before.get(name), after.get(name)];
    if (old === now || rules.ignored(`header:${name}`)) continue;
    if (old !== undefined && now !== undefined && rules.tolerated(`header:${name}`, Number(old), Number(now))) continue;
    fields.push(difference(`header:${name}`, old, now));
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
  rules: CompiledRules,
  fields: FieldDifference[],
  truncated: boolean,
): void {
  const compared = truncated ? replayed.subarray(0, recorded.length) : replayed;
  if (recorded.equals(compared) || rules.ignored('body')) return;
  const [before, after] = [readJsonDocument(recorded.toString('utf8')), readJsonDocument(replayed.toString('utf8'))];
  if (before !== null && after !== null && !truncated) {
    diffValues(before.value, after.value, '$', { rules, fields, maxFields: MAX_FIELDS });
  } else {
    const from = contextStart(recorded, compared);
    fields.push({ path: 'body', kind: 'changed', recorded: preview(recorded, from), replayed: preview(compared, from) });
  }
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
