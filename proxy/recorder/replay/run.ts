import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import type { Difference, Replay, ReplayRequest } from '../../api/replay.schema.ts';
import { compareEdges, type EdgeRecord, EdgeSums, ReplayedCalls } from '../compare/call-graph.ts';
import { describeEndpoints, groupsOf, type Outcome } from '../compare/judge.ts';
import { compareLatency, percentile } from '../compare/latency.ts';
import { LiveVerdict } from '../compare/live-verdict.ts';
import type { CompiledRules } from '../compare/rules.ts';
import { templateOf } from '../match/mask.ts';
import type { ReplayAnswer } from './call.ts';
import { Gate } from './gate.ts';
import type { Pacing } from './schedule.ts';
import { ReplaySession } from './session.ts';
import { type Survey, surveyPasses } from './survey.ts';
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
  /** When the recording began, epoch ms: of calls that had begun by then it does not know everything. */
  recordedFrom: number;
  /** Exchanges of the recording. */
  exchanges: number;
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
  /** Lets services answer for themselves again, where the recording did. */
  letGo: (() => Promise<void>) | null = null;
  /** Calls that began late because they waited for an answer: the one before on their connection, or one with a value for them. */
  held = 0;
  session = new ReplaySession([], false);
  /** For what is sent a second time; it knows what the first knows. */
  makeSession: (() => ReplaySession) | null = null;
  /** Recorded calls below each root; null when they were not recorded. */
  #edges: EdgeRecord | null = null;
  /** `GET /items/{}` → the service it was first called at. */
  readonly #endpoints = new Map<string, string>();
  readonly #live: LiveVerdict;
  readonly #done: Done[] = [];
  readonly #lags: number[] = [];

  constructor(setup: RunSetup) {
    this.setup = setup;
    this.replay = setup.replay;
    this.gate = new Gate(setup.now);
    this.savedAt = setup.now();
    this.#live = new LiveVerdict(setup.now);
    setup.replay.surveying = { read: 0, of: setup.exchanges * surveyPasses };
  }

  /** The recording is known: what there is to send, and what with. */
  begin(survey: Survey, makeSession: (fallback: ReplaySession | null) => ReplaySession): void {
    this.session = makeSession(null);
    this.makeSession = () => makeSession(this.session);
    this.#edges = survey.edges;
    Object.assign(this.replay, { total: survey.roots.size, notes: survey.plan.notes, surveying: null });
  }

  /** Two services may have one path: what differs at one of them says nothing of the other, so the later one is told with its name. */
  #endpointOf({ method, path, destination }: ExchangeDetail): string {
    const endpoint = `${method} ${templateOf(path)}`;
    const first = this.#endpoints.get(endpoint) ?? destination;
    this.#endpoints.set(endpoint, first);
    return first === destination ? endpoint : `${endpoint} at ${destination}`;
  }

  /** As it is now; while it runs, with what can be said of the endpoints by now. */
  state(): Replay {
    if (this.replay.state !== 'running' || this.concluded) return { ...this.replay };
    const now = { paused: !this.gate.isOpen, variables: this.session.variables() };
    return { ...this.replay, ...now, ...this.#live.of(this.#done, (traceId) => this.calls.rootMs(traceId)) };
  }

  /** `answer` is null for a call that a cancelled replay did not wait for. */
  add(root: ExchangeDetail, answer: ReplayAnswer, fields: Difference['fields'], noise: Difference['fields'] | null): void {
    const { replay } = this;
    const endpoint = this.#endpointOf(root);
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
    if (this.#edges !== null && setup.request.diff !== false) this.#compareGraphs(this.#edges);
    for (const done of this.#done) {
      // The sidecar's own time, as it was recorded: without the way from us to it.
      const seenMs = this.calls.rootMs(done.summary.replayed.traceId);
      if (seenMs !== null && done.replayedMs !== null) done.replayedMs = seenMs;
    }
    const differing = this.#done.filter(({ fields }) => fields.length > 0);
    replay.differences = differing.slice(0, MAX_DIFFERENCES).map(({ summary, fields }) => ({ ...summary, fields: [...fields] }));
    replay.groups = groupsOf(this.#done);
    replay.endpoints = describeEndpoints(this.#done);
    replay.variables = this.session.variables();
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
    replay.lag = lagOf(this.#lags, this.held);
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

function lagOf(lags: readonly number[], held: number): Replay['lag'] {
  if (lags.length === 0) return null;
  const sorted = lags.map(Math.abs).sort((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), max: sorted.at(-1)!, held };
}
