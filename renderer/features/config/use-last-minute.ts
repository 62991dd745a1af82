import { useMemo } from 'react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { useEngine, useRingView } from '../../engine/use-engine.ts';

const lookBackMs = 60_000;
const maxLooked = 20_000;
/** A page that was opened a moment ago knows this many from before, however little time they are. */
const knownFromBefore = 1000;

export interface LastMinute {
  exchanges: readonly Exchange[];
  /** `the last minute`; less where the page does not reach so far back. */
  words: string;
}

/** The exchanges of the last minute, as far as the page has them; looked at again once a second at most. */
export function useLastMinute(): LastMinute {
  const { exchanges } = useEngine();
  const { first, end } = useRingView();
  const second = Math.floor(Date.now() / 1000);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once a second is often enough for counts.
  return useMemo(() => {
    const now = Date.now();
    const found: Exchange[] = [];
    let [oldest, whole] = [now, false];
    for (let number = end - 1; number >= first && found.length < maxLooked && !whole; number--) {
      const exchange = exchanges.at(number);
      if (!exchange) continue;
      const time = Date.parse(exchange.time);
      whole = time < now - lookBackMs;
      if (whole) continue;
      found.push(exchange);
      oldest = Math.min(oldest, time);
    }
    const seconds = Math.round((now - oldest) / 1000);
    const reached = whole || found.length < knownFromBefore || seconds >= 58;
    return {
      exchanges: found,
      words: reached ? 'the last minute' : `the last ${Math.max(1, seconds)} s`,
    };
  }, [exchanges, second, end === 0]);
}
