import type { ScenarioLoad } from '../api/scenario.schema.ts';
import type { Clock, Timer } from '../shared/clock.ts';
import type { PlannedLoad } from './timeline.ts';
import { traceparentOf } from './trace-mark.ts';
import { Http1Wire } from './wires/http1-wire.ts';
import { Http2Wire } from './wires/http2-wire.ts';
import { type LoadCall, type LoadEntry, type LoadWire, type Sendable, sendable } from './wires/load-wire.ts';

/** What became of one planned request. Times in milliseconds from the scenario's start. */
export interface LoadResult {
  load: number;
  number: number;
  intendedMs: number;
  sentMs: number;
  endMs: number;
  /** 0 when no whole answer came. */
  status: number;
  /** Why; '' when an answer came. */
  error: string;
}

export interface LoadSink {
  onResult(result: LoadResult): void;
  /** Not sent: as many as `maxInFlight` were under way. */
  onDropped(load: number, number: number): void;
}

export interface LoadGeneratorOptions {
  planned: PlannedLoad;
  /** Index of the load in the scenario, for the marks. */
  index: number;
  mark: string;
  entry: LoadEntry;
  /** Of the load's requests, encoded; null where there is none. */
  messages?: readonly (Uint8Array | null)[] | undefined;
  clock: Clock;
  /** clock.now() at the scenario's start. */
  startedAt: number;
  sink: LoadSink;
}

/**
 * Open loop: each request leaves at its planned start whether or not earlier ones have come back, so a slow service meets the load that real
 * callers would bring, and its slowness is measured from when they would have called (response = end − intended). What cannot leave because
 * `maxInFlight` are under way is dropped and counted, as k6's dropped_iterations: waiting would hide it.
 */
export class LoadGenerator {
  readonly #options: LoadGeneratorOptions;
  readonly #wire: LoadWire;
  readonly #requests: Sendable[];
  readonly #inFlight = new Set<LoadCall>();
  #next = 0;
  #timer: Timer | null = null;
  #stopped = false;
  #drained: () => void = () => {};

  constructor(options: LoadGeneratorOptions) {
    this.#options = options;
    const { load } = options.planned;
    this.#wire = openWire(options.entry, load);
    this.#requests = load.requests.map((request, i) => sendable(request, load.protocol, options.messages?.[i] ?? null));
  }

  start(): void {
    this.#pump();
  }

  /** Nothing more leaves. Resolves when what is under way has ended: at the latest after the load's timeout. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    if (this.#inFlight.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  /** Cuts what is under way as well. */
  close(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const call of [...this.#inFlight]) call.cut('cut: the scenario ended');
    this.#wire.close();
  }

  #pump(): void {
    const { planned, clock, startedAt } = this.#options;
    const { starts } = planned;
    while (!this.#stopped && this.#next < starts.length) {
      const waitMs = starts[this.#next]! - (clock.now() - startedAt);
      if (waitMs > 0) {
        this.#timer = clock.setTimer(() => this.#pump(), waitMs);
        return;
      }
      this.#fire(this.#next++);
    }
  }

  #fire(number: number): void {
    const { planned, index, sink } = this.#options;
    if (this.#inFlight.size >= planned.load.maxInFlight) sink.onDropped(index, number);
    else this.#send(number);
  }

  #send(number: number): void {
    const { planned, index, mark, clock, startedAt, sink } = this.#options;
    const sentMs = clock.now() - startedAt;
    let isOver = false;
    const onEnd = (status: number, error: string) => {
      isOver = true;
      timer.cancel();
      if (call !== null) this.#inFlight.delete(call);
      const intendedMs = planned.starts[number]!;
      sink.onResult({ load: index, number, intendedMs, sentMs, endMs: clock.now() - startedAt, status, error });
      if (this.#inFlight.size === 0) this.#drained();
    };
    let call: LoadCall | null = null;
    const timer = clock.setTimer(() => call?.cut(`no answer in ${planned.timeoutMs} ms`), planned.timeoutMs);
    const request = this.#requests[planned.picks[number]!]!;
    call = this.#wire.send(request, traceparentOf(mark, index, number), onEnd);
    if (!isOver) this.#inFlight.add(call);
  }
}

function openWire(entry: LoadEntry, { protocol, maxInFlight }: ScenarioLoad): LoadWire {
  return protocol === 'http' ? new Http1Wire(entry, maxInFlight) : new Http2Wire(entry, protocol === 'grpc');
}
