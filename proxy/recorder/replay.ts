import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Difference, Replay, ReplayRequest } from '../api/replay.schema.ts';
import type { Clock } from '../shared/clock.ts';
import type { Store } from '../store/store.ts';
import type { StoreResult } from '../store/store-types.ts';
import { compareAnswer } from './compare-answer.ts';
import type { Redactor } from './redact.ts';
import { findRootCalls } from './replay-roots.ts';

export interface ReplayCall {
  /** Who sends it: a workload id's sidecar (`reviews-v1-0`; '' with `service` when unknown), or the ingress. */
  source: { kind: 'workload'; workload: string; service: string; namespace: string } | { kind: 'ingress' };
  method: string;
  authority: string;
  /** With query. */
  path: string;
  /** Without hop and trace headers. */
  headers: [string, string][];
  body: Buffer;
  /** `to: reviews=v2`, when it concerns this call's recording: what goes to the service must go to that version. */
  override: { service: string; version: string } | null;
  signal: AbortSignal;
}
export interface ReplayAnswer {
  /** 0 with `error` set: a transport failure. */
  status: number;
  headers: [string, string][];
  body: Buffer;
  traceId: string;
  durationMs: number;
  error: string;
}
export type ReplaySend = (call: ReplayCall) => Promise<ReplayAnswer>;

export interface ReplayerOptions {
  store: Store;
  clock: Clock;
  random: () => number;
  /** Answers are redacted before they are compared and kept, as the recorded ones were. */
  redactor: Redactor;
  send: ReplaySend;
  /** In flight at most; default 32. */
  concurrency?: number;
}

const PAGE = 1000;
const DEFAULT_CONCURRENCY = 32;
/** Differences kept in full; the counts go on. */
const MAX_DIFFERENCES = 500;
const SAVE_MS = 1000;
/** Set anew by the sidecar, or meaningless on a new connection. */
const DROPPED_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'host',
  'content-length',
  'expect',
  'traceparent',
  'tracestate',
  'b3',
  'x-request-id',
  'x-forwarded-client-cert',
  'x-forwarded-for',
]);

interface Run {
  replay: Replay;
  abort: AbortController;
  recordedMs: number[];
  replayedMs: number[];
  savedAt: number;
}

/** Sends recordings again on an open-loop schedule: every start is computed in advance, so a slow answer delays nobody else. */
export class Replayer {
  readonly #options: ReplayerOptions;
  readonly #running = new Map<string, Run>();

  constructor(options: ReplayerOptions) {
    this.#options = options;
  }

  async start(recordingIdOrName: string, request: Partial<ReplayRequest>): Promise<StoreResult<Replay>> {
    const { store, clock, random } = this.#options;
    const recording = await store.getRecording(recordingIdOrName);
    if (recording === null) return { ok: false, code: 'not_found', message: `There is no recording ${recordingIdOrName}` };
    const override = parseOverride(request.to);
    if (override === undefined) {
      return {
        ok: false,
        code: 'conflict',
        message: `"${request.to}" does not name a version; write service=version, e.g. reviews=v2`,
      };
    }
    const roots = findRootCalls(await this.#exchangesOf(recording.id));
    const run: Run = {
      replay: {
        id: `${Math.floor(clock.wallNow()).toString(36).padStart(9, '0')}${Math.floor(random() * 36 ** 6)
          .toString(36)
          .padStart(6, '0')}`,
        recordingId: recording.id,
        recordingName: recording.name,
        state: 'running',
        startedAt: new Date(clock.wallNow()).toISOString(),
        finishedAt: null,
        total: roots.length,
        sent: 0,
        same: 0,
        different: 0,
        failed: 0,
        speed: request.speed ?? 1,
        to: request.to ?? null,
        latency: null,
        differences: [],
      },
      abort: new AbortController(),
      recordedMs: [],
      replayedMs: [],
      savedAt: clock.now(),
    };
    const saved = await store.saveReplay(run.replay);
    if (!saved.ok) return saved;
    this.#running.set(run.replay.id, run);
    void this.#play(run, roots, override, request);
    return { ok: true, value: { ...run.replay } };
  }

  async get(id: string): Promise<Replay | null> {
    return this.#running.get(id)?.replay ?? (await this.#options.store.getReplay(id));
  }

  async list(): Promise<Replay[]> {
    return (await this.#options.store.listReplays()).map((replay) => this.#running.get(replay.id)?.replay ?? replay);
  }

  async cancel(id: string): Promise<StoreResult<Replay>> {
    const run = this.#running.get(id);
    if (run === undefined) {
      const known = await this.#options.store.getReplay(id);
      return known ? { ok: true, value: known } : { ok: false, code: 'not_found', message: `There is no replay ${id}` };
    }
    run.abort.abort();
    await this.#end(run, 'cancelled');
    return { ok: true, value: run.replay };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }

  async #exchangesOf(id: string): Promise<ExchangeDetail[]> {
    const exchanges: ExchangeDetail[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#options.store.recordedExchanges(id, { limit: PAGE, cursor });
      exchanges.push(...page.exchanges);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return exchanges;
  }

  async #play(run: Run, roots: ExchangeDetail[], override: Override | null, request: Partial<ReplayRequest>): Promise<void> {
    const { clock } = this.#options;
    const limit = this.#options.concurrency ?? DEFAULT_CONCURRENCY;
    const inFlight = new Set<Promise<void>>();
    const startedAt = clock.now();
    const first = roots[0] === undefined ? 0 : Date.parse(roots[0].time);
    const { speed } = run.replay;
    for (const root of roots) {
      const intended = speed === 0 ? 0 : (Date.parse(root.time) - first) / speed;
      await this.#until(startedAt + intended, run.abort.signal);
      // "As fast as possible" and a burst beyond the limit wait for a place; otherwise nobody waits for an answer.
      while (inFlight.size >= limit && !run.abort.signal.aborted) await Promise.race(inFlight);
      if (run.abort.signal.aborted) break;
      const call = this.#send(run, root, override, request).finally(() => inFlight.delete(call));
      inFlight.add(call);
    }
    await Promise.all(inFlight);
    if (!run.abort.signal.aborted) await this.#end(run, 'finished');
  }

  async #send(run: Run, root: ExchangeDetail, override: Override | null, request: Partial<ReplayRequest>): Promise<void> {
    const answer = await this.#answer(run, root, override);
    if (run.abort.signal.aborted) return;
    this.#compare(run, root, answer, request);
    const { clock, store } = this.#options;
    if (clock.now() - run.savedAt < SAVE_MS) return;
    run.savedAt = clock.now();
    await store.saveReplay(run.replay);
  }

