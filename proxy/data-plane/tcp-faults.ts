import { type Duplex, duplexPair } from 'node:stream';
import type { AppliedFault } from '../api/exchange.schema.ts';
import type { Clock, Random, Timer } from './clock.ts';
import { addFlag } from './exchange.ts';
import type { LiveExchange } from './live-exchange.ts';
import type { ToxicSpec } from './messages.ts';
import { resetStream } from './reset-stream.ts';
import { type DrawSequence, drawDelayMs, seededDraws } from './route-filters/fault/draw.ts';
import type { FaultState } from './route-filters/fault/fault-state.ts';
import { type FaultEnds, mayConcern, meetsEnds } from './route-filters/fault/filter.ts';
import type { FaultSnapshot, ProxySnapshot } from './snapshot.ts';
import { type Admission, admitConnection } from './toxics/admit.ts';
import { ToxicJoin } from './toxics/toxic-join.ts';

/** A toxic for one connection, with the draws that are its own. */
export interface DrawnToxic extends ToxicSpec {
  random: Random;
}

/** What the faults want of one connection. */
export interface TcpFaultDecision {
  /** Before dialling. */
  delayMs: number;
  abort: 'reset' | 'hang' | null;
  toxics: DrawnToxic[];
  admission: Admission;
}

/** A connection that carries requests, when it has just been opened. */
export interface HttpConnectionEnds extends FaultEnds {
  side: 'server' | 'client';
  faults: readonly FaultSnapshot[];
  proxy: ProxySnapshot;
  /** The caller, for `per: client`. */
  client: string;
}

const FOLLOW_MS = 250;
const admitted: Admission = { admitted: true, draws: new Map() };
const nothing: TcpFaultDecision = { delayMs: 0, abort: null, toxics: [], admission: admitted };

/**
 * Our Fault on connections. Of opaque services everything: the percentage is drawn once per connection; a delay comes before the connect,
 * `abort: {reset}` and `{hang}` do what they say, `tcp:` puts toxics on the bytes; what is HTTP's alone (match, statuses, response) does
 * nothing. Connections that carry requests get the toxics; the rest of the fault is the request filter's.
 * A fault that is taken away takes its toxics off open connections too; a new one acts on new connections.
 */
export class TcpFaults {
  readonly #state: FaultState;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #joins = new Set<ToxicJoin>();
  /** What the next request on an open connection meets, with the toxic each of it comes from: shrinks as toxics come off. */
  readonly #met = new Map<AppliedFault[], readonly { toxic: string; fault: AppliedFault }[]>();
  readonly #onBegin: (faults: readonly FaultSnapshot[]) => void;
  #faults: readonly FaultSnapshot[] = [];
  #known: ReadonlySet<string> = new Set();
  #timer: Timer | null = null;

  /** `onBegin` hears of faults whose toxics begin to act, by an apply or by their schedule. */
  constructor(deps: { state: FaultState; clock: Clock; random: Random; onBegin: (faults: readonly FaultSnapshot[]) => void }) {
    this.#onBegin = deps.onBegin;
    this.#state = deps.state;
    this.#clock = deps.clock;
    this.#random = deps.random;
  }

