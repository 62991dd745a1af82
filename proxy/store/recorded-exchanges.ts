import type { Database, Statement } from 'better-sqlite3';
import type { Exchange, ExchangeDetail } from '../api/exchange.schema.ts';
import type {
  Annotation,
  RecordedRowFilter,
  RecordedRowPage,
  RecordingSelection,
  RecordingTimeline,
} from '../api/recording.schema.ts';
import { decodeDetail, type EncodedExchange, type StoredDetail, storedDetail } from './exchange-row.ts';
import { toSummary } from './recent-exchanges.ts';
import { RecordedBodies } from './recorded-bodies.ts';
import { compileRowFilter, compileSelection } from './recorded-row-filter.ts';
import { type RecordingSummary, SummaryCounter } from './recording-summary.ts';
import type { AnnotatedExchange, RecordedPage } from './store-types.ts';

/** Columns of recorded_exchanges that a copy takes over as they are. */
const copied =
  'exchange_id, detail_id, time_ms, is_call, reporter, source, source_namespace, destination, destination_namespace, method, path, status, ' +
  'flags, trace_id, bytes, redacted, annotation';

/** With what someone marked on it. */
export interface EncodedRecorded {
  exchange: EncodedExchange;
  annotation: Annotation | null;
}

interface CopiedRow {
  exchangeId: string;
  detailId: number;
  timeMs: number;
  isCall: number;
  source: string;
  destination: string;
  status: number;
  bytes: number;
  redacted: string;
}
type DetailRow = StoredDetail & { timeMs: number; exchangeId: string; annotation: string | null };

/** The exchanges of recordings: rows in order of time, what is in them beside. Every method runs in the caller's transaction or needs none. */
export class RecordedExchanges {
  readonly #database: Database;
  readonly #bodies: RecordedBodies;
  readonly #insertRow: Statement;
  readonly #insertDetail: Statement<[number, number | null, number | null, string]>;
  #nextDetail: number;

