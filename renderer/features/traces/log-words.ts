import type { LogRecord, TraceLog } from '../../../proxy/api/log.schema.ts';
import type { Tone } from '../../ui/index.ts';
import type { SpanNode } from './span-tree.ts';

export interface Severity {
  word: string;
  glyph: string;
  tone: Tone;
}

/** By OTLP's numbers: four of each. */
const levels: readonly Severity[] = [
  { word: 'trace', glyph: '·', tone: 'neutral' },
  { word: 'debug', glyph: '·', tone: 'neutral' },
  { word: 'info', glyph: '●', tone: 'info' },
  { word: 'warn', glyph: '▲', tone: 'warn' },
  { word: 'error', glyph: '✖', tone: 'bad' },
  { word: 'fatal', glyph: '✖', tone: 'bad' },
];

/** How bad it is: by its number, else by what the app calls it, else as it stands. */
export function describeSeverity({ severity, severityText }: Pick<LogRecord, 'severity' | 'severityText'>): Severity {
  const known = levels[Math.floor((severity - 1) / 4)];
  if (severity > 0 && known) return known;
  const text = severityText.toLowerCase();
  const named = levels.find(({ word }) => text.startsWith(word.slice(0, 3)) || (word === 'fatal' && text.startsWith('crit')));
  return named ?? { word: text || 'log', glyph: '·', tone: 'neutral' };
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