  decide(exchange: LiveExchange): TcpFaultDecision {
    const side = exchange.direction === 'inbound' ? 'server' : 'client';
    const { faults } = exchange.snapshot;
    if (faults.length === 0) return nothing;
    const decision: TcpFaultDecision = { delayMs: 0, abort: null, toxics: [], admission: admitted };
    for (const fault of faults) {
      if (fault.side !== side || !this.#concerns(fault, exchange.proxy, exchange)) continue;
      this.#apply(fault, exchange, decision);
    }
    decision.admission = this.#admit(decision.toxics);
    return decision;
  }

  /** Joins the two streams through the toxics; resolves with the bytes of both directions when both sides are closed. */
  join(
    downstream: Duplex,
    upstream: Duplex,
    { toxics, admission }: Pick<TcpFaultDecision, 'toxics' | 'admission'>,
  ): Promise<{ forward: number; backward: number }> {
    const randoms = new Map(toxics.map(({ name, random }) => [name, random]));
    return new Promise((resolve) => {
      const join = new ToxicJoin(downstream, upstream, {
        clock: this.#clock,
        random: this.#random,
        randomOf: ({ name }) => randoms.get(name) ?? this.#random,
        draws: admission.draws,
        toxics,
        onClosed: ({ bytesForward, bytesBackward }) => {
          this.#joins.delete(join);
          resolve({ forward: bytesForward, backward: bytesBackward });
        },
      });
      this.#joins.add(join);
    });
  }

  /**
   * A connection that carries requests: the stream to speak HTTP on instead of `socket`, and what its requests meet, which is less once a
   * fault is gone. null: it is refused, and already reset.
   *
   *   side server   peer ── socket ══toxics══ stream ── our codec        side client   our codec ── stream ══toxics══ socket ── peer
   */
  disturb(socket: Duplex, ends: HttpConnectionEnds): { stream: Duplex; met: AppliedFault[] } | null {
    const toxics: DrawnToxic[] = [];
    const acting: { toxic: string; fault: AppliedFault }[] = [];
    for (const fault of ends.faults) {
      if (fault.tcp === undefined || fault.side !== ends.side || !this.#concerns(fault, ends.proxy, ends)) continue;
      const draw = this.#draw(fault, ends.client);
      if (draw === null) continue;
      const own = drawnToxics(fault, draw, this.#random);
      toxics.push(...own);
      for (const { name, type } of own) acting.push({ toxic: name, fault: { name: fault.id, effect: type, side: fault.side } });
    }
    const met = acting.map(({ fault }) => fault);
    if (toxics.length === 0) return { stream: socket, met };
    const admission = this.#admit(toxics);
    if (!admission.admitted) {
      resetStream(socket);
      return null;
    }
    const [stream, far] = duplexPair();
    stream.on('error', () => undefined);
    this.#met.set(met, acting);
    stream.once('close', () => {
      this.#met.delete(met);
      closeAfter(stream, far);
    });
    far.once('close', () => closeAfter(far, stream));
    if (ends.side === 'server') void this.join(socket, far, { toxics, admission });
    else void this.join(far, socket, { toxics, admission });
    return { stream, met };
  }

  /** A new snapshot: toxics of faults that are gone, changed, over or switched off come off open connections. */
  update(faults: readonly FaultSnapshot[]): void {
    this.#faults = faults.filter((fault) => fault.tcp !== undefined);
    this.close();
    this.#follow();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Schedules and expiry come and go without a snapshot: looked at four times a second while there are any. */
  #follow(): void {
    this.#refresh();
    if (this.#faults.some(({ schedule, expiresAt }) => schedule !== null || expiresAt !== null))
      this.#timer = this.#clock.setTimer(() => this.#follow(), FOLLOW_MS);
  }

  #refresh(): void {
    const acting = this.#faults.filter((fault) => this.#state.isActive(fault));
    const wanted = new Set(acting.flatMap((fault) => toxicsOf(fault).map(({ name }) => name)));
    for (const join of this.#joins) join.release(new Set(join.toxics.filter((name) => !wanted.has(name))));
    for (const [met, all] of this.#met) {
      const left = all.filter(({ toxic }) => wanted.has(toxic));
      if (left.length < met.length) met.splice(0, met.length, ...left.map(({ fault }) => fault));
    }
    const fresh = acting.filter((fault) => toxicsOf(fault).some(({ name }) => !this.#known.has(name)));
    this.#known = wanted;
    if (fresh.length > 0) this.#onBegin(fresh);
  }

  #concerns(fault: FaultSnapshot, proxy: ProxySnapshot, ends: FaultEnds): boolean {
    return fault.match.length === 0 && mayConcern(fault, proxy) && meetsEnds(fault, ends) && this.#state.isActive(fault);
  }

  #admit(toxics: readonly DrawnToxic[]): Admission {
    if (toxics.length === 0) return admitted;
    const randoms = new Map(toxics.map(({ name, random }) => [name, random]));
    return admitConnection(toxics, { clock: this.#clock, randomOf: ({ name }) => randoms.get(name) ?? this.#random });
  }

  #draw(fault: FaultSnapshot, client: string): DrawSequence | null {
    return this.#state.runtimeOf(fault).decide(fault.per === 'client' ? `client ${client}` : '');
  }

  #apply(fault: FaultSnapshot, exchange: LiveExchange, decision: TcpFaultDecision): void {
    const abort = fault.abort?.kind === 'reset' || fault.abort?.kind === 'hang' ? fault.abort.kind : null;
    if (fault.tcp === undefined && abort === null && fault.delay === null) return;
    const { peer, downstream } = exchange;
    const draw = this.#draw(fault, peer?.id ?? downstream.connection.remoteAddress.replace(/:\d+$/, ''));
    if (draw === null) {
      exchange.notes.push(`fault ${fault.id}: matched, not drawn (${this.#state.runtimeOf(fault).reason})`);
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
    const toxics = drawnToxics(fault, draw, this.#random);
    for (const { type } of toxics) note(type);
    decision.toxics.push(...toxics);
  }
}

/**
 * One end of the pair has closed. After an orderly end the other still reads what was written, and closes by itself (a codec) or once it has
 * read it all (the toxics' end); without one it breaks too.
 */
function closeAfter(closed: Duplex, other: Duplex): void {
  if (other.destroyed) return;
  if (!closed.writableFinished) other.destroy();
  else if (other.readableEnded) other.end(() => other.destroy());
  else other.once('end', () => other.end(() => other.destroy()));
}

/** A toxic's name holds its attributes: a changed one is another one. */
function toxicsOf(fault: FaultSnapshot): ToxicSpec[] {
  return (fault.tcp ?? []).map((toxic, index) => ({ ...toxic, name: `${fault.id}/${index} ${JSON.stringify(toxic)}` }));
}

/** With a seed each toxic has a sequence of its own, so that the bytes of one never shift the draws of another. */
function drawnToxics(fault: FaultSnapshot, draw: DrawSequence, random: Random): DrawnToxic[] {
  const toxics = toxicsOf(fault);
  if (toxics.length === 0) return [];
  const seed = fault.seed === null ? null : Math.floor(draw() * 0x7fffffff);
  return toxics.map((toxic, index) => ({ ...toxic, random: seed === null ? random : seededDraws(seed, index) }));
}
