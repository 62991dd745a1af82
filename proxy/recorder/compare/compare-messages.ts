import type { Difference } from '../../api/replay.schema.ts';
import { readJsonDocument } from '../../shared/read-json.ts';
import type { StreamMessage } from '../replay/call.ts';
import { diffValues } from './diff-values.ts';
import type { CompiledRules } from './rules.ts';
import { difference, show } from './show.ts';

type Field = Difference['fields'][number];
const MAX_FIELDS = 50;

/** Messages towards the client, one by one: JSON by path (`messages[2].price`), events by their fields, other text and bytes as they are. */
export function compareMessages(
  recorded: readonly StreamMessage[],
  replayed: readonly StreamMessage[],
  rules: CompiledRules,
): Field[] {
  const fields: Field[] = [];
  const [before, after] = [recorded, replayed].map((list) => list.filter(isTold)) as [StreamMessage[], StreamMessage[]];
  if (rules.ignored('messages')) return fields;
  if (before.length !== after.length)
    fields.push({ path: 'messages', kind: 'changed', recorded: count(before), replayed: count(after) });
  for (const [i, message] of before.entries()) {
    const now = after[i];
    if (now === undefined || fields.length >= MAX_FIELDS) break;
    compareOne(message, now, `messages[${i}]`, rules, fields);
  }
  return fields.slice(0, MAX_FIELDS);
}

/** What a peer says, not how the connection is kept. */
const isTold = ({ dir, kind }: StreamMessage): boolean =>
  dir === 'down' && kind !== 'ping' && kind !== 'pong' && kind !== 'close';
const count = (list: readonly StreamMessage[]): string => `${list.length}`;

function compareOne(before: StreamMessage, after: StreamMessage, path: string, rules: CompiledRules, fields: Field[]): void {
  if (rules.ignored(path)) return;
  if (before.kind !== after.kind) {
    fields.push(difference(`${path}.kind`, before.kind, after.kind));
    return;
  }
  if (before.data.equals(after.data)) return;
  const [old, now] = [readMessage(before), readMessage(after)];
  if (old !== null && now !== null) diffValues(old, now, path, { rules, fields, maxFields: MAX_FIELDS });
  else fields.push({ path, kind: 'changed', recorded: showBytes(before.data), replayed: showBytes(after.data) });
}

/** JSON, or an event's fields with its data read as JSON where it is; null for anything else. */
function readMessage({ kind, data }: StreamMessage): unknown {
  const text = data.toString('utf8');
  if (kind !== 'event') return readJsonDocument(text)?.value ?? null;
  const event: Record<string, unknown> = {};
  for (const line of text.split(/\r\n|\r|\n/)) {
    const [, name, value] = /^([^:]+):? ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) event[name] = name in event ? `${String(event[name])}\n${value}` : value;
  }
  if (typeof event.data === 'string') event.data = readJsonDocument(event.data)?.value ?? event.data;
  return event;
}

function showBytes(data: Buffer): string {
  const text = data.toString('utf8');
  return /[\0-\x08\x0e-\x1f\ufffd]/.test(text) ? show(`${data.length} bytes ${data.toString('hex')}`) : show(text);
}
