import { maxScenarioRequests, type ScenarioLoad, type ScenarioSpec } from '../api/scenario.schema.ts';
import { parseDurationMs } from '../shared/duration.ts';
import { seededRandom, seedFor } from '../shared/seeded-random.ts';

/** A load with every start known before the first is sent. */
export interface PlannedLoad {
  load: ScenarioLoad;
  /** Of the load's beginning, milliseconds from the scenario's start. */
  atMs: number;
  forMs: number;
  timeoutMs: number;
  /** Intended starts, milliseconds from the scenario's start, ascending. */
  starts: Float64Array;
  /** Which of the load's requests each start sends. */
  picks: Uint16Array;
  /** It goes on until it is stopped: starts after that mean nothing. */
  untilStopped?: boolean;
}

/** Starts and requests of a load. They depend on the scenario's seed and the load's name only. */
export function planLoad(load: ScenarioLoad, seed: number): PlannedLoad {
  const [atMs, forMs] = [milliseconds(load.at), milliseconds(load.for)];
  const random = seededRandom(seedFor(seed, load.name));
  const offsets = load.arrivals === 'poisson' ? poissonStarts(load, forMs, random) : constantStarts(load, forMs);
  const starts = Float64Array.from(offsets, (offset) => atMs + offset);
  const total = load.requests.reduce((sum, request) => sum + request.weight, 0);
  const picks = Uint16Array.from(starts, () => pickIndex(load, total, load.requests.length === 1 ? 0 : random() * total));
  return { load, atMs, forMs, timeoutMs: milliseconds(load.timeout), starts, picks };
}

/**
 * The same from `atMs` on, and then at its last rate until it is stopped; for `maxMs` at most, and with as many requests as a run may send. A load
 * that ends in silence just ends.
 */
export function planUntilStopped(load: ScenarioLoad, seed: number, atMs: number, maxMs: number): PlannedLoad {
  const own = planLoad(load, seed);
  const restMs = maxMs - own.forMs;
  const { to } = rateOf(load);
  const rest = to > 0 && restMs > 0 ? planLoad({ ...load, rate: to, at: '0s', for: `${restMs}ms` }, seedFor(seed, 'rest')) : null;
  const starts = [...own.starts].map((at) => at - own.atMs + atMs);
  const picks = [...own.picks];
  for (const [i, at] of rest?.starts.entries() ?? []) {
    starts.push(atMs + own.forMs + at);
    picks.push(rest!.picks[i]!);
  }
  return {
    ...own,
    ...{ atMs, forMs: Math.max(maxMs, own.forMs), untilStopped: true },
    starts: Float64Array.from(starts.slice(0, maxScenarioRequests)),
    picks: Uint16Array.from(picks.slice(0, maxScenarioRequests)),
  };
}

/** Requests a load means to send (for `poisson`: on average). */
function plannedCount(load: ScenarioLoad): number {
  const { from, to } = rateOf(load);
  return Math.round((((from + to) / 2) * milliseconds(load.for)) / 1000);
}

/** When the scenario is over: its own duration, or when the last load, fault and change are. */
export function durationOf(spec: ScenarioSpec): number {
  if (spec.duration !== undefined) return milliseconds(spec.duration);
  const ends = [
    ...spec.load.map((load) => milliseconds(load.at) + milliseconds(load.for)),
    ...spec.faults.map((fault) => milliseconds(fault.at) + (fault.for === undefined ? 0 : milliseconds(fault.for))),
    ...spec.changes.map((change) => milliseconds(change.at)),
  ];
  return Math.max(0, ...ends);
}

export function rateOf(load: ScenarioLoad): { from: number; to: number } {
  return typeof load.rate === 'number' ? { from: load.rate, to: load.rate } : load.rate;
}

/** The k-th request starts when k have been due: N(t) = k, where N is the rate's integral. */
function constantStarts(load: ScenarioLoad, forMs: number): number[] {
  const count = Math.min(maxScenarioRequests, Math.max(1, plannedCount(load)));
  return Array.from({ length: count }, (_, k) => timeOfCount(load, forMs, k));
}

/** A Poisson process of that rate: exponential gaps in the count, carried over to time by the same integral. */
function poissonStarts(load: ScenarioLoad, forMs: number, random: () => number): number[] {
  const { from, to } = rateOf(load);
  const expected = (((from + to) / 2) * forMs) / 1000;
  const starts: number[] = [];
  let count = -Math.log(1 - random());
  while (count < expected && starts.length < maxScenarioRequests) {
    starts.push(timeOfCount(load, forMs, count));
    count -= Math.log(1 - random());
  }
  return starts;
}

/** t with from·t + (to − from)·t²/2T = count, in milliseconds; written so that a slow ramp does not cancel out. */
function timeOfCount(load: ScenarioLoad, forMs: number, count: number): number {
  const { from, to } = rateOf(load);
  const seconds = forMs / 1000;
  const slope = (to - from) / seconds;
  const root = Math.sqrt(Math.max(0, from * from + 2 * slope * count));
  const time = from + root === 0 ? 0 : (2 * count) / (from + root);
  return Math.min(forMs, time * 1000);
}

function pickIndex(load: ScenarioLoad, total: number, draw: number): number {
  let left = draw;
  for (const [i, request] of load.requests.entries()) {
    if (left < request.weight || total === 0) return i;
    left -= request.weight;
  }
  return load.requests.length - 1;
}

/** Durations are checked by the schema; one that slipped through is a bug. */
export function milliseconds(duration: string): number {
  const ms = parseDurationMs(duration);
  if (ms === null) throw new RangeError(`${duration} is not a duration`);
  return ms;
}
