import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import type { FaultForm } from './fault-form.ts';

const WINDOW_MS = 60_000;

/** The ring of exchanges: numbered, the newest at `end - 1`. */
export interface RecentExchanges {
  get(): { first: number; end: number };
  at(number: number): Exchange | undefined;
}

/** How many requests of the last minute the fault would have met, before it is armed. Counted once per call, as its caller saw it. */
export function wouldHit(recent: RecentExchanges, form: FaultForm, nowMs = Date.now()): { seen: number; hit: number } {
  let seen = 0;
  let met = 0;
  const { first, end } = recent.get();
  for (let n = end - 1; n >= first; n--) {
    const exchange = recent.at(n);
    if (exchange === undefined || Date.parse(exchange.time) < nowMs - WINDOW_MS) break;
    if (exchange.reporter === 'destination' || exchange.destination !== form.to) continue;
    seen++;
    const meets =
      (form.from === '' || exchange.source === form.from) &&
      (form.version === '' || exchange.destinationVersion === form.version) &&
      (form.workload === '' || exchange.destinationWorkload === form.workload) &&
      (form.method === '' || exchange.method === form.method) &&
      meetsPath(form, exchange.path);
    if (meets) met++;
  }
  const limited = form.first === null ? Math.max(0, met - form.skip) : Math.min(form.first, Math.max(0, met - form.skip));
  return { seen, hit: Math.round((limited * form.percentage) / 100) };
}

/** By the path as a VirtualService matches it, without the query; an expression that is not one yet meets nothing. */
function meetsPath({ pathIs, path }: FaultForm, whole: string): boolean {
  const [asked = ''] = whole.split('?');
  const text = path.trim();
  if (text === '') return true;
  if (pathIs === 'exact') return asked === text;
  if (pathIs === 'prefix') return asked.startsWith(text);
  try {
    return new RegExp(`^(?:${text})$`).test(asked);
  } catch {
    return false;
  }
}
