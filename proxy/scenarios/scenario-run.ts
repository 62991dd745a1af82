import type { Exchange } from '../api/exchange.schema.ts';
import type { MeshEvent } from '../api/observability.schema.ts';
import type { Scenario, ScenarioExpectation, ScenarioRun } from '../api/scenario.schema.ts';
import type { Clock, Timer } from '../shared/clock.ts';
import { seedFor } from '../shared/seeded-random.ts';
import { compareWithBaseline } from './baseline.ts';
import { ConditionWatch } from './condition-watch.ts';
import { EventWatch } from './event-watch.ts';
import type { Hop } from './hop.ts';
import { Journal } from './journal.ts';
import { labelOfChange, labelOfFault, labelOfLoad } from './labels.ts';
import type { LoadResult } from './load-generator.ts';
import { LoadTally } from './load-tally.ts';
import type { LoadAssignment, Loads, StartLoads } from './loads.ts';
import { probeMesh } from './probe-mesh.ts';
import { type Done, faultNameOf, type ScenarioMesh } from './scenario-mesh.ts';
import { SecondSeries } from './second-series.ts';
import { durationOf, milliseconds, type PlannedLoad, planLoad } from './timeline.ts';
import { newMark, readMark } from './trace-mark.ts';

type Track = ScenarioRun['tracks'][number];
type Watch = ConditionWatch | EventWatch;
type State = ScenarioRun['state'];
type Ending = { state: State | null; message: string };

export interface ScenarioRunOptions {
  id: string;
  number: number;
  scenario: Scenario;
  namespace: string;
  seed: number;
  clock: Clock;
  random: () => number;
  mesh: ScenarioMesh;
  startLoads: StartLoads;
  baseline: ScenarioRun | null;
  /** Called when it begins and ends, and each second between. */
  onProgress?: () => void;
}

/** How many milliseconds late requests may leave before the run says nothing about latency. */
const maxLagMs = 5;
const tickMs = 1000;
/** Reports of the last exchanges are on their way this long after their answers. */
const settleMs = 150;
const tellingEvents = ['endpoint.', 'cluster.', 'service.exited', 'service.ready', 'data-plane.', 'config.rejected'];

/** A part of the timeline that waits for its time. */
interface Step {
  atMs: number;
  track: Track;
  /** What follows from it is counted from its beginning. */
  isStart: boolean;
  act: () => Promise<Done>;
}

/**
 * One run, from probes to verdict: probing → under way → ending (loads drained, everything put back) → over. However it ends (by time, by an
 * expectation that ends it, by cancel, by something that cannot be carried out), what it changed is put back before it counts as over.
 */
export class RunningScenario {
  /** Resolves when it is over and everything is put back. */
  readonly finished: Promise<ScenarioRun>;
  readonly #options: ScenarioRunOptions;
  readonly #mark: string;
  readonly #durationMs: number;
  readonly #planned: PlannedLoad[];
  readonly #tallies: LoadTally[];
  readonly #watches: Watch[];
  readonly #steps: Step[];
  readonly #tracks: Track[];
  readonly #series = new SecondSeries();
  readonly #journal: Journal;
  readonly #started = new Map<string, number>();
  readonly #startedWall: number;
  readonly #timers = new Set<Timer>();
  #probes: { takeHop(hop: Exchange): void } | null = null;
  #acting: Promise<unknown> = Promise.resolve();
  #loads: Loads | null = null;
  #beganAt: number | null = null;
  #beganWall = 0;
  #endedMs: number | null = null;
  #state: State = 'running';
  #message = '';
  #finishedAt: string | null = null;
  /** Why it is over; `state` null: its time is up, and the expectations say how it went. */
  #why: Ending | null = null;
  #over: (why: Ending) => void = () => {};
  #isEnding = false;

