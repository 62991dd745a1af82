export interface DetailLimits {
  /** Full records per second that may leave for long; fewer at full speed, where the processor is needed for requests. */
  perSecond: number;
  perSecondAtFullSpeed: number;
  /** Full records that may leave at once after a quiet time: a burst is kept whole. */
  burst: number;
  /** Exchanges per second up to which the whole budget is given; beyond, it shrinks as they grow: the processor is needed for them. */
  busyRate?: number;
  /** How steeply: twice as many exchanges leave room for 1/2^this of the records. */
  falloff?: number;
}

const WINDOW_MS = 100;
const BUSY_RATE = 2_000;
/** A record costs as much as several exchanges: twice as many of them leave room for a quarter of the records. */
const FALLOFF = 2;

/** A service with fewer exchanges in a window than this share of its budget is quiet. */
const QUIET_SHARE = 1 / 20;

/**
 * Decides which finished exchanges are kept as full records when there are more than anyone can look at. A bucket of tokens: while it is
 * more than half full everything is kept; below that a share of the traces, as many as the bucket refills, the same traces in every proxy, so
 * that those that are kept are whole. What went wrong is kept as long as there is a token left, and so is what quiet services do: one that
 * is called thousands of times a second must not hide another's ten requests.
 */
export class DetailBudget {
  readonly #limits: DetailLimits;
  #tokens: number;
  #windowAt: number;
  #inWindow = 0;
  /** Exchanges per service in this window and in the one before. */
  #services = new Map<string, number>();
  #servicesBefore: ReadonlyMap<string, number> = new Map();
  readonly #quietInWindow: number;
  /** Share of traces kept while the bucket is low. */
  #share = 1;

  constructor(limits: DetailLimits, now: number) {
    this.#limits = limits;
    this.#tokens = limits.burst;
    this.#windowAt = now;
    this.#quietInWindow = Math.max(1, ((limits.perSecond * WINDOW_MS) / 1000) * QUIET_SHARE);
  }

  /** Counts one exchange of a service; whether that is a quiet one, by this window and the one before. */
  count(service: string, now: number): boolean {
    this.#inWindow++;
    if (now - this.#windowAt >= WINDOW_MS) this.#turn(now);
    const count = (this.#services.get(service) ?? 0) + 1;
    this.#services.set(service, count);
    return count <= this.#quietInWindow && (this.#servicesBefore.get(service) ?? 0) <= this.#quietInWindow;
  }

  /** `traceId`: hex, random. `first`: it failed, or its service is quiet. Takes a token. */
  keeps(traceId: string, first: boolean): boolean {
    const { burst } = this.#limits;
    if (this.#tokens < 1) return false;
    const chosen = this.#tokens > burst / 2 || first || (this.#tokens > burst / 10 && shareOf(traceId) < this.#share);
    if (chosen) this.#tokens--;
    return chosen;
  }

  #turn(now: number): void {
    const { perSecond, perSecondAtFullSpeed, burst, busyRate = BUSY_RATE, falloff = FALLOFF } = this.#limits;
    const elapsedMs = now - this.#windowAt;
    const rate = (this.#inWindow / elapsedMs) * 1000;
    const slowed = rate <= busyRate ? perSecond : Math.max(perSecondAtFullSpeed, perSecond * (busyRate / rate) ** falloff);
    const refill = (Math.min(perSecond, slowed) * elapsedMs) / 1000;
    this.#tokens = Math.min(burst, this.#tokens + refill);
    this.#share = Math.min(1, refill / this.#inWindow);
    this.#windowAt = now;
    this.#inWindow = 0;
    this.#servicesBefore = this.#services;
    this.#services = new Map();
  }
}

/** A trace's place in 0..1, the same wherever it is asked. */
function shareOf(traceId: string): number {
  // The last digits: some tracers put a time into the first ones.
  const number = Number.parseInt(traceId.slice(-6), 16);
  return Number.isNaN(number) ? 0 : number / 0x1000000;
}
