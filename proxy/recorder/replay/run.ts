import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { Difference, Replay, ReplayRequest } from '../../api/replay.schema.ts';
import { compareEdges, type EdgeRecord, EdgeSums, ReplayedCalls } from '../compare/call-graph.ts';
import { describeEndpoints, groupsOf, type Outcome } from '../compare/judge.ts';
import { compareLatency, percentile } from '../compare/latency.ts';
import type { CompiledRules } from '../compare/rules.ts';
import { templateOf } from '../stand-in.ts';
import type { ReplayAnswer } from './call.ts';
import { Gate } from './gate.ts';
import type { Pacing } from './schedule.ts';
import type { ReplaySession } from './session.ts';
import type { ReplayTarget } from './target.ts';

/** Differences kept in full; the counts go on. */
const MAX_DIFFERENCES = 500;

/** One call's result, until the whole is judged. */
interface Done extends Outcome {
  summary: Omit<Difference, 'fields'>;
  rootId: string;
  /** When it was recorded, epoch ms. */
  at: number;
}

export interface RunSetup {
  replay: Replay;
  request: Partial<ReplayRequest>;
  rules: CompiledRules;
  pacing: Pacing;
  target: ReplayTarget | null;
  /** First half of every trace id of it, 16 hex digits. */
  prefix: string;
  /** Recorded calls below each root; null when they were not recorded. */
  edges: EdgeRecord | null;
  /** When the recording began, epoch ms: of calls that had begun by then it does not know everything. */
  recordedFrom: number;
  session: ReplaySession;
  now: () => number;
}

/** One replay on its way: counts as they come, and everything it takes to judge it in the end. */
export class ReplayRun {
  readonly setup: RunSetup;
  readonly replay: Replay;
  readonly abort = new AbortController();
  readonly gate: Gate;
  readonly calls = new ReplayedCalls();
  savedAt: number;
  concluded = false;
  readonly #done: Done[] = [];
  readonly #lags: number[] = [];

  constructor(setup: RunSetup) {
    this.setup = setup;
    this.replay = setup.replay;
    this.gate = new Gate(setup.now);
    this.savedAt = setup.now();
  }

  /** As it is now. */
  state(): Replay {
    const running = this.replay.state === 'running';
    return { ...this.replay, ...(running ? { paused: !this.gate.isOpen, variables: this.setup.session.variables() } : {}) };
  }

  /** `answer` is null for a call that a cancelled replay did not wait for. */
  add(root: ExchangeDetail, answer: ReplayAnswer, fields: Difference['fields'], noise: Difference['fields'] | null): void {
    const { replay } = this;
    const endpoint = `${root.method} ${templateOf(root.path)}`;
    const failed = answer.error !== '';
    replay.sent++;
    if (failed) replay.failed++;
    if (fields.length === 0) replay.same++;
    else replay.different++;
    if (answer.lagMs !== undefined) this.#lags.push(answer.lagMs);
    const summary = summaryOf(root, endpoint, answer);
    this.#done.push({
      endpoint,
      destination: root.destination,
      failed,
      fields,
      noise,
      recordedMs: root.durationMs,
      replayedMs: failed ? null : answer.durationMs,
      summary,
      rootId: root.id,
      at: Date.parse(root.time),
    });
    if (fields.length > 0 && replay.differences.length < MAX_DIFFERENCES) replay.differences.push({ ...summary, fields });
  }

  /** Everything was answered, and all that the mesh has to say of it is here: what came of it in full. */
  conclude(): void {
    const { replay, setup } = this;
    this.concluded = true;
    if (setup.edges !== null && setup.request.diff !== false) this.#compareGraphs(setup.edges);
    for (const done of this.#done) {
      // The sidecar's own time, as it was recorded: without the way from us to it.
      const seenMs = this.calls.rootMs(done.summary.replayed.traceId);
      if (seenMs !== null && done.replayedMs !== null) done.replayedMs = seenMs;
    }
    const differing = this.#done.filter(({ fields }) => fields.length > 0);
    replay.differences = differing.slice(0, MAX_DIFFERENCES).map(({ summary, fields }) => ({ ...summary, fields: [...fields] }));
    replay.groups = groupsOf(this.#done);
    replay.endpoints = describeEndpoints(this.#done);
    replay.variables = setup.session.variables();
    const recordedMs = this.#done.map((done) => done.recordedMs);
    const replayedMs = this.#done.flatMap((done) => (done.replayedMs === null ? [] : [done.replayedMs]));
    const test = compareLatency(recordedMs, replayedMs);
    replay.latencyTest = test;
    replay.latency =
      test === null
        ? null
        : {
            recordedP50: test.recorded.p50,
            replayedP50: test.replayed.p50,
            recordedP95: test.recorded.p95,
            replayedP95: test.replayed.p95,
          };
    replay.lag = lagOf(this.#lags);
  }

  #compareGraphs(recorded: EdgeRecord): void {
    const sums = new EdgeSums();
    for (const done of this.#done) {
      if (done.at < this.setup.recordedFrom) continue;
      const { traceId } = done.summary.replayed;
      const before = recorded.get(done.rootId) ?? new Map();
      const after = this.calls.edgesOf(traceId);
      sums.add('recorded', before);
      sums.add('replayed', after);
      // Nothing came in of a trace that was sent: its records were too many to keep.
      if (done.failed || after.size === 0) continue;
      done.fields = [...done.fields, ...compareEdges(before, after, this.setup.rules)];
    }
    this.replay.graph = sums.list();
  }
}

function summaryOf(root: ExchangeDetail, endpoint: string, answer: ReplayAnswer): Omit<Difference, 'fields'> {
  return {
    exchangeId: root.id,
    method: root.method,
    path: root.path,
    source: root.source,
    destination: root.destination,
    endpoint,
    recorded: { status: root.status, durationMs: root.durationMs },
    replayed: { status: answer.status, durationMs: answer.durationMs, traceId: answer.traceId, error: answer.error },
  };
}

function lagOf(lags: readonly number[]): Replay['lag'] {
  if (lags.length === 0) return null;
  const sorted = lags.map(Math.abs).sort((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), max: sorted.at(-1)! };
}
