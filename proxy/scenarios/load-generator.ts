import http from 'node:http';
import type { ScenarioLoad } from '../api/scenario.schema.ts';
import type { Clock, Timer } from '../shared/clock.ts';
import type { PlannedLoad } from './timeline.ts';
import { traceparentOf } from './trace-mark.ts';

/** Where a load enters the mesh: a sidecar's outbound port, or the ingress. */
export interface LoadEntry {
  host: string;
  port: number;
}

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
  clock: Clock;
  /** clock.now() at the scenario's start. */
  startedAt: number;
  sink: LoadSink;
}

interface Sendable {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer | null;
}

/**
 * Open loop: each request leaves at its planned start whether or not earlier ones have come back, so a slow service meets the load that real
 * callers would bring, and its slowness is measured from when they would have called (response = end − intended). What cannot leave because
 * `maxInFlight` are under way is dropped and counted, as k6's dropped_iterations: waiting would hide it.
 */
export class LoadGenerator {
  readonly #options: LoadGeneratorOptions;
  readonly #agent: http.Agent;
  readonly #requests: Sendable[];
  readonly #inFlight = new Set<http.ClientRequest>();
  #next = 0;
  #timer: Timer | null = null;
  #stopped = false;
  #drained: () => void = () => {};

  constructor(options: LoadGeneratorOptions) {
    this.#options = options;
    const { load } = options.planned;
    this.#agent = new http.Agent({
      keepAlive: true,
      maxSockets: load.maxInFlight,
      maxFreeSockets: load.maxInFlight,
      scheduling: 'lifo',
    });
    this.#requests = load.requests.map(sendable);
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
    for (const request of this.#inFlight) request.destroy(new Error('cut: the scenario ended'));
    this.#agent.destroy();
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
    const { planned, index, mark, entry, clock, startedAt, sink } = this.#options;
    const { method, path, headers, body } = this.#requests[planned.picks[number]!]!;
    const sentMs = clock.now() - startedAt;
    const request = http.request({
      ...{ host: entry.host, port: entry.port, agent: this.#agent, method, path },
      headers: { ...headers, traceparent: traceparentOf(mark, index, number) },
    });
    this.#inFlight.add(request);
    const timer = clock.setTimer(() => request.destroy(new Error(`no answer in ${planned.timeoutMs} ms`)), planned.timeoutMs);
    const finish = (status: number, error: string) => {
      if (!this.#inFlight.delete(request)) return;
      timer.cancel();
      const intendedMs = planned.starts[number]!;
      sink.onResult({ load: index, number, intendedMs, sentMs, endMs: clock.now() - startedAt, status, error });
      if (this.#inFlight.size === 0) this.#drained();
    };
    request.on('response', (response) => {
      response.on('end', () => finish(response.statusCode ?? 0, ''));
      response.on('error', (error) => finish(0, error.message));
      response.on('close', () => finish(0, 'the answer broke off'));
      response.resume();
    });
    // A protocol switch nobody asked for would leave the socket with us.
    request.on('upgrade', (_response, socket) => {
      socket.destroy();
      finish(0, 'the answer switched protocols');
    });
    request.on('error', (error) => finish(0, error.message));
    request.on('close', () => finish(0, 'no answer'));
    request.end(body ?? undefined);
  }
}

function sendable({ method, url, headers, body }: ScenarioLoad['requests'][number]): Sendable {
  const match = /^http:\/\/([^/]+)(\/.*)?$/.exec(url);
  const content = body === undefined ? null : Buffer.from(body);
  const all: Record<string, string> = { 'user-agent': 'drydock-scenario', ...lowerCased(headers), host: match?.[1] ?? '' };
  if (content !== null) all['content-length'] = String(content.length);
  return { method, path: match?.[2] ?? '/', headers: all, body: content };
}

/** One name each, whatever the case: a header twice would be sent twice. */
function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
