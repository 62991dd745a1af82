import { EngineClient } from '../client.ts';
import { type Command, text, UsageError } from '../command.ts';
import { printApplied } from './apply.ts';

export const command: Command = {
  usage: 'delete KIND NAME [-n NAMESPACE]',
  summary: 'Removes a resource from the running engine. What a file holds comes back when the file changes.',
  options: { namespace: { type: 'string', short: 'n' } },
  async run(context) {
    const [kind, name] = context.positionals;
    if (!kind || !name) throw new UsageError('name the KIND and the NAME');
    const client = await EngineClient.open(context.home);
    const namespace = text(context.values, 'namespace') ?? '-';
    return printApplied(context, await client.call('deleteResource', { params: { kind, namespace, name } }));
  },
};
