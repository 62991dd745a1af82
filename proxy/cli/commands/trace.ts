import type { TraceSummary } from '../../api/observability.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, text, UsageError } from '../command.ts';
import { milliseconds, type Output } from '../output.ts';
import { printLogs, printTrace } from '../trace-text.ts';

export const command: Command = {
  usage: 'trace ls [--service S] [--min-duration 100ms] [--errors] | trace show ID [--logs]',
  summary: 'Traces of the mesh and the apps. --logs: with what the apps logged.',
  options: {
    service: { type: 'string' },
    'min-duration': { type: 'string' },
    errors: { type: 'boolean' },
    limit: { type: 'string' },
    logs: { type: 'boolean' },
  },
  async run(context) {
    const { positionals, values, json, out, home } = context;
    const [action, id] = positionals;
    if (action === 'show' && id) {
      const trace = await (await EngineClient.open(home)).call('getTrace', {
        params: { id },
        query: { logs: values.logs ? 'true' : 'false' },
      });
      if (json) out.json(trace);
      else {
        printTrace(out, trace);
        if (values.logs) printLogs(out, trace.logs ?? []);
      }
      return 0;
    }
    if (action !== 'ls') throw new UsageError('say ls, or show and a trace ID');
    const query = {
      service: text(values, 'service'),
      minDuration: text(values, 'min-duration'),
      error: values.errors ? 'true' : undefined,
      limit: text(values, 'limit'),
    };
    const { traces } = await (await EngineClient.open(home)).call('listTraces', { query });
    if (json) out.json({ traces });
    else printTraces(out, traces);
    return 0;
  },
};

function printTraces(out: Output, traces: readonly TraceSummary[]): void {
  const rows = traces.map((trace) => [
    trace.traceId,
    out.isTerminal ? trace.start.slice(11, 19) : trace.start,
    milliseconds(trace.durationMs),
    trace.errors > 0 ? out.style('red', `✖ ${trace.errors}`) : '0',
    String(trace.spans),
    `${trace.rootService} ${trace.rootName}`,
  ]);
  out.table(['TRACE', 'START', 'TOOK', 'ERRORS', 'SPANS', 'ROOT'], rows, { drop: [4], cut: [5] });
}
