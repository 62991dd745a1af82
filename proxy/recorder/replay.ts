import { randomBytes } from 'node:crypto';
import type { Exchange, ExchangeDetail } from '../api/exchange.schema.ts';
import type { Replay, ReplayDependency, ReplayPlan, ReplayRequest, ReplayRules } from '../api/replay.schema.ts';
import type { Clock } from '../shared/clock.ts';
import { messageOf } from '../shared/message-of.ts';
import { makeTimedId } from '../shared/timed-id.ts';
import type { Store } from '../store/store.ts';
import type { StoreResult } from '../store/store-types.ts';
import { judgeAgain } from './compare/judge.ts';
import { compileRules } from './compare/rules.ts';
import type { Redactor } from './redact.ts';
import { type ReplaySend, rootSpanPrefix } from './replay/call.ts';
import { Player } from './replay/play.ts';
import { ReplayRun, type RunSetup } from './replay/run.ts';
import { choosePacing } from './replay/schedule.ts';
import { ReplaySession } from './replay/session.ts';
import { type Survey, surveyRecording } from './replay/survey.ts';
import { isLoopbackHost, parseTarget, type ReplayTarget, unconfirmed } from './replay/target.ts';
import { parseVariableRule, type VariableRule } from './replay/variable-rule.ts';

export type { ReplayAnswer, ReplayCall, ReplaySend } from './replay/call.ts';
export { headersToSend } from './replay/call.ts';

export interface ReplayerOptions {
  store: Store;
  clock: Clock;
  random: () => number;
  /** Answers are redacted before they are compared and kept, as the recorded ones were. */
  redactor: Redactor;
  send: ReplaySend;
  /**
   * From now on calls of traces that begin with these 16 hex digits go to the target; null: as routed again. Answers '' or why that cannot be.
   * Without it no replay can go elsewhere.
   */
  steer?: (tracePrefix: string, target: ReplayTarget | null) => Promise<string>;
  /** From now on the recording answers these callers for these services; resolves to what ends it. Rejects when something else does so already. */
  standIn?: (recordingId: string, edges: readonly ReplayDependency[]) => Promise<() => Promise<void>>;
  /** Whether calls to a host, a service's full name or any other, leave this machine by the configuration in force. */
  leavesMachine?: (host: string) => boolean;
  /** Before the first call of a replay: resolves when calls can be sent on time. */
  prepare?: () => Promise<void>;
  /** Resolves when everything the mesh has finished so far was given to observe(). */
  flush?: () => Promise<void>;
  /** A first replay runs, or the last one has ended: every exchange is needed meanwhile. */
  onActive?: (isActive: boolean) => void;
  /** In flight at most, when the request does not say. */
  concurrency?: number;
  /** Recordings of so many exchanges at most are looked through before start() answers; default 2,000. */
  surveyFirst?: number;
  /** Requests are handed to `send` this long before their start; default 250. */
  aheadMs?: number;
}

const SAVE_MS = 1000;
/** How long services may go on calling others after their answer. */
const SETTLE_MS = 150;
const PREFIX_BYTES = 8;
/** Up to so many exchanges a recording is looked through before the answer. */
const SURVEY_FIRST = 2000;

/** Sends recordings again, on an open-loop schedule or as fast as they are answered, and says what came back different. */
export class Replayer {
  readonly #options: ReplayerOptions;
  readonly #running = new Map<string, ReplayRun>();
  /** By the beginning of its trace ids. */
  readonly #byPrefix = new Map<string, ReplayRun>();

  constructor(options: ReplayerOptions) {
    this.#options = options;
  }

  get isActive(): boolean {
    return this.#running.size > 0;
  }

