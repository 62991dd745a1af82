import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';

/** What a fault did about one request, in the engine's words. */
export interface FaultDecision {
  exchangeId: string;
  time: string;
  request: string;
  status: number;
  drawn: boolean;
  /** `draw 9.8 of 20 %`. */
  why: string;
  /** `delayed 20 ms`; '' when it let the request pass. */
  did: string;
}

/** The decision about an exchange, read from the notes that its sidecar left; null when the fault did not match it. */
export function decisionOf(exchange: ExchangeDetail, fault: { namespace: string; name: string }): FaultDecision | null {
  const start = `fault ${fault.namespace}/${fault.name}: `;
  const said = (exchange.decision?.notes ?? []).filter((note) => note.startsWith(start)).map((note) => note.slice(start.length));
  if (said.length === 0) return null;
  // A fault for every request draws nothing: only what it did is told.
  const matched = said.find((words) => words.startsWith('matched, '));
  const [, verdict = 'drawn', why = ''] = /^matched, (drawn|not drawn)(?: \((.*)\))?$/.exec(matched ?? '') ?? [];
  return {
    exchangeId: exchange.id,
    time: exchange.time,
    request: `${exchange.method} ${exchange.path}`,
    status: exchange.status,
    drawn: verdict === 'drawn',
    why,
    did: said.filter((words) => words !== matched).join(', '),
  };
}
