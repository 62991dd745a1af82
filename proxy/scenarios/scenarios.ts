import type { Exchange } from '../api/exchange.schema.ts';
import type { MeshEvent } from '../api/observability.schema.ts';
import type { Scenario, ScenarioRun } from '../api/scenario.schema.ts';
import type { Clock } from '../shared/clock.ts';
import { makeTimedId } from '../shared/timed-id.ts';
import type { Store } from '../store/store.ts';
import type { OpenLoadDriver } from './loads.ts';
import type { ScenarioMesh } from './scenario-mesh.ts';
import { RunningScenario } from './scenario-run.ts';

export interface ScenariosOptions {
  store: Store;
  clock: Clock;
  random: () => number;
  /** A port of its own for each run. */
  mesh: (scenario: Scenario) => ScenarioMesh;
  openLoads: OpenLoadDriver;
  onEvent: (event: { type: string; subject: string; message: string; data: Record<string, unknown> }) => void;
  /** A run began or ended: wantsEveryExchange may have changed. */
  onChange?: () => void;
}

export type StartOutcome = { ok: true; run: ScenarioRun } | { ok: false; message: string };

/** The one run that may be under way, and those that were. */
export class Scenarios {
  readonly #options: ScenariosOptions;
  #running: RunningScenario | null = null;
  /** The last run is over, kept and told. */
  #done: Promise<void> = Promise.resolve();
  /** What the store has, newest first: asked for several times a second while somebody watches. */
  #kept: Promise<ScenarioRun[]> | null = null;
  #starting = false;
  #closed = false;

  constructor(options: ScenariosOptions) {
    this.#options = options;
  }

  /** A run is under way that has to see every exchange in full. */
  get wantsEveryExchange(): boolean {
    return this.#running?.wantsEveryExchange ?? false;
  }

  /** Already redacted; also those of others, which are passed over. */
  offerExchanges(exchanges: readonly Exchange[]): void {
    this.#running?.offerExchanges(exchanges);
  }
  /** So many finished without a record. */
  noteDropped(count: number): void {
    this.#running?.noteDropped(count);
  }
  offerEvents(events: readonly MeshEvent[]): void {
    this.#running?.offerEvents(events);
  }

  /** Refused while another runs. `namespace` is where the scenario's services are. */
  async start(
    scenario: Scenario,
    namespace: string,
    { seed = scenario.spec.seed, stepped = false }: { seed?: number | undefined; stepped?: boolean | undefined } = {},
  ): Promise<StartOutcome> {
    let busy = this.#running?.view();
    if (busy && busy.finishedAt !== null) {
      // It is over and only being kept.
      await this.#done;
      busy = this.#running?.view();
    }
    if (busy) return { ok: false, message: `${busy.scenario} #${busy.number} is running (${busy.id}): one runs at a time` };
    if (this.#starting || this.#closed) return { ok: false, message: 'Another scenario is being started' };
    this.#starting = true;
    try {
      const { clock, random, openLoads, onChange } = this.#options;
      const name = scenario.metadata.name;
      const earlier = (await this.#readKept()).filter((run) => run.scenario === name && run.namespace === namespace);
      const running = new RunningScenario({
        id: makeTimedId(clock, random, 6),
        number: Math.max(0, ...earlier.map((run) => run.number)) + 1,
        ...{ scenario, namespace, seed, clock, random, openLoads },
        mesh: this.#options.mesh(scenario),
        // Somebody's pauses are in a run by hand: it is held against none, and none against it.
        baseline: stepped ? null : (earlier.find((run) => run.state === 'passed' && run.stepped === undefined) ?? null),
        stepped,
      });
      this.#running = running;
      onChange?.();
      const run = running.view();
      this.#event('scenario.started', run, `Scenario ${name} #${run.number} started`);
      this.#done = running.finished.then((finished) => this.#finished(finished));
      await this.#keep(run);
      return { ok: true, run };
    } finally {
      this.#starting = false;
    }
  }

  /** Newest first. */
  async list({ scenario, limit = 50 }: { scenario?: string; limit?: number } = {}): Promise<ScenarioRun[]> {
    const kept = await this.#readKept();
    const now = this.#running?.view();
    const all = now ? [now, ...kept.filter(({ id }) => id !== now.id)] : kept;
    return all.filter((run) => scenario === undefined || run.scenario === scenario).slice(0, limit);
  }

  async get(id: string): Promise<ScenarioRun | null> {
    const now = this.#running?.view();
    return now?.id === id ? now : this.#options.store.getScenarioRun(id);
  }

  /** Answers with the run as it stands; null when there is none of that id, false when it waits for no step. */
  step(id: string, runOn: boolean): ScenarioRun | null | false {
    const running = this.#running;
    if (running?.view().id !== id) return null;
    return (runOn ? running.runOn() : running.step()) ? running.view() : false;
  }

  /** Answers when everything is put back. A run that is over is answered as it ended; null when there is none of that id. */
  async cancel(id: string): Promise<ScenarioRun | null> {
    if (this.#running?.view().id !== id) return this.get(id);
    const running = this.#running;
    running.cancel('Cancelled');
    await this.#done;
    return running.finished;
  }

  /** Ends a run under way and puts back what it changed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#running?.cancel('The engine stopped');
    await this.#done;
  }

  async #finished(run: ScenarioRun): Promise<void> {
    await this.#keep(run);
    this.#running = null;
    this.#options.onChange?.();
    this.#event('scenario.finished', run, `Scenario ${run.scenario} #${run.number} ${run.state}: ${run.message}`);
  }

  #readKept(): Promise<ScenarioRun[]> {
    this.#kept ??= this.#options.store.listScenarioRuns();
    return this.#kept;
  }

  async #keep(run: ScenarioRun): Promise<void> {
    await this.#options.store.saveScenarioRun(run);
    this.#kept = null;
  }

  #event(type: string, run: ScenarioRun, message: string): void {
    this.#options.onEvent({ type, subject: run.scenario, message, data: { id: run.id, number: run.number, state: run.state } });
  }
}
