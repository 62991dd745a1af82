import { Worker } from 'node:worker_threads';
import { messageOf } from './message-of.ts';
import { workerEnvironment } from './worker-environment.ts';

export interface ThreadOnDemandOptions<Out> {
  /** Module of the thread's entry. */
  url: URL;
  /** As tools show it. */
  name: string;
  /** What it is in a sentence: `the sending thread`. */
  what: string;
  youngGenerationMb: number;
  onMessage: (message: Out) => void;
  /** It died by itself, and why. What was asked of it is lost; the next message starts another one. */
  onCrash: (reason: string) => void;
}

/** A worker thread that starts with its first message, so that an engine that never needs it pays nothing. It keeps no process alive. */
export class ThreadOnDemand<In, Out> {
  readonly #options: ThreadOnDemandOptions<Out>;
  #worker: Worker | null = null;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: ThreadOnDemandOptions<Out>) {
    this.#options = options;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves when it has said its first word, or cannot. */
  start(): Promise<void> {
    if (!this.#closed) this.#worker ??= this.#launch();
    return this.#running;
  }

  post(message: In): void {
    if (this.#closed) return;
    this.#worker ??= this.#launch();
    this.#worker.postMessage(message);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #launch(): Worker {
    const { url, name, what, youngGenerationMb, onMessage, onCrash } = this.#options;
    const worker = new Worker(url, {
      name,
      env: workerEnvironment(),
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
    worker.unref();
    this.#running = new Promise((resolve) => {
      worker.once('message', () => resolve());
      worker.once('exit', () => resolve());
    });
    worker.on('message', onMessage);
    let reason = `${what} ended`;
    worker.on('error', (error) => {
      reason = `${what} ended: ${messageOf(error)}`;
    });
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      onCrash(reason);
    });
    return worker;
  }
}
