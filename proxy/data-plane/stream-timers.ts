import type { Clock, Timer } from './clock.ts';
import { addFlag, type LocalReply } from './exchange.ts';
import { sendLocalReply } from './listener/local-reply.ts';
import type { LiveExchange } from './live-exchange.ts';
import type { HttpManagerSettings } from './snapshot.ts';
import { formatGrpcTimeout } from './upstream/timeouts.ts';

/*
 * Times Envoy's connection manager allows a stream, whatever stage it is in: idle, all of it, and its request alone. All are off in Istio;
 * EnvoyFilters switch them on. https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts
 */

/** In milliseconds, 0 = off. */
interface StreamLimits {
  idleMs: number;
  durationMs: number;
  requestMs: number;
}

/** Starts the timers of an exchange whose route is picked; nothing where none is set. */
export function startStreamTimers(exchange: LiveExchange, manager: HttpManagerSettings | null, clock: Clock): void {
  const action = exchange.route?.action;
  const own = action?.type === 'forward' ? action : undefined;
  if (manager === null && own?.idleTimeoutMs === undefined && own?.maxStreamDurationMs === undefined) return;
  const limits = {
    // A route's own idle timeout replaces the manager's, 0 too.
    idleMs: own?.idleTimeoutMs ?? manager?.streamIdleTimeoutMs ?? 0,
    durationMs: own?.maxStreamDurationMs ?? 0,
    requestMs: manager?.requestTimeoutMs ?? 0,
  };
  // The app of a gRPC call is told how long it may take: all of it, whatever has passed.
  if (exchange.grpc && limits.durationMs > 0) exchange.headers.set('grpc-timeout', formatGrpcTimeout(limits.durationMs));
  if (limits.idleMs + limits.durationMs + limits.requestMs > 0) new StreamTimers(exchange, limits, clock).start();
}

class StreamTimers {
  readonly #exchange: LiveExchange;
  readonly #limits: StreamLimits;
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  #activeAt: number;

  constructor(exchange: LiveExchange, limits: StreamLimits, clock: Clock) {
    this.#exchange = exchange;
    this.#limits = limits;
    this.#clock = clock;
    this.#activeAt = clock.now();
  }

  start(): void {
    const { downstream, startedAt } = this.#exchange;
    const { idleMs, durationMs, requestMs } = this.#limits;
    const passedMs = this.#clock.now() - startedAt;
    if (idleMs > 0) {
      downstream.onActivity = () => {
        this.#activeAt = this.#clock.now();
      };
      this.#watchIdle(idleMs);
    }
    if (durationMs > 0) this.#after(durationMs - passedMs, () => this.#end(this.#tooLong(), ''));
    if (requestMs > 0 && !this.#requestComplete) {
      this.#after(requestMs - passedMs, () => {
        if (!this.#requestComplete)
          this.#end({ status: 408, body: 'request timeout', flag: '', details: 'request_overall_timeout' }, '');
      });
    }
    const { onClosed } = downstream;
    downstream.onClosed = () => {
      for (const timer of this.#timers) timer.cancel();
      this.#timers.clear();
      onClosed?.();
    };
  }

  get #requestComplete(): boolean {
    const { downstream } = this.#exchange;
    return downstream.requestEndedAt > 0 || (downstream.empty && downstream.upgrade === '');
  }

  /** One timer however much passes: it looks when the last byte came. */
  #watchIdle(waitMs: number): void {
    this.#after(waitMs, () => {
      const leftMs = this.#activeAt + this.#limits.idleMs - this.#clock.now();
      if (leftMs > 0) this.#watchIdle(leftMs);
      else this.#end(this.#timedOut({ body: 'stream timeout', flag: 'SI', details: 'stream_idle_timeout' }), 'SI');
    });
  }

  #tooLong(): LocalReply {
    const reply = this.#timedOut({ body: 'downstream duration timeout', flag: '', details: 'max_duration_timeout' });
    return { ...reply, grpcStatus: 4 };
  }

  #timedOut(reply: Omit<LocalReply, 'status'>): LocalReply {
    return { status: this.#requestComplete ? 504 : 408, ...reply };
  }

  #after(delayMs: number, callback: () => void): void {
    const timer = this.#clock.setTimer(
      () => {
        this.#timers.delete(timer);
        if (!this.#exchange.downstream.closed) callback();
      },
      Math.max(0, Math.ceil(delayMs)),
    );
    this.#timers.add(timer);
  }

  /** Answers at once where nothing went down yet, cuts the response otherwise; the stage it is in is told to give up. */
  #end(reply: LocalReply, flag: string): void {
    const exchange = this.#exchange;
    const { downstream } = exchange;
    exchange.aborted = true;
    downstream.onReset?.('stream-timeout');
    addFlag(exchange, flag);
    exchange.details = reply.details;
    if (downstream.responseStatus === 0) sendLocalReply(exchange, reply);
    else downstream.reset();
  }
}
