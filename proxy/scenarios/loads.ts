import type { Clock } from '../shared/clock.ts';
import { type LoadEntry, LoadGenerator, type LoadSink } from './load-generator.ts';
import type { PlannedLoad } from './timeline.ts';

export interface LoadAssignment {
  planned: PlannedLoad;
  entry: LoadEntry;
}

/** The loads of one run under way. */
export interface Loads {
  /** Nothing more leaves. Resolves when what is under way has ended, at the latest after the longest timeout. */
  stop(): Promise<void>;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

/** Starts loads: the scenario's time 0 is now. */
export type StartLoads = (assignments: readonly LoadAssignment[], mark: string, sink: LoadSink) => Loads;

/** In this thread. */
export function createLocalLoads(clock: Clock): StartLoads {
  return (assignments, mark, sink) => {
    const startedAt = clock.now();
    const generators = assignments.map(
      ({ planned, entry }, index) => new LoadGenerator({ planned, index, mark, entry, clock, startedAt, sink }),
    );
    for (const generator of generators) generator.start();
    return {
      stop: async () => {
        await Promise.all(generators.map((generator) => generator.stop()));
      },
      close: async () => {
        for (const generator of generators) generator.close();
      },
    };
  };
}
