import type { FaultSpec } from '../api/fault.schema.ts';
import type { Scenario, ScenarioLoad, ScenarioSpec } from '../api/scenario.schema.ts';
import type { LoadEntry } from './wires/load-wire.ts';

export type ScenarioChange = ScenarioSpec['changes'][number];
export type ScenarioFault = ScenarioSpec['faults'][number];

/** `ok` false: it could not be done, and why. Nothing was changed then. */
export type Done = { ok: true; message: string } | { ok: false; message: string };

/** What a run needs of the mesh. One per run: it remembers what it changed, and puts all of it back. */
export interface ScenarioMesh {
  /** Where a load enters; words when there is no such place. */
  entryOf(load: ScenarioLoad): LoadEntry | string;
  /** Messages of a gRPC load's requests, encoded; words when one cannot be. Null where a request has none. */
  encodeMessages(load: ScenarioLoad): Promise<(Uint8Array | null)[] | string>;
  armFault(name: string, spec: FaultSpec): Promise<Done>;
  removeFault(name: string): Promise<Done>;
  change(change: ScenarioChange): Promise<Done>;
  /** Faults that are still armed go, changed resources and workloads are as they were. Says what it did, and what it could not. */
  putBack(): Promise<Done[]>;
  startRecording(name: string): Promise<Done>;
  stopRecording(): Promise<Done>;
  /** Everything finished so far has been offered. */
  flush(): Promise<void>;
}

/** Names of a run's faults in the mesh: never those of faults that people made. */
export function faultNameOf(scenario: Pick<Scenario, 'metadata'>, fault: string): string {
  const plain = `${scenario.metadata.name}-${fault}`.toLowerCase().replace(/[^a-z0-9.-]+/g, '-');
  return plain
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 200)
    .replace(/[^a-z0-9]+$/, '');
}
