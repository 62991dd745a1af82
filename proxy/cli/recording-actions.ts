import type { Recording, RecordingSelection } from '../api/recording.schema.ts';
import { parseDurationMs } from '../shared/duration.ts';
import type { EngineClient } from './client.ts';
import { type CommandContext, CommandError, text, texts, UsageError } from './command.ts';

/** `record <action> NAME …`, one function per action. */
export type RecordingAction = (context: CommandContext, client: EngineClient, name: string) => Promise<number>;

const row = (r: Recording): string[] => [r.id, r.name, r.state, String(r.exchanges), r.startedAt, r.services.join(', ')];
const header = ['ID', 'NAME', 'STATE', 'EXCHANGES', 'STARTED', 'SERVICES'];
/** How often `next` looks whether the time is over. */
const lookAgainMs = 200;

export function printRecordings({ json, out }: CommandContext, recordings: Recording[]): number {
  if (json) out.json({ recordings });
  else out.table(header, recordings.map(row));
  return 0;
}

function printOne({ json, out }: CommandContext, recording: Recording): number {
  if (json) out.json(recording);
  else out.table(header, [row(recording)]);
  return 0;
}

export const recordingActions: Record<string, RecordingAction> = {
  start: async (context, client, name) => {
    const body = { name, filter: recordingFilter(context), for: text(context.values, 'for') };
    return printOne(context, await client.call('startRecording', { body }));
  },
  next: recordNext,
  stop: async (context, client, id) => printOne(context, await client.call('stopRecording', { params: { id } })),
  show,
  rm: async ({ json, out }, client, name) => {
    const { id } = await client.call('deleteRecording', { params: { id: name } });
    if (json) out.json({ removed: name, id });
    else out.line(`Recording ${name} is gone; for ten minutes \`drydock record restore ${id}\` brings it back`);
    return 0;
  },
  restore: async (context, client, id) => printOne(context, await client.call('restoreRecording', { params: { id } })),
  rename: async (context, client, id) => {
    const name = context.positionals[2];
    if (!name) throw new UsageError('say the new name too: record rename NAME NEW');
    return printOne(context, await client.call('editRecording', { params: { id }, body: { name } }));
  },
  note: async (context, client, id) => {
    const note = context.positionals.slice(2).join(' ');
    const exchanges = texts(context.values, 'exchange');
    if (exchanges.length === 0) return printOne(context, await client.call('editRecording', { params: { id }, body: { note } }));
    const body = { exchanges, annotation: note === '' ? null : { note, pinned: true } };
    const { changed } = await client.call('annotateRecording', { params: { id }, body });
    if (context.json) context.out.json({ changed });
    else context.out.line(`${changed} of ${exchanges.length} exchanges marked`);
    return 0;
  },
  trim: keep,
  copy: keep,
  merge: async (context, client) => {
    const body = { recordings: context.positionals.slice(1), name: text(context.values, 'as') };
    if (body.recordings.length < 2) throw new UsageError('name at least two recordings: record merge A B --as C');
    return printOne(context, await client.call('mergeRecordings', { body }));
  },
  export: exportRecording,
};

/** Starts now, waits, and answers with the recording as it is on disk. */
async function recordNext(context: CommandContext, client: EngineClient, duration: string): Promise<number> {
  const name = context.positionals[2] ?? `recording-${new Date().toISOString().slice(11, 19).replaceAll(':', '-')}`;
  const durationMs = parseDurationMs(duration);
  if (durationMs === null) throw new UsageError(`say how long: record next 60s, not ${JSON.stringify(duration)}`);
  const body = { name, filter: recordingFilter(context), for: duration };
  const { id } = await client.call('startRecording', { body });
  const until = performance.now() + durationMs + 60_000;
  while (performance.now() < until) {
    const recording = await client.call('getRecording', { params: { id } });
    if (recording.state === 'stopped') {
      if (recording.stopReason !== '') context.out.error(`It stopped early: ${recording.stopReason}`);
      return printOne(context, recording);
    }
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }
  throw new CommandError(`Recording ${name} did not stop after ${duration}`);
}

