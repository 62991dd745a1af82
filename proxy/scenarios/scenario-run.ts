import type { Exchange } from '../api/exchange.schema.ts';
import type { MeshEvent } from '../api/observability.schema.ts';
import type { Scenario, ScenarioRun } from '../api/scenario.schema.ts';
import type { Clock } from '../shared/clock.ts';
import { compareWithBaseline } from './baseline.ts';
import { Expectations } from './expectations.ts';
import { Journal } from './journal.ts';
import type { LoadDriver, OpenLoadDriver } from './loads.ts';
import { probeMesh } from './probe-mesh.ts';
import { RunLoads } from './run-loads.ts';
import { RunTimeline } from './run-timeline.ts';
import { RunTimers } from './run-timers.ts';
import type { ScenarioMesh } from './scenario-mesh.ts';
import { SecondSeries } from './second-series.ts';
import { durationOf } from './timeline.ts';
import { newMark, readMark } from './trace-mark.ts';

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
  openLoads: OpenLoadDriver;
  baseline: ScenarioRun | null;
  /** Its timeline waits for step(). */
  stepped?: boolean;
}

/** How many milliseconds late requests may leave before the run says nothing about latency. */
const maxLagMs = 5;
const tickMs = 1000;
/** Reports of the last exchanges are on their way this long after their answers. */
const settleMs = 150;
const putBackTries = 10;
const putBackAgainMs = 1000;
const tellingEvents = ['endpoint.', 'cluster.', 'service.exited', 'service.ready', 'data-plane.', 'config.rejected'];

/**
 * One run, from probes to verdict: probing → under way → ending (loads drained, everything put back) → over. However it ends (by time, by an
 * expectation that ends it, by cancel, by something that cannot be carried out), what it changed is put back before it counts as over.
 */
export class RunningScenario {
  /** Resolves when it is over and everything is put back. */
  readonly finished: Promise<ScenarioRun>;
  readonly #options: ScenarioRunOptions;
  readonly #mark: string;
  readonly #loads: RunLoads;
  readonly #timeline: RunTimeline;
  readonly #expectations: Expectations;
  readonly #series = new SecondSeries();
  readonly #journal: Journal;
  readonly #startedWall: number;
  readonly #timers: RunTimers;
  #probes: { takeHop(hop: Exchange): void } | null = null;
  #driver: LoadDriver | null = null;
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
  #unrecorded = 0;

