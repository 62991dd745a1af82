import { fromMonotonicMs } from '../../shared/monotonic.ts';
import { Http1Connections } from './http1-connections.ts';
import { type Start, StartQueue } from './start-queue.ts';
import { failure, type Prepared, type WireAnswer, type WireCall } from './wire.ts';
import { Http2Sessions, prepareGrpc } from './wire-grpc.ts';
import { prepareHttp1 } from './wire-http1.ts';
import { prepareWebSocket } from './wire-websocket.ts';

/** Sends calls at their moment. In a thread of its own nothing but the calls themselves can make one late. */
export class Sender {
  readonly #connections = new Http1Connections();
  readonly #sessions = new Http2Sessions();
  readonly #queue = new StartQueue();
  readonly #active = new Map<number, () => void>();

  async send(id: number, call: WireCall): Promise<WireAnswer> {
    const answer = await (call.startAt === 0 ? this.#sendNow(id, call) : this.#sendAt(id, call));
    this.#active.delete(id);
    return answer;
  }

  cancel(id: number): void {
    this.#active.get(id)?.();
  }

  close(): void {
    for (const cancel of [...this.#active.values()]) cancel();
    this.#queue.close();
    this.#connections.close();
    this.#sessions.close();
  }

  #sendNow(id: number, call: WireCall): Promise<WireAnswer> {
    const prepared = this.#prepare(call);
    this.#active.set(id, () => prepared.cancel());
    prepared.start();
    return prepared.answer;
  }

  #sendAt(id: number, call: WireCall): Promise<WireAnswer> {
    const at = fromMonotonicMs(call.startAt);
    return new Promise((resolve) => {
      let prepared: Prepared | null = null;
      const start: Start = {
        at,
        prepare: () => {
          prepared = this.#prepare(call);
        },
        run: () => {
          const lagMs = performance.now() - at;
          prepared!.start();
          void prepared!.answer.then((answer) => resolve({ ...answer, lagMs }));
        },
      };
      this.#active.set(id, () => {
        this.#queue.remove(start);
        prepared?.cancel();
        // What had not started tells nothing by itself.
        resolve(failure('cancelled', 0));
      });
      this.#queue.add(start);
    });
  }

  #prepare(call: WireCall): Prepared {
    if (call.script?.kind === 'grpc') return prepareGrpc(call, this.#sessions);
    if (call.script?.kind === 'websocket') return prepareWebSocket(call);
    return prepareHttp1(call, this.#connections);
  }
}
