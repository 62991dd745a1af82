import type { ScenarioExpectation, ScenarioRun } from '../api/scenario.schema.ts';
import { type Condition, formatMeasured, meets, parseCondition } from '../shared/condition.ts';
import { answerOf, conductOf, countsWholeRequests, type Hop, isInScope } from './hop.ts';
import type { LoadResult } from './load-generator.ts';
import { Measure } from './measure.ts';
import { byClock, type Timetable } from './stepper.ts';
import { milliseconds, type PlannedLoad } from './timeline.ts';
import { traceIdOf } from './trace-mark.ts';
import { WorstTraces } from './worst-traces.ts';

export type Outcome = ScenarioRun['expectations'][number];

export interface ConditionWatchOptions {
  expectation: ScenarioExpectation & { that: string };
  loads: readonly PlannedLoad[];
  /** Planned end of the scenario, milliseconds from its start. */
  durationMs: number;
  mark: string;
  /** Default: by the clock. */
  timetable?: Timetable;
}

/** What a load sees of its own requests. */
const answerMetrics = new Set<string>(['p', 'avg', 'min', 'max', 'errors', 'status', 'rate', 'count', 'dropped']);

/** Judges one condition: gathers what it counts, and says how it stands. A request counts for the time it was meant to start. */
export class ConditionWatch {
  readonly outcome: Outcome;
  readonly abortOnFail: boolean;
  readonly #condition: Condition;
  readonly #options: ConditionWatchOptions;
  readonly #timetable: Timetable;
  readonly #load: number | null;
  readonly #whole: boolean;
  readonly #measure = new Measure();
  readonly #worst = new WorstTraces();
  #dropped = 0;
  /** Planned requests of its time that have come to an end, one way or the other. */
  #settled = 0;
  readonly #planned: number;

