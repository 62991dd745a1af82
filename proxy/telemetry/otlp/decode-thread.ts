import type { Clock } from '../../shared/clock.ts';
import { ThreadOnDemand } from '../../shared/thread-on-demand.ts';
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
  readonly #thread: ThreadOnDemand<DecodeCall, DecodeAnswer>;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #waitingBytes = 0;

  constructor(options: { clock: Clock; onCrash: (reason: string) => void }) {
    this.#clock = options.clock;
    this.#thread = new ThreadOnDemand({
      url: new URL(import.meta.url.endsWith('.ts') ? './decode-worker.ts' : './decode-worker.js', import.meta.url),
      name: 'drydock-otlp',
      what: 'the OTLP decoder',
      youngGenerationMb: 16,
      onMessage: ({ id, outcome }) => this.#take(id)?.settle(outcome),
      onCrash: (reason) => {
        this.#failAll(reason);
        options.onCrash(reason);
      },
    });
  }

  /** Never rejects: a thread that died or is overrun is `unavailable`. */
  decode(body: OtlpBody): Promise<DecodeOutcome> {
    const bytes = body.bytes.byteLength;
    if (this.#thread.closed || this.#waitingBytes + bytes > maxWaitingBytes) {
      return Promise.resolve({ ok: false, kind: 'unavailable', message: 'too much is waiting to be decoded' });
    }
    const id = this.#nextId++;
    this.#waitingBytes += bytes;
    return new Promise((settle) => {
      this.#waiting.set(id, { bytes, settle });
      this.#thread.post({ id, body, nowMs: this.#clock.wallNow() });
    });
  }

  async close(): Promise<void> {
    await this.#thread.close();
    this.#failAll('the engine stops');
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
