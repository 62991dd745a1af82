import type { Annotation, RecordedRowFilter, RecordedRowPage, Recording, RecordingTimeline } from '../api/recording.schema.ts';
import type { OpenedDatabase } from './open-database.ts';
import { type CopyStep, type EncodedRecorded, RecordedExchanges } from './recorded-exchanges.ts';
import type { RecordingSummary } from './recording-summary.ts';
import type {
  AnnotatedExchange,
  AppendOutcome,
  NewRecording,
  RecordedPage,
  RecordingChange,
  StopRecording,
} from './store-types.ts';

interface RecordingRow {
  id: string;
  name: string;
  note: string;
  origin: string;
  state: Recording['state'];
  stop_reason: string;
  filter: string;
  started_at: string;
  stopped_at: string | null;
  first_ms: number | null;
  last_ms: number | null;
  exchanges: number;
  calls: number;
  bytes: number;
  services: string;
  edges: string;
  redacted: string;
  dropped: number;
}

/** Rows that one step of a copy or of a removal handles: a few tens of milliseconds, so that the others who use the store do not wait. */
const stepRows = 2000;

/** Recordings, on the durable connection: when a method returns, its commit is on disk. A hidden one is being made, or was deleted. */
export class RecordingOperations {
  readonly #database: OpenedDatabase['durable'];
  readonly #exchanges: RecordedExchanges;

  constructor(database: OpenedDatabase) {
    this.#database = database.durable;
    this.#exchanges = new RecordedExchanges(database.durable);
  }

  /** What a killed engine left running is over: a recording ends with its last exchange. */
  closeInterrupted(now: string): void {
    this.#database.prepare("UPDATE recordings SET state = 'stopped', stopped_at = ? WHERE state = 'recording'").run(now);
  }

