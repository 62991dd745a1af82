import type { Clock } from '../shared/clock.ts';
import { LoadGenerator, type LoadSink } from './load-generator.ts';
import type { PlannedLoad } from './timeline.ts';
import type { LoadEntry } from './wires/load-wire.ts';

export interface LoadAssignment {
  planned: PlannedLoad;
  /** Which of the scenario's loads it is; default its place in the list. */
  index?: number;
  entry: LoadEntry;
  /** gRPC messages of its requests, encoded; null where a request has none. */
  messages?: readonly (Uint8Array | null)[];
}

/** What becomes of loads that were started together. */
export interface LoadsSink extends LoadSink {
  /** Nothing more will be told: the generator itself is gone. */
  onFailed(reason: string): void;
}

/** Loads under way. */
export interface Loads {
  /** Nothing more leaves. Resolves when what is under way has ended and been told, at the latest after the longest timeout. */
  stop(): Promise<void>;
  /** Cuts what is under way. */
  close(): void;
}

/** Sends loads. One is opened for a run, because opening takes time that no load should wait for. */
export interface LoadDriver {
  /** Time 0 of the plans is now, or was so long ago. */
  start(assignments: readonly LoadAssignment[], mark: string, sink: LoadsSink, sinceMs?: number): Loads;
  close(): Promise<void>;
}
export type OpenLoadDriver = () => Promise<LoadDriver>;

/** In this thread. `startedAt`: clock.now() at time 0. */
export function startGenerators(
  {
    assignments,
    mark,
    startedAt,
    clock,
  }: { assignments: readonly LoadAssignment[]; mark: string; startedAt: number; clock: Clock },
  sink: LoadSink,
): Loads {
  const generators = assignments.map(
    ({ planned, entry, messages, index }, place) =>
      new LoadGenerator({ planned, index: index ?? place, mark, entry, messages, clock, startedAt, sink }),
  );
  for (const generator of generators) generator.start();
  return {
    stop: async () => {
      await Promise.all(generators.map((generator) => generator.stop()));
    },
    close: () => {
      for (const generator of generators) generator.close();
    },
  };
}
