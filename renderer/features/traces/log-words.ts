import type { LogRecord, TraceLog } from '../../../proxy/api/log.schema.ts';
import { type LogLevel, levelOf } from '../../../proxy/api/log-level.ts';
import type { SpanNode } from '../../../proxy/api/span-tree.ts';
import type { Tone } from '../../ui/index.ts';

export interface Severity {
  word: string;
  glyph: string;
  tone: Tone;
}

const marks: Record<LogLevel, Omit<Severity, 'word'>> = {
  trace: { glyph: '·', tone: 'neutral' },
  debug: { glyph: '·', tone: 'neutral' },
  info: { glyph: '●', tone: 'info' },
  warn: { glyph: '▲', tone: 'warn' },
  error: { glyph: '✖', tone: 'bad' },
  fatal: { glyph: '✖', tone: 'bad' },
};

/** How bad it is, or what the app calls it. */
export function describeSeverity(log: Pick<LogRecord, 'severity' | 'severityText'>): Severity {
  const level = levelOf(log);
  if (level) return { word: level, ...marks[level] };
  return { word: log.severityText.toLowerCase() || 'log', glyph: '·', tone: 'neutral' };
}

/** The span a record was written in: the app's own rather than the mesh's, which shares ids with it under B3. */
export function spanOfLog(nodes: readonly SpanNode[], { traceId, spanId }: TraceLog): number | null {
  if (spanId === '') return null;
  const same = nodes.filter(({ span }) => span.spanId === spanId && span.traceId === traceId);
  return (same.find(({ span }) => !span.mesh) ?? same[0])?.index ?? null;
}

/** Without the folds that hide this span. */
export function unfoldTo(nodes: readonly SpanNode[], index: number, folded: ReadonlySet<number>): ReadonlySet<number> {
  const next = new Set(folded);
  const seen = new Set<number>();
  for (let at = nodes[index]?.parent ?? -1; at >= 0 && !seen.has(at); at = nodes[at]?.parent ?? -1) {
    seen.add(at);
    next.delete(at);
  }
  return next.size === folded.size ? folded : next;
}
