import type { ReplayRequest } from '../../api/replay.schema.ts';
import { parseDurationMs } from '../../shared/duration.ts';

export type Pace = NonNullable<ReplayRequest['pace']>;

export interface Pacing {
  pace: Pace;
  /** Of the original timing. */
  speed: number;
  maxIdleMs: number | null;
  /** In flight at most. */
  concurrency: number;
  /** Requests are made ready this long before they start. */
  aheadMs: number;
}

const OPEN_LOOP_LIMIT = 512;
const FAST_LIMIT = 32;
const AHEAD_MS = 250;

/** A sentence when it cannot be done. */
export function choosePacing(
  request: Partial<ReplayRequest>,
  defaults: { concurrency?: number; aheadMs?: number } = {},
): Pacing | string {
  const speed = request.speed ?? 1;
  const pace = request.pace ?? (speed === 0 ? 'fast' : 'original');
  const maxIdleMs = request.maxIdle === undefined ? null : parseDurationMs(request.maxIdle);
  if (maxIdleMs === null && request.maxIdle !== undefined) return `"${request.maxIdle}" is no duration; write e.g. 5s or 500ms`;
  const asked = request.concurrency ?? defaults.concurrency;
  const concurrency = pace === 'one-by-one' ? 1 : (asked ?? (pace === 'fast' ? FAST_LIMIT : OPEN_LOOP_LIMIT));
  return {
    pace,
    speed: speed === 0 ? 1 : speed,
    maxIdleMs,
    concurrency,
    // What waits for its moment holds a place; with few places there is none to hold.
    aheadMs: pace === 'original' && concurrency >= 64 ? (defaults.aheadMs ?? AHEAD_MS) : 0,
  };
}

/**
 * When each call starts, in milliseconds after the first. All starts are known in advance: a slow answer delays nobody else, as in open-loop load
 * generators. Calls come in the order recorded; gaps beyond `maxIdleMs` are shortened for all that follow.
 */
export class Schedule {
  readonly #pacing: Pacing;
  #previous: number | null = null;
  #offset = 0;

  constructor(pacing: Pacing) {
    this.#pacing = pacing;
  }

  /** `at`: when it was recorded, epoch milliseconds. */
  next(at: number): number {
    const { pace, speed, maxIdleMs } = this.#pacing;
    if (pace !== 'original') return 0;
    const gap = Math.max(0, at - (this.#previous ?? at)) / speed;
    this.#offset += maxIdleMs === null ? gap : Math.min(gap, maxIdleMs);
    this.#previous = Math.max(at, this.#previous ?? at);
    return this.#offset;
  }
}

/** One after another where the client had it so: the calls of one connection that did not overlap when they were recorded. */
export class Lanes {
  readonly #last = new Map<string, { endedAt: number; done: Promise<void> }>();

  /** Resolves when the call before on this connection has its answer; null when there is none to wait for. `done`: when this one has. */
  enter(lane: string, at: number, durationMs: number, done: Promise<void>): Promise<void> | null {
    if (lane === '') return null;
    const before = this.#last.get(lane);
    const isAfter = before !== undefined && before.endedAt <= at + 1;
    this.#last.set(lane, {
      endedAt: Math.max(at + durationMs, before?.endedAt ?? 0),
      done: isAfter || before === undefined ? done : Promise.all([before.done, done]).then(() => {}),
    });
    return isAfter ? before.done : null;
  }
}
