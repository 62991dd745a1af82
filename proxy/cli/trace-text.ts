import type { TraceLog } from '../api/log.schema.ts';
import { type LogLevel, levelOf } from '../api/log-level.ts';
import type { Span, Trace } from '../api/observability.schema.ts';
import { clip, toWidth } from './columns.ts';
import { milliseconds, type Output } from './output.ts';

const tookWidth = 8;
/** In a pipe, where there is no width to fit. */
const pipeBar = 40;

/** The trace as a tree with bars: solid what an app did, hatched what the mesh did, as the Traces screen draws them. */
export function printTrace(out: Output, trace: Trace): void {
  out.line(`${out.style('bold', trace.traceId)}  ${trace.start}  ${milliseconds(trace.durationMs)}`);
  if (trace.continues)
    out.line(`made while ${trace.continues.service} answered trace ${trace.continues.traceId} (by ${trace.continues.by})`);
  for (const { service, calls, linked } of trace.contextLost ?? []) {
    out.line(
      out.style('yellow', `▲ context lost in ${service}:`) +
        ` ${calls} calls sent without the trace headers it had received; ${linked} placed here (┄)`,
    );
  }
  const barWidth = out.isTerminal ? Math.min(80, Math.max(16, Math.round(out.columns * 0.36))) : pipeBar;
  const labelWidth = out.columns - barWidth - tookWidth - 4;
  for (const { span, depth } of inTreeOrder(trace.spans)) {
    const bar = out.style(span.error ? 'red' : span.mesh ? 'cyan' : 'green', barOf(span, trace.durationMs, barWidth));
    const marks = [span.error ? '✖' : '', span.events.some(({ name }) => name.startsWith('fault ')) ? '⚡' : ''].join('');
    const label = `${'  '.repeat(depth)}${span.inferred ? '┄ ' : ''}${span.mesh ? '▨' : '●'} ${span.service}`;
    // What is wrong with it stays in sight, its name is cut first.
    const room = labelWidth - (marks === '' ? 0 : 2 + marks.length);
    const name = out.style('dim', clip(span.name, Math.max(0, room - [...label].length - 1)));
    const end = marks === '' ? '' : ` ${out.style(span.error ? 'red' : 'magenta', marks)}`;
    out.line(`${bar}  ${toWidth(milliseconds(span.durationMs), tookWidth, 'end')}  ${clip(label, room)} ${name}${end}`);
  }
}

function barOf(span: Span, traceMs: number, width: number): string {
  const scale = width / Math.max(traceMs, 0.001);
  const before = Math.max(0, Math.min(width - 1, Math.floor(span.startMs * scale)));
  const length = Math.max(1, Math.min(width - before, Math.round(span.durationMs * scale)));
  return toWidth(`${' '.repeat(before)}${(span.mesh ? '▒' : '█').repeat(length)}`, width);
}

const levelMarks: Record<LogLevel, { glyph: string; colour: 'dim' | 'blue' | 'yellow' | 'red' }> = {
  trace: { glyph: '·', colour: 'dim' },
  debug: { glyph: '·', colour: 'dim' },
  info: { glyph: '●', colour: 'blue' },
  warn: { glyph: '▲', colour: 'yellow' },
  error: { glyph: '✖', colour: 'red' },
  fatal: { glyph: '✖', colour: 'red' },
};

/** What the apps logged, by time; a record of several lines is indented under its first. */
export function printLogs(out: Output, logs: readonly TraceLog[]): void {
  out.line();
  if (logs.length === 0) {
    out.line('No logs: an app sends them to the OTLP address of `drydock status`, with the trace id of what it works on.');
    return;
  }
  const serviceWidth = Math.min(20, Math.max(...logs.map(({ service }) => service.length)));
  for (const log of logs) {
    const level = levelOf(log);
    const { glyph, colour } = level ? levelMarks[level] : ({ glyph: '·', colour: 'dim' } as const);
    const word = toWidth(`${glyph} ${level ?? (log.severityText.toLowerCase() || 'log')}`, 8);
    const at = toWidth(milliseconds(log.atMs), tookWidth + 1, 'end');
    const [first = '', ...more] = log.body.split('\n');
    const room = out.columns - tookWidth - 1 - 8 - serviceWidth - 6;
    out.line(
      `${out.style('dim', at)}  ${out.style(colour, word)}  ${toWidth(log.service, serviceWidth)}  ${clip(first, room)}`.trimEnd(),
    );
    for (const line of more) out.line(`${' '.repeat(tookWidth + 13 + serviceWidth + 2)}${clip(line, room)}`);
  }
}

/** Children under their parents, by start; a parent that was not seen, or a cycle, makes a root. */
function inTreeOrder(spans: readonly Span[]): { span: Span; depth: number }[] {
  const known = new Set(spans.map((span) => span.spanId));
  const children = new Map<string, Span[]>();
  for (const span of spans) {
    const parent = known.has(span.parentSpanId) && span.parentSpanId !== span.spanId ? span.parentSpanId : '';
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
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
