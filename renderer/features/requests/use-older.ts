import { type RefObject, useCallback, useEffect, useMemo, useState } from 'react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import type { Filter } from '../../../proxy/api/filter/request-filter.ts';
import { createStore } from '../../engine/store.ts';
import { useEngine, useStore, useStreamState } from '../../engine/use-engine.ts';
import type { Marks } from './marks.ts';
import { type ExchangeQueryIn, narrowFilter, type OlderPhase, OlderRows } from './older-rows.ts';

/** A list shorter than this is filled up by looking further back. */
const enoughRows = 200;
/** Rows from the end of the list at which older ones are fetched. */
const nearEndRows = 60;
/** Between two pages, so that the list stays quick while it looks back. */
const pauseMs = 40;
/** Where the ring is full and moves on, the older rows begin anew behind it this often. */
const renewMs = 30_000;
const nothing = createStore<OlderPhase>('all');

/**
 * What matches and is no longer, or not yet, in the page. What a number on another screen leads to is found this way, however long ago it was.
 * `started`: the ring has something to go on from. What was marked is here, whoever else keeps it. `held`: the list stands still.
 */
export function useOlder(
  filter: Filter,
  matches: (exchange: Exchange) => boolean,
  started: boolean,
  marked: Marks,
  held: RefObject<boolean>,
): OlderRows | null {
  const engine = useEngine();
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a round begins anew.
  const older = useMemo(() => {
    const read = asksForMarks(filter)
      ? async () => ({ exchanges: [...marked.values()].map(({ exchange }) => exchange).sort(newestFirst), next: null })
      : (query: ExchangeQueryIn) => engine.call('listExchanges', { query });
    return started ? new OlderRows({ ring: engine.exchanges, read, matches, narrowed: narrowFilter(filter) }) : null;
  }, [engine, filter, matches, started, round, asksForMarks(filter) ? marked : null]);
  useEffect(() => {
    const timer = setInterval(() => {
      // A list that somebody reads must not become shorter.
      if (older && !held.current && engine.exchanges.get().first > older.beganAt) setRound((one) => one + 1);
    }, renewMs);
    return () => clearInterval(timer);
  }, [engine, older, held]);
  useStore(older?.phase ?? nothing);
  return older;
}

/** Marked ones must be so: nothing else needs to be read. */
const asksForMarks = ({ terms }: Filter) => terms.some(({ key, negated, op }) => key === 'mark' && negated === (op === '!='));
const newestFirst = (a: Exchange, b: Exchange) => (a.time < b.time ? 1 : -1);

/** Looks further back while the list has few rows, and when somebody scrolls towards its end. */
export function useLookBack(
  older: OlderRows | null,
  count: number,
): { looking: boolean; lookFailed: boolean; onRange: (first: number, last: number) => void } {
  const phase = useStore(older?.phase ?? nothing);
  const live = useStreamState().phase === 'live';
  const [failed, setFailed] = useState<OlderRows | null>(null);
  const [last, setLast] = useState(0);
  const wanted = older !== null && live && failed !== older && (count < enoughRows || last >= count - nearEndRows);
  useEffect(() => {
    if (!wanted || phase !== 'more') return;
    const timer = setTimeout(() => older.load().catch(() => setFailed(older)), pauseMs);
    return () => clearTimeout(timer);
  }, [older, phase, wanted]);
  return {
    looking: wanted && phase !== 'all',
    lookFailed: older !== null && failed === older,
    onRange: useCallback((_first: number, end: number) => setLast(end), []),
  };
}
