import { statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { classifyError, describeError, needsReopen } from './errors.ts';
import type { FromStoreWorker, ToStoreWorker, WorkerSetup } from './messages.ts';
import { acquireLock, type OpenedDatabase, openDatabase, quarantine } from './open-database.ts';
import { createOperations, type OperationName, type Operations, telemetryWrites } from './operations.ts';

/** The store's own thread: the only place that touches the database. One question at a time, in order. */
const port = parentPort;
if (!port) throw new Error('store/worker.ts runs as a worker thread');
const setup = workerData as WorkerSetup;
const reopenEveryMs = 2000;

const send = (message: FromStoreWorker): void => port.postMessage(message);
const wallNow = (): number => Date.now();

class StoreWorker {
  #database: OpenedDatabase | null = null;
  #operations: Operations | null = null;
  #problem = '';
  #lastOpenTry = 0;
  #interruptedClosed = false;
  /** When the log was last found over its limit, with the reason; asked again once a second. */
  #logFull: { at: number; message: string } | null = null;
  readonly #lock: { close(): void } | null;

  constructor(lock: { close(): void } | null) {
    this.#lock = lock;
  }

  /** Tells the client how it went; 'refused' needs a person, anything else is retried. */
  open(): 'opened' | 'refused' {
    this.#lastOpenTry = performance.now();
    const outcome = openDatabase(setup.path, setup.lockTimeoutMs, setup.limits.maxWalBytes, wallNow);
    if (!outcome.ok) {
      if (outcome.code !== 'unavailable') {
        send({ type: 'refused', code: outcome.code, message: outcome.message });
        return 'refused';
      }
      this.#problem = outcome.message;
      send({ type: 'opened', quarantined: null, problem: outcome.message });
      return 'opened';
    }
    const problem = this.#use(outcome.database);
    send({ type: 'opened', quarantined: outcome.database.quarantined, problem });
    return 'opened';
  }

  call(id: number, name: OperationName, parameters: unknown[]): void {
    for (let tries = 0; tries < 2; tries++) {
      try {
        send({ type: 'answer', id, ok: true, value: this.#run(name, parameters) });
        return;
      } catch (error) {
        const kind = classifyError(error);
        if (needsReopen(error)) this.#drop(kind === 'corrupt' ? describeError(error) : null);
        if (kind === 'corrupt' && tries === 0) continue; // on the fresh database
        const ours = error instanceof Unavailable;
        send({ type: 'answer', id, ok: false, kind: ours ? 'disk' : kind, message: describeError(error) });
        return;
      }
    }
  }

  close(): void {
    if (this.#database) {
      try {
        this.#database.durable.pragma('wal_checkpoint(TRUNCATE)');
      } catch (error) {
        // The log stays and is read at the next start; nothing acknowledged is lost.
        this.#problem = describeError(error);
      }
    }
    this.#closeConnections();
    this.#lock?.close();
  }

  #run(name: OperationName, parameters: unknown[]): unknown {
    if (!this.#operations) this.#reopen();
    const operations = this.#operations;
    if (!operations) throw new Unavailable(this.#problem);
    if (telemetryWrites.has(name)) this.#guardLogSize();
    const operation = operations[name] as (...values: unknown[]) => unknown;
    return operation(...parameters);
  }

  #use(database: OpenedDatabase): string | null {
    this.#database = database;
    try {
      const operations = createOperations(database, setup.limits);
      this.#operations = operations;
      this.#problem = '';
      if (!this.#interruptedClosed) operations.closeInterrupted(new Date(wallNow()).toISOString());
      this.#interruptedClosed = true;
      return null;
    } catch (error) {
      this.#problem = describeError(error);
      if (!this.#operations) this.#closeConnections();
      return this.#problem;
    }
  }

  #reopen(): void {
    if (performance.now() - this.#lastOpenTry < reopenEveryMs) return;
    this.#lastOpenTry = performance.now();
    const outcome = openDatabase(setup.path, 0, setup.limits.maxWalBytes, wallNow);
    if (!outcome.ok) {
      this.#problem = outcome.message;
      return;
    }
    if (outcome.database.quarantined) send({ type: 'quarantined', ...outcome.database.quarantined });
    this.#use(outcome.database);
  }

  /** Gives the connections up; a corrupt file is put aside. The next question opens again. */
  #drop(corrupt: string | null): void {
    this.#closeConnections();
    this.#lastOpenTry = 0 - reopenEveryMs;
    if (corrupt === null) return;
    try {
      send({ type: 'quarantined', file: quarantine(setup.path, wallNow), reason: corrupt });
    } catch (error) {
      this.#problem = describeError(error);
    }
  }

  #closeConnections(): void {
    this.#operations = null;
    this.#database?.telemetry.close();
    this.#database?.durable.close();
    this.#database = null;
  }

  /** A reader in another process can keep the log from being emptied; then telemetry is dropped, recordings go on. */
  #guardLogSize(): void {
    if (!this.#database) return;
    if (this.#logFull && performance.now() - this.#logFull.at < 1000) throw new Unavailable(this.#logFull.message);
    this.#logFull = null;
    const logBytes = (): number => statSync(`${setup.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    if (logBytes() <= setup.limits.maxWalBytes) return;
    this.#database.telemetry.pragma('wal_checkpoint(TRUNCATE)');
    const after = logBytes();
    if (after <= setup.limits.maxWalBytes) return;
    this.#logFull = { at: performance.now(), message: `another process reads the database and keeps its log at ${after} bytes` };
    throw new Unavailable(this.#logFull.message);
  }
}

/** The database cannot be used now; it may pass. */
class Unavailable extends Error {}

const lock = acquireLock(setup.path, setup.lockTimeoutMs);
if (!lock.ok) {
  send({ type: 'refused', code: 'locked', message: lock.message });
} else {
  const worker = new StoreWorker(lock.lock);
  if (worker.open() === 'refused') {
    worker.close();
  } else {
    port.on('message', (message: ToStoreWorker) => {
      if (message.type === 'call') {
        worker.call(message.id, message.name, message.parameters);
        return;
      }
      worker.close();
      send({ type: 'closed', id: message.id });
      port.close();
    });
  }
}
