import type { Clock } from '../../clock.ts';
import { addFlag, type ExchangeState, type FilterResult, type LocalReply, type RouteFilter } from '../../exchange.ts';
import { type Condition, compileRouteMatch, firstFailure, type MatchInput } from '../../route/match-request.ts';
import type { RegexCache } from '../../route/string-match.ts';
import type { FaultSnapshot, ProxySnapshot } from '../../snapshot.ts';
import { waitUnlessAborted } from '../wait.ts';
import { DamagedBody } from './damage-body.ts';
import { type DrawSequence, drawDelayMs } from './draw.ts';
import type { FaultState } from './fault-state.ts';

/*
 * Our own Fault (drydock.dev/v1). `side: client` stands where Istio's fault filter stands: in the caller's proxy before the router, so
 * nothing reacts to it. `side: server` stands in the callee's inbound proxy, so the caller's retries, timeout and outlier detection see an
 * upstream that misbehaves. Delays of several faults add up, damages to the response combine; the first abort wins.
 */

export interface FaultFilterDeps {
  clock: Clock;
  state: FaultState;
}

export interface PreparedFault {
  fault: FaultSnapshot;
  /** OR over the matches; empty = everything. */
  matches: Condition[][];
}

/** The filter for one side of one proxy, or null when no fault can concern it. */
export function createFaultFilter(
  faults: readonly FaultSnapshot[],
  proxy: ProxySnapshot,
  side: 'client' | 'server',
  regexes: RegexCache,
  deps: FaultFilterDeps,
): RouteFilter | null {
  const prepared = faults
    .filter((fault) => fault.side === side && actsOnRequests(fault) && mayConcern(fault, proxy))
    .map((fault) => prepareFault(fault, regexes));
  if (prepared.length === 0) return null;
  return (exchange) => {
    const acting = prepared.filter((candidate) => meetsFault(candidate, exchange) && deps.state.isActive(candidate.fault));
    return acting.length === 0 ? undefined : act(acting, exchange, deps);
  };
}

/** False: it is only about the bytes of connections, and no request is drawn for it. */
const actsOnRequests = ({ tcp, delay, abort, response }: FaultSnapshot): boolean =>
  tcp === undefined || delay !== null || abort !== null || response !== null;

export function prepareFault(fault: FaultSnapshot, regexes: RegexCache): PreparedFault {
  return { fault, matches: fault.match.map((match) => compileRouteMatch(match, regexes)) };
}

/** What the proxy itself decides: the callee's workload on the server's side, the caller on the client's. */
export function mayConcern(fault: FaultSnapshot, proxy: ProxySnapshot): boolean {
  const { workload } = proxy;
  if (fault.side === 'client')
    return fault.fromService === '' || fault.fromService === `${workload.namespace}/${workload.service}`;
  return (
    (fault.toVersion === '' || fault.toVersion === workload.version) &&
    (fault.toWorkload === '' || fault.toWorkload === workload.id)
  );
}

/** Whose calls to whom. */
export type FaultEnds = Pick<ExchangeState, 'destinationService' | 'port' | 'peer' | 'cluster'>;
type FaultInput = MatchInput & FaultEnds;

/** What the request decides: destination, caller, match. Explain asks the same question. */
export function meetsFault({ fault, matches }: PreparedFault, exchange: FaultInput): boolean {
  if (!meetsEnds(fault, exchange)) return false;
  return matches.length === 0 || matches.some((conditions) => firstFailure(conditions, exchange) === null);
}

export function meetsEnds(fault: FaultSnapshot, exchange: FaultEnds): boolean {
  if (fault.toService !== exchange.destinationService) return false;
  if (fault.toPort !== 0 && fault.toPort !== exchange.port) return false;
  if (fault.side === 'client') return clusterIsOnly(fault, exchange);
  const caller = exchange.peer === null ? '' : `${exchange.peer.namespace}/${exchange.peer.service}`;
  return fault.fromService === '' || fault.fromService === caller;
}

/** Before the router no host is picked: a version or workload is meant when the chosen cluster holds nothing else. */
function clusterIsOnly(fault: FaultSnapshot, exchange: FaultEnds): boolean {
  if (fault.toVersion === '' && fault.toWorkload === '') return true;
  const endpoints = exchange.cluster?.endpoints ?? [];
  return (
    endpoints.length > 0 &&
    endpoints.every(
      (e) =>
        (fault.toVersion === '' || e.version === fault.toVersion) && (fault.toWorkload === '' || e.workload === fault.toWorkload),
    )
  );
}

