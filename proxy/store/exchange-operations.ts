import type { Statement } from 'better-sqlite3';
import type { Exchange, ExchangeDetail } from '../api/exchange.schema.ts';
import { compileExchangeFilter, type FilterFields } from './exchange-filter.ts';
import { decodeDetail, type EncodedExchange, type StoredDetail, toExchangeRow } from './exchange-row.ts';
import type { OpenedDatabase } from './open-database.ts';
import type { StoreLimits } from './store-types.ts';

interface Usage {
  rows: number;
  bytes: number;
}
export interface InsertOutcome extends Usage {
  inserted: number;
}

/** Rows removed at once, so that one batch never holds the worker long. */
const evictionChunk = 500;

/** The exchanges table: inserts with a quota per destination service, queries newest first. */
export class ExchangeOperations {
  readonly #database: OpenedDatabase['telemetry'];
  readonly #limits: StoreLimits;
  readonly #usage = new Map<string, Usage>();
  #insert: Statement | null = null;
  #total: Usage = { rows: 0, bytes: 0 };

  constructor(database: OpenedDatabase, limits: StoreLimits) {
    this.#database = database.telemetry;
    this.#limits = limits;
    this.#loadUsage();
  }

  insert(exchanges: readonly EncodedExchange[]): InsertOutcome {
    const statement = (this.#insert ??= this.#database.prepare(
      `INSERT OR IGNORE INTO exchanges (id, time_ms, reporter, source, source_namespace, destination, destination_namespace, method, path,
         status, flags, trace_id, bytes, summary, detail, request_body, response_body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ));
    let inserted = 0;
    try {
      this.#database
        .transaction(() => {
          for (const exchange of exchanges) {
            const { parameters, serviceKey, bytes } = toExchangeRow(exchange);
            if (statement.run(...parameters).changes === 0) continue;
            inserted++;
            this.#count(serviceKey, 1, bytes);
          }
          this.#evict();
        })
        .immediate();
    } catch (error) {
      this.#loadUsage(); // rolled back: what was counted did not happen
      throw error;
    }
    return { inserted, ...this.#total };
  }

  query(filter: FilterFields, before: string | undefined, limit: number): Exchange[] {
    const compiled = compileExchangeFilter(filter);
    const older = before === undefined ? '' : ' AND id < ?';
    const rows = this.#database
      .prepare<(string | number)[], string>(
        `SELECT summary FROM exchanges WHERE 1${compiled.where}${older} ORDER BY id DESC LIMIT ?`,
      )
      .pluck()
      .all(...compiled.parameters, ...(before === undefined ? [] : [before]), limit);
    return rows.map((summary) => JSON.parse(summary) as Exchange);
  }

  get(id: string): ExchangeDetail | null {
    const row = this.#database.prepare<[string], StoredDetail>(`${selectDetail} WHERE id = ?`).get(id);
    return row ? decodeDetail(row) : null;
  }

  ofTrace(traceId: string, limit: number): ExchangeDetail[] {
    return this.#database
      .prepare<[string, number], StoredDetail>(`${selectDetail} WHERE trace_id = ? ORDER BY id LIMIT ?`)
      .all(traceId, limit)
      .map(decodeDetail);
  }

  /** Trace ids by their first exchange, newest first, each with the summaries of its exchanges. */
  traceGroups(before: string | undefined, limit: number): { traceId: string; firstId: string; exchanges: Exchange[] }[] {
    const groups = this.#database
      .prepare<[string, number], { traceId: string; firstId: string }>(
        `SELECT trace_id AS traceId, min(id) AS firstId FROM exchanges WHERE trace_id <> '' GROUP BY trace_id
         HAVING firstId < ? ORDER BY firstId DESC LIMIT ?`,
      )
      .all(before ?? '\u{10FFFF}', limit);
    const summaries = this.#database
      .prepare<[string], string>('SELECT summary FROM exchanges WHERE trace_id = ? ORDER BY id LIMIT 1000')
      .pluck();
    return groups.map((group) => ({ ...group, exchanges: summaries.all(group.traceId).map((s) => JSON.parse(s) as Exchange) }));
  }

  usage(): Usage {
    return { ...this.#total };
  }

  #loadUsage(): void {
    this.#usage.clear();
    this.#total = { rows: 0, bytes: 0 };
    const rows = this.#database
      .prepare<[], { key: string; rows: number; bytes: number }>(
        `SELECT destination_namespace || '/' || destination AS key, count(*) AS rows, sum(bytes) AS bytes FROM exchanges
         GROUP BY destination_namespace, destination`,
      )
      .all();
    for (const row of rows) this.#count(row.key, row.rows, row.bytes);
  }

  #count(key: string, rows: number, bytes: number): void {
    const usage = this.#usage.get(key) ?? { rows: 0, bytes: 0 };
    usage.rows += rows;
    usage.bytes += bytes;
    this.#usage.set(key, usage);
    this.#total.rows += rows;
    this.#total.bytes += bytes;
    if (usage.rows <= 0) this.#usage.delete(key);
  }

  /**
   * Over the limit, the service that has most gives its oldest rows, again and again: max-min fairness, so that one chatty service cannot
   * push out the others, and a lone service may fill everything.
   */
  #evict(): void {
    for (let rounds = 0; rounds < 200; rounds++) {
      const byRows = this.#total.rows > this.#limits.maxExchanges;
      const byBytes = this.#total.bytes > this.#limits.maxExchangeBytes;
      if (!byRows && !byBytes) return;
      const measure = byRows ? 'rows' : 'bytes';
      const [largest, second] = [...this.#usage].sort((a, b) => b[1][measure] - a[1][measure]);
      if (!largest) return;
      const meanBytes = Math.max(1, largest[1].bytes / largest[1].rows);
      const excess = byRows
        ? this.#total.rows - this.#limits.maxExchanges
        : (this.#total.bytes - this.#limits.maxExchangeBytes) / meanBytes;
      const lead = second ? (largest[1][measure] - second[1][measure]) / (byRows ? 1 : meanBytes) : Number.POSITIVE_INFINITY;
      // Equals share what is over, so that a few rounds are enough however many services there are.
      const wanted = Math.max(lead, excess / this.#usage.size);
      const count = Math.max(1, Math.min(evictionChunk, Math.ceil(excess), Math.ceil(wanted)));
      if (this.#removeOldest(largest[0], count) === 0) return;
    }
  }

  #removeOldest(key: string, count: number): number {
    const slash = key.indexOf('/');
    const victims = this.#database
      .prepare<[string, string, number], { seq: number; bytes: number }>(
        'SELECT seq, bytes FROM exchanges WHERE destination_namespace = ? AND destination = ? ORDER BY id LIMIT ?',
      )
      .all(key.slice(0, slash), key.slice(slash + 1), count);
    const remove = this.#database.prepare('DELETE FROM exchanges WHERE seq = ?');
    for (const victim of victims) {
      remove.run(victim.seq);
      this.#count(key, -1, -victim.bytes);
    }
    return victims.length;
  }
}

const selectDetail = 'SELECT detail, request_body AS requestBody, response_body AS responseBody FROM exchanges';
