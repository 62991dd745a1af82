import { writeFile } from 'node:fs/promises';
import type { ExchangeDetail } from '../api/exchange.schema.ts';
import { scriptCalls, writeCurlScript, writeK6Script } from '../recorder/export-script.ts';
import { eachPage } from '../shared/each-page.ts';
import { EngineClient } from './client.ts';
import { type CommandContext, CommandError, text, UsageError } from './command.ts';

/** `export k6|curl RECORDING`: the calls a replay would send, each where it entered the mesh, or all to `--url`. */
export async function exportRecording(context: CommandContext, format: 'k6' | 'curl'): Promise<number> {
  const { home, json, out, positionals, values } = context;
  const name = positionals[1];
  if (!name) throw new UsageError('name the recording');
  const base = baseOf(text(values, 'url'));
  const client = await EngineClient.open(home);
  const recording = await client.call('getRecording', { params: { id: name } });
  const exchanges: ExchangeDetail[] = [];
  const params = { id: recording.id };
  for await (const page of eachPage((cursor) => client.call('listRecordedExchanges', { params, query: { cursor } })))
    exchanges.push(...page.exchanges);
  const { ingress, workloads } = await client.call('getStatus');
  const entry = ({ reporter, source, sourceWorkload, sourceNamespace }: ExchangeDetail): string | null => {
    if (base !== null) return base;
    if (reporter === 'gateway' || source === 'ingress' || source === 'outside') return ingress.replace(/\/$/, '');
    const sender =
      workloads.find(({ id }) => id === sourceWorkload) ??
      workloads.find(({ service, namespace }) => service === source && namespace === sourceNamespace);
    return sender?.outbound.replace(/\/$/, '') ?? null;
  };
  const { calls, notes } = scriptCalls(exchanges, entry);
  if (calls.length === 0) throw new CommandError(`Recording ${recording.name} has no call that could be sent`, notes);
  const script = (format === 'k6' ? writeK6Script : writeCurlScript)(recording.name, calls);
  const file = text(values, 'output');
  if (file) await writeFile(file, script, { mode: format === 'curl' ? 0o700 : 0o600 });
  if (json) out.json({ format, calls: calls.length, notes, ...(file ? { file } : { script }) });
  else {
    if (file) out.line(`Written to ${file}: ${calls.length} calls`);
    else out.line(script.trimEnd());
    for (const note of notes) out.error(`note: ${note}`);
  }
  return 0;
}

function baseOf(url: string | undefined): string | null {
  if (url === undefined) return null;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`--url wants http://host:port, not ${JSON.stringify(url)}`);
  return url.replace(/\/+$/, '');
}
