import { expect, test } from 'vitest';
import type { Span } from '../../api/observability.schema.ts';
import { makeSpan } from '../../testing/spans.ts';
import { placeSpans } from './place-spans.ts';

const make = (change: Partial<Span>): Span => makeSpan({ kind: 'internal', service: 'orders', mesh: false, ...change });
const sidecar = make({ spanId: 'in', kind: 'server', mesh: true, startMs: 100, durationMs: 20 });
function place(...spans: Span[]): Span[] {
  const copies = [sidecar, ...spans].map((span) => ({ ...span }));
  placeSpans(copies);
  return copies.slice(1);
}

test('a span that seems to begin within a stamp’s grain before its parent begins with it, and nothing is said', () => {
  const [span] = place(make({ spanId: 'a', parentSpanId: 'in', startMs: 99, durationMs: 5 }));
  expect([span!.startMs, span!.movedMs]).toEqual([100, undefined]);
});

test('an app whose clock is slow moves into the middle of its sidecar’s span, with its events and what it made below', () => {
  const [app, below] = place(
    make({ spanId: 'a', parentSpanId: 'in', kind: 'server', startMs: -400, durationMs: 10, events: [{ name: 'e', atMs: -398 }] }),
    make({ spanId: 'b', parentSpanId: 'a', startMs: -397, durationMs: 4 }),
  );
  expect(app).toMatchObject({ startMs: 105, movedMs: 505, events: [{ name: 'e', atMs: 107 }] });
  expect(below).toMatchObject({ startMs: 108, movedMs: 505 });
});

test('an app whose clock is fast did not receive a call that was answered already', () => {
  const [app] = place(make({ spanId: 'a', parentSpanId: 'in', kind: 'server', startMs: 5000, durationMs: 10 }));
  expect(app).toMatchObject({ startMs: 105, movedMs: -4895 });
});

test('what a sidecar saw is not moved by the clock of the app that caused it', () => {
  const app = make({ spanId: 'root', kind: 'client', startMs: 4000, durationMs: 30 });
  const [, call] = place(app, make({ spanId: 'out', parentSpanId: 'root', kind: 'client', mesh: true, startMs: 101 }));
  expect([call!.startMs, call!.movedMs]).toEqual([101, undefined]);
});

test('work that goes on after the answer stays where it is', () => {
  const [later] = place(make({ spanId: 'a', parentSpanId: 'in', startMs: 400, durationMs: 900 }));
  expect([later!.startMs, later!.movedMs]).toEqual([400, undefined]);
});
