import type { Step } from './plan-steps.ts';
import type { Moment } from './stepper.ts';
import type { PlannedLoad } from './timeline.ts';

export interface MomentActs {
  carryOut: (step: Step) => void;
  beginLoad: (index: number) => void;
  endLoad: (index: number) => void;
  end: () => void;
}

interface Entry {
  placeMs: number;
  words: string;
  act: () => void;
}

/**
 * What somebody steps through after 0 s: faults and changes, loads that begin later, loads that end before the last of all this (the others run on),
 * and at last the end. What stands at one place is one step.
 */
export function planMoments(
  steps: readonly Step[],
  loads: readonly PlannedLoad[],
  durationMs: number,
  acts: MomentActs,
): Moment[] {
  const entries: Entry[] = steps
    .filter(({ atMs }) => atMs > 0 && atMs <= durationMs)
    .map((step) => ({ placeMs: step.atMs, words: wordsOf(step), act: () => acts.carryOut(step) }));
  for (const [index, { load, atMs }] of loads.entries()) {
    if (atMs === 0 || atMs > durationMs) continue;
    entries.push({ placeMs: atMs, words: `load ${load.name} begins`, act: () => acts.beginLoad(index) });
  }
  const lastMs = Math.max(0, ...entries.map(({ placeMs }) => placeMs));
  for (const [index, { load, atMs, forMs }] of loads.entries()) {
    if (atMs + forMs >= lastMs) continue;
    entries.push({ placeMs: atMs + forMs, words: `load ${load.name} ends`, act: () => acts.endLoad(index) });
  }
  entries.push({ placeMs: Math.max(durationMs, lastMs + 1), words: 'the end: what is left is judged', act: acts.end });
  return gather(entries);
}

function wordsOf({ track, isStart }: Step): string {
  if (track.kind === 'change') return `change ${track.name}: ${track.label}`;
  return isStart ? `${track.kind} ${track.name} begins: ${track.label}` : `${track.kind} ${track.name} ends`;
}

function gather(entries: readonly Entry[]): Moment[] {
  const places = [...new Set(entries.map(({ placeMs }) => placeMs))].sort((a, b) => a - b);
  return places.map((placeMs) => {
    const here = entries.filter((entry) => entry.placeMs === placeMs);
    return {
      placeMs,
      words: here.map(({ words }) => words),
      act: () => {
        for (const { act } of here) act();
      },
    };
  });
}
