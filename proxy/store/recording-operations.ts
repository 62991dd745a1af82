import type { ExchangeDetail } from '../api/exchange.schema.ts';
import type { Recording } from '../api/recording.schema.ts';
import type { Replay } from '../api/replay.schema.ts';
import { decodeDetail, encodeDetail, type StoredDetail } from './exchange-row.ts';
import type { OpenedDatabase } from './open-database.ts';
import type { AppendOutcome, NewRecording, RecordedPage, StopRecording } from './store-types.ts';

interface RecordingRow {
  id: string;
  name: string;
  state: Recording['state'];
  filter: string;
  started_at: string;
  stopped_at: string | null;
  exchanges: number;
  bytes: number;
  services: string;
  redacted: string;
  dropped: number;
}

/** Recordings and replays, on the durable connection: when a method returns, its commit is on disk. */
export class RecordingOperations {
  readonly #database: OpenedDatabase['durable'];
  readonly #maxReplays: number;

  constructor(database: OpenedDatabase, maxReplays: number) {
    this.#database = database.durable;
    this.#maxReplays = maxReplays;
  }

  /** What a killed engine left running is over: a recording ends with its last exchange, a replay counts as cancelled. */
  closeInterrupted(now: string): void {
    this.#database.prepare("UPDATE recordings SET state = 'stopped', stopped_at = ? WHERE state = 'recording'").run(now);
    const running = this.#database.prepare<[], string>("SELECT data FROM replays WHERE state = 'running'").pluck().all();
    for (const data of running) this.saveReplay({ ...(JSON.parse(data) as Replay), state: 'cancelled', finishedAt: now });
  }

  create(recording: NewRecording): Recording {
    this.#database
      .prepare("INSERT INTO recordings (id, name, state, filter, started_at) VALUES (?, ?, 'recording', ?, ?)")
      .run(recording.id, recording.name, JSON.stringify(recording.filter), recording.startedAt);
    return this.get(recording.id)!;
  }

  /** Null when there is no such recording. An exchange that is in it already is left as it is. */
  append(id: string, exchanges: readonly ExchangeDetail[]): AppendOutcome | null {
    const insert = this.#database.prepare(
      'INSERT OR IGNORE INTO recording_exchanges (recording_id, exchange_id, detail, request_body, response_body) VALUES (?, ?, ?, ?, ?)',
    );
    return this.#database
      .transaction(() => {
        const recording = this.get(id);
        if (!recording || recording.id !== id) return null;
        const services = new Set(recording.services);
        const redacted = new Map(Object.entries(recording.redacted));
        for (const exchange of exchanges) {
          const { detail, requestBody, responseBody } = encodeDetail(exchange);
          if (insert.run(id, exchange.id, detail, requestBody, responseBody).changes === 0) continue;
          recording.exchanges++;
          recording.bytes += detail.length + (requestBody?.length ?? 0) + (responseBody?.length ?? 0);
          for (const service of [exchange.source, exchange.destination]) if (service !== '') services.add(service);
          for (const path of exchange.redacted) {
            const name = path.slice(path.lastIndexOf('.') + 1);
            redacted.set(name, (redacted.get(name) ?? 0) + 1);
          }
        }
        this.#database
          .prepare('UPDATE recordings SET exchanges = ?, bytes = ?, services = ?, redacted = ? WHERE id = ?')
          .run(
            recording.exchanges,
            recording.bytes,
            JSON.stringify([...services].sort()),
            JSON.stringify(Object.fromEntries(redacted)),
            id,
          );
        return { exchanges: recording.exchanges, bytes: recording.bytes };
      })
      .immediate();
  }

  stop({ id, stoppedAt, dropped }: StopRecording): Recording | null {
    this.#database
      .prepare(
        "UPDATE recordings SET state = 'stopped', stopped_at = coalesce(stopped_at, ?), dropped = dropped + ? WHERE id = ?",
      )
      .run(stoppedAt, dropped, id);
    return this.get(id);
  }

  list(): Recording[] {
    return this.#database
      .prepare<[], RecordingRow>('SELECT * FROM recordings ORDER BY started_at DESC, id DESC')
      .all()
      .map(toRecording);
  }

  get(idOrName: string): Recording | null {
    const row = this.#database
      .prepare<[string, string, string], RecordingRow>(
        'SELECT * FROM recordings WHERE id = ? OR name = ? ORDER BY id = ? DESC, started_at DESC, id DESC LIMIT 1',
      )
      .get(idOrName, idOrName, idOrName);
    return row ? toRecording(row) : null;
  }

  exchanges(id: string, after: string | undefined, limit: number): RecordedPage {
    const rows = this.#database
      .prepare<[string, string, number], StoredDetail>(
        `SELECT detail, request_body AS requestBody, response_body AS responseBody FROM recording_exchanges
         WHERE recording_id = ? AND exchange_id > ? ORDER BY exchange_id LIMIT ?`,
      )
      .all(id, after ?? '', limit + 1);
    const exchanges = rows.slice(0, limit).map(decodeDetail);
    return { exchanges, next: rows.length > limit ? exchanges.at(-1)!.id : null };
  }

  delete(id: string): boolean {
    const removed = this.#database.prepare('DELETE FROM recordings WHERE id = ?').run(id).changes > 0;
    if (removed) this.#database.pragma('incremental_vacuum(2000)');
    return removed;
  }

  saveReplay(replay: Replay): void {
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

  getReplay(id: string): Replay | null {
    const data = this.#database.prepare<[string], string>('SELECT data FROM replays WHERE id = ?').pluck().get(id);
    return data === undefined ? null : (JSON.parse(data) as Replay);
  }

  listReplays(): Replay[] {
    return this.#database
      .prepare<[], string>('SELECT data FROM replays ORDER BY started_at DESC, id DESC')
      .pluck()
      .all()
      .map((data) => JSON.parse(data) as Replay);
  }
}

function toRecording(row: RecordingRow): Recording {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    filter: JSON.parse(row.filter) as Recording['filter'],
    startedAt: row.started_at,
    stoppedAt: row.stopped_at,
    exchanges: row.exchanges,
    bytes: row.bytes,
    services: JSON.parse(row.services) as string[],
    redacted: JSON.parse(row.redacted) as Record<string, number>,
    dropped: row.dropped,
  };
}
