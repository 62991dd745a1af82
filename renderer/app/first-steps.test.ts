import { expect, test } from 'vitest';
import type { Graph, GraphEdge } from '../../proxy/api/observability.schema.ts';
import { firstSteps, keepSteps, readSteps, type Seen, tickSteps } from './first-steps.ts';

const nothing: Seen = { status: null, graph: null, events: [], faults: [], recordings: [], replays: [] };
const edge = (change: Partial<GraphEdge>): Graph =>
  ({ edges: [{ count: 1, faultHits: 0, retryRatio: 0, ejected: 0, split: [], ...change }] }) as unknown as Graph;

test('nothing is ticked before anything has happened', () => {
  expect(tickSteps(readSteps({ getItem: () => null }), nothing).done.size).toBe(0);
});

test('a fault alone is no reaction; one that retries answer is', () => {
  const kept = { done: new Set<string>(), hidden: false };
  expect([...tickSteps(kept, { ...nothing, graph: edge({ faultHits: 3 }) }).done]).toEqual(['traffic']);
  expect([...tickSteps(kept, { ...nothing, graph: edge({ faultHits: 3, retryRatio: 0.2 }) }).done]).toEqual([
    'traffic',
    'reaction',
  ]);
});

test('what was done stays ticked when the window has moved on, and over a restart', () => {
  const storage = new Map<string, string>();
  const asStorage = {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, text: string) => void storage.set(key, text),
  };
  const ticked = tickSteps(readSteps(asStorage), { ...nothing, graph: edge({}) });
  keepSteps(asStorage, ticked);
  expect(tickSteps(readSteps(asStorage), nothing).done.has('traffic')).toBe(true);
  storage.set('drydock.first-steps', 'not JSON');
  expect(readSteps(asStorage)).toEqual({ done: new Set(), hidden: false });
});

test('every step leads somewhere and has a name of its own', () => {
  expect(new Set(firstSteps.map(({ id }) => id)).size).toBe(firstSteps.length);
});
