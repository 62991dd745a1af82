import type { AppliedFault } from '../../../api/exchange.schema.ts';
import type { Clock, Random } from '../../clock.ts';
import { addFlag, type ExchangeState, type LocalReply, type RouteFilter } from '../../exchange.ts';
import { type Condition, compileRouteMatch, firstFailure } from '../../route/match-request.ts';
import type { RegexCache } from '../../route/string-match.ts';
import type { DelayDistribution, FaultSnapshot, MeshSnapshot, ProxySnapshot } from '../../snapshot.ts';
import { waitUnlessAborted } from '../wait.ts';
import type { FaultEntry, FaultState } from './fault-state.ts';
import { chainTransforms, ResponseTransform } from './response-transform.ts';
import { faultPhase, faultsForProxy, requestMeetsTarget } from './target.ts';

/*
 * Our Fault objects. `side: server` runs in the callee's inbound proxy before the app is called, so the caller's retries, timeouts, breakers
 * and outlier detection react to it; `side: client` runs where Istio's fault filter is. Every fault that matches acts, in id order: delays
 * add up, the first abort ends the request, response faults stack.
 */

export interface FaultFilterDeps {
  clock: Clock;
  state: FaultState;
  snapshot: MeshSnapshot;
  proxy: ProxySnapshot;
  side: FaultSnapshot['side'];
  regexes: RegexCache;
}

interface PreparedFault {
  fault: FaultSnapshot;
  /** OR over the matches; empty = every request. */
  matches: Condition[][];
  entry: FaultEntry;
}

/** A timer of more than an hour would outlive every client. */
const maxDelayMs = 3_600_000;

/** Null when no fault of the snapshot can ever act here. */
export function createFaultFilter(deps: FaultFilterDeps): RouteFilter | null {
  const { clock, state, snapshot, proxy, side, regexes } = deps;
  const prepared: PreparedFault[] = faultsForProxy(snapshot, proxy, side)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((fault) => ({
      fault,
      matches: fault.match.map((match) => compileRouteMatch(match, regexes)),
      entry: state.entry(fault),
    }));
  if (prepared.length === 0) return null;

  return (exchange) => runFrom(exchange, 0);

  function runFrom(exchange: ExchangeState, from: number): LocalReply | undefined | Promise<LocalReply | undefined> {
    for (let index = from; index < prepared.length; index += 1) {
      const { fault, entry } = prepared[index]!;
      if (!meets(prepared[index]!, exchange, clock)) continue;
      const random = decide(entry, exchange);
      if (random === null) continue;
      entry.hits += 1;
      const delayMs = fault.delay === null ? 0 : drawDelay(fault.delay, random);
      if (fault.delay !== null) {
        addFlag(exchange, 'DI');
        record(exchange, fault, { effect: 'delay', delayMs });
      }
      if (delayMs > 0) {
        return waitUnlessAborted(clock, exchange, delayMs).then((stayed) =>
          stayed ? (act(exchange, fault, random) ?? runFrom(exchange, index + 1)) : undefined,
        );
      }
      const reply = act(exchange, fault, random);
      if (reply !== undefined) return reply;
    }
    return undefined;
  }

  /** Everything after the delay: response transforms are armed, the abort is answered. */
  function act(exchange: ExchangeState, fault: FaultSnapshot, random: Random): LocalReply | undefined {
    if (fault.abort !== null) return abort(exchange, fault, fault.abort);
    if (fault.response !== null) transformResponse(exchange, fault, fault.response, random);
    return undefined;
  }

  function transformResponse(
    exchange: ExchangeState,
    fault: FaultSnapshot,
    response: NonNullable<FaultSnapshot['response']>,
    random: Random,
  ): void {
    if (response.corruptPercent > 0) record(exchange, fault, { effect: 'corrupt' });
    if (response.truncateAfterBytes !== null) record(exchange, fault, { effect: 'truncate' });
    if (response.bytesPerSecond !== null) record(exchange, fault, { effect: 'throttle' });
    const transform = new ResponseTransform(response, { clock, random });
    const earlier = exchange.responseTransform;
    exchange.responseTransform = earlier === null ? transform : chainTransforms(earlier, transform);
  }
}

function meets({ fault, matches }: PreparedFault, exchange: ExchangeState, clock: Clock): boolean {
  return (
    requestMeetsTarget(fault, exchange) &&
    (matches.length === 0 || matches.some((conditions) => firstFailure(conditions, exchange) === null)) &&
    faultPhase(fault, clock.wallNow()) === 'armed'
  );
}

/** Counts the request, rolls, and writes the decision down. Null: this request goes free. */
function decide(entry: FaultEntry, exchange: ExchangeState): Random | null {
  const { fault } = entry;
  entry.matched += 1;
  const ordinal = entry.matched;
  const { roll, random } = entry.drawFor(drawKey(fault, exchange));
  const note = (decision: string) => exchange.notes.push(`Fault ${fault.id}: request ${ordinal} ${decision}`);
  const skip = fault.only?.skip ?? 0;
  const first = fault.only?.first ?? null;
  if (ordinal <= skip) {
    note(`goes free: the first ${skip} are skipped`);
    return null;
  }
  if (first !== null && ordinal > skip + first) {
    note(`goes free: only ${first} were to be hit`);
    return null;
  }
  const draw = roll * 100;
  const hit = fault.percentage >= 100 || draw < fault.percentage;
  note(`${hit ? 'is hit' : 'goes free'}: drew ${draw.toFixed(2)} of 100, hit below ${fault.percentage} (per ${fault.per})`);
  return hit ? random : null;
}

function drawKey(fault: FaultSnapshot, exchange: ExchangeState): string | null {
  switch (fault.per) {
    case 'request':
      return null;
    case 'connection':
      return String(exchange.downstream.connection.id);
    case 'trace':
      return exchange.trace.traceId;
    case 'client':
      return exchange.peer?.id ?? exchange.downstream.connection.remoteAddress.replace(/:\d+$/, '');
  }
}

function abort(exchange: ExchangeState, fault: FaultSnapshot, how: NonNullable<FaultSnapshot['abort']>): LocalReply {
  const reply: LocalReply = { status: 200, body: 'fault filter abort', flag: 'FI', details: 'fault_filter_abort' };
  if (how.kind === 'reset' || how.kind === 'hang') {
    record(exchange, fault, { effect: how.kind });
    return { ...reply, status: 0, body: '', instead: how.kind };
  }
  if (how.kind === 'grpc') reply.grpcStatus = how.status;
  else reply.status = how.status;
  record(exchange, fault, { effect: 'abort', status: reply.status });
  return reply;
}

function record(exchange: ExchangeState, fault: FaultSnapshot, what: Omit<AppliedFault, 'name' | 'side'>): void {
  exchange.faults.push({ name: fault.id, side: fault.side, ...what });
}

/** One value of the distribution in milliseconds, 0 to one hour. */
export function drawDelay(delay: DelayDistribution, random: Random): number {
  const ms = sample(delay, random);
  return Math.min(Math.max(ms, 0), maxDelayMs);
}

function sample(delay: DelayDistribution, random: Random): number {
  switch (delay.kind) {
    case 'fixed':
      return delay.ms;
    case 'uniform':
      return delay.minMs + random() * (delay.maxMs - delay.minMs);
    case 'normal':
      // Box-Muller; 1 − u keeps the logarithm finite.
      return delay.meanMs + delay.stddevMs * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    case 'pareto':
      return delay.scaleMs / (1 - random()) ** (1 / delay.shape);
  }
}
