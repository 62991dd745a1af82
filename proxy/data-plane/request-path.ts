import type { Clock, Random } from './clock.ts';
import { finishResponse, sanitizeRequest, stampRequest, workloadOfMetadataId } from './edge-headers.ts';
import { addFlag, type LocalReply, type RouteFilter } from './exchange.ts';
import type { ExchangeReporter } from './exchange-reporter.ts';
import type { IdSource } from './ids.ts';
import { sendLocalReply } from './listener/local-reply.ts';
import type { MessageBudget } from './live/message-log.ts';
import { type ExchangeOrigin, LiveExchange } from './live-exchange.ts';
import type { OverloadGuard } from './overload.ts';
import type { PinnedTraces } from './pinned-traces.ts';
import type { PreparedVirtualHost, RouteTable } from './route/prepare-view.ts';
import { finalizeRequest, httpsRedirect, selectInboundRoute, selectRoute } from './route/route-request.ts';
import type { HttpManagerSettings, HttpPatches, InboundPort } from './snapshot.ts';
import type { DownstreamRequest } from './stream.ts';
import { managerSettings, startStreamTimers } from './stream-timers.ts';
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
  watchDownstream(exchange, deps);
  const reply = await decide(exchange, path, deps);
  if (reply !== undefined && !exchange.downstream.closed) await answer(exchange, reply);
  if (!exchange.downstream.closed) await closed(exchange);
  deps.reporter.finished(exchange);
  deps.onEnd(exchange);
}

/** The stages in request order. Undefined: the upstream's response is on its way or done. */
async function decide(exchange: LiveExchange, path: ListenerPath, deps: RequestPathDeps): Promise<LocalReply | undefined> {
  const { clock, ids, random } = deps;
  exchange.enterStage('listener', exchange.startedAt);
  const pressure = deps.overload?.pressure() ?? 'none';
  if (pressure !== 'none') exchange.downstream.closeAfterResponse();
  const sampling = exchange.snapshot.samplingPercent;
  exchange.trace = beginSpan(exchange.headers, ids, () => sampling >= 100 || random() * 100 < sampling);
  sanitizeRequest(exchange, ids);
  if (path.direction === 'inbound') identifyPeer(exchange, path);
  if (pressure === 'shed') return { status: 503, body: 'envoy overloaded', flag: 'OM', details: 'overload' };

  exchange.enterStage('route', clock.now());
  let pinnedHost = '';
  if (exchange.method === 'QUERY' && !exchange.headers.has('content-type'))
    return { status: 400, body: '', flag: '', details: 'query_missing_content_type' };
  if (!exchange.path.startsWith('/')) return { status: 404, body: '', flag: '', details: 'absolute_path_rejected' };
  if (!exchange.pathIsValid) return { status: 400, body: '', flag: '', details: 'path_normalization_failed' };
  if (path.direction === 'inbound') {
    exchange.port = path.port.port;
    if (hasScheme(exchange)) selectInboundRoute(exchange, path.host, path.port.cluster);
  } else {
    const guarded = runFilters(path.guards, exchange);
    const refusal = guarded instanceof Promise ? await guarded : guarded;
    if (refusal !== undefined || exchange.aborted) return refusal;
    if (path.table.kind === 'gateway') {
      const redirect = httpsRedirect(exchange, path.table);
      if (redirect !== undefined) return redirect;
    }
    if (hasScheme(exchange))
      selectRoute(exchange, path.table, random, path.target === null ? undefined : { target: path.target });
    pinnedHost = deps.pinned?.apply(exchange, path.table.view.clusters) ?? '';
  }

  const manager = managerSettings(path.http, exchange.port);
  if (manager !== null) nameServer(exchange, manager);
  startStreamTimers(exchange, manager, clock);

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

/** Envoy finds no route for a request whose x-forwarded-proto is empty. */
function hasScheme({ headers }: LiveExchange): boolean {
  return headers.get('x-forwarded-proto') !== '';
}

/** In order; the first that answers ends it. Nothing is awaited that is not a promise: most filters cost no tick. */
function runFilters(
  filters: readonly RouteFilter[],
  exchange: LiveExchange,
  from = 0,
): LocalReply | undefined | Promise<LocalReply | undefined> {
  for (let index = from; index < filters.length; index++) {
    const result = filters[index]!(exchange);
    if (result instanceof Promise) {
      return result.then((reply) => (reply !== undefined || exchange.aborted ? reply : runFilters(filters, exchange, index + 1)));
    }
    if (result !== undefined || exchange.aborted) return result;
  }
  return undefined;
}

/** `server` of every answer as EnvoyFilters want it; otherwise it is the proxy's own name (finishResponse). */
function nameServer(exchange: LiveExchange, { serverHeader, serverName }: HttpManagerSettings): void {
  const { downstream } = exchange;
  const finish = downstream.finishHead;
  if (finish === null || (serverHeader === undefined && serverName === undefined)) return;
  downstream.finishHead = (status, headers) => {
    const upstreams = headers.get('server');
    finish(status, headers);
    if (serverHeader === 'PASS_THROUGH' && upstreams === undefined) headers.remove('server');
    else if (upstreams !== undefined && (serverHeader === 'PASS_THROUGH' || serverHeader === 'APPEND_IF_ABSENT'))
      headers.set('server', upstreams);
    else if (serverName !== undefined) headers.set('server', serverName);
  };
}

/** Watches the client and puts the last touch on whatever response goes down. */
function watchDownstream(exchange: LiveExchange, deps: RequestPathDeps): void {
  const { downstream } = exchange;
  downstream.finishHead = (status, headers) => finishResponse(exchange, { status, headers }, deps.httpDate());
  downstream.onClosed = () => {
    if (downstream.resetReason === null) return;
    exchange.aborted = true;
    const malformed = downstream.resetReason === 'protocol-error';
    addFlag(exchange, malformed ? 'DPE' : 'DC');
    if (exchange.details === '') {
      exchange.details = malformed ? 'http1.codec_error' : 'downstream_remote_disconnect';
    }
  };
}

/** Who calls, from the verified certificate; the caller's node id narrows it to the workload. A claim without a certificate counts nothing. */
function identifyPeer(exchange: LiveExchange, path: ListenerPath): void {
  const { peerSpiffeId, mtls } = exchange.downstream.connection;
  if (!mtls) return;
  const claimed = path.workloads.get(workloadOfMetadataId(exchange.headers.get('x-envoy-peer-metadata-id')));
  if (claimed !== undefined && claimed.spiffeId === peerSpiffeId) {
    exchange.peer = claimed;
    return;
  }
  for (const workload of path.workloads.values()) {
    if (workload.spiffeId === peerSpiffeId) {
      exchange.peer = workload;
      return;
    }
  }
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

/** Resolves when nothing more will pass in either direction. */
function closed(exchange: LiveExchange): Promise<void> {
  const { downstream } = exchange;
  if (downstream.closed) return Promise.resolve();
  return new Promise((resolve) => {
    const before = downstream.onClosed;
    downstream.onClosed = () => {
      before?.();
      resolve();
    };
  });
}
