import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalReply } from '../exchange.ts';
import type { CircuitBreakerLimits, ClusterSnapshot } from '../snapshot.ts';
import type { Dial } from './pool.ts';
import { Bench, clusterSnapshot, endpoint, retryPolicy, TestDownstream, TestUpstream, until } from './test-kit.ts';

const unlimited: CircuitBreakerLimits = {
  maxConnections: null,
  http1MaxPendingRequests: null,
  http2MaxRequests: null,
  maxRetries: null,
  retryBudget: null,
};

let app: TestUpstream;
let bench: Bench;
let held: { request: IncomingMessage; response: ServerResponse }[];

beforeEach(async () => {
  app = await new TestUpstream().listen();
  held = [];
  app.handler = (request, response) => void held.push({ request, response });
});
afterEach(async () => {
  bench.upstreams.close();
  await app.close();
});

function start(over: Partial<ClusterSnapshot>, dial?: Dial): void {
  bench = new Bench(clusterSnapshot([endpoint(app.port)], over), dial === undefined ? {} : { dial });
}

function send(): { downstream: TestDownstream; reply: LocalReply | null | undefined; done: Promise<void> } {
  const downstream = new TestDownstream({});
  const sent = { downstream, reply: null as LocalReply | null | undefined, done: Promise.resolve() };
  sent.done = bench.upstreams.forward(bench.exchange(downstream)).then((reply) => {
    sent.reply = reply;
  });
  return sent;
}

const limit = (name: string) => bench.upstreams.status()[0]!.limits.find((entry) => entry.name === name)!;

describe('circuit breaker', () => {
  it('queues beyond maxConnections, refuses beyond http1MaxPendingRequests with UO', async () => {
    start({ limits: { ...unlimited, maxConnections: 1, http1MaxPendingRequests: 1 } });
    const first = send();
    await until(() => held.length === 1);
    const second = send();
    const third = send();
    await third.done;
    expect(third.reply).toMatchObject({ status: 503, flag: 'UO', headers: [['x-envoy-overloaded', 'true']] });
    expect(limit('maxConnections')).toMatchObject({ current: 1, limit: 1 });
    expect(limit('http1MaxPendingRequests')).toMatchObject({ current: 1, limit: 1, overflowed: 1 });
    expect(bench.upstreams.status()[0]!.state).toBe('overflow');
    expect(bench.events).toMatchObject([{ type: 'cluster.overflow', subject: 'reviews->ratings.default.svc.cluster.local' }]);
    held[0]!.response.end('1');
    await first.done;
    await until(() => held.length === 2);
    held[1]!.response.end('2');
    await second.done;
    expect([first.downstream.received, second.downstream.received]).toEqual(['1', '2']);
    expect(app.connections).toBe(1);
  });

  it('counts requests that wait for the first connection as pending', async () => {
    start({ limits: { ...unlimited, http1MaxPendingRequests: 1 } }, () => ({ cancel() {} }));
    send();
    const second = send();
    await second.done;
    expect(second.reply).toMatchObject({ flag: 'UO' });
    expect(bench.upstreams.status()[0]).toMatchObject({ pendingRequests: 1, connections: 1 });
  });

  it('caps requests in flight for HTTP/1.1 too', async () => {
    start({ limits: { ...unlimited, http2MaxRequests: 1 } });
    const first = send();
    await until(() => held.length === 1);
    const second = send();
    await second.done;
    expect(second.reply).toMatchObject({ flag: 'UO' });
    held[0]!.response.end();
    await first.done;
    expect(limit('http2MaxRequests')).toMatchObject({ current: 0, limit: 1, overflowed: 1 });
  });

  it('lets every host have one connection, whatever maxConnections says', async () => {
    const other = await new TestUpstream().listen();
    other.handler = (_request, response) => response.end();
    bench = new Bench(
      clusterSnapshot([endpoint(app.port), endpoint(other.port)], { limits: { ...unlimited, maxConnections: 1 } }),
    );
    app.handler = (_request, response) => response.end();
    await Promise.all([send().done, send().done]);
    expect([app.connections, other.connections]).toEqual([1, 1]);
    await other.close();
  });

  it('gives a retry budget its minimum, then its share of requests', async () => {
    start({ limits: { ...unlimited, maxRetries: 0, retryBudget: { percent: 20, minRetryConcurrency: 1 } } });
    const downstreams = [new TestDownstream({}), new TestDownstream({})];
    const exchanges = downstreams.map((downstream) => bench.exchange(downstream, { retry: retryPolicy('5xx', { attempts: 1 }) }));
    app.handler = (_request, response) => response.writeHead(503).end();
    const done = exchanges.map((exchange) => bench.upstreams.forward(exchange));
    await until(() => exchanges.some((exchange) => exchange.flags.includes('UO')));
    expect(exchanges.filter((exchange) => exchange.flags.includes('UO'))).toHaveLength(1);
    bench.clock.advance(1000);
    await Promise.all(done);
  });
});