  constructor(database: Database) {
    this.#database = database;
    this.#bodies = new RecordedBodies(database);
    this.#insertRow = database.prepare(
      `INSERT OR IGNORE INTO recorded_exchanges (recording_id, ${copied}) VALUES (${'?, '.repeat(17)}?)`,
    );
    this.#insertDetail = database.prepare(
      'INSERT INTO recorded_details (id, request_body, response_body, detail) VALUES (?, ?, ?, ?)',
    );
    this.#nextDetail = Number(database.prepare('SELECT coalesce(max(id), 0) + 1 FROM recorded_details').pluck().get());
  }

  /** An exchange that is in the recording already is left as it is. */
  append(id: string, exchanges: readonly EncodedRecorded[], summary: RecordingSummary): RecordingSummary {
    const counter = new SummaryCounter(summary);
    for (const { exchange, annotation } of exchanges) {
      const { detail, requestBody, responseBody } = storedDetail(exchange);
      const bytes = detail.length + (requestBody?.length ?? 0) + (responseBody?.length ?? 0);
      if (this.#insert(id, exchange, annotation, bytes) === 0) continue;
      this.#insertDetail.run(this.#nextDetail++, this.#bodies.keep(requestBody), this.#bodies.keep(responseBody), detail);
      counter.add({ ...exchange, bytes });
    }
    return counter.result();
  }

  /** In order of time. `next` goes on after the last one. */
  page(id: string, cursor: string | undefined, limit: number): RecordedPage {
    const [afterMs, afterId] = parseCursor(cursor);
    const rows = this.#database
      .prepare<[string, number, string, number], DetailRow>(
        `SELECT e.time_ms AS timeMs, e.exchange_id AS exchangeId, e.annotation, d.detail, q.content AS requestBody, a.content AS responseBody
         FROM recorded_exchanges e JOIN recorded_details d ON d.id = e.detail_id
         LEFT JOIN recorded_bodies q ON q.id = d.request_body LEFT JOIN recorded_bodies a ON a.id = d.response_body
         WHERE e.recording_id = ? AND (e.time_ms, e.exchange_id) > (?, ?) ORDER BY e.time_ms, e.exchange_id LIMIT ?`,
      )
      .all(id, afterMs, afterId, limit + 1);
    const exchanges = rows.slice(0, limit).map(decodeAnnotated);
    const last = rows[limit - 1];
    return { exchanges, next: rows.length > limit && last ? `${last.timeMs}.${last.exchangeId}` : null };
  }

  get(id: string, exchangeId: string): AnnotatedExchange | null {
    const row = this.#database
      .prepare<[string, string], DetailRow>(
        `SELECT e.time_ms AS timeMs, e.exchange_id AS exchangeId, e.annotation, d.detail, q.content AS requestBody, a.content AS responseBody
         FROM recorded_exchanges e JOIN recorded_details d ON d.id = e.detail_id
         LEFT JOIN recorded_bodies q ON q.id = d.request_body LEFT JOIN recorded_bodies a ON a.id = d.response_body
         WHERE e.recording_id = ? AND e.exchange_id = ?`,
      )
      .get(id, exchangeId);
    return row ? decodeAnnotated(row) : null;
  }

  /** Rows `offset` … in order of time. `total` counts what passes the filter; `known` is it where the caller knows. */
  rows(id: string, filter: RecordedRowFilter, offset: number, limit: number, known: number | null): RecordedRowPage {
    const { where, parameters } = compileRowFilter(filter);
    const found = this.#database
      .prepare<(string | number)[], { detail: string; annotation: string | null }>(
        `SELECT d.detail, r.annotation FROM (
           SELECT detail_id, annotation, time_ms, exchange_id FROM recorded_exchanges WHERE recording_id = ?${where}
           ORDER BY time_ms, exchange_id LIMIT ? OFFSET ?) r
         JOIN recorded_details d ON d.id = r.detail_id ORDER BY r.time_ms, r.exchange_id`,
      )
      .all(id, ...parameters, limit, offset);
    const rows = found.map(({ detail, annotation }) => ({
      ...(toSummary(JSON.parse(detail) as ExchangeDetail) satisfies Exchange),
      annotation: parseAnnotation(annotation),
    }));
    return { rows, total: known ?? this.#count(id, where, parameters) };
  }

  timeline(
    id: string,
    slices: number,
    { firstMs, lastMs }: { firstMs: number | null; lastMs: number | null },
  ): RecordingTimeline {
    if (firstMs === null || lastMs === null) return { from: null, to: null, sliceMs: 0, slices: [] };
    const sliceMs = Math.max(1, Math.ceil((lastMs - firstMs + 1) / slices));
    const counted = this.#database
      .prepare<[number, number, string], { slice: number; calls: number; errors: number }>(
        `SELECT CAST((time_ms - ?) / ? AS INTEGER) AS slice, count(*) AS calls, sum(status >= 500 OR status = 0) AS errors
         FROM recorded_exchanges WHERE recording_id = ? AND is_call GROUP BY slice`,
      )
      .all(firstMs, sliceMs, id);
    const all = Array.from({ length: Math.ceil((lastMs - firstMs + 1) / sliceMs) }, (): [number, number] => [0, 0]);
    for (const { slice, calls, errors } of counted) if (all[slice]) all[slice] = [calls, errors];
    return { from: new Date(firstMs).toISOString(), to: new Date(lastMs).toISOString(), sliceMs, slices: all };
  }

  /** How many were found. */
  annotate(id: string, exchangeIds: readonly string[], annotation: Annotation | null): number {
    return this.#database
      .prepare(
        'UPDATE recorded_exchanges SET annotation = ? WHERE recording_id = ? AND exchange_id IN (SELECT value FROM json_each(?))',
      )
      .run(writeAnnotation(annotation), id, JSON.stringify(exchangeIds)).changes;
  }

  /** Takes the next rows of `from` that the selection lets through into `to`, at most `limit` of them. `next` is null when there are no more. */
  copy(
    { from, to, selection, after, limit }: CopyStep,
    summary: RecordingSummary,
  ): { summary: RecordingSummary; next: string | null } {
    const { where, parameters } = compileSelection(from, selection);
    const [afterMs, afterId] = parseCursor(after);
    const rows = this.#database
      .prepare<(string | number)[], CopiedRow>(
        `SELECT exchange_id AS exchangeId, detail_id AS detailId, time_ms AS timeMs, is_call AS isCall, source, destination, status, bytes, redacted
         FROM recorded_exchanges WHERE recording_id = ? AND (time_ms, exchange_id) > (?, ?)${where} ORDER BY time_ms, exchange_id LIMIT ?`,
      )
      .all(from, afterMs, afterId, ...parameters, limit);
    const insert = this.#database.prepare<[string, string, number, string]>(
      `INSERT OR IGNORE INTO recorded_exchanges (recording_id, ${copied})
       SELECT ?, ${copied} FROM recorded_exchanges WHERE recording_id = ? AND time_ms = ? AND exchange_id = ?`,
    );
    const share = this.#database.prepare<[number]>(
      'INSERT INTO recorded_shares (detail_id, others) VALUES (?, 1) ON CONFLICT DO UPDATE SET others = others + 1',
    );
    const counter = new SummaryCounter(summary);
    for (const row of rows) {
      if (insert.run(to, from, row.timeMs, row.exchangeId).changes === 0) continue;
      share.run(row.detailId);
      const redacted = row.redacted === '' ? [] : (JSON.parse(row.redacted) as string[]);
      counter.add({ ...row, isCall: row.isCall !== 0, redacted });
    }
    const last = rows.at(-1);
    return { summary: counter.result(), next: rows.length < limit || !last ? null : `${last.timeMs}.${last.exchangeId}` };
  }

  /** Removes up to `limit` rows and what only they had. How many it were. */
  remove(id: string, limit: number): number {
    const rows = this.#database
      .prepare<[string, number], { timeMs: number; exchangeId: string; detailId: number }>(
        'SELECT time_ms AS timeMs, exchange_id AS exchangeId, detail_id AS detailId FROM recorded_exchanges WHERE recording_id = ? LIMIT ?',
      )
      .all(id, limit);
    const deleteRow = this.#database.prepare<[string, number, string]>(
      'DELETE FROM recorded_exchanges WHERE recording_id = ? AND time_ms = ? AND exchange_id = ?',
    );
    const unshare = this.#database.prepare<[number]>('UPDATE recorded_shares SET others = others - 1 WHERE detail_id = ?');
    const deleteDetail = this.#database.prepare<[number]>('DELETE FROM recorded_details WHERE id = ?');
    for (const { timeMs, exchangeId, detailId } of rows) {
      deleteRow.run(id, timeMs, exchangeId);
      if (unshare.run(detailId).changes === 0) deleteDetail.run(detailId);
    }
    this.#database.prepare('DELETE FROM recorded_shares WHERE others = 0').run();
    return rows.length;
  }

  sweepBodies(): void {
    this.#bodies.sweep();
  }

  #count(id: string, where: string, parameters: (string | number)[]): number {
    const sql = `SELECT count(*) FROM recorded_exchanges WHERE recording_id = ?${where}`;
    return Number(
      this.#database
        .prepare(sql)
        .pluck()
        .get(id, ...parameters),
    );
  }

  #insert(id: string, x: EncodedExchange, annotation: Annotation | null, bytes: number): number {
    return this.#insertRow.run(
      ...[id, x.id, this.#nextDetail, x.timeMs, x.isCall ? 1 : 0, x.reporter, x.source, x.sourceNamespace, x.destination],
      ...[x.destinationNamespace, x.method, x.path, x.status, x.flags, x.traceId, bytes],
      ...[x.redacted.length === 0 ? '' : JSON.stringify(x.redacted), writeAnnotation(annotation)],
    ).changes;
  }
}

export interface CopyStep {
  from: string;
  to: string;
  selection: RecordingSelection;
  /** Of the step before. */
  after: string | undefined;
  limit: number;
}

/** `<milliseconds>.<exchange id>`; anything else begins at the beginning. */
function parseCursor(cursor: string | undefined): [number, string] {
  const match = /^(-?\d+)\.(.*)$/.exec(cursor ?? '');
  return match ? [Number(match[1]), match[2]!] : [Number.MIN_SAFE_INTEGER, ''];
}

function decodeAnnotated(row: DetailRow): AnnotatedExchange {
  const exchange = decodeDetail(row);
  const annotation = parseAnnotation(row.annotation);
  return annotation === null ? exchange : { ...exchange, annotation };
}

function parseAnnotation(text: string | null): Annotation | null {
  return text === null ? null : (JSON.parse(text) as Annotation);
}

/** Nothing marked is the same as no mark. */
function writeAnnotation(annotation: Annotation | null): string | null {
  if (annotation === null) return null;
  const { pinned, colour, note } = annotation;
  if (!pinned && !colour && !note) return null;
  return JSON.stringify({ ...(pinned ? { pinned } : {}), ...(colour ? { colour } : {}), ...(note ? { note } : {}) });
}
