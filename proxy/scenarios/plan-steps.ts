import type { Scenario, ScenarioRun } from '../api/scenario.schema.ts';
import { seedFor } from '../shared/seeded-random.ts';
import { labelOfChange, labelOfFault } from './labels.ts';
import { type Done, faultNameOf, type ScenarioMesh } from './scenario-mesh.ts';
import { milliseconds } from './timeline.ts';

export type Track = ScenarioRun['tracks'][number];

/** A part of the timeline that waits for its time. */
export interface Step {
  atMs: number;
  track: Track;
  /** What follows from it is counted from its beginning. */
  isStart: boolean;
  act: () => Promise<Done>;
}

/** Faults come and go, changes come, each at its time; in order of time, at the same time in the scenario's order. */
export function planSteps(scenario: Scenario, mesh: ScenarioMesh, seed: number): Step[] {
  const steps: Step[] = [];
  for (const fault of scenario.spec.faults) {
    const atMs = milliseconds(fault.at);
    const endMs = fault.for === undefined ? null : atMs + milliseconds(fault.for);
    const track = trackOf('fault', fault.name, labelOfFault(fault), atMs, endMs);
    const name = faultNameOf(scenario, fault.name);
    const spec = { ...fault.spec, enabled: true, seed: fault.spec.seed ?? seedFor(seed, fault.name) % 0x7fff_ffff };
    steps.push({ atMs, track, isStart: true, act: () => mesh.armFault(name, spec) });
    if (endMs !== null) steps.push({ atMs: endMs, track, isStart: false, act: () => mesh.removeFault(name) });
  }
  for (const change of scenario.spec.changes) {
    const atMs = milliseconds(change.at);
    const track = trackOf('change', change.name, labelOfChange(change), atMs, atMs);
    steps.push({ atMs, track, isStart: true, act: () => mesh.change(change) });
  }
  return steps.sort((a, b) => a.atMs - b.atMs);
}

export function trackOf(kind: Track['kind'], name: string, label: string, startMs: number, endMs: number | null): Track {
  return { kind, name, label, startMs, endMs, state: 'waiting', message: '' };
}
