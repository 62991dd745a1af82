import { performance } from 'node:perf_hooks';
import type { Exchange } from '../../api/exchange.schema.ts';
import { isCall } from '../../api/same-call.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, CommandError, number, UsageError } from '../command.ts';
import { openEngineStream } from '../engine-stream.ts';
import { exchangeHeader, exchangeLine } from '../exchange-line.ts';
import { readTapFilter, type TapFilter, unknownNames } from '../tap-filter.ts';
import { TapSummary } from '../tap-summary.ts';

export const command: Command = {
  usage: 'tap [FILTER] [--from A] [--to B] [--status 5xx] [--path PREFIX] [--calls] [--open] [--count N]',
  summary: `Live requests, one line each, until Ctrl-C or --count.
FILTER is what the Requests screen understands: 'status>=500 dest:payments ms>200 -method:GET'; before one that starts with - write --.
--calls: one line per call instead of one from each sidecar. --open: long ones also while they go on.`,
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    status: { type: 'string' },
    path: { type: 'string' },
    count: { type: 'string' },
    calls: { type: 'boolean' },
    open: { type: 'boolean' },
  },
  async run(context) {
    const filter = readTapFilter(context.positionals, context.values);
    const count = number(context.values, 'count') ?? Number.POSITIVE_INFINITY;
    if (count < 1) throw new UsageError('--count is at least 1');
    const client = await EngineClient.open(context.home);
    await introduce(context, filter, client);
    return watch(context, filter, client, count);
  },
};

/** What will be shown, and what of it cannot come; then the titles. */
async function introduce({ json, out }: CommandContext, filter: TapFilter, client: EngineClient): Promise<void> {
  for (const note of unknownNames(filter, await client.call('getStatus'))) out.error(`note: ${note}`);
  if (json || !out.isTerminal) return;
  out.line(out.style('dim', `Showing ${filter.words || 'everything'}. Ctrl-C ends it.`));
  out.line(exchangeHeader(out));
}

async function watch(context: CommandContext, filter: TapFilter, client: EngineClient, count: number): Promise<number> {
  const { json, out, values } = context;
  const isNews = newsOf(values.open === true || filter.open);
  const summary = new TapSummary();
  const startedMs = performance.now();
  const show = (exchange: Exchange) => {
    const isWanted = filter.matches(exchange) && (!values.calls || isCall(exchange));
    if (!isNews(exchange, isWanted) || summary.shown >= count) return;
    summary.add(exchange);
    if (json) out.json(exchange);
    else out.line(exchangeLine(out, exchange));
    if (summary.shown >= count) stream.close();
  };
  const stream = openEngineStream(client.engine, ['exchanges'], (message) => {
    if (message.type === 'gap') out.error(`… ${message.dropped} not shown: this terminal was too slow`);
    else if (message.type === 'exchanges') for (const exchange of message.exchanges) show(exchange);
  });
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    stream.close();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const ended = await stream.ended;
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  const words = summary.words(performance.now() - startedMs);
  if (ended.by === 'engine')
    throw new CommandError(`The engine at ${client.engine.url} went away (${ended.message}), after ${words}`);
  // Not on the line where the terminal wrote ^C.
  if (interrupted && out.isTerminal) out.error('');
  if (!json && (interrupted || out.isTerminal)) out.error(words);
  return 0;
}

/** An open exchange is told again whenever something passed: once is enough, and only who asks for it sees it before its end. */
function newsOf(showsOpen: boolean): (exchange: Exchange, isWanted: boolean) => boolean {
  const told = new Set<string>();
  return ({ id, open }, isWanted) => {
    if (!open) told.delete(id);
    if (!isWanted || !open) return isWanted;
    if (!showsOpen || told.has(id)) return false;
    told.add(id);
    return true;
  };
}