  constructor(options: ScenarioRunOptions) {
    this.#options = options;
    const { scenario, clock, random, seed } = options;
    const { spec } = scenario;
    this.#startedWall = clock.wallNow();
    this.#mark = newMark(random);
    this.#durationMs = durationOf(spec);
    this.#planned = spec.load.map((load) => planLoad(load, seed));
    this.#tallies = this.#planned.map((planned) => new LoadTally(planned));
    this.#watches = spec.expect.map((expectation) => this.#watchOf(expectation));
    this.#journal = new Journal(() => this.#nowMs());
    this.#steps = this.#planSteps();
    this.#tracks = [
      ...this.#planned.map(({ load, atMs, forMs }) => trackOf('load', load.name, labelOfLoad(load), atMs, atMs + forMs)),
    ];
    this.#tracks.push(...new Set(this.#steps.map(({ track }) => track)));
    this.finished = this.#carryOut();
  }

  /** Ends it now. */
  cancel(message: string): void {
    this.#end({ state: 'cancelled', message });
  }

  offerExchanges(exchanges: readonly Exchange[]): void {
    for (const exchange of exchanges) {
      if (exchange.reporter === 'destination' || exchange.open) continue;
      this.#probes?.takeHop(exchange);
      const marked = readMark(this.#mark, exchange);
      if (!marked) continue;
      const hop: Hop = { exchange, ...marked };
      this.#tallies[hop.load]?.takeHop(hop);
      for (const watch of this.#watches) if (watch instanceof ConditionWatch) watch.takeHop(hop);
    }
  }

  offerEvents(events: readonly MeshEvent[]): void {
    if (this.#beganAt === null) return;
    for (const event of events) {
      const atMs = Date.parse(event.time) - this.#beganWall;
      if (tellingEvents.some((type) => event.type.startsWith(type))) this.#journal.add('event', event.message, Math.max(0, atMs));
      for (const watch of this.#watches) if (watch instanceof EventWatch) watch.takeEvent(event, atMs);
    }
  }

  /** As it stands. */
  view(): ScenarioRun {
    const { id, number, scenario, namespace, seed, baseline } = this.#options;
    const nowMs = this.#endedMs ?? this.#nowMs();
    const load = this.#tallies.map((tally) => tally.figures(nowMs));
    const isOver = this.#finishedAt !== null;
    return {
      ...{ id, number, scenario: scenario.metadata.name, namespace, description: scenario.spec.description ?? '' },
      ...{ state: this.#state, message: this.#message },
      startedAt: new Date(this.#startedWall).toISOString(),
      finishedAt: this.#finishedAt,
      ...{ durationMs: this.#durationMs, elapsedMs: Math.round(nowMs), seed },
      tracks: this.#tracks.map((track) => ({
        ...track,
        state: track.kind === 'load' ? this.#stateOfLoad(track, nowMs) : track.state,
      })),
      load,
      expectations: this.#watches.map(({ outcome }) => ({ ...outcome, traceIds: [...outcome.traceIds] })),
      series: this.#series.points(nowMs),
      journal: this.#journal.list(),
      valid: load.every(({ lagP99Ms }) => lagP99Ms <= maxLagMs),
      baseline: isOver && baseline ? compareWithBaseline(baseline, load) : null,
    };
  }

  async #carryOut(): Promise<ScenarioRun> {
    const over = new Promise<Ending>((resolve) => {
      this.#over = resolve;
    });
    // Whoever made this run has it before its first step.
    await Promise.resolve();
    const assignments = this.#findEntries();
    if (typeof assignments === 'string') this.#end({ state: 'error', message: assignments });
    else {
      const problem = await this.#prepare(assignments, over);
      if (problem !== '') this.#end({ state: 'error', message: problem });
      else if (this.#why === null) this.#begin(assignments);
    }
    await this.#finish(await over);
    return this.view();
  }

  /** The first reason counts. */
  #end(why: Ending): void {
    this.#why ??= why;
    this.#over(this.#why);
  }

  #findEntries(): LoadAssignment[] | string {
    const assignments: LoadAssignment[] = [];
    for (const planned of this.#planned) {
      const entry = this.#options.mesh.entryOf(planned.load);
      if (typeof entry === 'string') return `Load ${planned.load.name} has no way in: ${entry}`;
      assignments.push({ planned, entry });
    }
    return assignments;
  }

  /** Before the clock of the timeline runs. '' when it may begin. */
  async #prepare(assignments: readonly LoadAssignment[], over: Promise<unknown>): Promise<string> {
    const { scenario, mesh, startLoads, random } = this.#options;
    const { hypothesis, record } = scenario.spec;
    if (hypothesis.length > 0) {
      const probes = probeMesh({ assignments, hypothesis, startLoads, mark: newMark(random), flush: () => mesh.flush() });
      this.#probes = probes;
      this.#journal.add('probe', `Probing: ${hypothesis.join(', ')}`);
      const outcome = await Promise.race([probes.outcome, over.then(() => '')]);
      await probes.close();
      this.#probes = null;
      if (outcome !== '') return `It did not begin: ${outcome}`;
      this.#journal.add('probe', 'The hypothesis holds');
    }
    if (record === undefined) return '';
    const started = await mesh.startRecording(record);
    if (!started.ok) return `It did not begin: ${started.message}`;
    this.#journal.add('record', started.message);
    return '';
  }

  #begin(assignments: readonly LoadAssignment[]): void {
    const { clock, startLoads } = this.#options;
    this.#beganAt = clock.now();
    this.#beganWall = clock.wallNow();
    this.#journal.add('start', 'The scenario begins');
    this.#loads = startLoads(assignments, this.#mark, {
      onResult: (result) => this.#takeResult(result),
      onDropped: (load, number) => this.#takeDropped(load, number),
    });
    for (const step of this.#steps) this.#at(step.atMs, () => void this.#act(step));
    this.#at(this.#durationMs, () => this.#end({ state: null, message: '' }));
    this.#tickIn(tickMs);
  }

  #act(step: Step): Promise<void> {
    const acting = this.#acting.then(async () => {
      if (this.#isEnding) return;
      const { track, isStart } = step;
      const at = this.#nowMs();
      if (isStart) this.#started.set(track.name, at);
      if (isStart) track.state = 'active';
      const done = await step.act();
      track.message = done.message;
      this.#journal.add(track.kind, done.message, at);
      if (done.ok) {
        if (!isStart || track.endMs === track.startMs) track.state = 'done';
        return;
      }
      track.state = 'failed';
      this.#end({ state: 'error', message: `${track.name}: ${done.message}` });
    });
    this.#acting = acting.catch((error: Error) => this.#end({ state: 'error', message: error.message }));
    return acting;
  }

  #takeResult(result: LoadResult): void {
    this.#tallies[result.load]?.takeResult(result);
    this.#series.takeResult(result);
    for (const watch of this.#watches) if (watch instanceof ConditionWatch) watch.takeResult(result);
  }

  #takeDropped(load: number, number: number): void {
    this.#tallies[load]?.takeDropped();
    for (const watch of this.#watches) if (watch instanceof ConditionWatch) watch.takeDropped(load, number);
  }

  #tickIn(delayMs: number): void {
    const timer = this.#options.clock.setTimer(() => {
      this.#timers.delete(timer);
      void this.#tick();
    }, delayMs);
    this.#timers.add(timer);
  }

  async #tick(): Promise<void> {
    const at = this.#nowMs();
    await this.#options.mesh.flush();
    if (this.#isEnding) return;
    this.#judge(at, false);
    const failed = this.#watches.find((watch) => watch.evaluateAbort(at));
    if (failed) {
      this.#end({ state: 'failed', message: `Ended early: ${failed.outcome.name} is not met (${failed.outcome.actual})` });
      return;
    }
    this.#options.onProgress?.();
    this.#tickIn(tickMs - (this.#nowMs() % tickMs));
  }

  #judge(nowMs: number, isOver: boolean): void {
    for (const { outcome, ...watch } of this.#watches.map((one) => ({
      outcome: one.outcome,
      evaluate: () => one.evaluate(nowMs, isOver),
    }))) {
      const before = outcome.state;
      watch.evaluate();
      if (outcome.state !== before) this.#journal.add('expectation', `${outcome.name}: ${outcome.state} (${outcome.actual})`);
    }
  }

  /** Loads end, what was due is judged, everything is put back. */
  async #finish({ state, message }: Ending): Promise<void> {
    const { clock, mesh, scenario } = this.#options;
    this.#isEnding = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await this.#acting;
    // By time or by an expectation: what has left is waited for, because it counts. Otherwise nobody asks for it any more.
    if (state === null || state === 'failed') await this.#loads?.stop();
    this.#endedMs = this.#beganAt === null ? 0 : this.#nowMs();
    if (this.#loads !== null) await new Promise<void>((resolve) => void clock.setTimer(resolve, settleMs));
    await mesh.flush();
    if (state === null) this.#judge(this.#endedMs, true);
    else this.#leaveUndecided();
    await this.#loads?.close();
    for (const done of await mesh.putBack()) this.#journal.add(done.ok ? 'put-back' : 'problem', done.message);
    for (const track of this.#tracks) if (track.state === 'active') track.state = 'done';
    if (scenario.spec.record !== undefined) {
      const stopped = await mesh.stopRecording();
      if (stopped.message !== '') this.#journal.add(stopped.ok ? 'record' : 'problem', stopped.message);
    }
    this.#conclude(state, message);
  }

  #leaveUndecided(): void {
    for (const { outcome } of this.#watches) {
      if (outcome.state !== 'waiting') continue;
      Object.assign(outcome, { state: 'no_data', message: 'The scenario ended before it was decided' });
    }
  }

  #conclude(state: State | null, message: string): void {
    const unmet = this.#watches.filter(({ outcome }) => outcome.state !== 'passed').length;
    this.#state = state ?? (unmet === 0 ? 'passed' : 'failed');
    this.#message =
      message || (unmet === 0 ? 'Every expectation is met' : `${unmet} of ${this.#watches.length} expectations not met`);
    if (this.#watches.length === 0 && message === '') this.#message = 'Carried out; it expects nothing';
    this.#journal.add('end', `${this.#state}: ${this.#message}`);
    this.#finishedAt = new Date(this.#options.clock.wallNow()).toISOString();
    this.#options.onProgress?.();
  }

  #planSteps(): Step[] {
    const { scenario, mesh, seed } = this.#options;
    const steps: Step[] = [];
    for (const fault of scenario.spec.faults) {
      const atMs = milliseconds(fault.at);
      const endMs = fault.for === undefined ? null : atMs + milliseconds(fault.for);
      const track = trackOf('fault', fault.name, labelOfFault(fault), atMs, endMs);
      const name = faultNameOf(scenario, fault.name);
      const spec = { ...fault.spec, enabled: true, seed: fault.spec.seed ?? seedFor(seed, fault.name) % 0x7fff_ffff };
      steps.push({ atMs, track, isStart: true, act: () => mesh.armFault(name, spec) });
      if (endMs !== null) steps.push({ atMs: endMs, track, isStart: false, act: () => mesh.removeFault(name) });
    }
    for (const change of scenario.spec.changes) {
      const atMs = milliseconds(change.at);
      const track = trackOf('change', change.name, labelOfChange(change), atMs, atMs);
      steps.push({ atMs, track, isStart: true, act: () => mesh.change(change) });
    }
    return steps.sort((a, b) => a.atMs - b.atMs);
  }

  #watchOf(expectation: ScenarioExpectation): Watch {
    const { event, that } = expectation;
    const durationMs = this.#durationMs;
    if (event !== undefined) {
      return new EventWatch({
        expectation: { ...expectation, event },
        durationMs,
        startedAt: (name) => this.#started.get(name) ?? null,
      });
    }
    return new ConditionWatch({
      expectation: { ...expectation, that: that ?? '' },
      loads: this.#planned,
      durationMs,
      mark: this.#mark,
    });
  }

  #stateOfLoad({ startMs, endMs }: Track, nowMs: number): Track['state'] {
    if (this.#beganAt === null || nowMs < startMs) return this.#finishedAt === null ? 'waiting' : 'done';
    return this.#endedMs !== null || nowMs >= (endMs ?? 0) ? 'done' : 'active';
  }

  #at(atMs: number, act: () => void): void {
    const timer = this.#options.clock.setTimer(() => {
      this.#timers.delete(timer);
      act();
    }, atMs);
    this.#timers.add(timer);
  }

  #nowMs(): number {
    return this.#beganAt === null ? 0 : this.#options.clock.now() - this.#beganAt;
  }
}

function trackOf(kind: Track['kind'], name: string, label: string, startMs: number, endMs: number | null): Track {
  return { kind, name, label, startMs, endMs, state: 'waiting', message: '' };
}
