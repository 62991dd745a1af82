import http from 'node:http';
import { StartQueue } from './start-queue.ts';
import { failure, type Prepared, prepareHttp1, type WireAnswer, type WireCall } from './wire.ts';
import { Http2Sessions, prepareGrpc } from './wire-grpc.ts';
import { prepareWebSocket } from './wire-websocket.ts';

/** A request is made, and its connection taken, this long before it starts. */
const PREPARE_MS = 15;

/** Sends calls at their moment. In a thread of its own nothing but the calls themselves can make one late. */
export class Sender {
  readonly #agent = new http.Agent({ keepAlive: true, maxFreeSockets: 1024 });
  readonly #sessions = new Http2Sessions();
  readonly #queue = new StartQueue();
  readonly #active = new Map<number, () => void>();

  async send(id: number, call: WireCall): Promise<WireAnswer> {
    const at = call.startAt === 0 ? performance.now() : call.startAt - performance.timeOrigin;
    const waited = await this.#until(id, at - PREPARE_MS);
    if (!waited) return failure('cancelled', 0);
    const prepared = this.#prepare(call);
    this.#active.set(id, () => prepared.cancel());
    let startedAt = 0;
    if (call.startAt === 0) prepared.start();
    else {
      this.#queue.add({
        at,
        run: () => {
          startedAt = performance.now();
          prepared.start();
        },
      });
    }
    const answer = await prepared.answer;
    this.#active.delete(id);
    return startedAt === 0 ? answer : { ...answer, lagMs: startedAt - at };
  }

  cancel(id: number): void {
    this.#active.get(id)?.();
  }

  close(): void {
    for (const cancel of [...this.#active.values()]) cancel();
    this.#queue.close();
    this.#agent.destroy();
    this.#sessions.close();
  }

  #prepare(call: WireCall): Prepared {
    if (call.script?.kind === 'grpc') return prepareGrpc(call, this.#sessions);
    if (call.script?.kind === 'websocket') return prepareWebSocket(call);
    return prepareHttp1(call, this.#agent);
  }

  /** False when it was cancelled meanwhile. */
  #until(id: number, at: number): Promise<boolean> {
    const waitMs = at - performance.now();
    if (waitMs <= 1) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), waitMs);
      this.#active.set(id, () => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }
}
