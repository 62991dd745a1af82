import type { Duplex } from 'node:stream';
import type { Clock, Random } from './clock.ts';
import { addFlag } from './exchange.ts';
import type { LiveExchange } from './live-exchange.ts';
import type { ToxicSpec } from './messages.ts';
import { drawDelayMs } from './route-filters/fault/draw.ts';
import type { FaultState } from './route-filters/fault/fault-state.ts';
import { mayConcern, meetsFault } from './route-filters/fault/filter.ts';
import type { FaultSnapshot } from './snapshot.ts';
import { ToxicJoin } from './toxics/toxic-join.ts';

/** What the faults want of one connection. */
export interface TcpFaultDecision {
  /** Before dialling. */
  delayMs: number;
  abort: 'reset' | 'hang' | null;
  toxics: ToxicSpec[];
}

const nothing: TcpFaultDecision = { delayMs: 0, abort: null, toxics: [] };

/**
 * Our Fault on connections of opaque services: the percentage is drawn once per connection; a delay comes before the connect, `abort: {reset}`
 * and `{hang}` do what they say, `tcp:` puts toxics on the bytes. What is HTTP's alone (match, statuses, response) does nothing here.
 * A fault that is taken away takes its toxics off open connections too; a new one acts on new connections.
 */
export class TcpFaults {
  readonly #state: FaultState;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #joins = new Set<ToxicJoin>();

  constructor(deps: { state: FaultState; clock: Clock; random: Random }) {
    this.#state = deps.state;
    this.#clock = deps.clock;
    this.#random = deps.random;
  }

  decide(exchange: LiveExchange): TcpFaultDecision {
    const side = exchange.direction === 'inbound' ? 'server' : 'client';
    const { faults } = exchange.snapshot;
    if (faults.length === 0) return nothing;
    const decision: TcpFaultDecision = { delayMs: 0, abort: null, toxics: [] };
    for (const fault of faults) {
      if (fault.side !== side || fault.match.length > 0 || !mayConcern(fault, exchange.proxy)) continue;
      if (!meetsFault({ fault, matches: [] }, exchange) || !this.#state.isActive(fault)) continue;
      this.#apply(fault, exchange, decision);
    }
    return decision;
  }

  /** Joins the two streams through the toxics; resolves with the bytes of both directions when both sides are closed. */
  join(downstream: Duplex, upstream: Duplex, toxics: readonly ToxicSpec[]): Promise<{ forward: number; backward: number }> {
    return new Promise((resolve) => {
      const join = new ToxicJoin(downstream, upstream, {
        clock: this.#clock,
        random: this.#random,
        toxics,
        onClosed: ({ bytesForward, bytesBackward }) => {
          this.#joins.delete(join);
          resolve({ forward: bytesForward, backward: bytesBackward });
        },
      });
      this.#joins.add(join);
    });
  }

  /** A new snapshot: toxics of faults that are gone, changed or switched off come off open connections. */
  update(faults: readonly FaultSnapshot[]): void {
    const wanted = new Set(faults.filter((fault) => fault.enabled).flatMap((fault) => toxicsOf(fault).map(({ name }) => name)));
    for (const join of this.#joins) join.release(new Set(join.toxics.filter((name) => !wanted.has(name))));
  }

  #apply(fault: FaultSnapshot, exchange: LiveExchange, decision: TcpFaultDecision): void {
    const toxics = toxicsOf(fault);
    const abort = fault.abort?.kind === 'reset' || fault.abort?.kind === 'hang' ? fault.abort.kind : null;
    if (toxics.length === 0 && abort === null && fault.delay === null) return;
    const { peer, downstream } = exchange;
    const client = peer?.id ?? downstream.connection.remoteAddress.replace(/:\d+$/, '');
    const draw = this.#state.runtimeOf(fault).decide(fault.per === 'client' ? `client ${client}` : '');
    if (draw === null) {
      exchange.notes.push(`fault ${fault.id}: matched, not drawn`);
      return;
    }
    const note = (effect: string, delayMs?: number): void => {
      exchange.faults.push({ name: fault.id, effect, side: fault.side, ...(delayMs === undefined ? {} : { delayMs }) });
    };
    if (fault.delay !== null) {
      const delayMs = Math.max(0, drawDelayMs(fault.delay, draw));
      decision.delayMs += delayMs;
      addFlag(exchange, 'DI');
      note('delay', Math.round(delayMs * 1000) / 1000);
    }
    if (abort !== null && decision.abort === null) {
      decision.abort = abort;
      addFlag(exchange, 'FI');
      note(abort);
    }
    for (const toxic of toxics) note(toxic.type);
    decision.toxics.push(...toxics);
  }
}

/** A toxic's name holds its attributes: a changed one is another one. */
function toxicsOf(fault: FaultSnapshot): ToxicSpec[] {
  return (fault.tcp ?? []).map((toxic, index) => ({ ...toxic, name: `${fault.id}/${index} ${JSON.stringify(toxic)}` }));
}
