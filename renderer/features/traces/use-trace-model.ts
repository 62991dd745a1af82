import { useMemo, useState } from 'react';
import { type CauseShare, findCriticalPath, type Segment, summarizeCauses } from '../../../proxy/api/critical-path.ts';
import type { Trace } from '../../../proxy/api/observability.schema.ts';
import { linkSpans, orderRows, type SpanNode, type TreeRow } from '../../../proxy/api/span-tree.ts';
import { colourServices } from './trace-words.ts';

export interface TraceModel {
  nodes: readonly SpanNode[];
  rows: readonly TreeRow[];
  causes: readonly CauseShare[];
  /** Stretches of the critical path by span. */
  critical: ReadonlyMap<number, readonly Segment[]>;
  colourOf: (service: string) => string;
  folded: ReadonlySet<number>;
  setFolded: (folded: ReadonlySet<number>) => void;
  fold: (index: number, fold: boolean) => void;
}

/** What is computed of a trace, once per trace; folding and hiding the mesh only order its rows anew. */
export function useTraceModel(trace: Trace, showMesh: boolean): TraceModel {
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const nodes = useMemo(() => linkSpans(trace.spans), [trace]);
  const path = useMemo(() => findCriticalPath(nodes, trace.durationMs), [nodes, trace]);
  return {
    nodes,
    rows: useMemo(() => orderRows(nodes, showMesh, folded), [nodes, showMesh, folded]),
    causes: useMemo(() => summarizeCauses(nodes, path), [nodes, path]),
    critical: useMemo(() => groupBySpan(path), [path]),
    colourOf: useMemo(() => colourServices(trace.spans.map((span) => span.service)), [trace]),
    folded,
    setFolded,
    fold: (index, fold) => {
      const next = new Set(folded);
      if (fold) next.add(index);
      else next.delete(index);
      setFolded(next);
    },
  };
}

function groupBySpan(path: readonly Segment[]): Map<number, Segment[]> {
  const bySpan = new Map<number, Segment[]>();
  for (const segment of path) {
    const known = bySpan.get(segment.index);
    if (known === undefined) bySpan.set(segment.index, [segment]);
    else known.push(segment);
  }
  return bySpan;
}
