import type { Replay } from '../api/replay.schema.ts';
import type { OpenedDatabase } from './open-database.ts';

/** Replays, on the durable connection: when a method returns, its commit is on disk. */
export class ReplayOperations {
  readonly #database: OpenedDatabase['durable'];
  readonly #maxReplays: number;

  constructor(database: OpenedDatabase, maxReplays: number) {
    this.#database = database.durable;
    this.#maxReplays = maxReplays;
  }

  /** What a killed engine left running counts as cancelled. */
  closeInterrupted(now: string): void {
    const running = this.#database.prepare<[], string>("SELECT data FROM replays WHERE state = 'running'").pluck().all();
    for (const data of running) this.save({ ...(JSON.parse(data) as Replay), state: 'cancelled', finishedAt: now });
  }

  save(replay: Replay): void {
    this.#database
      .transaction(() => {
        this.#database
          .prepare('INSERT OR REPLACE INTO replays (id, recording_id, started_at, state, data) VALUES (?, ?, ?, ?, ?)')
          .run(replay.id, replay.recordingId, replay.startedAt, replay.state, JSON.stringify(replay));
        this.#database
          .prepare('DELETE FROM replays WHERE id NOT IN (SELECT id FROM replays ORDER BY started_at DESC, id DESC LIMIT ?)')
          .run(this.#maxReplays);
      })
      .immediate();
  }

  get(id: string): Replay | null {
    const data = this.#database.prepare<[string], string>('SELECT data FROM replays WHERE id = ?').pluck().get(id);
    return data === undefined ? null : (JSON.parse(data) as Replay);
  }

  /** Newest first. */
  list(): Replay[] {
    return this.#database
      .prepare<[], string>('SELECT data FROM replays ORDER BY started_at DESC, id DESC')
      .pluck()
      .all()
      .map((data) => JSON.parse(data) as Replay);
  }
}
