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
  if (trace.continues)
    out.line(`made while ${trace.continues.service} answered trace ${trace.continues.traceId} (by ${trace.continues.by})`);
  for (const { service, calls, linked } of trace.contextLost ?? []) {
    out.line(
      `context lost in ${service}: ${calls} calls sent without the trace headers it had received; ${linked} placed here (┄)`,
    );
  }
  for (const { span, depth } of inTreeOrder(trace.spans)) {
    const scale = barWidth / Math.max(trace.durationMs, 0.001);
    const before = Math.min(barWidth - 1, Math.floor(span.startMs * scale));
    const length = Math.max(1, Math.min(barWidth - before, Math.round(span.durationMs * scale)));
    const bar = `${' '.repeat(before)}${'█'.repeat(length)}`.padEnd(barWidth);
    const label = `${'  '.repeat(depth)}${span.inferred ? '┄ ' : ''}${span.service} ${out.style('dim', span.name)}`;
    out.line(`${out.style(span.error ? 'red' : 'green', bar)} ${milliseconds(span.durationMs).padStart(8)}  ${label}`);
  }
}

/** Children under their parents, by start; a parent that was not seen, or a cycle, makes a root. */
function inTreeOrder(spans: readonly Span[]): { span: Span; depth: number }[] {
  const known = new Set(spans.map((span) => span.spanId));
  const children = new Map<string, Span[]>();
  for (const span of spans) {
    const parent = known.has(span.parentSpanId) && span.parentSpanId !== span.spanId ? span.parentSpanId : '';
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const rows: { span: Span; depth: number }[] = [];
  const seen = new Set<Span>();
  const visit = (roots: readonly Span[]): void => {
    const pending = roots.map((span) => ({ span, depth: 0 })).reverse();
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (seen.has(next.span)) continue;
      seen.add(next.span);
      rows.push(next);
      const { depth } = next;
      const below = (next.span.spanId === '' ? [] : (children.get(next.span.spanId) ?? [])).map((span) => ({
        span,
        depth: depth + 1,
      }));
      pending.push(...below.sort((a, b) => b.span.startMs - a.span.startMs));
    }
  };
  visit(children.get('') ?? []);
  visit(spans.filter((span) => !seen.has(span)));
  return rows;
}
