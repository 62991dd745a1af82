import type { Exchange } from '../api/exchange.schema.ts';
import { destinationNode, sourceNode, standsForCall } from './judge.ts';
import { RunHistory } from './run-history.ts';
import { Slot, SlotRing } from './slots.ts';

export const FINE_MS = 1000;
export const FINE_KEEP_MS = 5 * 60_000;
const COARSE_MS = 10_000;
export const COARSE_KEEP_MS = 60 * 60_000;
/** Edges kept; beyond it the longest silent goes. */
const MAX_EDGES = 5000;

/** One edge to one version of the destination. */
export interface EdgeMetrics {
  from: string;
  to: string;
  version: string;
  protocol: string;
  fine: SlotRing;
  coarse: SlotRing;
  /** Everything since the engine started. */
  whole: Slot;
  /** The same over time. */
  history: RunHistory;
  firstAt: number;
  lastAt: number;
}

/** Counts per edge and version, in slots of time. */
export class Metrics {
  readonly #edges = new Map<string, EdgeMetrics>();
  seen = 0;

  record(exchange: Exchange): void {
    if (!standsForCall(exchange)) return;
    this.#add(this.#edgeOf(exchange), exchange);
  }

  /** A call that no sidecar reported, between whom its reporter says. */
  recordBetween(from: string, to: string, exchange: Exchange): void {
    const edge = this.#edge(from, to, '');
    edge.protocol = exchange.protocol;
    this.#add(edge, exchange);
  }

  /** Its edge exists from now on, though nothing was counted on it yet: the exchange still goes on. */
  know(exchange: Exchange): void {
    if (standsForCall(exchange)) this.#edgeOf(exchange);
  }

  /** Exchanges alike but for time and size: `each` sets them one after another on the exchange that stands for all, `count` times. */
  recordAll(exchange: Exchange, count: number, each: (index: number) => void): void {
    if (!standsForCall(exchange)) return;
    const edge = this.#edgeOf(exchange);
    for (let i = 0; i < count; i++) {
      each(i);
      this.#add(edge, exchange);
    }
  }

  #edgeOf(exchange: Exchange): EdgeMetrics {
    const edge = this.#edge(sourceNode(exchange), destinationNode(exchange), exchange.destinationVersion);
    edge.protocol = exchange.protocol;
    return edge;
  }

  #add(edge: EdgeMetrics, exchange: Exchange): void {
    this.seen++;
    // A request counts where it ended, so that the present slot is complete.
    const at = Date.parse(exchange.time) + exchange.durationMs;
    if (edge.whole.count === 0) edge.firstAt = at;
    edge.lastAt = at;
    edge.whole.add(exchange);
    edge.fine.add(at, exchange);
    edge.coarse.add(at, exchange);
    edge.history.add(at, exchange);
  }

  edges(): Iterable<EdgeMetrics> {
    return this.#edges.values();
  }

  /** Everything on the edges in one slot, over the last windowMs before now; an infinite window is the whole run. */
  total(edges: Iterable<EdgeMetrics>, windowMs: number, nowMs: number): Slot {
    const total = new Slot();
    for (const edge of edges) {
      if (windowMs === Number.POSITIVE_INFINITY) {
        total.merge(edge.whole);
        continue;
      }
      for (const [, slot] of this.ringFor(edge, windowMs).between(nowMs - windowMs, nowMs + 1)) total.merge(slot);
    }
    return total;
  }

  ringFor(edge: EdgeMetrics, windowMs: number): SlotRing {
    return windowMs <= FINE_KEEP_MS ? edge.fine : edge.coarse;
  }

  #edge(from: string, to: string, version: string): EdgeMetrics {
    const key = `${from}\n${to}\n${version}`;
    let edge = this.#edges.get(key);
    if (edge === undefined) {
      if (this.#edges.size >= MAX_EDGES) this.#forgetOldest();
      edge = {
        from,
        to,
        version,
        protocol: '',
        fine: new SlotRing(FINE_MS, FINE_KEEP_MS),
        coarse: new SlotRing(COARSE_MS, COARSE_KEEP_MS),
        whole: new Slot(),
        history: new RunHistory(),
        firstAt: 0,
        lastAt: 0,
      };
      this.#edges.set(key, edge);
    }
    return edge;
  }

  #forgetOldest(): void {
    let oldest: [string, EdgeMetrics] | null = null;
    for (const entry of this.#edges) if (oldest === null || entry[1].lastAt < oldest[1].lastAt) oldest = entry;
    if (oldest !== null) this.#edges.delete(oldest[0]);
  }
}
