import type { Span, Trace } from '../../api/observability.schema.ts';
import { EngineClient } from '../client.ts';
import { type Command, type CommandContext, text, UsageError } from '../command.ts';
import { milliseconds } from '../output.ts';

const barWidth = 40;

export const command: Command = {
  usage: 'trace ls [--service S] [--min-duration 100ms] [--errors] | trace show ID',
  summary: 'Traces of the mesh and the apps.',
  options: {
    service: { type: 'string' },
    'min-duration': { type: 'string' },
    errors: { type: 'boolean' },
    limit: { type: 'string' },
  },
  async run(context) {
    const { positionals, values, json, out, home } = context;
    const [action, id] = positionals;
    if (action === 'show' && id) {
      const trace = await (await EngineClient.open(home)).call('getTrace', { params: { id } });
      if (json) out.json(trace);
      else printTrace(context, trace);
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
    else {
      const rows = traces.map((t) => [
        t.traceId,
        t.start,
        milliseconds(t.durationMs),
        t.rootName,
        String(t.spans),
        String(t.errors),
      ]);
      out.table(['TRACE', 'START', 'DURATION', 'ROOT', 'SPANS', 'ERRORS'], rows);
    }
    return 0;
  },
};

function printTrace({ out }: CommandContext, trace: Trace): void {
  out.line(`${out.style('bold', trace.traceId)}  ${trace.start}  ${milliseconds(trace.durationMs)}`);
  const depths = depthsOf(trace.spans);
  for (const span of trace.spans) {
    const scale = barWidth / Math.max(trace.durationMs, 0.001);
    const before = Math.min(barWidth - 1, Math.floor(span.startMs * scale));
    const length = Math.max(1, Math.min(barWidth - before, Math.round(span.durationMs * scale)));
    const bar = `${' '.repeat(before)}${'█'.repeat(length)}`.padEnd(barWidth);
    const label = `${'  '.repeat(depths.get(span.spanId) ?? 0)}${span.service} ${out.style('dim', span.name)}`;
    out.line(`${out.style(span.error ? 'red' : 'green', bar)} ${milliseconds(span.durationMs).padStart(8)}  ${label}`);
  }
}

/** How deep each span hangs below the root; a parent that was not seen makes a root of its own. */
function depthsOf(spans: readonly Span[]): Map<string, number> {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const depthOf = (span: Span): number => {
    let depth = 0;
    for (let at = byId.get(span.parentSpanId); at && depth < spans.length; at = byId.get(at.parentSpanId)) depth++;
    return depth;
  };
  return new Map(spans.map((span) => [span.spanId, depthOf(span)]));
}
