import { useCallback, useEffect, useMemo, useState } from 'react';
import { useCall, useEngine, useStore } from '../../engine/use-engine.ts';
import { TraceRows, type TraceRowsView } from './trace-rows.ts';

const refreshMs = 2000;
const pageRows = 200;
/** A list shorter than this is filled up by looking further back. */
const enoughRows = 100;
/** Rows from the end of the list at which older ones are fetched. */
const nearEndRows = 40;
/** Between two pages, so that the list stays quick while it looks back. */
const pauseMs = 40;

export interface TraceQuery {
  service?: string | undefined;
  error?: string | undefined;
  minDuration?: string | undefined;
  filter?: string | undefined;
}

export interface Traces extends TraceRowsView {
  error: string | null;
  reload: () => void;
  looking: boolean;
  /** Which rows are in view. */
  onRange: (first: number, last: number) => void;
}

/** The traces that match, newest first, as far back as the engine keeps them: fetched while there are few, and when somebody scrolls there. */
export function useTraces(query: TraceQuery, shown: number): Traces {
  const engine = useEngine();
  const key = JSON.stringify(query);
  const newest = useCall('listTraces', { query: { ...query, limit: pageRows } }, refreshMs);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the query.
  const rows = useMemo(
    () => new TraceRows((cursor) => engine.call('listTraces', { query: { ...query, limit: pageRows, cursor } })),
    [engine, key],
  );
  useEffect(() => {
    if (newest.data) rows.addNewest(newest.data);
  }, [rows, newest.data]);
  const view = useStore(rows.view);
  const [last, setLast] = useState(0);
  const [failed, setFailed] = useState<TraceRows | null>(null);
  const count = view.traces?.length ?? 0;
  const wanted = view.traces !== null && failed !== rows && (count < enoughRows || last >= shown - nearEndRows);
  useEffect(() => {
    if (!wanted || view.phase !== 'more') return;
    const timer = setTimeout(() => rows.lookBack().catch(() => setFailed(rows)), pauseMs);
    return () => clearTimeout(timer);
  }, [rows, view, wanted]);
  return {
    ...view,
    error: newest.error,
    reload: newest.reload,
    looking: wanted && (view.phase === 'more' || view.phase === 'loading'),
    onRange: useCallback((_first: number, end: number) => setLast(end), []),
  };
}
