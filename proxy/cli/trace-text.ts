import { causeWords, describeShare } from '../api/cause-words.ts';
import { type CauseShare, findCriticalPath, summarizeCauses } from '../api/critical-path.ts';
import type { TraceLog } from '../api/log.schema.ts';
import { type LogLevel, levelOf } from '../api/log-level.ts';
import type { Span, Trace } from '../api/observability.schema.ts';
import { marksOf } from '../api/span-marks.ts';
import { linkSpans, orderRows, type TreeRow } from '../api/span-tree.ts';
import { clip, toWidth, widthOf } from './columns.ts';
import { milliseconds, type Output } from './output.ts';

const tookWidth = 8;
/** In a pipe, where there is no width to fit. */
const pipeBar = 40;

export interface TraceTextOptions {
  /** Spans of the sidecars too. */
  mesh: boolean;
}

/** The trace as a tree with bars: solid what an app did, hatched what the mesh did, and where its time went, as the Traces screen tells it. */
export function printTrace(out: Output, trace: Trace, { mesh }: TraceTextOptions = { mesh: true }): void {
  const nodes = linkSpans(trace.spans);
  const rows = orderRows(nodes, mesh);
  const count = `${trace.spans.length} span${trace.spans.length === 1 ? '' : 's'}`;
  const away = trace.spans.length - rows.length;
  const folded = away > 0 ? `, ${away} of the mesh folded away` : '';
  out.line(`${out.style('bold', trace.traceId)}  ${trace.start}  ${milliseconds(trace.durationMs)} · ${count}${folded}`);
  printLostContext(out, trace);
  printCauses(out, summarizeCauses(nodes, findCriticalPath(nodes, trace.durationMs)), trace.durationMs);
  const barWidth = out.isTerminal ? Math.min(80, Math.max(10, Math.round(out.columns * 0.36))) : pipeBar;
  for (const row of rows) out.line(spanLine(out, row, trace.durationMs, barWidth));
}

function printLostContext(out: Output, { continues, contextLost = [] }: Trace): void {
  if (continues) out.line(`┄ made while ${continues.service} answered trace ${continues.traceId} (by ${continues.by})`);
  for (const { service, calls, linked } of contextLost) {
    const sent = `${calls} call${calls === 1 ? '' : 's'} sent without the trace headers it had received`;
    out.line(`${out.style('yellow', `▲ context lost in ${service}:`)} ${sent}; ${linked} placed here (┄)`);
  }
}

/** `Critical: ⚡ injected fault 200 ms (49%) · ● payments app 150 ms (36%)`, in as many lines as it takes. */
function printCauses(out: Output, causes: readonly CauseShare[], wholeMs: number): void {
  if (causes.length === 0) return;
  const parts = causes.map((share) => {
    const { glyph, tone } = causeWords[share.cause];
    const percent = Math.round((share.ms / Math.max(wholeMs, 0.001)) * 100);
    return `${out.style(causeColours[tone], glyph)} ${describeShare(share)} ${milliseconds(share.ms)} (${percent}%)`;
  });
  const head = 'Critical: ';
  let line = head;
  for (const part of parts) {
    const joined = line === head || line.trim() === '' ? `${line}${part}` : `${line} · ${part}`;
    if (widthOf(joined) <= out.columns || line === head) line = joined;
    else {
      out.line(line);
      line = `${' '.repeat(head.length)}${part}`;
    }
  }
  out.line(line);
}

const causeColours = { accent: 'green', neutral: 'dim', fault: 'magenta', warn: 'yellow', info: 'blue' } as const;
const markColours = { bad: 'red', fault: 'magenta', info: 'blue', neutral: 'dim', warn: 'yellow' } as const;
/** Deeper ones keep this indent, or a deep trace would have no names in a narrow window. */
const maxIndentShare = 0.4;

function spanLine(out: Output, { node, depth }: TreeRow, traceMs: number, barWidth: number): string {
  const { span } = node;
  const bar = out.style(span.error ? 'red' : span.mesh ? 'cyan' : 'green', barOf(span, traceMs, barWidth));
  const marks = marksOf(node).filter(({ word }) => word !== 'linked');
  // What is unusual about it stays in sight, its name is cut first.
  const room = out.columns - barWidth - tookWidth - 4 - (marks.length === 0 ? 0 : 1 + marks.length);
  const indent = Math.min(depth * 2, out.isTerminal ? Math.floor(room * maxIndentShare) : Number.POSITIVE_INFINITY);
  const label = clip(`${' '.repeat(indent)}${span.mesh ? '▨' : '●'} ${span.service}`, room);
  const left = room - widthOf(label) - 1;
  const name = left > 0 ? ` ${out.style('dim', clip(span.name, left))}` : '';
  const end = marks.map(({ glyph, tone }) => out.style(markColours[tone], glyph)).join('');
  return `${bar}  ${toWidth(milliseconds(span.durationMs), tookWidth, 'end')}  ${label}${name}${end === '' ? '' : ` ${end}`}`.trimEnd();
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
