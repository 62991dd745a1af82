import type { Exchange } from '../../api/exchange.schema.ts';
import type { Difference, EdgeComparison } from '../../api/replay.schema.ts';
import { type CallTree, countEdge, type EdgeCounts, edgesOf } from '../replay-roots.ts';
import type { CompiledRules } from './rules.ts';

/** The calls that a replay caused, as callers' sidecars report them: by trace, each counted as it comes in. */
export class ReplayedCalls {
  readonly #edges = new Map<string, EdgeCounts>();
  /** Trace → how long its root call took, as its own sidecar saw it. */
  readonly #rootMs = new Map<string, number>();
  readonly #seen = new Set<string>();

  add(exchange: Exchange, isRoot: boolean): void {
    if (exchange.reporter === 'destination' || exchange.open === true || this.#seen.has(exchange.id)) return;
    this.#seen.add(exchange.id);
    countEdge(edgesOf(this.#edges, exchange.traceId), { ...exchange, attempts: exchange.attempts.length });
    if (isRoot) this.#rootMs.set(exchange.traceId, exchange.durationMs);
  }

  edgesOf(traceId: string): EdgeCounts {
    return this.#edges.get(traceId) ?? new Map();
  }

  rootMs(traceId: string): number | null {
    return this.#rootMs.get(traceId) ?? null;
  }
}

/** A recording that holds what services called, not only what was sent to them. */
export function holdsCallGraph(tree: CallTree, roots: ReadonlySet<string>): EdgeRecord | null {
  const edges = tree.edges();
  const below = [...edges].some(([root, counts]) => roots.has(root) && counts.size > 1);
  return below ? edges : null;
}
export type EdgeRecord = ReadonlyMap<string, EdgeCounts>;

/** Which calls one call caused then and now, as differences of it: `calls:reviews→ratings`, `attempts:reviews→ratings`. */
export function compareEdges(before: EdgeCounts, after: EdgeCounts, rules: CompiledRules): Difference['fields'] {
  const fields: Difference['fields'] = [];
  for (const key of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [old, now] = [before.get(key), after.get(key)];
    const counts = [
      ['calls', old?.calls ?? 0, now?.calls ?? 0],
      ['attempts', old?.attempts ?? 0, now?.attempts ?? 0],
    ] as const;
    for (const [what, recorded, replayed] of counts) {
      // Other calls mean other attempts: that is said once.
      if (recorded === replayed || (what === 'attempts' && old?.calls !== now?.calls) || rules.ignored(`${what}:${key}`))
        continue;
      fields.push({ path: `${what}:${key}`, kind: 'changed', recorded: String(recorded), replayed: String(replayed) });
    }
  }
  return fields;
}

/** Sums over all calls, most calls first. */
export class EdgeSums {
  readonly #sums = new Map<string, EdgeComparison>();

  add(side: 'recorded' | 'replayed', edges: EdgeCounts): void {
    for (const [key, { calls, attempts }] of edges) {
      const [source = '', destination = ''] = key.split('→');
      const sum = this.#sums.get(key) ?? {
        source,
        destination,
        recordedCalls: 0,
        replayedCalls: 0,
        recordedAttempts: 0,
        replayedAttempts: 0,
      };
      sum[`${side}Calls`] += calls;
      sum[`${side}Attempts`] += attempts;
      this.#sums.set(key, sum);
    }
  }

  list(): EdgeComparison[] {
    return [...this.#sums.values()]
      .sort((a, b) => b.recordedCalls + b.replayedCalls - a.recordedCalls - a.replayedCalls)
      .slice(0, 200);
  }
}