  constructor(options: ScenarioRunOptions) {
    this.#options = options;
    const { scenario, mesh, clock, random, seed } = options;
    const { spec } = scenario;
    const isByHand = options.stepped === true;
    const durationMs = durationOf(spec);
    this.#timers = new RunTimers(clock);
    this.#startedWall = clock.wallNow();
    this.#mark = newMark(random);
    this.#loads = new RunLoads({
      ...{ loads: spec.load, seed, mark: this.#mark, isByHand },
      onResult: (result) => {
        this.#series.takeResult(result);
        this.#expectations.takeResult(result);
      },
      onDropped: (load, number) => this.#expectations.takeDropped(load, number),
      onFailed: (reason) => this.#end({ state: 'error', message: reason }),
    });
    this.#journal = new Journal(() => this.#nowMs());
    this.#timeline = new RunTimeline({
      ...{ scenario, mesh, seed, durationMs, isByHand, loads: this.#loads, timers: this.#timers, journal: this.#journal },
      nowMs: () => this.#nowMs(),
      onFailed: (reason) => this.#end({ state: 'error', message: reason }),
      onOver: () => this.#end({ state: null, message: '' }),
    });
    this.#expectations = new Expectations({
      ...{ expect: spec.expect, loads: this.#loads.planned, durationMs, mark: this.#mark },
      timetable: this.#timeline.timetable,
      startedAt: (name) => this.#timeline.startedAt(name),
      onDecided: ({ name, state, actual }) => this.#journal.add('expectation', `${name}: ${state.replace('_', ' ')} (${actual})`),
    });
    this.finished = this.#carryOut();
  }

  /** Ends it now. */
  cancel(message: string): void {
    this.#end({ state: 'cancelled', message });
    // Its time is up already and it only waits for the last answers: nobody wants them now.
    if (this.#isEnding) void this.#driver?.close();
  }

  /** The next moment of the timeline, now. False: nothing waits for somebody. */
  step(): boolean {
    return this.#timeline.step();
  }

  /** What is left of the timeline comes at its distances. False: it does so already. */
  runOn(): boolean {
    return this.#timeline.runOn();
  }

  /**
   * Every record is wanted in full. They cost the engine about as much as the calls themselves, so a scenario that only looks at its own requests
   * goes without.
   */
  get wantsEveryExchange(): boolean {
    return this.#expectations.needsCalls;
  }

  /** Calls of the mesh that came without a record. */
  noteDropped(count: number): void {
    this.#unrecorded += count;
  }

  offerExchanges(exchanges: readonly Exchange[]): void {
    for (const exchange of exchanges) {
      if (exchange.reporter === 'destination' || exchange.open) continue;
      this.#probes?.takeHop(exchange);
      const marked = readMark(this.#mark, exchange);
      if (!marked) continue;
      const hop = { exchange, ...marked };
      this.#loads.takeHop(hop);
      this.#expectations.takeHop(hop);
    }
  }

  offerEvents(events: readonly MeshEvent[]): void {
    if (this.#beganWall === 0) return;
    for (const event of events) {
      const atMs = Math.max(0, Date.parse(event.time) - this.#beganWall);
      if (tellingEvents.some((type) => event.type.startsWith(type))) this.#journal.add('event', event.message, atMs);
      this.#expectations.takeEvent(event, atMs);
    }
    // What was waited for is told at once, not at the next second.
    if (!this.#isEnding) this.#expectations.judgeEvents(this.#nowMs());
  }

  /** As it stands. */
  view(): ScenarioRun {
    const { id, number, scenario, namespace, seed, baseline } = this.#options;
    const nowMs = this.#endedMs ?? this.#nowMs();
    const load = this.#loads.figures(nowMs);
    const isOver = this.#finishedAt !== null;
    return {
      ...{ id, number, scenario: scenario.metadata.name, namespace, description: scenario.spec.description ?? '' },
      ...{ state: this.#state, message: this.#message },
      startedAt: new Date(this.#startedWall).toISOString(),
      finishedAt: this.#finishedAt,
      ...{ elapsedMs: Math.round(nowMs), seed },
      ...this.#timeline.view(this.#endedMs, isOver),
      load,
      expectations: this.#expectations.list(),
      series: this.#series.points(nowMs),
      journal: this.#journal.list(),
      mark: this.#mark,
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
    try {
      await this.#start(over);
    } catch (error) {
      this.#end({ state: 'error', message: (error as Error).message });
    }
    await this.#finish(await over);
    return this.view();
  }

  async #start(over: Promise<Ending>): Promise<void> {
    const missing = await this.#loads.findEntries(this.#options.mesh);
    if (missing !== '') {
      this.#end({ state: 'error', message: missing });
      return;
    }
    this.#driver = await this.#options.openLoads();
    const problem = await this.#prepare(this.#driver, over);
    if (problem !== '') this.#end({ state: 'error', message: problem });
    else if (this.#why === null) await this.#begin(this.#driver);
  }

  /** The first reason counts. */
  #end(why: Ending): void {
    this.#why ??= why;
    this.#over(this.#why);
  }

  /** Before the clock of the timeline runs. '' when it may begin. */
  async #prepare(driver: LoadDriver, over: Promise<unknown>): Promise<string> {
    const { scenario, mesh, random } = this.#options;
    const { hypothesis, record } = scenario.spec;
    if (hypothesis.length > 0) {
      const { assignments } = this.#loads;
      const probes = probeMesh({ assignments, hypothesis, driver, mark: newMark(random), flush: () => mesh.flush() });
      this.#probes = probes;
      this.#journal.add('probe', `Probing: ${hypothesis.join(', ')}`);
      const outcome = await Promise.race([probes.outcome, over.then(() => '')]);
      probes.close();
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

  async #begin(driver: LoadDriver): Promise<void> {
    const { clock } = this.#options;
    this.#beganWall = clock.wallNow();
    const { isByHand } = this.#timeline.timetable;
    this.#journal.add('start', isByHand ? 'The scenario begins; its timeline waits for each step' : 'The scenario begins');
    // What stands at 0 s is done when the first request leaves, not while it does.
    await this.#timeline.carryOutFirst();
    if (this.#why !== null) return;
    this.#beganAt = clock.now();
    this.#beganWall = clock.wallNow();
    this.#loads.start(driver);
    this.#timeline.start();
    this.#tickIn(tickMs);
  }

  #tickIn(delayMs: number): void {
    this.#timers.after(
      delayMs,
      () => void this.#tick().catch((error: Error) => this.#end({ state: 'error', message: error.message })),
    );
  }

  async #tick(): Promise<void> {
    const at = this.#nowMs();
    await this.#options.mesh.flush();
    if (this.#isEnding) return;
    this.#expectations.judge(at, false);
    const failed = this.#expectations.findAbort(at);
    if (failed) {
      this.#journal.add('expectation', `${failed.name}: failed (${failed.actual}), which ends the scenario`);
      this.#end({ state: 'failed', message: `Ended early: ${failed.name} is not met (${failed.actual})` });
      return;
    }
    this.#tickIn(tickMs - (this.#nowMs() % tickMs));
  }

  /** Loads end, what was due is judged, everything is put back. */
  async #finish({ state, message }: Ending): Promise<void> {
    const { mesh, scenario } = this.#options;
    this.#isEnding = true;
    this.#timers.callOff();
    await this.#timeline.close();
    // Its time is up: what has left is waited for, because it counts. Otherwise nobody asks for it any more.
    if (state === null) await this.#loads.stop(this.#nowMs());
    this.#endedMs = this.#nowMs();
    if (this.#loads.hasStarted) await this.#wait(settleMs);
    await mesh.flush();
    if (state === null) this.#expectations.judge(this.#endedMs, true);
    else this.#expectations.leaveUndecided();
    await this.#driver?.close();
    await this.#putBack();
    this.#timeline.settle();
    if (scenario.spec.record !== undefined) {
      const stopped = await mesh.stopRecording();
      if (stopped.message !== '') this.#journal.add(stopped.ok ? 'record' : 'problem', stopped.message);
    }
    this.#conclude(state, message);
  }

  /** The data plane may be away for a moment when it crashed: it is tried again. */
  async #putBack(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        for (const done of await this.#options.mesh.putBack()) this.#journal.add(done.ok ? 'put-back' : 'problem', done.message);
        return;
      } catch (error) {
        this.#journal.add('problem', `Not put back${tries < putBackTries ? ' yet' : ''}: ${(error as Error).message}`);
        if (tries === putBackTries) return;
        await this.#wait(putBackAgainMs);
      }
    }
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.setTimer(resolve, delayMs));
  }

  #conclude(state: State | null, message: string): void {
    const { unmet, count } = this.#expectations;
    this.#state = state ?? (unmet === 0 ? 'passed' : 'failed');
    this.#message = message || (unmet === 0 ? 'Every expectation is met' : `${unmet} of ${count} expectations not met`);
    if (count === 0 && message === '') this.#message = 'Carried out; it expects nothing';
    if (this.#unrecorded > 0 && this.#expectations.needsCalls) {
      this.#journal.add(
        'problem',
        `${this.#unrecorded} calls came too fast to be recorded: conditions on the mesh's calls miss them`,
      );
    }
    this.#journal.add('end', `${this.#state}: ${this.#message}`);
    this.#finishedAt = new Date(this.#options.clock.wallNow()).toISOString();
  }

  #nowMs(): number {
    return this.#beganAt === null ? 0 : this.#options.clock.now() - this.#beganAt;
  }
}
