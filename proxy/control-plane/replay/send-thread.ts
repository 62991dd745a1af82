import { Worker } from 'node:worker_threads';
import { workerEnvironment } from '../../shared/worker-environment.ts';
import type { FromSendWorker, ToSendWorker } from './send-worker.ts';
import { failure, type WireAnswer, type WireCall } from './wire.ts';

/** The sending thread, seen from the control plane. It starts with the first call, so that an engine that replays nothing pays nothing. */
export class SendThread {
  readonly #url = new URL(import.meta.url.endsWith('.ts') ? './send-worker.ts' : './send-worker.js', import.meta.url);
  readonly #waiting = new Map<number, (answer: WireAnswer) => void>();
  readonly #bySignal = new WeakMap<AbortSignal, Set<number>>();
  #outbox: ToSendWorker[] = [];
  #worker: Worker | null = null;
  #running: Promise<void> = Promise.resolve();
  #nextId = 1;
  #closed = false;

  /** Resolves when the thread runs, or cannot: then the calls say why. */
  start(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#worker ??= this.#launch();
    return this.#running;
  }

  /** Never rejects. */
  send(call: WireCall, signal: AbortSignal): Promise<WireAnswer> {
    if (this.#closed) return Promise.resolve(failure('the engine stops', 0));
    if (signal.aborted) return Promise.resolve(failure('cancelled', 0));
    this.#worker ??= this.#launch();
    const id = this.#nextId++;
    const ids = this.#idsOf(signal);
    ids.add(id);
    return new Promise((resolve) => {
      this.#waiting.set(id, (answer) => {
        ids.delete(id);
        resolve(answer);
      });
      this.#post({ type: 'send', id, call }, call.startAt !== 0);
    });
  }

  /** Calls under way by what cancels them: thousands share one signal, and listening costs. */
  #idsOf(signal: AbortSignal): Set<number> {
    const known = this.#bySignal.get(signal);
    if (known !== undefined) return known;
    const ids = new Set<number>();
    this.#bySignal.set(signal, ids);
    const cancel = () => {
      for (const id of ids) this.#post({ type: 'cancel', id }, false);
    };
    signal.addEventListener('abort', cancel, { once: true });
    return ids;
  }

  /** What has time goes together with what comes in the same round: each message wakes the thread. */
  #post(message: ToSendWorker, hasTime: boolean): void {
    this.#outbox.push(message);
    if (!hasTime) this.#flush();
    else if (this.#outbox.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#outbox.length > 0) this.#worker?.postMessage(this.#outbox);
    this.#outbox = [];
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
    this.#failAll('the engine stops');
  }

  #launch(): Worker {
    const worker = new Worker(this.#url, {
      name: 'drydock-replay',
      env: workerEnvironment(),
      // Collected seldom: a collection holds up what was to start in it.
      resourceLimits: { maxYoungGenerationSizeMb: 96 },
    });
    worker.unref();
    this.#running = new Promise((resolve) => {
      worker.once('message', () => resolve());
      worker.once('exit', () => resolve());
    });
    worker.on('message', (answers: FromSendWorker[]) => {
      for (const { id, answer } of answers) {
        const settle = this.#waiting.get(id);
        this.#waiting.delete(id);
        settle?.(answer);
      }
    });
    let reason = 'the sending thread ended';
    worker.on('error', (error) => {
      reason = `the sending thread ended: ${error instanceof Error ? error.message : String(error)}`;
    });
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      // The next call starts another one.
      this.#worker = null;
      this.#failAll(reason);
    });
    return worker;
  }

  #failAll(message: string): void {
    for (const settle of this.#waiting.values()) settle(failure(message, 0));
    this.#waiting.clear();
    this.#outbox = [];
  }
}
