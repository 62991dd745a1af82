import type { FaultStatus } from '../../proxy/api/fault.schema.ts';
import type { Graph, MeshEvent } from '../../proxy/api/observability.schema.ts';
import type { Recording } from '../../proxy/api/recording.schema.ts';
import type { Replay } from '../../proxy/api/replay.schema.ts';
import type { Status } from '../../proxy/api/status.schema.ts';

/** What the engine shows that a step can be told from. */
export interface Seen {
  status: Status | null;
  graph: Graph | null;
  events: readonly MeshEvent[];
  faults: readonly FaultStatus[];
  recordings: readonly Recording[];
  replays: readonly Replay[];
}

export interface FirstStep {
  id: string;
  title: string;
  /** Where it is done, as a place of the app. */
  place: string;
  query?: Record<string, string>;
  isDone: (seen: Seen) => boolean;
}

/** From nothing to a replay, in the order a newcomer meets it. Each ticks itself by what happens in the mesh, however it was done. */
export const firstSteps: readonly FirstStep[] = [
  {
    id: 'service',
    title: 'Add a service',
    place: 'topology',
    query: { add: '1' },
    isDone: ({ status }) => (status?.services.length ?? 0) > 0,
  },
  {
    id: 'traffic',
    title: 'Send it a request',
    place: 'topology',
    isDone: ({ graph }) => graph?.edges.some(({ count }) => count > 0) ?? false,
  },
  {
    id: 'fault',
    title: 'Break something on purpose',
    place: 'faults',
    isDone: ({ faults, events }) => faults.length > 0 || events.some(({ type }) => type === 'fault.armed'),
  },
  {
    id: 'reaction',
    title: 'See what reacts: retries, ejection',
    place: 'requests',
    query: { filter: 'fault:*' },
    isDone: ({ graph }) =>
      graph?.edges.some(({ faultHits, retryRatio, ejected }) => faultHits > 0 && (retryRatio > 0 || ejected > 0)) ?? false,
  },
  {
    id: 'split',
    title: 'Split traffic between versions',
    place: 'topology',
    query: { labels: 'split' },
    isDone: ({ graph }) =>
      graph?.edges.some(({ split }) => split.filter(({ wanted, count }) => wanted !== null && count > 0).length > 1) ?? false,
  },
  {
    id: 'record',
    title: 'Record half a minute',
    place: 'recordings',
    isDone: ({ recordings }) => recordings.some(({ state, exchanges }) => state === 'stopped' && exchanges > 0),
  },
  {
    id: 'replay',
    title: 'Replay it and look at the differences',
    place: 'recordings',
    isDone: ({ replays }) => replays.some(({ state }) => state === 'finished'),
  },
];

export interface StepsKept {
  done: ReadonlySet<string>;
  hidden: boolean;
}

const key = 'drydock.first-steps';

/** Once done is done: a step stays ticked when its traces have left the window. */
export function readSteps(storage: Pick<Storage, 'getItem'>): StepsKept {
  try {
    const { done, hidden } = JSON.parse(storage.getItem(key) ?? '{}') as { done?: unknown; hidden?: unknown };
    return { done: new Set(Array.isArray(done) ? done.map(String) : []), hidden: hidden === true };
  } catch {
    return { done: new Set(), hidden: false }; // Whatever stands there is not ours: begin anew.
  }
}

export function keepSteps(storage: Pick<Storage, 'setItem'>, { done, hidden }: StepsKept): void {
  storage.setItem(key, JSON.stringify({ done: [...done], hidden }));
}

/** `kept` with what is done by now; the same object when nothing is new. */
export function tickSteps(kept: StepsKept, seen: Seen): StepsKept {
  const fresh = firstSteps.filter((step) => !kept.done.has(step.id) && step.isDone(seen));
  return fresh.length === 0 ? kept : { ...kept, done: new Set([...kept.done, ...fresh.map(({ id }) => id)]) };
}