  async #answer(run: Run, root: ExchangeDetail, override: Override | null): Promise<ReplayAnswer> {
    const { body } = root.request;
    if (body?.truncated) return notSent(`the recorded request body was cut off at ${body.capturedBytes} of ${body.bytes} bytes`);
    try {
      return await this.#options.send({
        source: sourceOf(root),
        method: root.method,
        authority: root.authority,
        path: root.path,
        headers: headersToSend(root),
        body: body === null ? Buffer.alloc(0) : Buffer.from(body.content, body.encoding),
        override: override !== null && override.service === root.destination ? override : null,
        signal: run.abort.signal,
      });
    } catch (error) {
      // A recording can hold what no client can send (an imported path with a space): that call failed, the others go on.
      return notSent(error instanceof Error ? error.message : String(error));
    }
  }

  #compare(run: Run, root: ExchangeDetail, answer: ReplayAnswer, request: Partial<ReplayRequest>): void {
    const { replay } = run;
    replay.sent++;
    run.recordedMs.push(root.durationMs);
    if (answer.error === '') run.replayedMs.push(answer.durationMs);
    const fields =
      answer.error === ''
        ? compareAnswer(root, answer, this.#options.redactor, request)
        : [{ path: 'transport', kind: 'failed', recorded: String(root.status), replayed: answer.error }];
    if (answer.error !== '') replay.failed++;
    if (fields.length === 0) {
      replay.same++;
      return;
    }
    replay.different++;
    if (replay.differences.length >= MAX_DIFFERENCES) return;
    replay.differences.push(differenceOf(root, answer, fields));
  }

  #until(at: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const waitMs = at - clock.now();
    if (waitMs <= 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = clock.setTimer(done, waitMs);
      signal.addEventListener('abort', done);
    });
  }

  async #end(run: Run, state: 'finished' | 'cancelled'): Promise<void> {
    run.replay.finishedAt = new Date(this.#options.clock.wallNow()).toISOString();
    run.replay.latency =
      run.replayedMs.length === 0
        ? null
        : {
            recordedP50: percentile(run.recordedMs, 0.5),
            replayedP50: percentile(run.replayedMs, 0.5),
            recordedP95: percentile(run.recordedMs, 0.95),
            replayedP95: percentile(run.replayedMs, 0.95),
          };
    run.replay.state = state;
    await this.#options.store.saveReplay(run.replay);
    this.#running.delete(run.replay.id);
  }
}

interface Override {
  service: string;
  version: string;
}

/** `reviews=v2`; null for none, undefined for nonsense. */
function parseOverride(to: string | undefined): Override | null | undefined {
  if (to === undefined || to === '') return null;
  const match = /^([^=\s]+)=([^=\s]+)$/.exec(to);
  return match === null ? undefined : { service: match[1]!, version: match[2]! };
}

function sourceOf(exchange: ExchangeDetail): ReplayCall['source'] {
  if (exchange.reporter === 'gateway' || exchange.source === 'ingress' || exchange.source === 'outside')
    return { kind: 'ingress' };
  return { kind: 'workload', workload: exchange.sourceWorkload, service: exchange.source, namespace: exchange.sourceNamespace };
}

/** What a client may send again. A redacted secret is no secret: better none than a wrong one. */
export function headersToSend(root: ExchangeDetail): [string, string][] {
  const { headers, body } = root.request;
  return headers.filter(([name, value]) => {
    const lower = name.toLowerCase();
    if (DROPPED_HEADERS.has(lower) || lower.startsWith('x-envoy-') || lower.startsWith('x-b3-')) return false;
    if (lower === 'content-encoding' && body !== null && body.contentEncoding === '') return false;
    return !(/redacted-[0-9a-f]{16}/.test(value) && root.redacted.some((path) => path.startsWith(`request.headers.${lower}`)));
  });
}

function notSent(error: string): ReplayAnswer {
  return { status: 0, headers: [], body: Buffer.alloc(0), traceId: '', durationMs: 0, error };
}

function differenceOf(root: ExchangeDetail, answer: ReplayAnswer, fields: Difference['fields']): Difference {
  return {
    exchangeId: root.id,
    method: root.method,
    path: root.path,
    source: root.source,
    destination: root.destination,
    fields,
    recorded: { status: root.status, durationMs: root.durationMs },
    replayed: { status: answer.status, durationMs: answer.durationMs, traceId: answer.traceId, error: answer.error },
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
