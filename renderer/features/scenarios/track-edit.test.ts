import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type ScenarioRun, scenarioSchema } from '../../../proxy/api/scenario.schema.ts';
import { planOf } from './scenario-words.ts';
import { draggedStart, isOutdated, placeTrack, writeDuration } from './track-edit.ts';

const yaml = `apiVersion: drydock.dev/v1
kind: Scenario
metadata: {name: drill}
spec:
  load:
    - {name: callers, rate: 10, for: 30s, requests: [{url: 'http://a.localhost/'}]}
  faults:
    # breaks it
    - name: half-dead
      at: 5s
      for: 15s
      spec: {to: {service: a}, abort: {reset: true}}
    - {name: for-ever, spec: {to: {service: a}, delay: {fixed: 1s}}}
  changes:
    - {name: ten, at: 7s, shift: {service: a, weights: {v1: 90, v2: 10}}}
`;
const planned = (text: string) => planOf(scenarioSchema.parse(parse(text)).spec);
const placeOf = (text: string, name: string) => {
  const track = planned(text).tracks.find((one) => one.name === name);
  return [track?.startMs, track?.endMs];
};

describe('a track put elsewhere', () => {
  test('has another start and length, and nothing else is changed', () => {
    const changed = placeTrack(yaml, { kind: 'fault', name: 'half-dead' }, 8500, 2000);
    expect(placeOf(changed, 'half-dead')).toEqual([8500, 10_500]);
    expect(changed).toContain('# breaks it');
    const without = (text: string) => JSON.stringify(parse(text)).replace(/"at":"[^"]*","for":"[^"]*",/, '');
    expect(without(changed)).toBe(without(yaml));
  });

  test('may have had no start, and keeps the length it had', () => {
    expect(placeOf(placeTrack(yaml, { kind: 'load', name: 'callers' }, 1000, null), 'callers')).toEqual([1000, 31_000]);
    expect(placeOf(placeTrack(yaml, { kind: 'fault', name: 'for-ever' }, 2000, null), 'for-ever')).toEqual([2000, null]);
    expect(placeOf(placeTrack(yaml, { kind: 'change', name: 'ten' }, 9000, null), 'ten')).toEqual([9000, null]);
  });

  test('that is not there is an error with its name', () => {
    expect(() => placeTrack(yaml, { kind: 'change', name: 'half-dead' }, 0, null)).toThrow('no change half-dead');
  });
});

test('durations are written as short as they are exact', () => {
  expect([0, 250, 1500, 12_000].map(writeDuration)).toEqual(['0s', '250ms', '1500ms', '12s']);
});

test('a drag ends at a round place inside the axis', () => {
  expect(draggedStart(5000, 0.1013, 30_000)).toBe(8000);
  expect(draggedStart(5000, -1, 30_000)).toBe(0);
  expect(draggedStart(5000, 2, 30_000)).toBe(30_000);
});

test('a run is outdated once a track stands elsewhere, not while it runs', () => {
  const plan = planned(yaml);
  const run = (over: Partial<ScenarioRun> = {}): ScenarioRun =>
    ({
      state: 'passed',
      tracks: plan.tracks.map((track) => ({ ...track, state: 'done', endMs: track.endMs ?? 30_000 })),
      ...over,
    }) as Partial<ScenarioRun> as ScenarioRun;
  expect(isOutdated(plan, run())).toBe(false);
  const moved = planned(placeTrack(yaml, { kind: 'fault', name: 'half-dead' }, 6000, null));
  expect(isOutdated(moved, run())).toBe(true);
  expect(isOutdated(moved, run({ state: 'running' }))).toBe(false);
});
