import { Worker } from 'node:worker_threads';
import { messageOf } from '../shared/message-of.ts';
import { monotonicMs } from '../shared/monotonic.ts';
import { workerEnvironment } from '../shared/worker-environment.ts';
import type { FromLoadThread, ToLoadThread } from './load-messages.ts';
import type { LoadAssignment, LoadDriver, Loads, LoadsSink } from './loads.ts';

interface Started {
  sink: LoadsSink;
  stopped: () => void;
  isStopped: Promise<void>;
}

/** Sends loads from a thread of its own. */
export class LoadThread implements LoadDriver {
  readonly #worker: Worker;
  readonly #started = new Map<number, Started>();
  #nextSet = 1;
  #closed = false;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Rejects when the thread does not come up. */
  static open(): Promise<LoadThread> {
    const url = new URL(import.meta.url.endsWith('.ts') ? './load-worker.ts' : './load-worker.js', import.meta.url);
    const worker = new Worker(url, { name: 'drydock-load', env: workerEnvironment() });
    worker.unref();
    const thread = new LoadThread(worker);
    let reason = 'the load generator ended';
    worker.on('error', (error) => {
      reason = `the load generator ended: ${messageOf(error)}`;
    });
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromLoadThread) => {
        if (message.type === 'ready') resolve(thread);
        else thread.#take(message);
      });
      worker.on('exit', () => {
        reject(new Error(reason));
        thread.#fail(reason);
      });
    });
  }

  start(assignments: readonly LoadAssignment[], mark: string, sink: LoadsSink, sinceMs = 0): Loads {
    const set = this.#nextSet++;
    let stopped: () => void = () => {};
    const isStopped = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    this.#started.set(set, { sink, stopped, isStopped });
    this.#send({ type: 'start', set, mark, assignments, zeroAt: monotonicMs(performance.now() - sinceMs) });
    return {
      stop: () => {
        this.#send({ type: 'stop', set });
        return isStopped;
      },
      close: () => this.#send({ type: 'cut', set }),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker.terminate();
  }

  #take(message: Exclude<FromLoadThread, { type: 'ready' }>): void {
    const started = this.#started.get(message.set);
    if (!started) return;
    if (message.type === 'stopped') {
      started.stopped();
      return;
    }
    for (const result of message.results) started.sink.onResult(result);
    for (const [load, number] of message.dropped) started.sink.onDropped(load, number);
  }

  #fail(reason: string): void {
    for (const { sink, stopped } of this.#started.values()) {
      stopped();
      if (!this.#closed) sink.onFailed(reason);
    }
    this.#started.clear();
  }

  #send(message: ToLoadThread): void {
    this.#worker.postMessage(message);
  }
}
