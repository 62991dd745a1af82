import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ProtoFile, ServiceProtos } from '../../api/proto.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, CommandError, text, UsageError } from '../command.ts';

const maxFiles = 200;

export const command: Command = {
  usage: 'protos [ls] | protos add SERVICE FILE|FOLDER… [--namespace N] | protos rm SERVICE [--namespace N]',
  summary:
    'Names for the gRPC messages of a service without reflection, from .proto files or descriptor sets; a mesh file names them under `protos`.',
  options: { namespace: { type: 'string' } },
  async run(context) {
    const { positionals, values, json, out, home } = context;
    const [what = 'ls', service, ...given] = positionals;
    const client = await EngineClient.open(home);
    const namespace = text(values, 'namespace');
    if (what === 'ls') {
      const { protos } = await client.call('listProtos');
      if (json) out.json({ protos });
      else printAll(context, protos);
      return 0;
    }
    if (service === undefined) throw new UsageError('name the service');
    if (what === 'rm') {
      await client.call('removeProtos', { params: { service, namespace: namespace ?? '-' } });
      if (json) out.json({ removed: service });
      else out.line(`${service}: forgotten`);
      return 0;
    }
    if (what !== 'add') throw new UsageError(`${what}? say ls, add or rm`);
    if (given.length === 0) throw new UsageError('name a .proto, a folder of them, or a descriptor set');
    const files = (await Promise.all(given.map(readGiven))).flat();
    const protos = await client.call('addProtos', { body: { service, namespace, files } });
    const rejected = protos.diagnostics.some(({ severity }) => severity === 'error');
    if (json) out.json(protos);
    else {
      out.diagnostics(protos.diagnostics);
      if (rejected) out.error('drydock: rejected; nothing was changed');
      else out.line(`${service}: ${protos.methods.length} methods from ${protos.files.join(', ')}`);
    }
    return rejected ? 1 : 0;
  },
};

/** A folder's files keep their path in it: that is what others import them by. */
async function readGiven(given: string): Promise<ProtoFile[]> {
  try {
    if (!(await stat(given)).isDirectory()) return [fileOf(path.basename(given), await readFile(given))];
    const names = (await readdir(given, { recursive: true })).filter((name) => /\.proto$/i.test(name)).sort();
    if (names.length === 0 || names.length > maxFiles)
      throw new CommandError(`${given} holds ${names.length || 'no'} .proto files${names.length ? `; at most ${maxFiles}` : ''}`);
    return await Promise.all(
      names.map(async (name) => fileOf(name.replaceAll(path.sep, '/'), await readFile(path.join(given, name)))),
    );
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${given} cannot be read: ${(error as Error).message}`);
  }
}

function fileOf(name: string, bytes: Buffer): ProtoFile {
  const encoding = /\.proto$/i.test(name) ? 'utf8' : 'base64';
  return { name, encoding, content: bytes.toString(encoding) };
}

function printAll({ out }: CommandContext, all: readonly ServiceProtos[]): void {
  if (all.length === 0) out.line('None was given; services with server reflection need none.');
  else {
    const rows = all.map((one) => [
      `${one.namespace}/${one.service}`,
      one.from === 'app' ? 'given live' : 'mesh file',
      String(one.methods.length),
      one.files.join(', '),
    ]);
    out.table(['SERVICE', 'FROM', 'METHODS', 'FILES'], rows);
  }
  out.diagnostics(all.flatMap(({ diagnostics }) => diagnostics));
}
