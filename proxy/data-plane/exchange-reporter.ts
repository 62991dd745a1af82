import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Clock, Timer } from './clock.ts';
import { DetailBudget } from './detail-budget.ts';
import type { DataPlaneEvent, ExchangeTally } from './messages.ts';

export interface ReporterLimits {
  /** A batch leaves after this long … */
  flushMs: number;
  /** … or at this size. */
  batchSize: number;
  /** Full records per second for long, the same at full speed, and at once after a quiet time. */
  detailsPerSecond: number;
  detailsPerSecondAtFullSpeed: number;
  detailsBurst: number;
  /** Full records on their way to a control thread that has not taken them yet. */
  maxUnacknowledged: number;
  /** Groups and exchanges in one set of tallies. */
  maxTallies: number;
  maxTallied: number;
}

const defaultLimits: ReporterLimits = {
  flushMs: 20,
  batchSize: 256,
  detailsPerSecond: 2_000,
  detailsPerSecondAtFullSpeed: 400,
  detailsBurst: 5_000,
  maxUnacknowledged: 2_048,
  maxTallies: 1_000,
  maxTallied: 50_000,
};
/** While everything is to be kept (a recording runs), this much more may be on its way. */
const KEEP_ALL_FACTOR = 8;
/** And this much more for what quiet services do: what is on its way of a loud one must not keep them out. */
const QUIET_FACTOR = 1.25;
/**
 * And this is everything that a machine can write beside its work: what comes faster for long (a load test at full speed) is kept by whole traces, the
 * rest counted. A recording tells how much it is; the traffic does not wait for it.
 */
const keepAllBudget = { perSecond: 5_000, perSecondAtFullSpeed: 400, burst: 6_000, busyRate: 4_500, falloff: 4 };

/** A finished exchange that can still tell what it was. */
export interface FinishedExchange {
  readonly trace: { traceId: string };
  readonly startedAt: number;
  readonly downstream: { requestBody: { total: number }; responseBody: { total: number } };
  /** Who was called. */
  serviceName(): string;
  /** Equal for exchanges that metrics cannot tell apart but by time and size. */
  tallyKey(): string;
  /** Whether both have the same `tallyKey`, found out without making it. */
  talliesWith(other: FinishedExchange): boolean;
  isFailure(): boolean;
  /** It was shown while it was open. */
  readonly announced?: boolean;
  finish(now: number): ExchangeDetail;
}

export interface ReporterBatch {
  exchanges: ExchangeDetail[];
  /** Exchanges without a full record since the last batch. */
  dropped: number;
  tallies: ExchangeTally[];
  events: DataPlaneEvent[];
}

interface Tally {
  exchange: ExchangeDetail;
  values: number[];
}
/** Groups that lately had an exchange are compared with before a key is made: a developer's traffic is a handful of kinds. */
const RECENT_TALLIES = 8;

/**
 * Gathers finished exchanges and events and hands them on in batches, so that a request pays for no message of its own. When there are more
 * than the control thread can take, the rest leave as tallies: counted one by one in every metric, without a record of their own. Nothing here
 * grows with the load.
 */
export class ExchangeReporter {
  #exchanges: ExchangeDetail[] = [];
  #events: DataPlaneEvent[] = [];
  #tallies = new Map<string, Tally>();
  /** The last exchange of each of the latest groups. */
  #recent: { like: FinishedExchange; tally: Tally }[] = [];
  #tallied = 0;
  #timer: Timer | null = null;
  #unacknowledged = 0;
  #dropped = 0;
  #droppedTotal = 0;
  #keepsAll = false;
  readonly #clock: Clock;
  #limits: ReporterLimits;
  #workers = 1;
  #budget: DetailBudget;
  #keepAllBudget: DetailBudget;
  readonly #send: (batch: ReporterBatch) => void;

  constructor(clock: Clock, send: (batch: ReporterBatch) => void, limits: Partial<ReporterLimits> = {}) {
    this.#clock = clock;
    this.#send = send;
    this.#limits = { ...defaultLimits, ...limits };
    this.#budget = budgetOf(this.#limits, clock.now());
    this.#keepAllBudget = this.#newKeepAllBudget();
  }

  /** The control thread is one: each of several workers may send its part of what that can take. */
  shareAmong(workers: number): void {
    if (workers === this.#workers) return;
    const part = this.#workers / workers;
    this.#workers = workers;
    const { detailsPerSecond, detailsPerSecondAtFullSpeed, detailsBurst, maxUnacknowledged } = this.#limits;
    this.#limits = {
      ...this.#limits,
      detailsPerSecond: detailsPerSecond * part,
      detailsPerSecondAtFullSpeed: detailsPerSecondAtFullSpeed * part,
      detailsBurst: detailsBurst * part,
      maxUnacknowledged: maxUnacknowledged * part,
    };
    this.#budget = budgetOf(this.#limits, this.#clock.now());
    this.#keepAllBudget = this.#newKeepAllBudget();
  }

