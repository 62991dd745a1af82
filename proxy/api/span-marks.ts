import type { SpanNode } from './span-tree.ts';

/** What is unusual about a span, as a glyph beside its name and in words: for the page and the terminal. */
export interface SpanMark {
  glyph: string;
  /** For those who do not see the glyph. */
  word: string;
  tone: 'bad' | 'fault' | 'info' | 'neutral' | 'warn';
  explain: string;
}

export function marksOf({ span, parentMissing }: SpanNode): SpanMark[] {
  const marks: SpanMark[] = [];
  if (span.error)
    marks.push({ glyph: '✖', word: 'failed', tone: 'bad', explain: String(span.attributes['error.type'] ?? 'failed') });
  const faults = span.events.filter((event) => event.name.startsWith('fault '));
  if (faults.length > 0)
    marks.push({ glyph: '⚡', word: 'fault injected', tone: 'fault', explain: faults.map(({ name }) => name).join(', ') });
  if (span.inferred)
    marks.push({
      glyph: '┄',
      word: 'inferred',
      tone: 'neutral',
      explain: 'Its trace headers were lost: it is known by time or by its request id what it was sent for',
    });
  if (span.open) marks.push({ glyph: '⏵', word: 'goes on', tone: 'info', explain: 'It goes on: this is what has passed so far' });
  if (parentMissing)
    marks.push({
      glyph: '⌀',
      word: 'parent not here',
      tone: 'neutral',
      explain: `Its parent ${span.parentSpanId} is not among these spans: made outside, not sent here, or still on its way`,
    });
  if (span.movedMs !== undefined) {
    const far = describeLag(Math.abs(span.movedMs));
    const which = span.movedMs > 0 ? 'behind' : 'ahead';
    marks.push({
      glyph: '⧗',
      word: 'moved, another clock',
      tone: 'warn',
      explain: `The clock of ${span.service} is ${far} ${which}: drawn where it must have been`,
    });
  }
  if (span.links?.length)
    marks.push({
      glyph: '⇢',
      word: 'linked',
      tone: 'info',
      explain: `Names ${span.links.length === 1 ? 'another span' : `${span.links.length} other spans`}`,
    });
  return marks;
}

const describeLag = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
