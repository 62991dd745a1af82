import type { Span } from '../../api/observability.schema.ts';
import { endOf, linkSpans, type SpanNode } from '../../api/span-tree.ts';

/** Wall stamps have millisecond grain on both sides: what differs by less is no difference between clocks. */
const grainMs = 2;

/**
 * Puts spans where they must have been, in place. Times come from several clocks: the sidecars' with millisecond grain, and those of apps, which
 * may run in a container or a virtual machine whose clock is off. Nothing begins before what caused it, and an app does not receive a call
 * that its sidecar has already answered: such a span moves into its parent, and the spans that the same app made below it move along. What was
 * moved further than the grain says so (`movedMs`). Work that goes on after its parent has ended stays where it is.
 */
export function placeSpans(spans: Span[]): void {
  const nodes = linkSpans(spans);
  const pending = nodes.filter((node) => node.parent < 0);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const parent = nodes[node.parent];
    if (parent !== undefined) placeWithin(node.span, parent.span);
    for (const child of node.children) pending.push(nodes[child] as SpanNode);
  }
}

function placeWithin(span: Span, parent: Span): void {
  const sameClock = !span.mesh && !parent.mesh && span.service === parent.service;
  const saidMs = span.startMs;
  let startMs = saidMs + (sameClock ? (parent.movedMs ?? 0) : 0);
  const latest = parent.startMs + Math.max(0, parent.durationMs - span.durationMs);
  const early = parent.startMs - startMs;
  // Between two machines the way there and the way back are taken as equally long.
  const middle = parent.startMs + Math.max(0, (parent.durationMs - span.durationMs) / 2);
  // The sidecars' clock is ours: an app's that differs does not move what they saw.
  if (early > grainMs && span.mesh && !parent.mesh) return;
  if (early > grainMs) startMs = parent.mesh === span.mesh ? parent.startMs : middle;
  else if (early > 0) startMs = parent.startMs;
  else if (span.mesh && parent.mesh && startMs > latest && startMs - latest < grainMs) startMs = latest;
  else if (!span.mesh && span.kind === 'server' && parent.mesh && startMs > endOf(parent) + grainMs) startMs = middle;
  const movedMs = startMs - saidMs;
  if (movedMs === 0) return;
  span.startMs = startMs;
  span.events = span.events.map((event) => ({ ...event, atMs: event.atMs + movedMs }));
  if (Math.abs(movedMs) > grainMs) span.movedMs = movedMs;
}