  constructor(options: ConditionWatchOptions) {
    const { expectation, loads } = options;
    const parsed = parseCondition(expectation.that);
    if (!parsed.ok) throw new RangeError(`${expectation.that}: ${parsed.message}`);
    this.#options = options;
    this.#condition = parsed.condition;
    this.abortOnFail = expectation.abortOnFail;
    this.#timetable = options.timetable ?? byClock;
    const load = loads.findIndex((one) => one.load.name === expectation.of?.load);
    this.#load = load < 0 ? null : load;
    this.#whole = countsWholeRequests(expectation.of);
    // Of a run by hand nobody knows how many there will be: it is judged when it is over.
    this.#planned = this.#timetable.isByHand
      ? Number.POSITIVE_INFINITY
      : loads.reduce((sum, one, i) => sum + (this.#isOurs(i) ? one.starts.filter((at) => this.#isInTime(at)).length : 0), 0);
    const text = describeCondition(expectation);
    this.outcome = {
      ...{ name: expectation.name ?? text, text, state: 'waiting', actual: '', atMs: null },
      ...{ message: '', traceIds: [] },
    };
  }

  takeResult(result: LoadResult): void {
    if (!this.#isOurs(result.load) || !this.#isInTime(result.intendedMs)) return;
    this.#settled++;
    if (!this.#whole) return;
    const { status, intendedMs, endMs, load, number } = result;
    const failed = status === 0 || status >= 500;
    this.#measure.addAnswer({ latencyMs: endMs - intendedMs, status, failed });
    const isMeant = this.#condition.metric === 'status' && matchesStatus(this.#condition.argument, status);
    this.#note(
      { latencyMs: endMs - intendedMs, failed: failed || isMeant, attempts: 0 },
      traceIdOf(this.#options.mark, load, number),
    );
  }

  takeDropped(load: number, number: number): void {
    if (!this.#isOurs(load) || !this.#isInTime(this.#startOf(load, number))) return;
    this.#settled++;
    this.#dropped++;
  }

  takeHop(hop: Hop): void {
    if (!this.#isOurs(hop.load) || !this.#isInTime(this.#startOf(hop.load, hop.number))) return;
    const scope = this.#options.expectation.of;
    if (this.#whole ? !hop.isFirstHop : !isInScope(hop, scope!)) return;
    const conduct = conductOf(hop.exchange);
    const answer = answerOf(hop.exchange);
    this.#measure.addConduct(conduct);
    if (!this.#whole) this.#measure.addAnswer(answer);
    this.#note({ ...answer, latencyMs: this.#whole ? 0 : answer.latencyMs, attempts: conduct.attempts }, hop.exchange.traceId);
  }

  /** It counts what only records of the mesh's calls tell. */
  get needsCalls(): boolean {
    return !this.#whole || !answerMetrics.has(this.#condition.metric);
  }

  /** When its time begins and ends, milliseconds from the run's start; Infinity while nobody knows. */
  get #fromMs(): number {
    return this.#timetable.momentOf(milliseconds(this.#options.expectation.during?.from ?? '0s'));
  }
  get #toMs(): number {
    const { expectation, durationMs } = this.#options;
    if (expectation.during?.to !== undefined) return this.#timetable.momentOf(milliseconds(expectation.during.to));
    return this.#timetable.isByHand ? Number.POSITIVE_INFINITY : durationMs;
  }

  /** How it stands now. Decided for good once its time is over and all that was due in it has ended, or when `isOver`. */
  evaluate(nowMs: number, isOver: boolean): void {
    if (this.outcome.state !== 'waiting') return;
    const measured = this.#measured(nowMs);
    this.outcome.actual = measured === null ? '' : formatMeasured(measured, this.#condition.unit);
    this.outcome.traceIds = this.#worst.list();
    const isComplete = nowMs >= this.#toMs && this.#settled >= this.#planned;
    if (isOver || isComplete) this.#decide(nowMs, measured);
  }

  /** Decides early when it must end the scenario as soon as it is not met. True when it does. */
  evaluateAbort(nowMs: number): boolean {
    const { expectation } = this.#options;
    if (!this.abortOnFail || this.outcome.state !== 'waiting') return this.abortOnFail && this.outcome.state === 'failed';
    if (nowMs < this.#fromMs + milliseconds(expectation.delayAbort)) return false;
    const measured = this.#measured(nowMs);
    if (measured === null || this.#measure.answers === 0 || meets(this.#condition, measured)) return false;
    this.#decide(nowMs, measured);
    return true;
  }

  #decide(nowMs: number, measured: number | null): void {
    const { outcome } = this;
    outcome.atMs = Math.round(nowMs);
    if (measured === null) {
      outcome.state = 'no_data';
      outcome.actual = 'no request';
      outcome.message = 'Nothing it counts happened in its time; that is a failure, not a pass';
      // The most likely reason by far, and nothing else would tell of it.
      if (!this.#whole && this.#settled > 0)
        outcome.message += '. Are traceparent headers forwarded by every service on the way?';
      return;
    }
    outcome.state = meets(this.#condition, measured) ? 'passed' : 'failed';
    outcome.actual = formatMeasured(measured, this.#condition.unit);
    outcome.message = outcome.state === 'passed' ? '' : `It was ${outcome.actual}, of ${this.#measure.answers} requests`;
  }

  #measured(nowMs: number): number | null {
    const windowMs = Math.max(0, Math.min(nowMs, this.#toMs) - this.#fromMs);
    return this.#measure.read(this.#condition, windowMs, this.#dropped);
  }

  #note({ latencyMs, failed, attempts }: { latencyMs: number; failed: boolean; attempts: number }, traceId: string): void {
    const { metric } = this.#condition;
    if (metric === 'errors' || metric === 'status') this.#worst.add(failed ? 1 : 0, traceId);
    else if (metric === 'attempts' || metric === 'max_attempts' || metric === 'retries') this.#worst.add(attempts - 1, traceId);
    else if (['p', 'avg', 'min', 'max'].includes(metric)) this.#worst.add(latencyMs, traceId);
  }

  #startOf(load: number, number: number): number {
    return this.#options.loads[load]?.starts[number] ?? Number.NaN;
  }
  #isOurs(load: number): boolean {
    return this.#load === null || this.#load === load;
  }
  #isInTime(intendedMs: number): boolean {
    return intendedMs >= this.#fromMs && intendedMs < this.#toMs;
  }
}

function matchesStatus(wanted: string, status: number): boolean {
  return wanted.endsWith('xx') ? Math.floor(status / 100) === Number(wanted[0]) : status === Number(wanted);
}

/** `p(99) < 400ms from web to reviews, 10s to 20s` */
function describeCondition({ that, of, during }: ScenarioExpectation): string {
  const words = [that?.trim() ?? ''];
  if (of?.load !== undefined) words.push(`of ${of.load}`);
  if (of?.from !== undefined) words.push(`from ${of.from}`);
  if (of?.to !== undefined) words.push(`to ${of.to}`);
  if (of?.version !== undefined) words.push(`version ${of.version}`);
  if (of?.method !== undefined || of?.path !== undefined) words.push([of.method, of.path].filter(Boolean).join(' '));
  const when = during && `${during.from} to ${during.to ?? 'the end'}`;
  return words.join(' ') + (when ? `, ${when}` : '');
}
