import { useMemo, useState } from 'react';
import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { useCall, useEngine } from '../../engine/use-engine.ts';
import type { FaultForm } from './fault-form.ts';
import { type Estimate, lookBackMs, wouldHit } from './would-hit.ts';

/** As many as one answer holds. */
const asked = 1000;

/** What the form would have hit in the last minute: by the engine's own list, or by what the app holds where that is too long to ask for. */
export function useEstimate(form: FaultForm): Estimate | null {
  const { exchanges: ring } = useEngine();
  const [openedMs] = useState(Date.now);
  const since = useMemo(() => new Date(openedMs - lookBackMs).toISOString(), [openedMs]);
  const listed = useCall('listExchanges', form.to === '' ? null : { query: { to: form.to, since, limit: asked } }).data;
  if (form.to === '') return null;
  if (listed !== null && listed.next === null) return wouldHit(listed.exchanges, true, form, openedMs);
  return wouldHit(newestFirst(ring), false, form);
}

/** The ring of exchanges: numbered, the newest at `end - 1`. */
export function* newestFirst(ring: {
  get(): { first: number; end: number };
  at(number: number): Exchange | undefined;
}): Generator<Exchange> {
  const { first, end } = ring.get();
  for (let n = end - 1; n >= first; n--) {
    const exchange = ring.at(n);
    if (exchange === undefined) return;
    yield exchange;
  }
}