  create({ id, name, filter, startedAt, note = '', origin = '', hiddenSince = null }: NewRecording): Recording {
    this.#database
      .prepare(
        `INSERT INTO recordings (id, name, state, filter, started_at, note, origin, hidden_since) VALUES (?, ?, 'recording', ?, ?, ?, ?, ?)`,
      )
      .run(id, name, JSON.stringify(filter), startedAt, note, origin, hiddenSince);
    return toRecording(this.#row(id)!);
  }

  /** Null when there is no such recording. An exchange that is in it already is left as it is. */
  append(id: string, exchanges: readonly EncodedRecorded[]): AppendOutcome | null {
    return this.#database
      .transaction(() => {
        const row = this.#row(id);
        if (!row) return null;
        const summary = this.#exchanges.append(id, exchanges, summaryOf(row));
        this.#saveSummary(id, summary);
        return { exchanges: summary.exchanges, bytes: summary.bytes };
      })
      .immediate();
  }

  stop({ id, stoppedAt, dropped, reason = '' }: StopRecording): Recording | null {
    this.#database
      .prepare(
        `UPDATE recordings SET state = 'stopped', stopped_at = coalesce(stopped_at, ?), dropped = dropped + ?, stop_reason = ?, hidden_since = NULL
         WHERE id = ?`,
      )
      .run(stoppedAt, dropped, reason, id);
    const row = this.#row(id);
    return row ? toRecording(row) : null;
  }

  list(): Recording[] {
    return this.#database
      .prepare<[], RecordingRow>('SELECT * FROM recordings WHERE hidden_since IS NULL ORDER BY started_at DESC, id DESC')
      .all()
      .map(toRecording);
  }

  get(idOrName: string): Recording | null {
    const row = this.#database
      .prepare<[string, string, string], RecordingRow>(
        `SELECT * FROM recordings WHERE (id = ? OR name = ?) AND hidden_since IS NULL
         ORDER BY id = ? DESC, started_at DESC, id DESC LIMIT 1`,
      )
      .get(idOrName, idOrName, idOrName);
    return row ? toRecording(row) : null;
  }

  edit(id: string, { name, note }: RecordingChange): Recording | null {
    this.#database
      .prepare('UPDATE recordings SET name = coalesce(?, name), note = coalesce(?, note) WHERE id = ?')
      .run(name ?? null, note ?? null, id);
    return this.get(id);
  }

  annotate(id: string, exchangeIds: readonly string[], annotation: Annotation | null): number {
    return this.#exchanges.annotate(id, exchangeIds, annotation);
  }

  /** Null when one of the two is not there. One step; the caller goes on until `next` is null. */
  copy(step: Omit<CopyStep, 'limit'>): { next: string | null } | null {
    return this.#database
      .transaction(() => {
        const target = this.#row(step.to);
        if (!target || !this.#row(step.from)) return null;
        const { summary, next } = this.#exchanges.copy({ ...step, limit: stepRows }, summaryOf(target));
        this.#saveSummary(step.to, summary);
        return { next };
      })
      .immediate();
  }

  exchanges(id: string, cursor: string | undefined, limit: number): RecordedPage {
    return this.#exchanges.page(id, cursor, limit);
  }

  exchange(id: string, exchangeId: string): AnnotatedExchange | null {
    return this.#exchanges.get(id, exchangeId);
  }

  rows(id: string, filter: RecordedRowFilter, offset: number, limit: number): RecordedRowPage {
    const row = this.#row(id);
    if (!row) return { rows: [], total: 0 };
    const { hops, ...others } = filter;
    const isUnfiltered = Object.values(others).every((value) => value === undefined || value === '');
    const known = isUnfiltered ? (hops === 'calls' ? row.calls : row.exchanges) : null;
    return this.#exchanges.rows(id, filter, offset, limit, known);
  }

  timeline(id: string, slices: number): RecordingTimeline {
    const row = this.#row(id);
    return this.#exchanges.timeline(id, slices, { firstMs: row?.first_ms ?? null, lastMs: row?.last_ms ?? null });
  }

  /** Out of sight, to be brought back by `unhide` until `purge` comes by. False when there is none of that id. */
  hide(id: string, now: number): boolean {
    return (
      this.#database.prepare('UPDATE recordings SET hidden_since = ? WHERE id = ? AND hidden_since IS NULL').run(now, id)
        .changes > 0
    );
  }

  unhide(id: string): Recording | null {
    this.#database.prepare('UPDATE recordings SET hidden_since = NULL WHERE id = ?').run(id);
    return this.get(id);
  }

  /** Removes a part of what was hidden before `until`, for good. False when nothing is left to do. */
  purge(until: number): boolean {
    const id = this.#database
      .prepare<[number], string>('SELECT id FROM recordings WHERE hidden_since < ? LIMIT 1')
      .pluck()
      .get(until);
    if (id === undefined) return false;
    this.#database
      .transaction(() => {
        if (this.#exchanges.remove(id, stepRows) === stepRows) return;
        this.#database.prepare('DELETE FROM recordings WHERE id = ?').run(id);
        this.#exchanges.sweepBodies();
      })
      .immediate();
    this.#database.pragma('incremental_vacuum(2000)');
    return true;
  }

  #row(id: string): RecordingRow | undefined {
    return this.#database.prepare<[string], RecordingRow>('SELECT * FROM recordings WHERE id = ?').get(id);
  }

  #saveSummary(id: string, summary: RecordingSummary): void {
    const { exchanges, calls, bytes, services, edges, redacted, firstMs, lastMs } = summary;
    this.#database
      .prepare(
        `UPDATE recordings SET exchanges = ?, calls = ?, bytes = ?, services = ?, edges = ?, redacted = ?, first_ms = ?, last_ms = ? WHERE id = ?`,
      )
      .run(
        ...[exchanges, calls, bytes, JSON.stringify(services), JSON.stringify(edges), JSON.stringify(redacted)],
        ...[firstMs, lastMs, id],
      );
  }
}

function summaryOf(row: RecordingRow): RecordingSummary {
  const { exchanges, calls, bytes } = row;
  return {
    ...{ exchanges, calls, bytes, firstMs: row.first_ms, lastMs: row.last_ms },
    services: JSON.parse(row.services) as string[],
    edges: JSON.parse(row.edges) as Recording['edges'],
    redacted: JSON.parse(row.redacted) as Record<string, number>,
  };
}

function toRecording(row: RecordingRow): Recording {
  const { firstMs, lastMs, ...summary } = summaryOf(row);
  return {
    ...{ id: row.id, name: row.name, note: row.note, origin: row.origin, state: row.state, stopReason: row.stop_reason },
    filter: JSON.parse(row.filter) as Recording['filter'],
    startedAt: row.started_at,
    stoppedAt: row.stopped_at,
    firstAt: firstMs === null ? null : new Date(firstMs).toISOString(),
    lastAt: lastMs === null ? null : new Date(lastMs).toISOString(),
    waiting: 0,
    ...summary,
    dropped: row.dropped,
  };
}
