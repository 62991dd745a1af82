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

export interface StepPlace {
  path: string;
  query?: Record<string, string>;
}

export interface FirstStep {
  id: string;
  title: string;
  /** What one sees when it has worked. */
  proof: string;
  /** Where it is done or seen, as the mesh is now. */
  place: (seen: Pick<Seen, 'graph' | 'faults' | 'recordings'>) => StepPlace;
  isDone: (seen: Seen) => boolean;
}

const happened = ({ events }: Seen, type: string): boolean => events.some((event) => event.type === type);

/** From nothing to a replay, in the order a newcomer meets it. Each ticks itself by what happens in the mesh, however it was done. */
export const firstSteps: readonly FirstStep[] = [
  {
    id: 'service',
    title: 'Load the demo, or add a service',
    proof: 'Its port answers; its address in the mesh can be copied.',
    place: () => ({ path: 'topology' }),
    isDone: ({ status }) => (status?.services.length ?? 0) > 0,
  },
  {
    id: 'traffic',
    title: 'Send test traffic, 20 requests a second',
    proof: 'Lines move; p95 is there within a second.',
    place: () => ({ path: 'topology', query: { labels: 'p95' } }),
    isDone: ({ graph }) => graph?.edges.some(({ count }) => count > 0) ?? false,
  },
  {
    id: 'fault',
    title: 'Make one instance answer 503 for 30 s',
    proof: 'A badge counts down; rows are tagged; retries stand as attempts.',
    place: () => ({ path: 'faults' }),
    isDone: (seen) => seen.faults.length > 0 || happened(seen, 'fault.armed'),
  },
  {
    id: 'reaction',
    title: 'Watch its callers react',
    proof: 'Ejected 1 of 2, with the five requests that caused it.',
    place: ({ faults }) => sickService(faults) ?? { path: 'requests', query: { filter: 'fault:*' } },
    isDone: (seen) =>
      happened(seen, 'endpoint.ejected') ||
      (seen.graph?.edges.some(({ faultHits, retryRatio, ejected }) => faultHits > 0 && (retryRatio > 0 || ejected > 0)) ?? false),
  },
  {
    id: 'return',
    title: 'See it come back by timer',
    proof: 'Fifteen seconds later it is healthy again.',
    place: ({ faults }) => sickService(faults) ?? { path: 'service' },
    isDone: (seen) => happened(seen, 'endpoint.returned'),
  },
  {
    id: 'split',
    title: 'Send a tenth to another version',
    proof: 'Wanted 10 %, actual beside it, of how many requests.',
    place: ({ graph }) => ({ path: 'topology', query: { labels: 'split', ...splitEdge(graph) } }),
    isDone: ({ graph }) =>
      graph?.edges.some(({ split }) => split.filter(({ wanted, count }) => (wanted ?? 0) > 0 && count > 0).length > 1) ?? false,
  },
  {
    id: 'record',
    title: 'Record half a minute',
    proof: 'Its size, and what was redacted.',
    place: () => ({ path: 'recordings' }),
    isDone: ({ recordings }) => recordings.some(({ state, exchanges }) => state === 'stopped' && exchanges > 0),
  },
  {
    id: 'replay',
    title: 'Replay it and open the differences',
    proof: 'So many the same, so many differ; the first one opened.',
    place: ({ recordings }) => ({ path: 'recordings', ...(recordings[0] ? { query: { id: recordings[0].id } } : {}) }),
    isDone: ({ replays }) => replays.some(({ state }) => state === 'finished'),
  },
];

/** Whom a fault was meant for: its screen has the strip of ejections. */
function sickService(faults: readonly FaultStatus[]): StepPlace | null {
  const [fault] = faults;
  if (!fault) return null;
  const { service, namespace = fault.namespace } = fault.spec.to;
  return { path: 'service', query: { name: `${namespace}/${service}` } };
}

function splitEdge(graph: Graph | null): { edge: string } | null {
  const edge = graph?.edges.find(({ split }) => split.length > 1 && split.some(({ wanted }) => wanted !== null));
  return edge ? { edge: edge.id } : null;
}

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