async function show(context: CommandContext, client: EngineClient, id: string): Promise<number> {
  const recording = await client.call('getRecording', { params: { id } });
  if (context.json) {
    const { exchanges } = await client.call('listRecordedExchanges', { params: { id } });
    context.out.json({ recording, exchanges });
    return 0;
  }
  printOne(context, recording);
  for (const line of [recording.note, recording.origin, recording.stopReason]) if (line !== '') context.out.line(`  ${line}`);
  const { rows, total } = await client.call('listRecordedRows', { params: { id }, query: { limit: '1000' } });
  for (const one of rows) {
    const side = one.reporter === 'destination' ? '  inbound' : '';
    const note = one.annotation?.note ? `  # ${one.annotation.note}` : '';
    context.out.line(`  ${one.time}  ${one.status}  ${one.source} → ${one.destination}  ${one.method} ${one.path}${side}${note}`);
  }
  if (total > rows.length) context.out.line(`  and ${total - rows.length} more`);
  return 0;
}

/** `trim` wants conditions, `copy` takes all. */
async function keep(context: CommandContext, client: EngineClient, id: string): Promise<number> {
  const isTrim = context.positionals[0] === 'trim';
  const recording = await client.call('getRecording', { params: { id } });
  const selection = isTrim ? selectionOf(context, recording) : {};
  if (isTrim && Object.keys(selection).length === 0)
    throw new UsageError('say what to keep: --since, --until, --from, --to, --path, --method, --status, --exchange or --marked');
  const body = { name: text(context.values, 'as'), keep: selection };
  return printOne(context, await client.call('keepRecording', { params: { id: recording.id }, body }));
}

function selectionOf({ values }: CommandContext, recording: Recording): RecordingSelection {
  const only = texts(values, 'exchange');
  const given = {
    ...filterValues(values, ['from', 'to', 'path', 'method', 'status']),
    ...timeOf('since', text(values, 'since'), recording),
    ...timeOf('until', text(values, 'until'), recording),
    ...(only.length > 0 ? { only } : {}),
    ...(values.marked ? { marked: 'true' as const } : {}),
  };
  return values.traces && Object.keys(given).length > 0 ? { ...given, wholeTraces: true } : given;
}

/** A time of day in ISO 8601, or an offset: `10s` after the beginning, `-10s` before the end. */
function timeOf(name: 'since' | 'until', value: string | undefined, { firstAt, lastAt }: Recording): Partial<RecordingSelection> {
  if (value === undefined) return {};
  const isBeforeEnd = value.startsWith('-');
  const offsetMs = parseDurationMs(value.replace(/^[+-]/, ''));
  if (offsetMs === null) {
    if (!Number.isFinite(Date.parse(value)))
      throw new UsageError(
        `--${name} wants 10s (from the beginning), -10s (from the end) or a time such as 2026-01-31T12:00:00Z`,
      );
    return { [name]: new Date(value).toISOString() };
  }
  if (firstAt === null || lastAt === null) return {};
  const at = isBeforeEnd ? Date.parse(lastAt) - offsetMs : Date.parse(firstAt) + offsetMs;
  return { [name]: new Date(at).toISOString() };
}

function recordingFilter({ values }: CommandContext): Record<string, string> | undefined {
  const filter = filterValues(values, ['from', 'to', 'path', 'method']);
  return Object.keys(filter).length > 0 ? filter : undefined;
}

function filterValues(values: CommandContext['values'], names: readonly string[]): Record<string, string> {
  const given = names.map((name) => [name, text(values, name)] as const);
  return Object.fromEntries(given.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}

/** As HAR for other tools, or as the one file that another Drydock reads back without loss. */
async function exportRecording({ values, out }: CommandContext, client: EngineClient, id: string): Promise<number> {
  const file = text(values, 'output');
  if (!values.har) {
    const recording = await client.call('getRecording', { params: { id } });
    const name = file ?? `${recording.name.replace(/[^\w.+-]/g, '_')}.drydock-recording`;
    await client.download('exportRecordingFile', { params: { id: recording.id } }, name);
    out.line(`Written to ${name}`);
    return 0;
  }
  await client.download('exportHar', { params: { id } }, file ?? process.stdout);
  if (file) out.line(`Written to ${file}`);
  return 0;
}
