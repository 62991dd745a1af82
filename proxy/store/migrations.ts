import type { Database } from 'better-sqlite3';

/** `Dryd` in the file's header: this database is ours. */
export const applicationId = 0x44727964;

/**
 * The schema, one numbered step per change, never edited once released. `PRAGMA user_version` holds the number of the last one applied.
 *
 *   exchanges            one row per finished exchange and reporter, filter columns first so that scans do not touch the bodies
 *   events               what changed in the mesh
 *   recordings ─< recording_exchanges       durable
 *   replays, settings, resource_history     durable
 *   app_spans            spans the apps sent (OTLP)
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE exchanges (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time_ms INTEGER NOT NULL,
    reporter TEXT NOT NULL,
    source TEXT NOT NULL, source_namespace TEXT NOT NULL,
    destination TEXT NOT NULL, destination_namespace TEXT NOT NULL,
    method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, flags TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    summary TEXT NOT NULL,
    detail TEXT NOT NULL,
    request_body BLOB,
    response_body BLOB
  );
  CREATE INDEX exchanges_by_trace ON exchanges (trace_id, id);
  CREATE INDEX exchanges_by_destination ON exchanges (destination_namespace, destination, id, bytes);

  CREATE TABLE events (
    id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, time TEXT NOT NULL, type TEXT NOT NULL,
    subject TEXT NOT NULL, message TEXT NOT NULL, data TEXT NOT NULL
  );

  CREATE TABLE recordings (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, filter TEXT NOT NULL,
    started_at TEXT NOT NULL, stopped_at TEXT,
    exchanges INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
    services TEXT NOT NULL DEFAULT '[]', redacted TEXT NOT NULL DEFAULT '{}', dropped INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE recording_exchanges (
    seq INTEGER PRIMARY KEY,
    recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    exchange_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    request_body BLOB,
    response_body BLOB,
    UNIQUE (recording_id, exchange_id)
  );
  CREATE TABLE replays (id TEXT PRIMARY KEY, recording_id TEXT NOT NULL, started_at TEXT NOT NULL, state TEXT NOT NULL, data TEXT NOT NULL);
  CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE resource_history (
    id INTEGER PRIMARY KEY, time TEXT NOT NULL, action TEXT NOT NULL, kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    yaml TEXT NOT NULL
  );
  CREATE TABLE app_spans (
    seq INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, span_id TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL,
    UNIQUE (trace_id, span_id, kind)
  );
  `,
];

export const schemaVersion = migrations.length;

export function readSchemaVersion(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}

/** Brings the schema up to date in one transaction; a failed step leaves the old schema. */
export function migrate(database: Database): void {
  const from = readSchemaVersion(database);
  if (from >= schemaVersion) return;
  const run = database.transaction(() => {
    for (const step of migrations.slice(from)) database.exec(step);
    database.pragma(`application_id = ${applicationId}`);
    database.pragma(`user_version = ${schemaVersion}`);
  });
  run.immediate();
}
