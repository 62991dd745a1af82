import type { Exchange, ExchangeDetail } from '../api/exchange.schema.ts';

/** What it takes to know who caused what. */
export type CallFacts = Pick<
  Exchange,
  | 'id'
  | 'time'
  | 'durationMs'
  | 'reporter'
  | 'source'
  | 'destination'
  | 'method'
  | 'protocol'
  | 'traceId'
  | 'spanId'
  | 'parentSpanId'
> & { attempts: number };

export function factsOf(exchange: Exchange): CallFacts {
  const { id, time, durationMs, reporter, source, destination, method, protocol, traceId, spanId, parentSpanId } = exchange;
  const attempts = exchange.attempts.length;
  return { id, time, durationMs, reporter, source, destination, method, protocol, traceId, spanId, parentSpanId, attempts };
}

/** Who caused which call of a recording. */
export class CallTree {
  readonly #bySpan = new Map<string, CallFacts>();
  /** Trace → what services were doing in it when, by service: a call one of them makes meanwhile has its cause there. */
  readonly #served = new Map<string, { id: string; service: string; from: number; to: number }[]>();
  readonly #all: CallFacts[] = [];
  readonly #byId = new Map<string, CallFacts>();

  add(facts: CallFacts): void {
    this.#all.push(facts);
    this.#byId.set(facts.id, facts);
    if (facts.spanId !== '') this.#bySpan.set(`${facts.traceId}/${facts.spanId}`, facts);
    const from = Date.parse(facts.time);
    const served = { id: facts.id, service: facts.destination, from, to: from + facts.durationMs };
    const list = this.#served.get(facts.traceId);
    if (list) list.push(served);
    else this.#served.set(facts.traceId, [served]);
  }

  /** The call that caused this one; null for none. An app that makes spans of its own between the two is seen through by time. */
  causeOf(facts: CallFacts): CallFacts | null {
    const parent = facts.parentSpanId === '' ? undefined : this.#bySpan.get(`${facts.traceId}/${facts.parentSpanId}`);
    if (parent !== undefined) return parent;
    // Without a parent at all the app did not forward the trace: a trace of one call each.
    if (facts.parentSpanId === '' || facts.traceId === '') return null;
    const at = Date.parse(facts.time);
    const causes = this.#served.get(facts.traceId) ?? [];
    const cause = causes.find(
      (one) => one.id < facts.id && one.service === facts.source && one.service !== 'outside' && one.from <= at && at <= one.to,
    );
    return cause === undefined ? null : (this.#byId.get(cause.id) ?? null);
  }

  /** Ids of the calls to send again: those nobody in the recording caused. A call seen by both sidecars counts once, as its sender reported it. */
  roots(): Set<string> {
    return new Set(this.#all.filter((facts) => isCall(facts) && this.causeOf(facts) === null).map(({ id }) => id));
  }

  /** Edges of calls that services made because of root calls, most calls first; none on which root calls go as well. */
  dependencies(roots: ReadonlySet<string>): { from: string; service: string; calls: number }[] {
    const rootEdges = new Set<string>();
    const below = new Map<string, { from: string; service: string; calls: number }>();
    for (const facts of this.#all) {
      const { id, source, destination, reporter } = facts;
      const key = `${source}→${destination}`;
      if (roots.has(id)) rootEdges.add(key);
      else if (isCall(facts) && reporter !== 'destination' && source !== '' && destination !== '') {
        const known = below.get(key);
        below.set(key, { from: source, service: destination, calls: (known?.calls ?? 0) + 1 });
      }
    }
    return [...below]
      .filter(([key]) => !rootEdges.has(key))
      .map(([, edge]) => edge)
      .sort((a, b) => b.calls - a.calls);
  }

  /** Root id → edges below it and its own, `source→destination` → calls and attempts, as callers' sidecars reported them. */
  edges(): Map<string, EdgeCounts> {
    const rootOf = new Map<string, string>();
    const find = (facts: CallFacts): string => {
      const path: string[] = [];
      let at: CallFacts = facts;
      for (let depth = 0; depth < 1000; depth++) {
        const known = rootOf.get(at.id);
        if (known !== undefined) return settle(known);
        path.push(at.id);
        const cause = this.causeOf(at);
        if (cause === null || cause === at) return settle(at.id);
        at = cause;
      }
      return settle(at.id);
      function settle(root: string): string {
        for (const id of path) rootOf.set(id, root);
        return root;
      }
    };
    const edges = new Map<string, EdgeCounts>();
    for (const facts of this.#all) if (facts.reporter !== 'destination') countEdge(edgesOf(edges, find(facts)), facts);
    return edges;
  }
}

export type EdgeCounts = Map<string, { calls: number; attempts: number }>;

export function edgesOf(all: Map<string, EdgeCounts>, key: string): EdgeCounts {
  const known = all.get(key);
  if (known !== undefined) return known;
  const made: EdgeCounts = new Map();
  all.set(key, made);
  return made;
}

export function countEdge(
  edges: EdgeCounts,
  { source, destination, attempts }: Pick<CallFacts, 'source' | 'destination' | 'attempts'>,
): void {
  const key = `${source}→${destination}`;
  const count = edges.get(key) ?? { calls: 0, attempts: 0 };
  edges.set(key, { calls: count.calls + 1, attempts: count.attempts + attempts });
}

const isCall = ({ method, protocol }: CallFacts): boolean => method !== '' && method !== 'CONNECT' && protocol !== 'TCP';

/** The calls to send again, oldest first. */
export function findRootCalls(exchanges: readonly ExchangeDetail[]): ExchangeDetail[] {
  const tree = new CallTree();
  for (const exchange of exchanges) tree.add(factsOf(exchange));
  const roots = tree.roots();
  return exchanges
    .filter(({ id }) => roots.has(id))
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.id < b.id ? -1 : 1));
}
