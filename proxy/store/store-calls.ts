import type { OperationResult } from './messages.ts';
import type { OperationName, Operations } from './operations.ts';
import type { StoreErrorCode, StoreNotice, StoreResult } from './store-types.ts';
import type { WorkerClient } from './worker-client.ts';

/** Questions to the store's worker, and how it goes: degraded while the disk takes nothing, told once each way. */
export class StoreCalls {
  readonly #worker: WorkerClient;
  readonly #onNotice: (notice: StoreNotice) => void;
  /** Rows of telemetry that were not kept. */
  dropped = 0;
  #degraded = false;

  constructor(worker: WorkerClient, onNotice: (notice: StoreNotice) => void) {
    this.#worker = worker;
    this.#onNotice = onNotice;
  }

  get degraded(): boolean {
    return this.#degraded;
  }

  close(): Promise<void> {
    return this.#worker.close();
  }

  /** What is best effort; null when it was not written. */
  async telemetry<K extends OperationName>(
    name: K,
    ...parameters: Parameters<Operations[K]>
  ): Promise<ReturnType<Operations[K]> | null> {
    const result = await this.#worker.call(name, ...parameters);
    this.#note(result);
    return result.ok ? result.value : null;
  }

  /** Null when it could not be read. */
  async read<K extends OperationName>(
    name: K,
    ...parameters: Parameters<Operations[K]>
  ): Promise<ReturnType<Operations[K]> | null> {
    const result = await this.#worker.call(name, ...parameters);
    if (!result.ok) this.#note(result);
    return result.ok ? result.value : null;
  }

  /** `ok` is on disk. */
  async durable<K extends OperationName>(
    name: K,
    ...parameters: Parameters<Operations[K]>
  ): Promise<StoreResult<ReturnType<Operations[K]>>> {
    const result = await this.#worker.call(name, ...parameters);
    this.#note(result);
    if (result.ok) return result;
    return { ok: false, code: errorCodes[result.kind], message: `not saved: ${result.message}` };
  }

  #note(result: OperationResult<OperationName>): void {
    if (result.ok) this.#noteSuccess();
    else if (result.kind !== 'closed') this.noteFailure(result.message);
  }

  /** Told once until it works again. */
  noteFailure(message: string): void {
    if (this.#degraded) return;
    this.#degraded = true;
    this.#onNotice({
      type: 'store.degraded',
      message: `the database takes nothing for now: ${message}. Traffic goes on; what is not kept is counted.`,
      data: { reason: message, dropped: this.dropped },
    });
  }

  #noteSuccess(): void {
    if (!this.#degraded) return;
    this.#degraded = false;
    this.#onNotice({
      type: 'store.recovered',
      message: `the database takes writes again; ${this.dropped} rows were not kept`,
      data: { dropped: this.dropped },
    });
  }
}

const errorCodes: Record<Extract<OperationResult<OperationName>, { ok: false }>['kind'], StoreErrorCode> = {
  disk: 'disk',
  corrupt: 'disk',
  busy: 'busy',
  overloaded: 'busy',
  closed: 'closed',
  internal: 'internal',
};
