import type { LocalRateLimit } from '../../snapshot.ts';

/** Envoy's slowest: one token a year. */
const LEAST_TOKENS_PER_MS = 1 / (365 * 24 * 3_600_000);

/**
 * Fills continuously at tokensPerFill / fillInterval, up to maxTokens, and begins full (Envoy's AtomicTokenBucketImpl, since 1.33; before,
 * a timer added tokens in steps). Times are monotonic milliseconds.
 */
export class TokenBucket {
  readonly maxTokens: number;
  readonly #tokensPerMs: number;
  #tokens: number;
  #filledAt: number;

  constructor({ maxTokens, tokensPerFill, fillIntervalMs }: NonNullable<LocalRateLimit['bucket']>, nowMs: number) {
    this.maxTokens = maxTokens;
    this.#tokensPerMs = Math.max(tokensPerFill / fillIntervalMs, LEAST_TOKENS_PER_MS);
    this.#tokens = maxTokens;
    this.#filledAt = nowMs;
  }

  /** Takes one token; false when there is none. */
  consume(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  remaining(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens;
  }

  /** Until there is a token: 0 when there is one. */
  nextTokenMs(nowMs: number): number {
    return Math.max(0, (1 - this.remaining(nowMs)) / this.#tokensPerMs);
  }

  #fill(nowMs: number): void {
    this.#tokens = Math.min(this.maxTokens, this.#tokens + (nowMs - this.#filledAt) * this.#tokensPerMs);
    this.#filledAt = nowMs;
  }
}
