import type { MeshEvent } from '../api/observability.schema.ts';
import type { ScenarioExpectation } from '../api/scenario.schema.ts';
import type { Outcome } from './condition-watch.ts';
import { milliseconds } from './timeline.ts';

type EventExpectation = NonNullable<ScenarioExpectation['event']>;

export interface EventWatchOptions {
  expectation: ScenarioExpectation & { event: EventExpectation };
  /** Infinity when nobody knows how long it takes. */
  durationMs: number;
  /** When the named fault or change began, milliseconds from the start; null while it has not. */
  startedAt: (name: string) => number | null;
}

/** How late an event may be told after its time: it is batched on its way from the data plane. */
const lateMs = 500;

/** Judges one event that must, or must not, happen. */
export class EventWatch {
  readonly outcome: Outcome;
  readonly abortOnFail: boolean;
  readonly #options: EventWatchOptions;
  readonly #seen: { atMs: number; message: string; traceIds: string[] }[] = [];

  constructor(options: EventWatchOptions) {
    this.#options = options;
    const { expectation } = options;
    this.abortOnFail = expectation.abortOnFail;
    const text = describeEvent(expectation.event);
    this.outcome = {
      ...{ name: expectation.name ?? text, text, state: 'waiting', actual: '', atMs: null },
      ...{ message: '', traceIds: [] },
    };
  }

  takeEvent(event: MeshEvent, atMs: number): void {
    const { type, subject } = this.#options.expectation.event;
    const isType = type.endsWith('.') ? event.type.startsWith(type) : event.type === type;
    if (!isType || (subject !== undefined && !event.subject.includes(subject)) || this.#seen.length >= 1000) return;
    this.#seen.push({ atMs, message: event.message, traceIds: [] });
  }

  evaluate(nowMs: number, isOver: boolean): void {
    if (this.outcome.state !== 'waiting') return;
    const { never, within, after } = this.#options.expectation.event;
    const startMs = after === undefined ? 0 : this.#options.startedAt(after);
    if (startMs === null) {
      if (isOver) this.#decide('no_data', nowMs, 'did not begin', `${after} did not begin, so nothing can follow it`);
      return;
    }
    const endMs = within === undefined ? Math.max(this.#options.durationMs, isOver ? nowMs : 0) : startMs + milliseconds(within);
    const found = this.#seen.find(({ atMs }) => atMs >= startMs && atMs <= endMs);
    if (found) {
      const passed = after === undefined ? `at ${seconds(found.atMs)}` : `+${seconds(found.atMs - startMs)}`;
      this.#decide(never ? 'failed' : 'passed', found.atMs, passed, found.message);
      return;
    }
    if (nowMs <= endMs + lateMs && !isOver) return;
    const late = this.#seen.find(({ atMs }) => atMs > endMs);
    const actual = late ? `+${seconds(late.atMs - startMs)}, too late` : 'did not happen';
    if (never) this.#decide('passed', nowMs, 'did not happen', '');
    else this.#decide('failed', nowMs, actual, late?.message ?? '');
  }

  evaluateAbort(nowMs: number): boolean {
    this.evaluate(nowMs, false);
    return this.abortOnFail && this.outcome.state === 'failed';
  }

  #decide(state: Outcome['state'], atMs: number, actual: string, message: string): void {
    Object.assign(this.outcome, { state, atMs: Math.round(atMs), actual, message });
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** `endpoint.ejected of payments within 5s after sick` */
function describeEvent({ type, subject, after, within, never }: EventExpectation): string {
  const words = [never ? `no ${type}` : type];
  if (subject !== undefined) words.push(`of ${subject}`);
  if (within !== undefined) words.push(`within ${within}`);
  if (after !== undefined) words.push(`after ${after}`);
  return words.join(' ');
}
