/** Istio asks for a new look at the priorities at every second attempt. */
const UPDATE_FREQUENCY = 2;

/**
 * Retries that leave the priorities already tried (VirtualService retryRemoteLocalities; Envoy: retry_priorities.previous_priorities, with
 * istiod's update frequency of 2). One per request.
 *
 *   attempt 1, retry 1: the ordinary loads · retry 2, 3: without the priorities of the hosts tried so far · retry 4 …: looked at again
 *
 * When no priority is left that could take anything, all are open again.
 */
export class PreviousPriorities {
  #attempted: number[] = [];
  readonly #excluded = new Set<number>();
  #loads: readonly number[] | null = null;

  /** A host of this priority was tried. */
  add(priority: number): void {
    this.#attempted.push(priority);
  }

  /**
   * Load per priority for the next pick, percent, or null for the ordinary ones. `availability`: what each priority could take, percent of
   * the whole (healthy share × 1.4, at most 100).
   */
  loadsFor(availability: readonly number[]): readonly number[] | null {
    if (this.#attempted.length < UPDATE_FREQUENCY) return null;
    if (this.#attempted.length % UPDATE_FREQUENCY !== 0) return this.#loads;
    for (const priority of this.#attempted) this.#excluded.add(priority);
    let open = this.#openOf(availability);
    if (sum(open) === 0) {
      this.#excluded.clear();
      this.#attempted = [];
      open = this.#openOf(availability);
    }
    this.#loads = sum(open) === 0 ? null : spread(open);
    return this.#loads;
  }

  #openOf(availability: readonly number[]): number[] {
    return availability.map((percent, priority) => (this.#excluded.has(priority) ? 0 : percent));
  }
}

/** Fills priorities in order up to what each can take; what rounding leaves goes to the first. */
function spread(availability: readonly number[]): number[] {
  const total = Math.min(100, sum(availability));
  const loads = availability.map(() => 0);
  let left = 100;
  // Each round gives at least the whole of `total`'s share to the first open priority, so this ends after a few.
  for (let round = 0; left > 0 && round < 100; round++) {
    for (const [priority, percent] of availability.entries()) {
      const part = Math.min(left, Math.floor((percent * 100) / total));
      loads[priority]! += part;
      left -= part;
    }
  }
  return loads;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
