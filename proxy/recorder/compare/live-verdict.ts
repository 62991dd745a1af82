import type { Difference, Replay } from '../../api/replay.schema.ts';
import { describeEndpoints, groupsOf, type Outcome } from './judge.ts';

/** Judging takes time that grows with the calls: at most this share of it is spent. */
const SHARE = 1 / 20;
const LEAST_MS = 300;

type Told = Pick<Replay, 'endpoints' | 'groups'>;

/** What can be said of a replay's endpoints while it runs, not looked at more often than it is worth. */
export class LiveVerdict {
  readonly #now: () => number;
  #told: Told = {};
  #calls = 0;
  #againAt = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `sidecarMs`: how long a call took as its sidecar saw it, as recorded calls are timed; null when that is not known yet. */
  of(
    outcomes: readonly (Outcome & { summary: Pick<Difference, 'replayed'> })[],
    sidecarMs: (traceId: string) => number | null,
  ): Told {
    const startedAt = this.#now();
    if (outcomes.length === this.#calls || startedAt < this.#againAt) return this.#told;
    this.#calls = outcomes.length;
    const timed = outcomes.map((outcome) => ({ ...outcome, replayedMs: sidecarMs(outcome.summary.replayed.traceId) }));
    this.#told = { endpoints: describeEndpoints(timed), groups: groupsOf(outcomes) };
    const endedAt = this.#now();
    this.#againAt = endedAt + Math.max(LEAST_MS, (endedAt - startedAt) / SHARE);
    return this.#told;
  }
}