function act(acting: PreparedFault[], exchange: ExchangeState, deps: FaultFilterDeps): FilterResult | Promise<FilterResult> {
  let delayMs = 0;
  let abort: LocalReply | undefined;
  let damage: Damage | null = null;
  let damageDraw: DrawSequence | null = null;
  for (const { fault } of acting) {
    const runtime = deps.state.runtimeOf(fault);
    const draw = runtime.decide(keyOf(fault, exchange));
    if (draw === null || fault.percentage < 100)
      exchange.notes.push(`fault ${fault.id}: matched, ${draw === null ? 'not drawn' : 'drawn'} (${runtime.reason})`);
    if (draw === null) continue;
    const own = fault.delay === null ? 0 : Math.max(0, drawDelayMs(fault.delay, draw));
    if (fault.delay !== null) noteDelay(fault, exchange, own);
    delayMs += own;
    if (fault.response !== null) {
      noteDamage(fault, fault.response, exchange);
      damage = damage === null ? fault.response : bothDamages(damage, fault.response);
      damageDraw ??= draw;
    }
    if (fault.abort !== null && abort === undefined) abort = abortReply(fault, exchange);
  }
  if (damage !== null && damageDraw !== null) exchange.responseTransform ??= new DamagedBody(damage, damageDraw, deps.clock);
  return delayMs > 0 ? delayThen(exchange, delayMs, abort, deps.clock) : abort;
}

async function delayThen(
  exchange: ExchangeState,
  delayMs: number,
  abort: LocalReply | undefined,
  clock: Clock,
): Promise<LocalReply | undefined> {
  return (await waitUnlessAborted(clock, exchange, delayMs)) ? abort : undefined;
}

function noteDelay(fault: FaultSnapshot, exchange: ExchangeState, delayMs: number): void {
  addFlag(exchange, 'DI');
  exchange.faults.push({ name: fault.id, effect: 'delay', side: fault.side, delayMs: Math.round(delayMs * 1000) / 1000 });
  exchange.notes.push(`fault ${fault.id}: delayed ${Math.round(delayMs * 10) / 10} ms`);
}

type Damage = NonNullable<FaultSnapshot['response']>;

/** Several faults on one response: the earlier cut, the slower rate, and a byte survives only when it survives both. */
function bothDamages(a: Damage, b: Damage): Damage {
  const smaller = (x: number | null, y: number | null): number | null => (x === null ? y : y === null ? x : Math.min(x, y));
  return {
    truncateAfterBytes: smaller(a.truncateAfterBytes, b.truncateAfterBytes),
    bytesPerSecond: smaller(a.bytesPerSecond, b.bytesPerSecond),
    corruptPercent: 100 - ((100 - a.corruptPercent) * (100 - b.corruptPercent)) / 100,
  };
}

function noteDamage(fault: FaultSnapshot, damage: Damage, exchange: ExchangeState): void {
  const effects = [
    ...(damage.truncateAfterBytes === null ? [] : ['truncate']),
    ...(damage.bytesPerSecond === null ? [] : ['throttle']),
    ...(damage.corruptPercent > 0 ? ['corrupt'] : []),
  ];
  for (const effect of effects) exchange.faults.push({ name: fault.id, effect, side: fault.side });
  exchange.notes.push(`fault ${fault.id}: response ${effects.join(', ')}`);
}

function abortReply(fault: FaultSnapshot, exchange: ExchangeState): LocalReply {
  const { kind } = fault.abort!;
  const reply: LocalReply = { status: 200, body: 'fault filter abort', flag: 'FI', details: 'fault_filter_abort' };
  const entry: ExchangeState['faults'][number] = { name: fault.id, effect: 'abort', side: fault.side };
  if (fault.abort!.kind === 'http') {
    reply.status = fault.abort!.status;
    entry.status = reply.status;
  } else if (fault.abort!.kind === 'grpc') {
    reply.grpcStatus = fault.abort!.status;
    entry.status = 200;
  } else {
    reply.instead = kind as 'reset' | 'hang';
    entry.effect = kind;
  }
  exchange.faults.push(entry);
  exchange.notes.push(`fault ${fault.id}: ${entry.effect}${entry.status === undefined ? '' : ` ${entry.status}`}`);
  return reply;
}

/** What one draw of the percentage decides for. */
function keyOf(fault: FaultSnapshot, exchange: ExchangeState): string {
  switch (fault.per) {
    case 'request':
      return '';
    case 'connection':
      return `connection ${exchange.downstream.connection.id}`;
    case 'trace':
      return `trace ${exchange.trace.traceId}`;
    case 'client':
      return `client ${exchange.peer?.id ?? exchange.downstream.connection.remoteAddress.replace(/:\d+$/, '')}`;
  }
}
