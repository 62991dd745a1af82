import type { LogRecord } from '../api/log.schema.ts';
import type { OpenedDatabase } from './open-database.ts';
import type { StoreLimits } from './store-types.ts';

/** More logs of one trace than a person reads; the first ones tell how it began. */
const maxLogsOfTrace = 5000;

/** Log records the apps sent, by trace; the oldest go first. */
export class AppLogOperations {
  readonly #telemetry: OpenedDatabase['telemetry'];
  readonly #limits: StoreLimits;

  constructor({ telemetry }: OpenedDatabase, limits: StoreLimits) {
    this.#telemetry = telemetry;
    this.#limits = limits;
  }

  insert(logs: readonly LogRecord[]): number {
    const insert = this.#telemetry.prepare('INSERT INTO app_logs (trace_id, data) VALUES (?, ?)');
    this.#telemetry
      .transaction(() => {
        for (const log of logs) insert.run(log.traceId, JSON.stringify(log));
        this.#telemetry
          .prepare('DELETE FROM app_logs WHERE seq <= (SELECT max(seq) FROM app_logs) - ?')
          .run(this.#limits.maxAppLogs);
      })
      .immediate();
    return logs.length;
  }

  ofTrace(traceId: string): LogRecord[] {
    return this.#telemetry
      .prepare<[string, number], string>('SELECT data FROM app_logs WHERE trace_id = ? ORDER BY seq LIMIT ?')
      .pluck()
      .all(traceId, maxLogsOfTrace)
      .map((data) => JSON.parse(data) as LogRecord);
  }
}
