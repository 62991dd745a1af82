import { parseFilter } from '../../api/filter/request-filter.ts';
import type { TraceSummary } from '../../api/observability.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, CommandError, number, text, UsageError } from '../command.ts';
import { milliseconds, type Output } from '../output.ts';
import { printLogs, printTrace } from '../trace-text.ts';

const usualLimit = 50;
/** Of one page of the API. */
const pageLimit = 500;
/** A rare trace is looked for this many pages back, a thousand traces each. */
const maxPages = 100;
const fullId = /^[0-9a-f]{32}$/i;

export const command: Command = {
  usage: 'trace ls [FILTER] [--service S] [--min-duration 100ms] [--errors] [--limit N] | trace show ID [--no-mesh] [--logs]',
  summary: `Traces of the mesh and the apps. ID may be its beginning.
FILTER is what the Traces screen understands: 'ms>200 dest:payments flag:UO'. --no-mesh: only what the apps did. --logs: with what they logged.`,
  options: {
    service: { type: 'string' },
    'min-duration': { type: 'string' },
    errors: { type: 'boolean' },
    limit: { type: 'string' },
    logs: { type: 'boolean' },
    'no-mesh': { type: 'boolean' },
  },
  async run(context) {
    const [action, ...rest] = context.positionals;
    if (action === 'show' && rest[0]) return show(context, rest[0]);
    if (action === 'ls') return list(context, rest.join(' '));
    throw new UsageError('say ls, or show and a trace ID');
  },
};

async function show({ values, json, out, home }: CommandContext, wanted: string): Promise<number> {
  const client = await EngineClient.open(home);
  const id = await findId(client, wanted);
  const trace = await client.call('getTrace', { params: { id }, query: { logs: values.logs ? 'true' : 'false' } });
  if (json) {
    out.json(trace);
    return 0;
  }
  printTrace(out, trace, { mesh: values['no-mesh'] !== true });
  if (values.logs) printLogs(out, trace.logs ?? []);
  return 0;
}

/** As git does with commits: the beginning of an id is enough where only one trace begins so. */
async function findId(client: EngineClient, wanted: string): Promise<string> {
  if (fullId.test(wanted)) return wanted.toLowerCase();
  if (!/^[0-9a-f]+$/i.test(wanted)) throw new UsageError(`${wanted} is no trace ID: those are of 0-9 and a-f`);
  const traces = await collect(client, { filter: `trace:${wanted.toLowerCase()}*` }, 2);
  const [only, ...more] = traces;
  if (only === undefined) throw new CommandError(`No trace begins with ${wanted}`);
  if (more.length > 0)
    throw new CommandError(`Several traces begin with ${wanted}: ${traces.map(({ traceId }) => traceId).join(', ')}`);
  return only.traceId;
}

async function list({ values, json, out, home }: CommandContext, filter: string): Promise<number> {
  const [problem] = parseFilter(filter).problems;
  if (problem) throw new UsageError(problem.message);
  const limit = number(values, 'limit') ?? usualLimit;
  const query = {
    filter: filter || undefined,
    service: text(values, 'service'),
    minDuration: text(values, 'min-duration'),
    error: values.errors ? 'true' : undefined,
  };
  const traces = await collect(await EngineClient.open(home), query, limit);
  if (json) out.json({ traces });
  else printTraces(out, traces);
  return 0;
}

type Query = Partial<Record<'filter' | 'service' | 'minDuration' | 'error', string | undefined>>;

/** As far back as the engine keeps them. */
async function collect(client: EngineClient, query: Query, limit: number): Promise<TraceSummary[]> {
  const found: TraceSummary[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages && found.length < limit; page++) {
    const size = String(Math.min(pageLimit, limit - found.length));
    const { traces, next } = await client.call('listTraces', { query: { ...query, limit: size, cursor } });
    found.push(...traces);
    if (next === null) break;
    cursor = next;
  }
  return found;
}

function printTraces(out: Output, traces: readonly TraceSummary[]): void {
  if (traces.length === 0 && out.isTerminal) {
    out.line('No trace matches.');
    return;
  }
  const rows = traces.map((trace) => [
    trace.traceId,
    out.isTerminal ? trace.start.slice(11, 23) : trace.start,
    milliseconds(trace.durationMs),
    outcomeOf(out, trace),
    String(trace.spans),
    `${trace.rootService} ${trace.rootName}`,
  ]);
  out.table(['TRACE', 'START', 'TOOK', 'OUTCOME', 'SPANS', 'STARTS WITH'], rows, { drop: [4, 1], cut: [5, 0] });
}

/** Glyph and words: `✓ 200`, `✖ 503`, `✓ 200 ✖ 2` for two calls within it that failed, `⚡` where a fault acted. */
function outcomeOf(out: Output, { status, errors, faults, open, appOnly }: TraceSummary): string {
  // What reads a pipe wants a number: of calls that failed.
  if (!out.isTerminal) return String(errors);
  const own = open
    ? out.style('blue', '⏵ open')
    : status >= 500
      ? out.style('red', `✖ ${status}`)
      : status > 0
        ? out.style('green', `✓ ${status}`)
        : appOnly
          ? '● app'
          : '◌';
  const within = errors > 0 && status < 500 ? ` ${out.style('red', `✖ ${errors}`)}` : '';
  return `${own}${within}${faults > 0 ? ` ${out.style('magenta', `⚡ ${faults}`)}` : ''}`;
}
