import { setTimeout as wait } from 'node:timers/promises';
import type { Exchange, MessagePage, MessageView } from '../../api/exchange.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, CommandError, text } from '../command.ts';
import { milliseconds } from '../output.ts';

const followEveryMs = 400;

export const command: Command = {
  usage: 'messages [ID] [--from A] [--to B] [--follow]',
  summary:
    'What passes in a WebSocket, an event stream or a gRPC call. Without ID: the newest that is open, or the newest there was.',
  options: { from: { type: 'string' }, to: { type: 'string' }, follow: { type: 'boolean' } },
  async run(context) {
    const { positionals, values, json, out } = context;
    const client = await EngineClient.open(context.home);
    const id = positionals[0] ?? (await newest(client, context)).id;
    let after = -1;
    for (;;) {
      const page = await client.call('listMessages', { params: { id }, query: { after: String(after) } });
      if (json) {
        if (!values.follow) out.json(page);
        else for (const message of page.messages) out.json(message);
      } else {
        if (after < 0) printHead(context, page);
        for (const message of page.messages) printMessage(context, message);
      }
      after = page.messages.at(-1)?.number ?? after;
      if (!values.follow || !page.open) return 0;
      await wait(followEveryMs);
    }
  },
};

async function newest(client: EngineClient, { values }: CommandContext): Promise<Exchange> {
  const query = { from: text(values, 'from'), to: text(values, 'to'), limit: '200' };
  const mayHaveMessages = ({ protocol }: Exchange) => protocol === 'gRPC' || protocol === 'WebSocket';
  const [open] = (await client.call('listExchanges', { query: { ...query, open: 'true' } })).exchanges;
  const found = open ?? (await client.call('listExchanges', { query })).exchanges.find(mayHaveMessages);
  if (!found)
    throw new CommandError(
      'There is no WebSocket, event stream or gRPC call yet; name an exchange by its ID, or narrow with --to',
    );
  return found;
}

function printHead({ out }: CommandContext, page: MessagePage): void {
  const words = [page.protocol, `${page.total} messages`, page.open ? 'open' : 'ended'];
  if (page.dropped > 0) words.push(`${page.dropped} between the first and the latest not kept`);
  if (page.protoFiles) words.push(`names from ${page.protoFiles.join(', ')}`);
  else if (page.names !== '' && page.names !== 'reflection')
    words.push(`no field names: ${page.names}; \`drydock protos add\` takes a .proto`);
  out.line(`${out.style('bold', page.exchange)}  ${words.join(', ')}`);
}

function printMessage({ out }: CommandContext, message: MessageView): void {
  const kind = message.kind === 'event' ? message.event?.event || 'event' : message.kind;
  const parts = [
    milliseconds(message.offsetMs).padStart(10),
    message.dir === 'up' ? out.style('yellow', '↑') : out.style('green', '↓'),
    kind.padEnd(7),
    `${message.bytes} B`.padStart(8),
    message.summary || out.style('dim', message.note ?? 'empty'),
  ];
  out.line(parts.join('  '));
}
