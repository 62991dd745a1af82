import type { Clock, Random } from './clock.ts';
import { applyManager, managerSettings } from './connection-manager.ts';
import { closed, watchDownstream } from './downstream-end.ts';
import { sanitizeRequest, stampRequest } from './edge-headers.ts';
import { addFlag, type LocalReply, type RouteFilter } from './exchange.ts';
import type { ExchangeReporter } from './exchange-reporter.ts';
import { identifyPeer } from './identify-peer.ts';
import type { IdSource } from './ids.ts';
import { sendLocalReply } from './listener/local-reply.ts';
import type { MessageBudget } from './live/message-log.ts';
import { type ExchangeOrigin, LiveExchange } from './live-exchange.ts';
import type { OverloadGuard } from './overload.ts';
import type { PinnedTraces } from './pinned-traces.ts';
import type { PreparedVirtualHost, RouteTable } from './route/prepare-view.ts';
import { refuseTarget } from './route/refuse-target.ts';
import { finalizeRequest, httpsRedirect, selectInboundRoute, selectRoute } from './route/route-request.ts';
import { runFilters } from './route-filters/run-filters.ts';
import type { HttpPatches, InboundPort } from './snapshot.ts';
import type { DownstreamRequest } from './stream.ts';
import { beginSpan } from './trace-context.ts';
import type { Upstreams } from './upstream/upstreams.ts';

/*
 * One request through one proxy, top to bottom. The folders stand in the same order.
 *
 *   listener ─▶ headers, identity, trace ─▶ route ─▶ route filters ─▶ rewrite ─▶ upstream (balance, attempt, retry) ─▶ record
 *
 * A stage that answers by itself returns a LocalReply; the first one ends the way up. docs/life-of-a-request.md tells the same in prose.
 */

/** What all requests of one listener share, prepared once per snapshot. */
export type ListenerPath = ExchangeOrigin & {
  filters: readonly RouteFilter[];
  /** What EnvoyFilters change of its connection manager; absent = nothing. */
  http?: HttpPatches;
} & (
    | {
        direction: 'outbound';
        table: RouteTable;
        target: { host: string; port: number } | null;
        /** A gateway's own authorization and JWT filters, run before a route is picked. */
        guards: readonly RouteFilter[];
      }
    | { direction: 'inbound'; host: PreparedVirtualHost; port: InboundPort }
  );

export interface RequestPathDeps {
  clock: Clock;
  random: Random;
  ids: IdSource;
  httpDate: () => string;
  upstreams: Upstreams;
  /** Replays that go elsewhere than their routes say. */
  pinned?: PinnedTraces;
  reporter: ExchangeReporter;
  /** Refuses requests while memory is short. */
  overload?: OverloadGuard;
  /** Memory for messages of exchanges in progress. */
  messageBudget?: MessageBudget;
  /** Begin and end of every exchange, for counters and drain. */
  onBegin: (exchange: LiveExchange) => void;
  onEnd: (exchange: LiveExchange) => void;
}

export async function runExchange(downstream: DownstreamRequest, path: ListenerPath, deps: RequestPathDeps): Promise<void> {
  const { clock, ids } = deps;
  const wallMs = clock.wallNow();
  const exchange = new LiveExchange(ids.exchangeId(wallMs), path, downstream, clock.now, wallMs, deps.messageBudget);
  const { faults } = downstream.connection;
  if (faults !== undefined) exchange.faults.push(...faults);
  deps.onBegin(exchange);
  watchDownstream(exchange, deps.httpDate);
  const reply = await decide(exchange, path, deps);
  if (reply !== undefined && !exchange.downstream.closed) await answer(exchange, reply);
  if (!exchange.downstream.closed) await closed(exchange);
  deps.reporter.finished(exchange);
  deps.onEnd(exchange);
}