  /** Exchanges of which no full record was handed over. */
  get dropped(): number {
    return this.#droppedTotal;
  }

  /** On: full records of everything that can be written for long. */
  keepAll(on: boolean): void {
    if (on && !this.#keepsAll) this.#keepAllBudget = this.#newKeepAllBudget();
    this.#keepsAll = on;
  }

  /** The other side has taken this many full records. */
  acknowledge(count: number): void {
    this.#unacknowledged = Math.max(0, this.#unacknowledged - count);
  }

  finished(exchange: FinishedExchange): void {
    const now = this.#clock.now();
    const quiet = this.#chosen.count(exchange.serviceName(), now);
    // Its record replaces the open one that readers have.
    if (exchange.announced) this.exchange(exchange.finish(now));
    else if (this.#hasRoom(quiet) && this.#chosen.keeps(exchange.trace.traceId, quiet || exchange.isFailure())) {
      this.exchange(exchange.finish(now));
    } else this.#tally(exchange, now);
  }

  exchange(record: ExchangeDetail): void {
    this.#exchanges.push(record);
    if (this.#exchanges.length >= this.#limits.batchSize) this.flush();
    else this.#schedule();
  }

  event(event: DataPlaneEvent): void {
    this.#events.push(event);
    this.#schedule();
  }

  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#exchanges.length === 0 && this.#events.length === 0 && this.#dropped === 0) return;
    const exchanges = this.#exchanges;
    const events = this.#events;
    const dropped = this.#dropped;
    const tallies = [...this.#tallies.values()].map(({ exchange, values }) => ({ exchange, values: Float64Array.from(values) }));
    this.#exchanges = [];
    this.#events = [];
    this.#dropped = 0;
    this.#tallies = new Map();
    this.#recent = [];
    this.#tallied = 0;
    this.#unacknowledged += exchanges.length;
    this.#send({ exchanges, events, dropped, tallies });
  }

  close(): void {
    this.flush();
  }

  #newKeepAllBudget(): DetailBudget {
    const { perSecond, perSecondAtFullSpeed, burst, busyRate, falloff } = keepAllBudget;
    const workers = this.#workers;
    const part = {
      perSecond: perSecond / workers,
      perSecondAtFullSpeed: perSecondAtFullSpeed / workers,
      burst: burst / workers,
      busyRate: busyRate / workers,
    };
    return new DetailBudget({ ...part, falloff }, this.#clock.now());
  }

  get #chosen(): DetailBudget {
    return this.#keepsAll ? this.#keepAllBudget : this.#budget;
  }

  #hasRoom(quiet: boolean): boolean {
    const { maxUnacknowledged } = this.#limits;
    const limit = maxUnacknowledged * (this.#keepsAll ? KEEP_ALL_FACTOR : 1) * (quiet ? QUIET_FACTOR : 1);
    return this.#unacknowledged + this.#exchanges.length < limit;
  }

  #tally(exchange: FinishedExchange, now: number): void {
    this.#dropped++;
    this.#droppedTotal++;
    const tally = this.#recentLike(exchange) ?? this.#tallyOf(exchange, now);
    const { requestBody, responseBody } = exchange.downstream;
    tally.values.push(now - exchange.startedAt, requestBody.total, responseBody.total);
    if (++this.#tallied >= this.#limits.maxTallied) this.flush();
    else this.#schedule();
  }

  #recentLike(exchange: FinishedExchange): Tally | undefined {
    for (const recent of this.#recent) if (recent.like.talliesWith(exchange)) return recent.tally;
    return undefined;
  }

  #tallyOf(exchange: FinishedExchange, now: number): Tally {
    const key = exchange.tallyKey();
    let tally = this.#tallies.get(key);
    if (tally === undefined) {
      if (this.#tallies.size >= this.#limits.maxTallies) this.flush();
      tally = { exchange: withoutContents(exchange.finish(now)), values: [] };
      this.#tallies.set(key, tally);
    }
    if (this.#recent.length === RECENT_TALLIES) this.#recent.shift();
    this.#recent.push({ like: exchange, tally });
    return tally;
  }

  #schedule(): void {
    this.#timer ??= this.#clock.setTimer(() => this.flush(), this.#limits.flushMs);
  }
}

/** Only what metrics look at travels. */
function withoutContents(record: ExchangeDetail): ExchangeDetail {
  const nothing = { headers: [], body: null, trailers: [] };
  return { ...record, request: nothing, response: nothing, timeline: [] };
}

function budgetOf(limits: ReporterLimits, now: number): DetailBudget {
  const { detailsPerSecond: perSecond, detailsPerSecondAtFullSpeed: perSecondAtFullSpeed, detailsBurst: burst } = limits;
  return new DetailBudget({ perSecond, perSecondAtFullSpeed, burst }, now);
}