  /** What a replay would do, and which variables it seems to need. */
  async plan(recordingIdOrName: string): Promise<StoreResult<ReplayPlan>> {
    const recording = await this.#options.store.getRecording(recordingIdOrName);
    if (recording === null) return noRecording(recordingIdOrName);
    return { ok: true, value: (await surveyRecording(this.#options.store, recording.id, { suggest: true })).plan };
  }

  async start(recordingIdOrName: string, request: Partial<ReplayRequest>): Promise<StoreResult<Replay>> {
    const { store, clock } = this.#options;
    const recording = await store.getRecording(recordingIdOrName);
    if (recording === null) return noRecording(recordingIdOrName);
    const asked = readRequest(request, this.#options);
    if (typeof asked === 'string') return { ok: false, code: 'invalid', message: asked };
    const remote = unconfirmed(hostsOf(asked.target), request.confirmRemote ?? []);
    if (remote !== '') return { ok: false, code: 'conflict', message: remote };
    const prefix = randomBytes(PREFIX_BYTES).toString('hex');
    const setup: RunSetup = {
      request,
      ...asked,
      replay: { ...this.#newReplay(recording, request, asked.pacing.pace), tracePrefix: prefix },
      prefix,
      recordedFrom: recording.origin.startsWith('imported') ? 0 : Date.parse(recording.startedAt),
      exchanges: recording.exchanges,
      now: () => clock.now(),
    };
    const refused = await this.#steer(setup);
    if (refused !== '') return { ok: false, code: 'conflict', message: refused };
    const run = new ReplayRun(setup);
    this.#enter(run);
    // A small recording is known at once, and what must not be sent is refused in the answer; of a large one the replay itself says so.
    const surveyed = this.#survey(run);
    const early = recording.exchanges <= (this.#options.surveyFirst ?? SURVEY_FIRST) ? await surveyed : null;
    if (typeof early === 'string') {
      await this.#leave(run);
      return { ok: false, code: 'conflict', message: early };
    }
    if (early !== null) begin(run, early, asked.variables);
    const saved = await store.saveReplay(run.replay);
    if (!saved.ok) {
      run.abort.abort();
      await this.#leave(run);
      return saved;
    }
    void this.#play(run, surveyed, asked.variables);
    return { ok: true, value: { ...run.replay } };
  }

  /** What there is to send; a sentence when it must not be sent. */
  async #survey(run: ReplayRun): Promise<Survey | string> {
    const { request, replay } = { ...run.setup, replay: run.replay };
    try {
      const survey = await surveyRecording(this.#options.store, replay.recordingId, {
        streams: request.streams,
        suggest: request.autoVariables === true,
        leaves: this.#options.leavesMachine,
        onRead: (read) => {
          if (replay.surveying) replay.surveying = { read: Math.min(read, replay.surveying.of), of: replay.surveying.of };
        },
        signal: run.abort.signal,
      });
      return unconfirmed([...hostsOf(run.setup.target), ...survey.remoteHosts], request.confirmRemote ?? []) || survey;
    } catch (error) {
      return `The recording cannot be read: ${messageOf(error)}`;
    }
  }

  /** Exchanges as the mesh finishes them, redacted. */
  observe(exchanges: readonly Exchange[]): void {
    if (this.#byPrefix.size === 0) return;
    for (const exchange of exchanges) {
      const run = this.#byPrefix.get(exchange.traceId.slice(0, PREFIX_BYTES * 2));
      run?.calls.add(exchange, exchange.parentSpanId.startsWith(rootSpanPrefix));
    }
  }

  async get(id: string): Promise<Replay | null> {
    const running = this.#running.get(id);
    if (running !== undefined) return soFar(running);
    const replay = await this.#options.store.getReplay(id);
    return replay && view(replay);
  }

  async list(): Promise<Replay[]> {
    const replays = await this.#options.store.listReplays();
    return replays.map((replay) => {
      const running = this.#running.get(replay.id);
      return running === undefined ? view(replay) : soFar(running);
    });
  }

  /** Nothing new is sent; what is under way ends. */
  async pause(id: string): Promise<StoreResult<Replay>> {
    return this.#turn(id, (run) => run.gate.close());
  }

  /** Goes on where it was: all later starts move by the length of the pause. */
  async resume(id: string): Promise<StoreResult<Replay>> {
    return this.#turn(id, (run) => run.gate.open());
  }

  async cancel(id: string): Promise<StoreResult<Replay>> {
    const run = this.#running.get(id);
    if (run === undefined) {
      const known = await this.#options.store.getReplay(id);
      return known ? { ok: true, value: view(known) } : noReplay(id);
    }
    run.abort.abort();
    run.gate.open();
    await this.#end(run, 'cancelled');
    return { ok: true, value: view(run.replay) };
  }

  /** The same answers under other rules; nothing is sent. */
  async judge(id: string, rules: ReplayRules): Promise<StoreResult<Replay>> {
    if (this.#running.has(id))
      return { ok: false, code: 'conflict', message: 'The replay still runs; its differences can be judged when it has ended' };
    const replay = await this.#options.store.getReplay(id);
    if (replay === null) return noReplay(id);
    const judged = judgeAgain(replay, rules);
    if (typeof judged === 'string') return { ok: false, code: 'invalid', message: judged };
    const saved = await this.#options.store.saveReplay({ ...replay, rules });
    return saved.ok ? { ok: true, value: view({ ...replay, rules }) } : saved;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }

  #newReplay(
    recording: { id: string; name: string },
    request: Partial<ReplayRequest>,
    pace: NonNullable<ReplayRequest['pace']>,
  ): Replay {
    const { clock, random } = this.#options;
    return {
      id: makeTimedId(clock, random, 6),
      recordingId: recording.id,
      recordingName: recording.name,
      state: 'running',
      startedAt: new Date(clock.wallNow()).toISOString(),
      finishedAt: null,
      total: 0,
      sent: 0,
      same: 0,
      different: 0,
      failed: 0,
      speed: request.speed ?? 1,
      to: request.to ?? null,
      latency: null,
      differences: [],
      pace,
      noise: request.noise ?? false,
      against: request.noise === true && request.to !== undefined ? 'baseline' : 'recording',
      notes: [],
      graph: null,
      rules: { ignore: request.ignore ?? [], unordered: request.unordered ?? [], tolerance: request.tolerance ?? [] },
    };
  }

  async #steer(setup: Pick<RunSetup, 'prefix' | 'target'>): Promise<string> {
    if (setup.target === null) return '';
    const { steer } = this.#options;
    return steer === undefined ? 'This engine cannot send a service’s calls elsewhere' : steer(setup.prefix, setup.target);
  }

  #enter(run: ReplayRun): void {
    this.#running.set(run.replay.id, run);
    this.#byPrefix.set(run.setup.prefix, run);
    if (this.#running.size === 1) this.#options.onActive?.(true);
  }

  async #leave(run: ReplayRun): Promise<void> {
    const { replay, setup } = run;
    this.#byPrefix.delete(setup.prefix);
    this.#running.delete(replay.id);
    if (this.#running.size === 0) this.#options.onActive?.(false);
    if (setup.target !== null) await this.#options.steer?.(setup.prefix, null);
    await run.letGo?.();
  }

  /** '' when the recording answers for what the called services call, or nobody asked for that. */
  async #standIn(run: ReplayRun, { plan: { dependencies = [] } }: Survey): Promise<string> {
    if (run.setup.request.dependencies !== 'recorded' || dependencies.length === 0) return '';
    const { standIn } = this.#options;
    if (standIn === undefined) return 'This engine cannot answer for services';
    try {
      run.letGo = await standIn(run.replay.recordingId, dependencies);
      run.replay.standIns = dependencies;
      return '';
    } catch (error) {
      return `The recording cannot answer for other services: ${messageOf(error)}`;
    }
  }

  async #play(run: ReplayRun, surveyed: Promise<Survey | string>, rules: readonly VariableRule[]): Promise<void> {
    const { clock, redactor, send, store } = this.#options;
    const [survey] = await Promise.all([surveyed, this.#options.prepare?.()]);
    // Cancelled while it looked.
    if (run.concluded) return;
    if (typeof survey === 'string') {
      await this.#end(run, 'cancelled', survey);
      return;
    }
    const refused = await this.#standIn(run, survey);
    if (run.concluded) {
      await run.letGo?.();
      return;
    }
    if (refused !== '') {
      await this.#end(run, 'cancelled', refused);
      return;
    }
    const makeSession = run.makeSession ?? begin(run, survey, rules);
    const onProgress = async () => {
      if (clock.now() - run.savedAt < SAVE_MS) return;
      run.savedAt = clock.now();
      await store.saveReplay(run.replay);
    };
    const baselinePrefix = randomBytes(PREFIX_BYTES).toString('hex');
    const player = new Player(run, { clock, redactor, send, baselinePrefix, onProgress }, makeSession);
    try {
      await player.play(rootsOf(store, run.replay.recordingId, survey.roots));
      if (!run.abort.signal.aborted) await this.#end(run, 'finished');
    } catch (error) {
      // The recording was deleted meanwhile, or the disk is gone: what was sent by then is told.
      const text = `Ended early: ${messageOf(error)}`;
      run.replay.notes = [{ text, calls: run.replay.total - run.replay.sent }, ...(run.replay.notes ?? [])];
      run.abort.abort();
      await this.#end(run, 'cancelled');
    }
  }

  async #turn(id: string, change: (run: ReplayRun) => void): Promise<StoreResult<Replay>> {
    const run = this.#running.get(id);
    if (run !== undefined) {
      change(run);
      return { ok: true, value: soFar(run) };
    }
    const known = await this.#options.store.getReplay(id);
    return known ? { ok: false, code: 'conflict', message: 'The replay has ended' } : noReplay(id);
  }

  async #end(run: ReplayRun, state: 'finished' | 'cancelled', problem = ''): Promise<void> {
    const { clock, flush, store } = this.#options;
    run.replay.evaluating = true;
    if (state === 'finished' && flush !== undefined && run.replay.sent > 0) {
      // Calls that services make after their answer belong to it too.
      await new Promise<void>((resolve) => void clock.setTimer(resolve, SETTLE_MS));
      await flush();
    }
    // Cancelled while it was waited for.
    if (run.concluded) return;
    run.conclude();
    const finishedAt = new Date(clock.wallNow()).toISOString();
    const ended: Replay = { ...run.replay, state, finishedAt, evaluating: false, surveying: null };
    if (problem !== '') ended.problem = problem;
    ended.verdict = view(ended).verdict ?? 'same';
    await store.saveReplay(ended);
    // Seen as ended only when it is kept: it can be judged again from that moment.
    Object.assign(run.replay, ended);
    await this.#leave(run);
  }
}

/** Tells the run what there is to send, and what to put into it. */
function begin(run: ReplayRun, survey: Survey, rules: readonly VariableRule[]): () => ReplaySession {
  const { request } = run.setup;
  const suggested = request.autoVariables ? survey.plan.suggestions.map(({ rule }) => parseVariableRule(rule)) : [];
  const variables = [...rules, ...suggested.filter((rule): rule is VariableRule => typeof rule !== 'string')];
  const makeSession = (fallback: ReplaySession | null) => new ReplaySession(variables, request.cookies ?? true, fallback);
  run.begin(survey, makeSession);
  return () => makeSession(run.session);
}

/** Of one that runs: the counts as they are, the endpoints as far as they were looked at. */
function soFar(run: ReplayRun): Replay {
  const state = run.state();
  if (state.state !== 'running') return view(state);
  const { endpoints } = view(state);
  const { groups: _, ...told } = state;
  return endpoints === undefined ? told : { ...told, endpoints };
}

/** As judged by its rules; what is kept holds everything that differed. */
function view(replay: Replay): Replay {
  if (replay.endpoints === undefined || replay.groups === undefined) return replay;
  const judged = judgeAgain(replay, replay.rules ?? { ignore: [], unordered: [], tolerance: [] });
  return typeof judged === 'string' ? replay : { ...replay, ...judged };
}

async function* rootsOf(store: Store, id: string, roots: ReadonlySet<string>): AsyncGenerator<ExchangeDetail> {
  for await (const exchange of store.eachRecordedExchange(id)) if (roots.has(exchange.id)) yield exchange;
}

/** The parts of a request that can be wrong, read; the first sentence that says what is. */
function readRequest(
  request: Partial<ReplayRequest>,
  defaults: { concurrency?: number; aheadMs?: number },
): (Pick<RunSetup, 'target' | 'pacing' | 'rules'> & { variables: VariableRule[] }) | string {
  const target = parseTarget(request.to);
  if (typeof target === 'string') return target;
  const pacing = choosePacing(request, defaults);
  if (typeof pacing === 'string') return pacing;
  const rules = compileRules(request);
  if (typeof rules === 'string') return rules;
  const variables: VariableRule[] = [];
  for (const text of request.variables ?? []) {
    const rule = parseVariableRule(text);
    if (typeof rule === 'string') return rule;
    variables.push(rule);
  }
  return { target, pacing, rules, variables };
}

function hostsOf(target: ReplayTarget | null): string[] {
  return target?.kind === 'address' && !isLoopbackHost(target.host) ? [target.host] : [];
}

function noRecording(id: string): { ok: false; code: 'not_found'; message: string } {
  return { ok: false, code: 'not_found', message: `There is no recording ${id}` };
}
function noReplay(id: string): { ok: false; code: 'not_found'; message: string } {
  return { ok: false, code: 'not_found', message: `There is no replay ${id}` };
}
