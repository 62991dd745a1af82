import type { Span } from '../api/observability.schema.ts';
import type { OpenedDatabase } from './open-database.ts';
import type { StoreLimits } from './store-types.ts';

const maxSpansOfTrace = 20_000;

/** Spans the apps sent, by trace; the oldest go first. */
export class AppSpanOperations {
  readonly #telemetry: OpenedDatabase['telemetry'];
  readonly #limits: StoreLimits;

  constructor({ telemetry }: OpenedDatabase, limits: StoreLimits) {
    this.#telemetry = telemetry;
    this.#limits = limits;
  }

  insert(spans: readonly Span[]): number {
    const insert = this.#telemetry.prepare(
      'INSERT OR REPLACE INTO app_spans (trace_id, span_id, kind, start, data) VALUES (?, ?, ?, ?, ?)',
    );
    this.#telemetry
      .transaction(() => {
        for (const span of spans) insert.run(span.traceId, span.spanId, span.kind, span.start, JSON.stringify(span));
        this.#telemetry
          .prepare('DELETE FROM app_spans WHERE seq <= (SELECT max(seq) FROM app_spans) - ?')
          .run(this.#limits.maxAppSpans);
      })
      .immediate();
    return spans.length;
  }

  ofTrace(traceId: string): Span[] {
    return this.#telemetry
      .prepare<[string, number], string>('SELECT data FROM app_spans WHERE trace_id = ? ORDER BY seq LIMIT ?')
      .pluck()
      .all(traceId, maxSpansOfTrace)
      .map((data) => JSON.parse(data) as Span);
  }

  /** Traces no exchange belongs to, newest first; they stand among those of exchanges by an id that sorts by time as theirs do. */
  groups(before: string | undefined, limit: number): { traceId: string; firstId: string }[] {
    const until = before === undefined ? Number.NaN : Number.parseInt(before.slice(0, timeDigits), 36) + 1;
    const rows = this.#telemetry
      .prepare<[string, number], { traceId: string; start: string }>(
        `SELECT trace_id AS traceId, min(start) AS start FROM app_spans GROUP BY trace_id
         HAVING min(start) < ? AND NOT EXISTS (SELECT 1 FROM exchanges WHERE exchanges.trace_id = app_spans.trace_id)
         ORDER BY min(start) DESC, trace_id DESC LIMIT ?`,
      )
      .all(Math.abs(until) < 8.64e15 ? new Date(until).toISOString() : '\u{10FFFF}', limit * 2);
    const groups = rows.map(({ traceId, start }) => ({ traceId, firstId: appTraceId(start, traceId) }));
    return groups.filter(({ firstId }) => before === undefined || firstId < before).slice(0, limit);
  }

  /** How many spans there are of each, none left out. */
  counts(traceIds: readonly string[]): number[] {
    const count = this.#telemetry.prepare<[string], number>('SELECT count(*) FROM app_spans WHERE trace_id = ?').pluck();
    return traceIds.map((traceId) => count.get(traceId) ?? 0);
  }
}

/** As ids of exchanges begin: milliseconds in base 36. */
const timeDigits = 9;
const appTraceId = (start: string, traceId: string): string =>
  `${Date.parse(start).toString(36).padStart(timeDigits, '0')}-${traceId}`;
