import type { ScenarioRun } from '../api/scenario.schema.ts';
import type { OpenedDatabase } from './open-database.ts';

/** Runs kept; the oldest go first. */
const maxScenarioRuns = 50;

/** Runs of scenarios, on the durable connection: when a method returns, its commit is on disk. */
export class ScenarioRunOperations {
  readonly #database: OpenedDatabase['durable'];

  constructor(database: OpenedDatabase) {
    this.#database = database.durable;
  }

  /** A killed engine could neither end its run nor judge it; what it changed went with it. */
  closeInterrupted(now: string): void {
    const running = this.#database.prepare<[], string>("SELECT data FROM scenario_runs WHERE state = 'running'").pluck().all();
    for (const data of running) {
      const run = JSON.parse(data) as ScenarioRun;
      this.save({ ...run, state: 'error', message: 'The engine ended while it ran', finishedAt: now });
    }
  }

  save(run: ScenarioRun): void {
    this.#database
      .transaction(() => {
        this.#database
          .prepare(
            'INSERT OR REPLACE INTO scenario_runs (id, scenario, namespace, started_at, state, data) VALUES (?, ?, ?, ?, ?, ?)',
          )
          .run(run.id, run.scenario, run.namespace, run.startedAt, run.state, JSON.stringify(run));
        this.#database
          .prepare(
            'DELETE FROM scenario_runs WHERE id NOT IN (SELECT id FROM scenario_runs ORDER BY started_at DESC, id DESC LIMIT ?)',
          )
          .run(maxScenarioRuns);
      })
      .immediate();
  }

  get(id: string): ScenarioRun | null {
    const data = this.#database.prepare<[string], string>('SELECT data FROM scenario_runs WHERE id = ?').pluck().get(id);
    return data === undefined ? null : (JSON.parse(data) as ScenarioRun);
  }

  /** Newest first. */
  list(scenario?: string, namespace?: string): ScenarioRun[] {
    return this.#database
      .prepare<[string | null, string | null, string | null, string | null], string>(
        `SELECT data FROM scenario_runs WHERE (? IS NULL OR scenario = ?) AND (? IS NULL OR namespace = ?)
         ORDER BY started_at DESC, id DESC`,
      )
      .pluck()
      .all(scenario ?? null, scenario ?? null, namespace ?? null, namespace ?? null)
      .map((data) => JSON.parse(data) as ScenarioRun);
  }
}