/** The stages in request order. Undefined: the upstream's response is on its way or done. */
async function decide(exchange: LiveExchange, path: ListenerPath, deps: RequestPathDeps): Promise<LocalReply | undefined> {
  const { clock, random } = deps;
  exchange.enterStage('listener', exchange.startedAt);
  const overloaded = receive(exchange, path, deps);
  if (overloaded !== undefined) return overloaded;

  exchange.enterStage('route', clock.now());
  const unroutable = refuseTarget(exchange);
  if (unroutable !== undefined) return unroutable;
  let pinnedHost = '';
  if (path.direction === 'inbound') routeInbound(exchange, path);
  else {
    const guarded = runFilters(path.guards, exchange);
    const refusal = guarded instanceof Promise ? await guarded : guarded;
    if (refusal !== undefined || exchange.aborted) return refusal;
    const redirect = routeOutbound(exchange, path, random);
    if (redirect !== undefined) return redirect;
    pinnedHost = deps.pinned?.apply(exchange, path.table.view.clusters) ?? '';
  }
  applyManager(exchange, managerSettings(path.http, exchange.port), clock);
  const { upgrade } = exchange.downstream;
  if (upgrade !== '' && upgrade !== 'websocket') return { status: 403, body: '', flag: '', details: 'upgrade_failed' };

  exchange.enterStage('route-filters', clock.now());
  const filtered = runFilters(path.filters, exchange);
  const refusal = filtered instanceof Promise ? await filtered : filtered;
  if (refusal !== undefined || exchange.aborted) return refusal;

  const reply = finalizeRequest(exchange);
  if (reply !== undefined) return reply;
  if (pinnedHost !== '') exchange.authority = pinnedHost;
  stampRequest(exchange);

  exchange.enterStage('upstream', clock.now());
  return deps.upstreams.forward(exchange);
}

/** Trace, headers and the caller's identity, as the request enters; a worker short of memory takes it no further. */
function receive(exchange: LiveExchange, path: ListenerPath, { ids, random, overload }: RequestPathDeps): LocalReply | undefined {
  const pressure = overload?.pressure() ?? 'none';
  if (pressure !== 'none') exchange.downstream.closeAfterResponse();
  const sampling = exchange.snapshot.samplingPercent;
  exchange.trace = beginSpan(exchange.headers, ids, () => sampling >= 100 || random() * 100 < sampling);
  sanitizeRequest(exchange, ids);
  if (path.direction === 'inbound') identifyPeer(exchange, path.workloads);
  return pressure === 'shed' ? { status: 503, body: 'envoy overloaded', flag: 'OM', details: 'overload' } : undefined;
}

function routeInbound(exchange: LiveExchange, { host, port }: ListenerPath & { direction: 'inbound' }): void {
  exchange.port = port.port;
  if (hasScheme(exchange)) selectInboundRoute(exchange, host, port.cluster);
}

/** A gateway's servers may want HTTPS first. */
function routeOutbound(
  exchange: LiveExchange,
  { table, target }: ListenerPath & { direction: 'outbound' },
  random: Random,
): LocalReply | undefined {
  const redirect = table.kind === 'gateway' ? httpsRedirect(exchange, table) : undefined;
  if (redirect === undefined && hasScheme(exchange))
    selectRoute(exchange, table, random, target === null ? undefined : { target });
  return redirect;
}

/** Envoy finds no route for a request whose x-forwarded-proto is empty. */
function hasScheme({ headers }: LiveExchange): boolean {
  return headers.get('x-forwarded-proto') !== '';
}

/** A response of our own, or none at all where a fault asks for that. */
async function answer(exchange: LiveExchange, reply: LocalReply): Promise<void> {
  addFlag(exchange, reply.flag);
  exchange.details = reply.details;
  if (reply.instead === 'reset') {
    exchange.downstream.reset();
    return;
  }
  if (reply.instead === 'hang') {
    // Read on, so that the client's leaving is seen.
    exchange.downstream.body.resume();
    await closed(exchange);
    return;
  }
  sendLocalReply(exchange, reply);
}
