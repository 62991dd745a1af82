import { parentPort } from 'node:worker_threads';
import { fromMonotonicMs } from '../shared/monotonic.ts';
import { createSystemClock } from '../shared/system-clock.ts';
import { preferThisThread } from '../shared/thread-priority.ts';
import type { LoadResult } from './load-generator.ts';
import type { FromLoadThread, ToLoadThread } from './load-messages.ts';
import { type Loads, startGenerators } from './loads.ts';

/* Entry of the thread that sends loads: whatever else the engine does then, requests leave on time. */

const tellEveryMs = 50;

if (parentPort === null) throw new Error('scenarios/load-worker.ts runs as a worker thread');
preferThisThread();
const port = parentPort;
const clock = createSystemClock();
const tell = (message: FromLoadThread): void => port.postMessage(message);

/** Loads started together, with what has not been told of them yet. */
class LoadSet {
  readonly #set: number;
  readonly #loads: Loads;
  #results: LoadResult[] = [];
  #dropped: [number, number][] = [];
  #timer: { cancel(): void } | null = null;

  constructor({ set, mark, zeroAt, assignments }: ToLoadThread & { type: 'start' }) {
    this.#set = set;
    const startedAt = fromMonotonicMs(zeroAt);
    this.#loads = startGenerators(
      { assignments, mark, startedAt, clock },
      {
        onResult: (result) => {
          this.#results.push(result);
          this.#tellSoon();
        },
        onDropped: (load, number) => {
          this.#dropped.push([load, number]);
          this.#tellSoon();
        },
      },
    );
  }

  async stop(): Promise<void> {
    await this.#loads.stop();
    this.#tell();
    tell({ type: 'stopped', set: this.#set });
  }

  cut(): void {
    this.#loads.close();
    this.#tell();
  }

  #tellSoon(): void {
    this.#timer ??= clock.setTimer(() => this.#tell(), tellEveryMs);
  }

  #tell(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#results.length === 0 && this.#dropped.length === 0) return;
    tell({ type: 'batch', set: this.#set, results: this.#results, dropped: this.#dropped });
    this.#results = [];
    this.#dropped = [];
  }
}

const sets = new Map<number, LoadSet>();
port.on('message', (message: ToLoadThread) => {
  if (message.type === 'start') sets.set(message.set, new LoadSet(message));
  else if (message.type === 'stop') void sets.get(message.set)?.stop();
  else {
    sets.get(message.set)?.cut();
    sets.delete(message.set);
  }
});
tell({ type: 'ready' });
