import type { Exchange } from '../api/exchange.schema.ts';

/*
 * Apps must copy the trace headers of what they received to what they send; otherwise every call they make begins a trace of its own. The
 * sidecars see both sides of such an app: a call received and, before it was answered, a call sent without a parent.
 * https://istio.io/latest/about/faq/distributed-tracing/#how-to-support-tracing
 */

/** A call sent without trace headers, and the received call it was made for. */
export interface LostLink {
  received: Exchange;
  sent: Exchange;
  /** `request-id`: the app forwarded x-request-id. `timing`: it was the only call that the app was answering then. */
  by: 'request-id' | 'timing';
}

export interface LostCalls {
  links: LostLink[];
  /** Sent while several calls were being answered: any of them may be the cause. */
  ambiguous: Exchange[];
}

/** Wall stamps have millisecond grain. */
const grainMs = 2;

/**
 * What the services of `trace` sent without trace headers while they answered it. `around`: every exchange of that time, of any trace; what is
 * missing there cannot be found, and could make the only candidate of one that is not.
 */
export function findLostCalls(trace: readonly Exchange[], around: readonly Exchange[]): LostCalls {
  const received = trace.filter((e) => e.reporter === 'destination' && e.destinationWorkload !== '');
  const links: LostLink[] = [];
  const ambiguous: Exchange[] = [];
  if (received.length === 0) return { links, ambiguous };
  const traceId = received[0]!.traceId;
  const answering = groupBy(
    around.filter((e) => e.reporter === 'destination'),
    (e) => e.destinationWorkload,
  );
  const bySource = groupBy(received, (e) => e.destinationWorkload);
  for (const sent of around) {
    if (sent.reporter !== 'source' || sent.parentSpanId !== '' || sent.traceId === traceId) continue;
    const mine = (bySource.get(sent.sourceWorkload) ?? []).filter((e) => covers(e, sent));
    if (mine.length === 0) continue;
    const same = mine.find((e) => e.requestId !== '' && e.requestId === sent.requestId);
    if (same) {
      links.push({ received: same, sent, by: 'request-id' });
      continue;
    }
    const candidates = (answering.get(sent.sourceWorkload) ?? []).filter((e) => covers(e, sent));
    // One that is known by its request id to be another call's is nobody else's.
    if (candidates.some((e) => e.requestId !== '' && e.requestId === sent.requestId)) continue;
    if (candidates.length <= 1) links.push({ received: mine[0]!, sent, by: 'timing' });
    else ambiguous.push(sent);
  }
  return { links, ambiguous };
}

/** The call that `sent`, the first of its trace, was made for; null when it has none or several could be. */
export function findCause(sent: Exchange, around: readonly Exchange[]): LostLink | null {
  if (sent.reporter !== 'source' || sent.parentSpanId !== '' || sent.sourceWorkload === '') return null;
  const candidates = around.filter(
    (e) =>
      e.reporter === 'destination' &&
      e.destinationWorkload === sent.sourceWorkload &&
      e.traceId !== sent.traceId &&
      covers(e, sent),
  );
  const same = candidates.find((e) => e.requestId !== '' && e.requestId === sent.requestId);
  if (same) return { received: same, sent, by: 'request-id' };
  const [only, ...others] = candidates;
  return only !== undefined && others.length === 0 ? { received: only, sent, by: 'timing' } : null;
}

/** `sent` began while `received` was being answered. */
function covers(received: Exchange, sent: Exchange): boolean {
  const start = Date.parse(received.time);
  const at = Date.parse(sent.time);
  return at >= start - grainMs && at <= start + received.durationMs + grainMs;
}

function groupBy(exchanges: readonly Exchange[], keyOf: (exchange: Exchange) => string): Map<string, Exchange[]> {
  const groups = new Map<string, Exchange[]>();
  for (const exchange of exchanges) {
    const key = keyOf(exchange);
    const list = groups.get(key);
    if (list) list.push(exchange);
    else groups.set(key, [exchange]);
  }
  return groups;
}
