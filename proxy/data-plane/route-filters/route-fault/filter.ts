import type { Clock, Random } from '../../clock.ts';
import { addFlag, type ExchangeState, type LocalReply, type RouteFilter } from '../../exchange.ts';
import type { RouteFault } from '../../snapshot.ts';
import { waitUnlessAborted } from '../wait.ts';

/*
 * VirtualService `fault`: Istio's filter in the caller's proxy, before CORS and the router, so outside of timeout, retries and outlier
 * detection. Two independent rolls: the delay's first, the abort's when the delay is over. No percentage means 0.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/fault_filter
 */

export interface RouteFaultDeps {
  clock: Clock;
  random: Random;
}

export function createRouteFaultFilter({ clock, random }: RouteFaultDeps): RouteFilter {
  return (exchange) => {
    const fault = exchange.route?.fault ?? null;
    if (fault === null) return undefined;
    const { delay } = fault;
    if (delay !== null && delay.fixedMs > 0 && roll(exchange, 'delay', delay.percentage, random))
      return delayThenAbort(exchange, fault, delay.fixedMs);
    return abort(exchange, fault, random);
  };

  async function delayThenAbort(exchange: ExchangeState, fault: RouteFault, delayMs: number): Promise<LocalReply | undefined> {
    addFlag(exchange, 'DI');
    exchange.faults.push({ name: faultName(exchange), effect: 'delay', side: 'client', delayMs });
    const stayed = await waitUnlessAborted(clock, exchange, delayMs);
    return stayed ? abort(exchange, fault, random) : undefined;
  }
}

/** 0 never, 100 always; Envoy rolls in parts of a million. Each draw is told in the decision. */
function roll(exchange: ExchangeState, effect: 'delay' | 'abort', percentage: number, random: Random): boolean {
  if (percentage <= 0 || percentage >= 100) return percentage > 0;
  const drawn = random() * 100;
  const hit = drawn < percentage;
  const outcome = `${effect} ${hit ? 'drawn' : 'not drawn'} (draw ${Math.round(drawn * 10) / 10} of ${percentage} %)`;
  exchange.notes.push(`fault of ${faultName(exchange)}: ${outcome}`);
  return hit;
}

function abort(exchange: ExchangeState, fault: RouteFault, random: Random): LocalReply | undefined {
  if (fault.abort === null || !roll(exchange, 'abort', fault.abort.percentage, random)) return undefined;
  const { httpStatus, grpcStatus } = fault.abort;
  // An HTTP status wins over a gRPC status; a gRPC status travels on HTTP 200.
  const reply: LocalReply = { status: httpStatus ?? 200, body: 'fault filter abort', flag: 'FI', details: 'fault_filter_abort' };
  if (httpStatus === null && grpcStatus !== null) reply.grpcStatus = grpcStatus;
  exchange.faults.push({ name: faultName(exchange), effect: 'abort', side: 'client', status: reply.status });
  return reply;
}

function faultName(exchange: ExchangeState): string {
  const origin = exchange.route?.origin;
  return origin === null || origin === undefined ? 'VirtualService' : `${origin.kind}/${origin.namespace}/${origin.name}`;
}
