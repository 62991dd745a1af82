import { Worker } from 'node:worker_threads';
import type { FromDataPlane, ToDataPlane } from '../../data-plane/messages.ts';
import { workerEnvironment } from '../../shared/worker-environment.ts';

type Answer = Extract<FromDataPlane, { id: number }>;
type Question = Extract<ToDataPlane, { id: number }>;
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
/** What a worker says unasked. */
export type Told = Exclude<FromDataPlane, Answer>;

export interface DataPlaneThreadOptions {
  /** Module of the worker thread. */
  entry: URL;
  name: string;
  onTold: (message: Told) => void;
  /** Once; whoever waits for an answer has been told. */
  onDied: (reason: string) => void;
}

/** The worker died before it answered, or is being started again. */
export class DataPlaneGone extends Error {
  override name = 'DataPlaneGone';
}

/** One life of one data-plane worker: questions and answers. */
export class DataPlaneThread {
  readonly #options: DataPlaneThreadOptions;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  #nextId = 1;
  #over = false;

  constructor(options: DataPlaneThreadOptions) {
    this.#options = options;
    const { entry, name } = options;
    this.#worker = new Worker(entry, { name, stdout: false, stderr: false, env: workerEnvironment() });
    this.#worker.on('message', (message: FromDataPlane) => this.#receive(message));
    this.#worker.on('error', (error) => this.fail(error.stack ?? error.message));
    this.#worker.on('exit', (code) => this.fail(`exit code ${code}`));
  }

  post(message: ToDataPlane): void {
    this.#worker.postMessage(message);
  }

  /** Rejects with DataPlaneGone when the worker dies first. */
  ask<T extends Answer['type']>(question: WithoutId<Question>, _answers: T): Promise<Extract<Answer, { type: T }>> {
    if (this.#over) return Promise.reject(new DataPlaneGone('The data plane is being restarted'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: Answer) => void, reject });
      this.#worker.postMessage({ ...question, id });
    });
  }

  /** Ends a worker that is of no use any more, as if it had died by itself. */
  fail(reason: string): void {
    if (this.#over) return;
    void this.close(reason);
    this.#options.onDied(reason);
  }

  async close(reason = 'the engine stops'): Promise<void> {
    this.#over = true;
    const gone = new DataPlaneGone(`The data plane is not running: ${reason.split('\n')[0]}`);
    for (const waiting of this.#waiting.values()) waiting.reject(gone);
    this.#waiting.clear();
    await this.#worker.terminate();
  }

  #receive(message: FromDataPlane): void {
    if (this.#over) return;
    if ('id' in message) {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      waiting?.resolve(message);
    } else if (message.type === 'failed') this.fail(`${message.message}\n${message.stack}`);
    else this.#options.onTold(message);
  }
}
