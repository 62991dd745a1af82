import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ApplyResult } from '../../api/diagnostic.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, CommandError, texts, UsageError } from '../command.ts';

export const command: Command = {
  usage: 'apply -f FILE…   (- is standard input)',
  summary: 'Applies resources to the running engine: all of them or none.',
  options: { file: { type: 'string', short: 'f', multiple: true } },
  async run(context) {
    const files = texts(context.values, 'file');
    if (files.length === 0) throw new UsageError('name a file with -f');
    const client = await EngineClient.open(context.home);
    const { yaml, file } = await readAll(files);
    return printApplied(context, await client.call('apply', { body: { yaml, file } }));
  },
};

/** One text of all files, so that they are applied together; its name is the file's when there is only one. */
async function readAll(files: string[]): Promise<{ yaml: string; file: string }> {
  const all: string[] = [];
  for (const file of files) {
    if (file === '-') all.push(await readStandardInput());
    else if (/\.(ya?ml|json)$/i.test(file)) all.push(await read(file));
    else all.push(...(await readFolder(file)));
  }
  return { yaml: all.join('\n---\n'), file: files.length === 1 && files[0] !== '-' ? path.resolve(files[0]!) : 'standard input' };
}

async function readFolder(folder: string): Promise<string[]> {
  const { loadFiles } = await import('../../config/index.ts');
  const { files, diagnostics } = await loadFiles([folder]);
  if (files.length === 0) throw new CommandError(diagnostics[0]?.message ?? `${folder} holds no config`);
  return Promise.all(files.map(read));
}

async function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandError(`${file} cannot be read: ${error.message}`);
  });
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** Prints what an apply or delete did. Returns the exit code. */
export function printApplied({ json, out }: Pick<CommandContext, 'json' | 'out'>, result: ApplyResult): number {
  const isRejected = result.diagnostics.some((diagnostic) => diagnostic.severity === 'error');
  if (json) out.json(result);
  else {
    for (const one of result.applied) out.line(`${one.kind}/${one.namespace}/${one.name} ${one.status}`);
    out.diagnostics(result.diagnostics);
    if (isRejected) out.error('drydock: rejected; nothing was changed');
  }
  return isRejected ? 1 : 0;
}