describe('connections', () => {
  it('are closed after maxRequestsPerConnection', async () => {
    start({ maxRequestsPerConnection: 1 });
    app.handler = (_request, response) => response.end();
    await send().done;
    await send().done;
    expect(app.connections).toBe(2);
    expect(bench.upstreams.status()[0]!.connections).toBe(0);
  });

  it('are closed after idleTimeoutMs without a request, and no sooner', async () => {
    start({ idleTimeoutMs: 1000 });
    app.handler = (_request, response) => response.end();
    await send().done;
    bench.clock.advance(900);
    await send().done;
    bench.clock.advance(999);
    expect(bench.upstreams.status()[0]!.connections).toBe(1);
    bench.clock.advance(1);
    expect(bench.upstreams.status()[0]!.connections).toBe(0);
    expect(bench.clock.pending).toBe(0);
  });

  it('past maxConnectionDurationMs end with the request they carry', async () => {
    start({ maxConnectionDurationMs: 1000 });
    const first = send();
    await until(() => held.length === 1);
    bench.clock.advance(1000);
    expect(bench.upstreams.status()[0]!.connections).toBe(1);
    held[0]!.response.end('whole');
    await first.done;
    expect(first.downstream.received).toBe('whole');
    expect(bench.upstreams.status()[0]!.connections).toBe(0);
  });

  it('closed by the peer while idle are forgotten', async () => {
    start({});
    app.handler = (_request, response) => response.end();
    await send().done;
    app.server.closeAllConnections();
    await until(() => bench.upstreams.status()[0]!.connections === 0);
    await send().done;
    expect(app.connections).toBe(2);
  });

  it('fail all who wait when the dial fails', async () => {
    let fail: () => void = () => {};
    start({ limits: { ...unlimited, maxConnections: 1 } }, (_request, callbacks) => {
      fail = () =>
        callbacks.onFailed({ kind: 'connect-failure', phase: 'connect', nothingSent: true, detail: 'Connection refused' });
      return { cancel() {} };
    });
    const all = [send(), send(), send()];
    fail();
    await Promise.all(all.map((sent) => sent.done));
    expect(all.map((sent) => sent.reply?.flag)).toEqual(['UF', 'UF', 'UF']);
    expect(bench.upstreams.status()[0]).toMatchObject({ pendingRequests: 0, connections: 0 });
  });
});

describe('a new snapshot', () => {
  it('keeps connections and counters of endpoints that stay, and drains those that go', async () => {
    start({});
    app.handler = (_request, response) => response.end();
    await send().done;
    bench.apply(clusterSnapshot([endpoint(app.port)], { connectTimeoutMs: 1 }));
    await send().done;
    expect(app.connections).toBe(1);
    expect(bench.upstreams.status()[0]!.endpoints[0]!.requests).toBe(2);
    bench.apply(clusterSnapshot([]));
    expect(bench.upstreams.status()[0]).toMatchObject({ connections: 0, endpoints: [] });
  });

  it('lets requests in flight end on an endpoint that left', async () => {
    start({});
    const first = send();
    await until(() => held.length === 1);
    bench.apply(clusterSnapshot([]));
    held[0]!.response.end('done');
    await first.done;
    expect(first.downstream.received).toBe('done');
    await until(() => app.server.listening);
  });
});
