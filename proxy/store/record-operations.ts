import type { MeshEvent } from '../api/observability.schema.ts';
import { parseTime } from './exchange-filter.ts';
import type { OpenedDatabase } from './open-database.ts';
import type { EventQuery, ResourceChange, StoreLimits } from './store-types.ts';

/** The small tables: events (telemetry), settings and resource history (durable). */
export class RecordOperations {
  readonly #telemetry: OpenedDatabase['telemetry'];
  readonly #durable: OpenedDatabase['durable'];
  readonly #limits: StoreLimits;

  constructor(database: OpenedDatabase, limits: StoreLimits) {
    this.#telemetry = database.telemetry;
    this.#durable = database.durable;
    this.#limits = limits;
  }

  lastEventId(): number {
    return Number(this.#telemetry.prepare('SELECT coalesce(max(id), 0) FROM events').pluck().get());
  }

  insertEvents(events: readonly MeshEvent[]): number {
    const insert = this.#telemetry.prepare(
      'INSERT OR REPLACE INTO events (id, time_ms, time, type, subject, message, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#telemetry
      .transaction(() => {
        for (const e of events)
          insert.run(e.id, Date.parse(e.time) || 0, e.time, e.type, e.subject, e.message, JSON.stringify(e.data));
        this.#telemetry.prepare('DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?').run(this.#limits.maxEvents);
      })
      .immediate();
    return events.length;
  }

  /** Newest first. `type` is exact, or a prefix with a trailing `.`: `fault.`. */
  listEvents(query: EventQuery): MeshEvent[] {
    const conditions: string[] = [];
    const parameters: (string | number)[] = [];
    const since = query.since === undefined ? null : parseTime(query.since);
    if (since !== null) {
      conditions.push('time_ms >= ?');
      parameters.push(since);
    }
    if (query.type) {
      conditions.push(query.type.endsWith('.') ? 'substr(type, 1, length(?)) = ?' : 'type = ?');
      parameters.push(query.type);
      if (query.type.endsWith('.')) parameters.push(query.type);
    }
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const rows = this.#telemetry
      .prepare<(string | number)[], Omit<MeshEvent, 'data'> & { data: string }>(
        `SELECT id, time, type, subject, message, data FROM events ${where} ORDER BY id DESC LIMIT ?`,
      )
      .all(...parameters, query.limit ?? 200);
    return rows.map((row) => ({ ...row, data: JSON.parse(row.data) as Record<string, unknown> }));
  }

  getSetting(key: string): string | null {
    return this.#durable.prepare<[string], string>('SELECT value FROM settings WHERE key = ?').pluck().get(key) ?? null;
  }

  setSetting(key: string, json: string): void {
    this.#durable.prepare('INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)').run(key, json);
  }

  deleteSetting(key: string): void {
    this.#durable.prepare('DELETE FROM settings WHERE key = ?').run(key);
  }

  listSettings(prefix: string): { key: string; value: string }[] {
    return this.#durable
      .prepare<[string, string], { key: string; value: string }>(
        'SELECT key, value FROM settings WHERE substr(key, 1, length(?)) = ? ORDER BY key',
      )
      .all(prefix, prefix);
  }

  appendResourceHistory(changes: readonly ResourceChange[]): void {
    const insert = this.#durable.prepare(
      'INSERT INTO resource_history (time, action, kind, namespace, name, yaml) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#durable
      .transaction(() => {
        for (const c of changes) insert.run(c.time, c.action, c.kind, c.namespace, c.name, c.yaml);
        this.#durable
          .prepare('DELETE FROM resource_history WHERE id <= (SELECT max(id) FROM resource_history) - ?')
          .run(this.#limits.maxResourceHistory);
      })
      .immediate();
  }

  /** Newest first. */
  listResourceHistory(query: { kind?: string; namespace?: string; name?: string; limit?: number }): ResourceChange[] {
    const wanted = (['kind', 'namespace', 'name'] as const).filter((field) => query[field] !== undefined);
    const where = wanted.length === 0 ? '' : `WHERE ${wanted.map((field) => `${field} = ?`).join(' AND ')}`;
    return this.#durable
      .prepare<(string | number)[], ResourceChange>(
        `SELECT time, action, kind, namespace, name, yaml FROM resource_history ${where} ORDER BY id DESC LIMIT ?`,
      )
      .all(...wanted.map((field) => query[field]!), query.limit ?? 200);
  }
}
