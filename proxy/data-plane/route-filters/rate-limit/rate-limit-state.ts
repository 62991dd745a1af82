import type { Clock } from '../../clock.ts';
import type { LocalRateLimit } from '../../snapshot.ts';
import type { ConnectionInfo } from '../../stream.ts';
import { TokenBucket } from './token-bucket.ts';

/**
 * The token buckets of this data plane. A bucket goes on through applies that leave its numbers alone, as Envoy keeps the filters of an
 * unchanged listener.
 */
export class RateLimitState {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #byConnection = new WeakMap<ConnectionInfo, TokenBucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `place` names filter, proxy and port. Null where the limit has no bucket. */
  bucketOf(limit: LocalRateLimit, place: string, connection: ConnectionInfo): TokenBucket | null {
    const { bucket } = limit;
    if (bucket === null) return null;
    if (limit.perConnection) {
      // One for a connection, whichever route asked first (Envoy keeps it in the connection's filter state).
      const own = this.#byConnection.get(connection) ?? new TokenBucket(bucket, this.#clock.now());
      this.#byConnection.set(connection, own);
      return own;
    }
    const key = `${place}|${limit.id}|${bucket.maxTokens}/${bucket.tokensPerFill}/${bucket.fillIntervalMs}`;
    let shared = this.#buckets.get(key);
    if (shared === undefined) {
      shared = new TokenBucket(bucket, this.#clock.now());
      this.#buckets.set(key, shared);
    }
    return shared;
  }

  /** Forgets full buckets: a new one is just the same, and those of limits that are gone fill up in time. */
  prune(): void {
    const now = this.#clock.now();
    for (const [key, bucket] of this.#buckets) if (bucket.remaining(now) >= bucket.maxTokens) this.#buckets.delete(key);
  }
}
