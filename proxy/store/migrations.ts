import type { Database } from 'better-sqlite3';
import { sha256 } from './recorded-bodies.ts';

/** `Dryd` in the file's header: this database is ours. */
const applicationId = 0x44727964;

/**
 * The schema, one numbered step per change, never edited once released. `PRAGMA user_version` holds the number of the last one applied.
 *
 *   exchanges            one row per finished exchange and reporter, filter columns first so that scans do not touch the bodies
 *   events               what changed in the mesh
 *   recordings ─< recorded_exchanges >─ recorded_details >─ recorded_bodies        durable
 *   replays, settings, resource_history, scenario_runs     durable
 *   app_spans, app_logs  what the apps sent (OTLP)
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
  /*
   * Recordings that are edited: the rows of a list and a timeline are narrow, what is in an exchange lies beside them and is shared by all recordings
   * that have it (recorded_shares counts the others), and so are equal bodies, found by their SHA-256.
   */
  `
  ALTER TABLE recordings ADD COLUMN note TEXT NOT NULL DEFAULT '';
  ALTER TABLE recordings ADD COLUMN origin TEXT NOT NULL DEFAULT '';
  ALTER TABLE recordings ADD COLUMN stop_reason TEXT NOT NULL DEFAULT '';
  ALTER TABLE recordings ADD COLUMN hidden_since INTEGER;
  ALTER TABLE recordings ADD COLUMN first_ms INTEGER;
  ALTER TABLE recordings ADD COLUMN last_ms INTEGER;
  ALTER TABLE recordings ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE recordings ADD COLUMN edges TEXT NOT NULL DEFAULT '[]';

  CREATE TABLE recorded_bodies (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, content BLOB NOT NULL);
  CREATE TABLE recorded_details (id INTEGER PRIMARY KEY, request_body INTEGER, response_body INTEGER, detail TEXT NOT NULL);
  CREATE INDEX recorded_details_by_request_body ON recorded_details (request_body) WHERE request_body IS NOT NULL;
  CREATE INDEX recorded_details_by_response_body ON recorded_details (response_body) WHERE response_body IS NOT NULL;
  CREATE TABLE recorded_exchanges (
    recording_id TEXT NOT NULL REFERENCES recordings (id) ON DELETE CASCADE,
    time_ms INTEGER NOT NULL,
    exchange_id TEXT NOT NULL,
    detail_id INTEGER NOT NULL,
    is_call INTEGER NOT NULL,
    reporter TEXT NOT NULL,
    source TEXT NOT NULL, source_namespace TEXT NOT NULL,
    destination TEXT NOT NULL, destination_namespace TEXT NOT NULL,
    method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, flags TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    redacted TEXT NOT NULL,
    annotation TEXT,
    PRIMARY KEY (recording_id, time_ms, exchange_id)
  ) WITHOUT ROWID;
  CREATE TABLE recorded_shares (detail_id INTEGER PRIMARY KEY, others INTEGER NOT NULL);

  INSERT OR IGNORE INTO recorded_bodies (hash, content)
    SELECT drydock_sha256(request_body), request_body FROM recording_exchanges WHERE request_body IS NOT NULL;
  INSERT OR IGNORE INTO recorded_bodies (hash, content)
    SELECT drydock_sha256(response_body), response_body FROM recording_exchanges WHERE response_body IS NOT NULL;
  INSERT INTO recorded_details (id, request_body, response_body, detail)
    SELECT seq,
      (SELECT id FROM recorded_bodies WHERE hash = drydock_sha256(request_body)),
      (SELECT id FROM recorded_bodies WHERE hash = drydock_sha256(response_body)),
      detail FROM recording_exchanges;
  INSERT INTO recorded_exchanges (recording_id, exchange_id, detail_id, time_ms, is_call, reporter, source, source_namespace, destination,
      destination_namespace, method, path, status, flags, trace_id, bytes, redacted)
    SELECT recording_id, exchange_id, seq, coalesce(CAST(round(unixepoch(detail ->> 'time', 'subsec') * 1000) AS INTEGER), 0),
      detail ->> 'reporter' <> 'destination' OR detail ->> 'source' IN ('outside', ''),
      detail ->> 'reporter', detail ->> 'source', detail ->> 'sourceNamespace', detail ->> 'destination', detail ->> 'destinationNamespace',
      detail ->> 'method', detail ->> 'path', detail ->> 'status', detail ->> 'flags', detail ->> 'traceId',
      length(CAST(detail AS BLOB)) + coalesce(length(request_body), 0) + coalesce(length(response_body), 0),
      CASE json_array_length(detail, '$.redacted') WHEN 0 THEN '' ELSE detail -> 'redacted' END
    FROM recording_exchanges;
  DROP TABLE recording_exchanges;
  UPDATE recordings SET
    first_ms = (SELECT min(time_ms) FROM recorded_exchanges WHERE recording_id = recordings.id),
    last_ms = (SELECT max(time_ms) FROM recorded_exchanges WHERE recording_id = recordings.id),
    calls = (SELECT count(*) FROM recorded_exchanges WHERE recording_id = recordings.id AND is_call),
    edges = (
      SELECT coalesce(json_group_array(json_object('source', source, 'destination', destination, 'calls', calls, 'errors', errors)), '[]')
      FROM (SELECT source, destination, count(*) AS calls, sum(status >= 500 OR status = 0) AS errors FROM recorded_exchanges
        WHERE recording_id = recordings.id AND is_call GROUP BY source, destination ORDER BY calls DESC LIMIT 200)
    );
  `,
  `
  CREATE TABLE scenario_runs (
    id TEXT PRIMARY KEY, scenario TEXT NOT NULL, namespace TEXT NOT NULL, started_at TEXT NOT NULL, state TEXT NOT NULL, data TEXT NOT NULL
  );
  `,
  `
  CREATE TABLE app_logs (seq INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, data TEXT NOT NULL);
  CREATE INDEX app_logs_by_trace ON app_logs (trace_id, seq);
  `,
  `
  ALTER TABLE app_spans ADD COLUMN start TEXT NOT NULL DEFAULT '';
  UPDATE app_spans SET start = data ->> 'start';
  CREATE INDEX app_spans_by_start ON app_spans (trace_id, start);
  `,
];

export const schemaVersion = migrations.length;

export function readSchemaVersion(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}

/** Brings the schema up to date (or to an earlier version, for tests) in one transaction; a failed step leaves the old schema. */
export function migrate(database: Database, to = schemaVersion): void {
  const from = readSchemaVersion(database);
  if (from >= to) return;
  database.function('drydock_sha256', { deterministic: true }, (content: unknown) =>
    content instanceof Uint8Array ? sha256(content) : null,
  );
  const run = database.transaction(() => {
    for (const step of migrations.slice(from, to)) database.exec(step);
    database.pragma(`application_id = ${applicationId}`);
    database.pragma(`user_version = ${to}`);
  });
  run.immediate();
}
