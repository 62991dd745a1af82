import type { Random } from '../clock.ts';
import type { HeaderMap } from '../header-map.ts';
import type { RetryPolicy } from '../snapshot.ts';
import type { UpstreamReset } from '../stream.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';

/** `retry`: wait backoffMs, then try again. `overflow`: UO, `exhausted`: URX, both pass on what there is. */
export type RetryDecision = 'retry' | 'no' | 'overflow' | 'exhausted';

const GRPC_CONDITIONS: Readonly<Record<string, number>> = {
  cancelled: 1,
  'deadline-exceeded': 4,
  'resource-exhausted': 8,
  internal: 13,
  unavailable: 14,
};

/**
 * Decides on retries of one request (Envoy: router_filter#x-envoy-retry-on, source/common/router/retry_state_impl.cc).
 *
 *   outcome ──▶ does a condition fire? ──▶ attempts left? ──▶ maxRetries / budget? ──▶ wait [0, (2ⁿ−1)·base) ──▶ next attempt
 *                  no: pass it on            no: URX            no: UO
 *
 * From the decision until the next one a slot of the cluster's concurrent retries is held.
 */
export class RetryState {
  readonly policy: RetryPolicy;
  readonly #breaker: CircuitBreaker;
  readonly #random: Random;
  #remaining: number;
  #retries = 0;
  #holding = false;
  #backoffMs = 0;

  constructor(policy: RetryPolicy, breaker: CircuitBreaker, random: Random) {
    this.policy = policy;
    this.#breaker = breaker;
    this.#random = random;
    this.#remaining = policy.attempts;
  }

  /** The wait before the attempt just granted. */
  get backoffMs(): number {
    return this.#backoffMs;
  }

  /** A response head came; nothing of it went down yet. */
  onHeaders(status: number, headers: HeaderMap): RetryDecision {
    return this.#decide(this.#firesOnHeaders(status, headers), status !== 425);
  }

  /** The attempt ended without a response head. `requestStarted`: bytes of the request left, in this attempt or an earlier one. */
  onReset(kind: UpstreamReset['kind'], requestStarted: boolean): RetryDecision {
    return this.#decide(this.#firesOnReset(kind, requestStarted), true);
  }

  /** Gives the slot back; call when the request is over. */
  close(): void {
    if (!this.#holding) return;
    this.#holding = false;
    this.#breaker.retries--;
  }

  #decide(fires: boolean, backOff: boolean): RetryDecision {
    this.close();
    if (!fires) return 'no';
    if (this.#remaining === 0) return 'exhausted';
    this.#remaining--;
    if (!this.#breaker.mayRetry()) return 'overflow';
    this.#holding = true;
    this.#breaker.retries++;
    this.#retries++;
    this.#backoffMs = backOff ? this.#random() * backoffCeilingMs(this.policy, this.#retries) : 0;
    return 'retry';
  }

  #firesOnHeaders(status: number, headers: HeaderMap): boolean {
    const { retryOn, retriableStatusCodes } = this.policy;
    if (headers.has('x-envoy-ratelimited')) return retryOn.includes('envoy-ratelimited');
    let grpcStatus: number | null = null;
    for (const condition of retryOn) {
      switch (condition) {
        case '5xx':
          if (status >= 500 && status < 600) return true;
          break;
        case 'gateway-error':
          if (status === 502 || status === 503 || status === 504) return true;
          break;
        case 'retriable-4xx':
          if (status === 409) return true;
          break;
        case 'retriable-status-codes':
          if (retriableStatusCodes.includes(status)) return true;
          break;
        default: {
          const wanted = GRPC_CONDITIONS[condition];
          if (wanted === undefined) break;
          grpcStatus ??= grpcStatusOf(headers) ?? -1;
          if (grpcStatus === wanted) return true;
        }
      }
    }
    return false;
  }

  #firesOnReset(kind: UpstreamReset['kind'], requestStarted: boolean): boolean {
    if (kind === 'overflow') return false;
    const connecting = isConnectFailure(kind);
    for (const condition of this.policy.retryOn) {
      switch (condition) {
        case '5xx':
        case 'gateway-error':
        case 'reset':
          return true;
        case 'connect-failure':
          if (connecting) return true;
          break;
        case 'reset-before-request':
          if (!requestStarted) return true;
          break;
        case 'refused-stream':
          if (kind === 'refused-stream') return true;
          break;
        default:
      }
    }
    return false;
  }
}

/** Upper end of the uniform wait before retry n = 1, 2, …: (2ⁿ−1)·base, capped. */
function backoffCeilingMs(policy: RetryPolicy, retry: number): number {
  return Math.min((2 ** Math.min(retry, 30) - 1) * policy.backoffBaseMs, policy.backoffMaxMs);
}

function isConnectFailure(kind: UpstreamReset['kind']): boolean {
  return kind === 'connect-failure' || kind === 'connect-timeout' || kind === 'tls-failure';
}

/** grpc-status as a number; undefined when absent or not one. */
export function grpcStatusOf(headers: HeaderMap): number | undefined {
  const text = headers.get('grpc-status');
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  return Number(text);
}
