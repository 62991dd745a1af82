import { Worker } from 'node:worker_threads';
import { messageOf } from '../shared/message-of.ts';
import { workerEnvironment } from '../shared/worker-environment.ts';
import type { FromStoreWorker, OperationResult, ToStoreWorker, WorkerSetup } from './messages.ts';
import type { OperationName, Operations } from './operations.ts';
import type { StoreOpenErrorCode } from './store-types.ts';

/** Store.open refused; the file is untouched. `message` is for a person. */
export class StoreOpenError extends Error {
  readonly code: StoreOpenErrorCode;
  constructor(code: StoreOpenErrorCode, message: string) {
    super(message);
    this.name = 'StoreOpenError';
    this.code = code;
  }
}

export interface WorkerClientEvents {
  onQuarantined: (file: string, reason: string) => void;
  /** The worker died and was started again, or could not be. */
  onCrash: (message: string) => void;
}

/** Questions in flight at most; more are refused at once, so that a stuck disk costs no memory. */
const maxInFlight = 2000;
const maxRestarts = 5;

type Settle = (result: OperationResult<OperationName>) => void;

/** One worker thread and the questions it has not answered yet. Calls never reject. */
export class WorkerClient {
  readonly #setup: WorkerSetup;
  readonly #url: URL;
  readonly #events: WorkerClientEvents;
  readonly #waiting = new Map<number, Settle>();
  #worker: Worker | null = null;
  #nextId = 1;
  #restarts = 0;
  #closed = false;

  private constructor(setup: WorkerSetup, url: URL, events: WorkerClientEvents) {
    this.#setup = setup;
    this.#url = url;
    this.#events = events;
  }

  /** Throws StoreOpenError. `problem` is why the database cannot be used for now, null when it is open. */
  static async start(
    setup: WorkerSetup,
    url: URL,
    events: WorkerClientEvents,
  ): Promise<{ client: WorkerClient; problem: string | null }> {
    const client = new WorkerClient(setup, url, events);
    const problem = await client.#launch();
    return { client, problem };
  }

  call<K extends OperationName>(name: K, ...parameters: Parameters<Operations[K]>): Promise<OperationResult<K>> {
    const worker = this.#worker;
    if (!worker || this.#closed) return Promise.resolve({ ok: false, kind: 'closed', message: 'the store is closed' });
    if (this.#waiting.size >= maxInFlight) {
      return Promise.resolve({ ok: false, kind: 'overloaded', message: 'the store has too many questions waiting' });
    }
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve as Settle);
      const message: ToStoreWorker = { type: 'call', id, name, parameters };
      try {
        worker.postMessage(message);
      } catch (error) {
        this.#waiting.delete(id); // something that cannot cross a thread: our mistake, but not the caller's end
        resolve({ ok: false, kind: 'internal', message: messageOf(error) });
      }
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (this.#closed || !worker) return;
    this.#closed = true;
    await new Promise<void>((resolve) => {
      worker.once('exit', () => resolve());
      worker.postMessage({ type: 'close', id: 0 } satisfies ToStoreWorker);
    });
    this.#worker = null;
    this.#failWaiting('the store is closed');
  }

  #launch(): Promise<string | null> {
    const worker = new Worker(this.#url, {
      workerData: this.#setup,
      name: 'drydock-store',
      env: workerEnvironment(),
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      let opened = false;
      let failure = 'the store worker ended';
      worker.on('message', (message: FromStoreWorker) => {
        if (message.type === 'opened') {
          opened = true;
          if (message.quarantined) this.#events.onQuarantined(message.quarantined.file, message.quarantined.reason);
          resolve(message.problem);
        } else if (message.type === 'refused') {
          reject(new StoreOpenError(message.code, message.message));
        } else {
          this.#receive(message);
        }
      });
      worker.on('error', (error) => {
        failure = messageOf(error);
      });
      worker.on('exit', () => {
        reject(new StoreOpenError('worker-failed', failure));
        if (opened && !this.#closed) this.#restart(failure);
      });
    });
  }

  #receive(message: FromStoreWorker): void {
    if (message.type === 'quarantined') this.#events.onQuarantined(message.file, message.reason);
    if (message.type !== 'answer') return;
    const settle = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    settle?.(
      message.ok ? { ok: true, value: message.value as never } : { ok: false, kind: message.kind, message: message.message },
    );
  }

  #restart(failure: string): void {
    this.#worker = null;
    this.#failWaiting(failure);
    this.#events.onCrash(`the store worker ended: ${failure}`);
    if (this.#restarts++ >= maxRestarts) return;
    this.#launch().catch((error: unknown) => {
      this.#worker = null;
      this.#events.onCrash(messageOf(error));
    });
  }

  #failWaiting(message: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const settle of waiting) settle({ ok: false, kind: this.#closed ? 'closed' : 'internal', message });
  }
}
