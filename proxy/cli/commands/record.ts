import { readFile, writeFile } from 'node:fs/promises';
import type { Recording } from '../../api/recording.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, CommandError, text, UsageError } from '../command.ts';

export const command: Command = {
  usage:
    'record start NAME [--from A] [--to B] [--path PREFIX] [--method M] [--for 60s] | stop NAME | ls | show NAME | rm NAME | ' +
    'export NAME --har [-o FILE] | import FILE.har',
  summary: 'Traffic recordings. Without a filter everything is recorded; when stop answers, the recording is on disk.',
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    path: { type: 'string' },
    method: { type: 'string' },
    for: { type: 'string' },
    har: { type: 'boolean' },
    output: { type: 'string', short: 'o' },
  },
  async run(context) {
    const [action, name] = context.positionals;
    if (action === 'ls') return list(context);
    if (!name) throw new UsageError('say start, stop, show, rm, export or import with a name, or ls');
    const client = await EngineClient.open(context.home);
    const params = { id: name };
    switch (action) {
      case 'start':
        return printOne(
          context,
          await client.call('startRecording', { body: { name, filter: filterOf(context), for: text(context.values, 'for') } }),
        );
      case 'stop':
        return printOne(context, await client.call('stopRecording', { params }));
      case 'show':
        return show(context, client, name);
      case 'rm':
        await client.call('deleteRecording', { params });
        if (context.json) context.out.json({ removed: name });
        else context.out.line(`Recording ${name} is gone`);
        return 0;
      case 'export':
        return exportHar(context, client, name);
      case 'import':
        return printOne(context, await client.call('importHar', { body: await readHar(name) }));
      default:
        throw new UsageError(`there is no record ${action}`);
    }
  },
};

function filterOf({ values }: CommandContext): Record<string, string> | undefined {
  const entries = ['from', 'to', 'path', 'method'].map((key) => [key, text(values, key)] as const);
  const given = entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  return given.length > 0 ? Object.fromEntries(given) : undefined;
}

const row = (r: Recording): string[] => [r.id, r.name, r.state, String(r.exchanges), r.startedAt, r.services.join(', ')];
const header = ['ID', 'NAME', 'STATE', 'EXCHANGES', 'STARTED', 'SERVICES'];

function printOne({ json, out }: CommandContext, recording: Recording): number {
  if (json) out.json(recording);
  else out.table(header, [row(recording)]);
  return 0;
}

async function list({ home, json, out }: CommandContext): Promise<number> {
  const { recordings } = await (await EngineClient.open(home)).call('listRecordings');
  if (json) out.json({ recordings });
  else out.table(header, recordings.map(row));
  return 0;
}

async function show(context: CommandContext, client: EngineClient, name: string): Promise<number> {
  const recording = await client.call('getRecording', { params: { id: name } });
  const { exchanges } = await client.call('listRecordedExchanges', { params: { id: name } });
  if (context.json) {
    context.out.json({ recording, exchanges });
    return 0;
  }
  printOne(context, recording);
  for (const one of exchanges)
    context.out.line(`  ${one.time}  ${one.status}  ${one.source} → ${one.destination}  ${one.method} ${one.path}`);
  return 0;
}

async function exportHar({ values, out }: CommandContext, client: EngineClient, name: string): Promise<number> {
  if (!values.har) throw new UsageError('say --har: it is the only format so far');
  const har = JSON.stringify(await client.call('exportHar', { params: { id: name } }), null, 2);
  const file = text(values, 'output');
  if (!file) out.line(har);
  else {
    await writeFile(file, `${har}\n`, { mode: 0o600 });
    out.line(`Written to ${file}`);
  }
  return 0;
}

async function readHar(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CommandError(`${file} cannot be read as HAR: ${(error as Error).message}`);
  }
}
