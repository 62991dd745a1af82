import type { Resource } from '../../api/diagnostic.schema.ts';
import { unmetConditions } from '../../api/unmet-conditions.ts';
import { EngineClient } from '../client.ts';
import { type Command, text, UsageError } from '../command.ts';

export const command: Command = {
  usage: 'get [KIND [NAME]] [-n NAMESPACE] [-o yaml]',
  summary: 'Shows resources and what the engine made of them.',
  options: { namespace: { type: 'string', short: 'n' }, output: { type: 'string', short: 'o' } },
  async run({ home, json, out, positionals, values }) {
    const format = text(values, 'output') ?? (json ? 'json' : 'table');
    if (!['yaml', 'json', 'table'].includes(format)) throw new UsageError('-o takes yaml or json');
    const client = await EngineClient.open(home);
    const [kind, name] = positionals;
    const resources = await find(client, kind, name, text(values, 'namespace'));
    if (format === 'json') out.json(name ? resources[0] : { resources });
    else if (format === 'yaml') out.line(resources.map((resource) => resource.yaml.trimEnd()).join('\n---\n'));
    else {
      const rows = resources.map((one) => [
        one.kind,
        one.namespace,
        one.name,
        one.status.state,
        String(one.status.matched),
        place(one),
      ]);
      out.table(['KIND', 'NAMESPACE', 'NAME', 'STATUS', 'MATCHED', 'FROM'], rows);
      out.diagnostics(resources.flatMap((resource) => resource.status.diagnostics));
      for (const { kind, namespace, name, status } of resources) {
        for (const { about, type, status: is, reason, message } of unmetConditions(status))
          out.line(`${kind}/${namespace}/${name}${about ? ` (${about})` : ''}: ${type} ${is}, ${reason}: ${message}`);
      }
    }
    return 0;
  },
};

async function find(client: EngineClient, kind?: string, name?: string, namespace?: string): Promise<Resource[]> {
  if (kind && name) return [await client.call('getResource', { params: { kind, namespace: namespace ?? '-', name } })];
  const { resources } = kind
    ? await client.call('listResourcesOfKind', { params: { kind } })
    : await client.call('listResources');
  return resources.filter((resource) => namespace === undefined || resource.namespace === namespace);
}

const place = ({ source }: Resource): string => (source.live ? 'live' : `${source.file}:${source.line}`);
