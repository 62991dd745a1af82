import { ThreadOnDemand } from '../../shared/thread-on-demand.ts';
import type { FromSendWorker, ToSendWorker } from './send-worker.ts';
import { failure, type WireAnswer, type WireCall } from './wire.ts';

/** The sending thread, seen from the control plane. It starts with the first call, so that an engine that replays nothing pays nothing. */
export class SendThread {
  readonly #thread: ThreadOnDemand<ToSendWorker[], FromSendWorker[]>;
  readonly #waiting = new Map<number, (answer: WireAnswer) => void>();
  readonly #bySignal = new WeakMap<AbortSignal, Set<number>>();
  #outbox: ToSendWorker[] = [];
  #nextId = 1;

  constructor() {
    this.#thread = new ThreadOnDemand({
      url: new URL(import.meta.url.endsWith('.ts') ? './send-worker.ts' : './send-worker.js', import.meta.url),
      name: 'drydock-replay',
      what: 'the sending thread',
      // Collected seldom: a collection holds up what was to start in it.
      youngGenerationMb: 96,
      onMessage: (answers) => {
        for (const { id, answer } of answers) this.#settle(id, answer);
      },
      onCrash: (reason) => this.#failAll(reason),
    });
  }

  /** Resolves when the thread runs, or cannot: then the calls say why. */
  start(): Promise<void> {
    return this.#thread.start();
  }

  /** Never rejects. */
  send(call: WireCall, signal: AbortSignal): Promise<WireAnswer> {
    if (this.#thread.closed) return Promise.resolve(failure('the engine stops', 0));
    if (signal.aborted) return Promise.resolve(failure('cancelled', 0));
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
    if (this.#outbox.length > 0) this.#thread.post(this.#outbox);
    this.#outbox = [];
  }

  async close(): Promise<void> {
    await this.#thread.close();
    this.#failAll('the engine stops');
  }

  #settle(id: number, answer: WireAnswer): void {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    settle?.(answer);
  }

  #failAll(message: string): void {
    for (const settle of this.#waiting.values()) settle(failure(message, 0));
    this.#waiting.clear();
    this.#outbox = [];
  }
}
