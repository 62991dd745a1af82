import { Worker } from 'node:worker_threads';
import type { Clock } from '../../shared/clock.ts';
import { workerEnvironment } from '../../shared/worker-environment.ts';
import type { DecodeOutcome, OtlpBody } from './decode.ts';
import type { DecodeAnswer, DecodeCall } from './decode-worker.ts';

/** Bodies waiting at most; more are told to come back later. */
const maxWaitingBytes = 64 * 1024 * 1024;

interface Waiting {
  bytes: number;
  settle(outcome: DecodeOutcome): void;
}

/** The decoding thread. It starts with the first export: a mesh whose apps send none pays nothing for it. */
export class DecodeThread {
  readonly #url: URL;
  readonly #onCrash: (reason: string) => void;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #nextId = 1;
  #waitingBytes = 0;
  #closed = false;

  constructor(options: { clock: Clock; onCrash: (reason: string) => void }) {
    this.#url = new URL(import.meta.url.endsWith('.ts') ? './decode-worker.ts' : './decode-worker.js', import.meta.url);
    this.#onCrash = options.onCrash;
    this.#clock = options.clock;
  }

  /** Never rejects: a thread that died or is overrun is `unavailable`. */
  decode(body: OtlpBody): Promise<DecodeOutcome> {
    const bytes = body.bytes.byteLength;
    if (this.#closed || this.#waitingBytes + bytes > maxWaitingBytes) {
      return Promise.resolve({ ok: false, kind: 'unavailable', message: 'too much is waiting to be decoded' });
    }
    this.#worker ??= this.#launch();
    const worker = this.#worker;
    const id = this.#nextId++;
    this.#waitingBytes += bytes;
    return new Promise((settle) => {
      this.#waiting.set(id, { bytes, settle });
      worker.postMessage({ id, body, nowMs: this.#clock.wallNow() } satisfies DecodeCall);
    });
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
      name: 'drydock-otlp',
      env: workerEnvironment(),
      resourceLimits: { maxYoungGenerationSizeMb: 16 },
    });
    worker.unref();
    worker.on('message', ({ id, outcome }: DecodeAnswer) => this.#take(id)?.settle(outcome));
    let reason = 'the OTLP decoder ended';
    worker.on('error', (error) => {
      reason = `the OTLP decoder ended: ${error instanceof Error ? error.message : String(error)}`;
    });
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      // The next export starts another one.
      this.#worker = null;
      this.#failAll(reason);
      this.#onCrash(reason);
    });
    return worker;
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(id);
    this.#waitingBytes -= waiting.bytes;
    return waiting;
  }

  #failAll(message: string): void {
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.settle({ ok: false, kind: 'unavailable', message });
  }
}
