import type { CircuitBreakerLimits } from '../snapshot.ts';

export type LimitName = 'maxConnections' | 'http1MaxPendingRequests' | 'http2MaxRequests' | 'maxRetries';

/**
 * The counted resources of one cluster in one proxy (Envoy: intro/arch_overview/upstream/circuit_breaking, DestinationRule
 * connectionPool). It only counts and answers; pool and retry decide what an overflow means:
 *
 *   request ──▶ pending? ──▶ connection? ──▶ active request? ──▶ retry?
 *               UO at once   queue on         UO at once          upstream's answer passes, flag UO
 */
export class CircuitBreaker {
  connections = 0;
  pending = 0;
  requests = 0;
  retries = 0;
  readonly overflowed: Record<LimitName, number> = {
    maxConnections: 0,
    http1MaxPendingRequests: 0,
    http2MaxRequests: 0,
    maxRetries: 0,
  };
  #limits: CircuitBreakerLimits;
  readonly #onOverflow: (limit: LimitName) => void;

  constructor(limits: CircuitBreakerLimits, onOverflow: (limit: LimitName) => void = () => {}) {
    this.#limits = limits;
    this.#onOverflow = onOverflow;
  }

  setLimits(limits: CircuitBreakerLimits): void {
    this.#limits = limits;
  }

  /** Room for a connection. False counts an overflow, even where the pool then opens its one guaranteed connection, as Envoy does. */
  mayConnect(): boolean {
    return this.#admit('maxConnections', this.connections, this.#limits.maxConnections);
  }

  /** Room in the queue of requests that wait for a connection, the first connection included. */
  mayQueue(): boolean {
    return this.#admit('http1MaxPendingRequests', this.pending, this.#limits.http1MaxPendingRequests);
  }

  /** Room for one more request in flight, whatever the protocol. */
  mayRequest(): boolean {
    return this.#admit('http2MaxRequests', this.requests, this.#limits.http2MaxRequests);
  }

  /** Room for one more concurrent retry: from the moment it is decided (backoff) until its answer. */
  mayRetry(): boolean {
    return this.#admit('maxRetries', this.retries, this.retryLimit());
  }

  /** A retry budget replaces maxRetries: max(minRetryConcurrency, percent of active + pending). null = unlimited. */
  retryLimit(): number | null {
    const budget = this.#limits.retryBudget;
    if (budget === null) return this.#limits.maxRetries;
    const share = Math.floor((budget.percent / 100) * (this.requests + this.pending));
    return Math.max(budget.minRetryConcurrency, share);
  }

  status(): { name: LimitName; current: number; limit: number | null; overflowed: number }[] {
    const row = (name: LimitName, current: number, limit: number | null) => ({
      name,
      current,
      limit,
      overflowed: this.overflowed[name],
    });
    return [
      row('maxConnections', this.connections, this.#limits.maxConnections),
      row('http1MaxPendingRequests', this.pending, this.#limits.http1MaxPendingRequests),
      row('http2MaxRequests', this.requests, this.#limits.http2MaxRequests),
      row('maxRetries', this.retries, this.retryLimit()),
    ];
  }

  #admit(name: LimitName, current: number, limit: number | null): boolean {
    if (limit === null || current < limit) return true;
    this.overflowed[name]++;
    this.#onOverflow(name);
    return false;
  }
}
