import WebSocket from 'ws';
import { type Exchange, exchangeQuerySchema } from '../../api/exchange.schema.ts';
import { type StreamMessage, streamMessageSchema } from '../../api/stream.schema.ts';
import { compileExchangeFilter } from '../../store/exchange-filter.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, CommandError, number, text, UsageError } from '../command.ts';
import { exchangeHeader, exchangeLine } from '../exchange-line.ts';

export const command: Command = {
  usage: 'tap [--from A] [--to B] [--status 5xx] [--path PREFIX] [--count N] [--open]',
  summary: 'Live requests, one line each, until Ctrl-C or --count. --open: long ones also while they go on.',
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    status: { type: 'string' },
    path: { type: 'string' },
    count: { type: 'string' },
    open: { type: 'boolean' },
  },
  async run(context) {
    const matches = filter(context);
    const client = await EngineClient.open(context.home);
    const { json, out } = context;
    if (!json && out.isTerminal) out.line(exchangeHeader(out));
    const isNews = newsOf(context);
    let left = number(context.values, 'count') ?? Number.POSITIVE_INFINITY;
    const { url, token } = client.engine;
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`, ['drydock.v1', `bearer.${token}`]);
    return new Promise<number>((resolve, reject) => {
      const finish = () => {
        socket.terminate();
        resolve(0);
      };
      process.once('SIGINT', finish);
      socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', topics: ['exchanges'] })));
      socket.on('error', (error) => reject(new CommandError(`The stream failed: ${error.message}`)));
      socket.on('close', () => resolve(left > 0 && Number.isFinite(left) ? 1 : 0));
      socket.on('message', (data) => {
        for (const exchange of exchangesOf(context, data.toString())) {
          if (left <= 0 || !matches(exchange) || !isNews(exchange)) continue;
          print(context, exchange);
          if (--left <= 0) finish();
        }
      });
    });
  },
};

function exchangesOf({ out }: CommandContext, data: string): Exchange[] {
  const message: StreamMessage = streamMessageSchema.parse(JSON.parse(data));
  if (message.type === 'gap') out.error(`… ${message.dropped} not shown: this terminal was too slow`);
  return message.type === 'exchanges' ? message.exchanges : [];
}

/** An open exchange is told again whenever something passed: once is enough, and only who asks for it sees it before its end. */
function newsOf({ values }: CommandContext): (exchange: Exchange) => boolean {
  const told = new Set<string>();
  return ({ id, open }) => {
    if (!open) {
      told.delete(id);
      return true;
    }
    if (!values.open || told.has(id)) return false;
    told.add(id);
    return true;
  };
}

/** The same meaning as `GET /exchanges` has. */
function filter({ values }: CommandContext): (exchange: Exchange) => boolean {
  const wanted = Object.fromEntries(['from', 'to', 'status', 'path'].map((name) => [name, text(values, name)]));
  const read = exchangeQuerySchema.safeParse(wanted);
  if (!read.success)
    throw new UsageError(read.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('; '));
  return compileExchangeFilter(read.data).matches;
}

function print({ json, out }: CommandContext, exchange: Exchange): void {
  if (json) out.json(exchange);
  else out.line(exchangeLine(out, exchange));
}
