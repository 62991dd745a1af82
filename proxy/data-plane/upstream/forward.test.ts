import { createServer, type Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { unusedPort } from '../../testing/unused-port.ts';
import type { ExchangeState, LocalReply } from '../exchange.ts';
import type { ClusterSnapshot } from '../snapshot.ts';
import type { UpstreamReset } from '../stream.ts';
import type { Dial } from './pool.ts';
import {
  Bench,
  clusterSnapshot,
  type ExchangeOptions,
  endpoint,
  outlierDetection,
  retryPolicy,
  TestDownstream,
  TestUpstream,
  until,
} from './test-kit.ts';

const P = 'upstream connect error or disconnect/reset before headers. reset reason: ';
const R = 'upstream connect error or disconnect/reset before headers. retried and the latest reset reason: ';

let app: TestUpstream;
let bench: Bench;
let hung: Socket[] = [];

beforeEach(async () => {
  app = await new TestUpstream().listen();
});
afterEach(async () => {
  bench?.upstreams.close();
  for (const socket of hung) socket.destroy();
  hung = [];
  await app.close();
});

interface Outcome {
  reply: LocalReply | undefined;
  exchange: ExchangeState;
  downstream: TestDownstream;
}

/** Runs one request, turning the clock for backoffs (and timeouts, with stepMs) until it settles. */
async function run(
  over: Partial<ClusterSnapshot>,
  options: Partial<ExchangeOptions> & { stepMs?: number; dial?: Dial; port?: number; endpoints?: number[] } = {},
): Promise<Outcome> {
  const ports = options.endpoints ?? [options.port ?? app.port];
  bench = new Bench(
    clusterSnapshot(
      ports.map((port) => endpoint(port)),
      over,
    ),
    options.dial === undefined ? {} : { dial: options.dial },
  );
  const downstream = options.downstream ?? new TestDownstream({});
  const exchange = bench.exchange(downstream, { ...options, downstream });
  return { ...(await settle(exchange, options.stepMs)), downstream };
}

async function settle(exchange: ExchangeState, stepMs = 5): Promise<{ reply: LocalReply | undefined; exchange: ExchangeState }> {
  let reply: LocalReply | undefined;
  let settled = false;
  bench.upstreams.forward(exchange).then((value) => {
    reply = value;
    settled = true;
  });
  for (let i = 0; i < 2000 && !settled; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    bench.clock.advance(stepMs);
  }
  if (!settled) throw new Error('did not settle');
  return { reply, exchange };
}

const failing = (kind: UpstreamReset['kind'], detail = ''): Dial => {
  return (_request, callbacks) => {
    setImmediate(() => callbacks.onFailed({ kind, phase: 'connect', nothingSent: true, detail }));
    return { cancel() {} };
  };
};

describe('a request that succeeds', () => {
  it('goes up once with the attempt count and comes down as the app sent it', async () => {
    app.handler = (_request, response) => {
      response.writeHead(201, { 'x-app': 'yes' });
      response.end('hello');
    };
    const { reply, exchange, downstream } = await run({}, { stepMs: 0 });
    expect(reply).toBeUndefined();
    expect(downstream.status).toBe(201);
    expect(downstream.received).toBe('hello');
    expect(downstream.ended).toBe(true);
    expect(downstream.responseHeaders.get('x-app')).toBe('yes');
    expect(downstream.responseHeaders.get('x-envoy-upstream-service-time')).toBe('0');
    expect(app.requests[0]!.headers['x-envoy-attempt-count']).toBe('1');
    expect(app.requests[0]!.headers['x-envoy-expected-rq-timeout-ms']).toBeUndefined();
    expect(exchange.details).toBe('via_upstream');
    expect(exchange.flags).toEqual([]);
    expect(exchange.attempts).toMatchObject([{ endpoint: `127.0.0.1:${app.port}`, status: 201, flag: '', reused: false }]);
    expect(exchange.endpoint).toBe(`127.0.0.1:${app.port}`);
  });

  it('reuses the connection for the next request', async () => {
    await run({}, { stepMs: 0 });
    const exchange = bench.exchange(new TestDownstream({}));
    await settle(exchange, 0);
    expect(app.connections).toBe(1);
    expect(exchange.attempts[0]).toMatchObject({ reused: true, connectMs: 0 });
  });

  it('tells the upstream the timeout, the shorter of per-try and whole', async () => {
    await run({}, { timeoutMs: 2000, retry: retryPolicy('5xx', { perTryTimeoutMs: 300 }), stepMs: 0 });
    expect(app.requests[0]!.headers['x-envoy-expected-rq-timeout-ms']).toBe('300');
    await settle(
      bench.exchange(new TestDownstream({}), { timeoutMs: 200, retry: retryPolicy('5xx', { perTryTimeoutMs: 300 }) }),
      0,
    );
    expect(app.requests[1]!.headers['x-envoy-expected-rq-timeout-ms']).toBe('200');
  });

  it('caps grpc-timeout by the route and passes the result on', async () => {
    const grpc = () =>
      new TestDownstream({
        headers: [
          ['content-type', 'application/grpc'],
          ['grpc-timeout', '5S'],
        ],
      });
    await run({}, { timeoutMs: 2000, downstream: grpc(), stepMs: 0 });
    expect(app.requests[0]!.headers['grpc-timeout']).toBe('2000m');
    await settle(bench.exchange(grpc()), 0);
    expect(app.requests[1]!.headers['grpc-timeout']).toBe('5000m');
  });

  it('streams a body up and its answer down', async () => {
    app.handler = (request, response) => request.pipe(response);
    const downstream = new TestDownstream({ method: 'POST', body: true });
    bench = new Bench(clusterSnapshot([endpoint(app.port)]));
    const done = bench.upstreams.forward(bench.exchange(downstream, { retry: retryPolicy('5xx') }));
    downstream.body.push(Buffer.from('a'));
    await until(() => downstream.received === 'a');
    downstream.body.push(Buffer.from('b'));
    downstream.body.end();
    expect(await done).toBeUndefined();
    expect(downstream.received).toBe('ab');
  });

  it('runs the response filters before the head goes down', async () => {
    bench = new Bench(clusterSnapshot([endpoint(app.port)]));
    const downstream = new TestDownstream({});
    const exchange = bench.exchange(downstream);
    exchange.responseHeaderFilters.push((head) => head.headers.set('server', 'envoy'));
    await settle(exchange, 0);
    expect(downstream.responseHeaders.get('server')).toBe('envoy');
  });
});

describe('retryOn', () => {
  // What each condition fires on; anything not listed must not be retried.
  const table: Record<string, string[]> = {
    '5xx': ['500', '503', 'termination', 'connect', 'per-try', 'refused-stream'],
    'gateway-error': ['503', 'termination', 'connect', 'per-try', 'refused-stream'],
    reset: ['termination', 'connect', 'per-try', 'refused-stream'],
    'reset-before-request': ['connect', 'refused-stream'],
    'connect-failure': ['connect'],
    'refused-stream': ['refused-stream'],
    'retriable-4xx': ['409'],
    'retriable-status-codes': ['418'],
    cancelled: ['grpc-1'],
    'deadline-exceeded': ['grpc-4'],
    'resource-exhausted': ['grpc-8'],
    internal: ['grpc-13'],
    unavailable: ['grpc-14'],
    'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes': [
      'connect',
      'refused-stream',
      'grpc-1',
      'grpc-14',
      '418',
    ],
  };
  const outcomes = [
    '500',
    '503',
    '409',
    '418',
    '200',
    'grpc-1',
    'grpc-4',
    'grpc-8',
    'grpc-13',
    'grpc-14',
    'termination',
    'connect',
    'per-try',
    'refused-stream',
    'overflow',
  ];

  for (const [retryOn, fires] of Object.entries(table)) {
    it(`${retryOn} fires on ${fires.join(', ')} only`, async () => {
      const retried: string[] = [];
      for (const outcome of outcomes) {
        const retry = retryPolicy(retryOn, {
          attempts: 1,
          retriableStatusCodes: [418],
          perTryTimeoutMs: outcome === 'per-try' ? 50 : null,
        });
        const grpc = /^grpc-(\d+)$/.exec(outcome);
        app.handler = (request, response) => {
          if (outcome === 'termination') request.socket.destroy();
          else if (outcome === 'per-try') hung.push(request.socket);
          else if (grpc !== null) response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': grpc[1] }).end();
          else response.writeHead(Number(outcome)).end('x');
        };
        const dial =
          outcome === 'connect'
            ? failing('connect-failure', 'Connection refused')
            : outcome === 'refused-stream' || outcome === 'overflow'
              ? failing(outcome)
              : undefined;
        const { exchange } = await run(
          {},
          { retry, stepMs: outcome === 'per-try' ? 50 : 5, ...(dial === undefined ? {} : { dial }) },
        );
        if (exchange.attempts.length === 2) {
          retried.push(outcome);
          expect(exchange.flags).toContain('URX');
        } else expect(exchange.flags).not.toContain('URX');
        bench.upstreams.close();
      }
      expect(retried.sort()).toEqual([...fires].sort());
    });
  }

  it('does not retry by a grpc-status in trailers, and passes them on', async () => {
    app.handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/grpc', trailer: 'grpc-status' });
      response.write('x');
      response.addTrailers({ 'grpc-status': '14' });
      response.end();
    };
    const downstream = new TestDownstream({ headers: [['content-type', 'application/grpc']] });
    const { exchange } = await run({}, { retry: retryPolicy('unavailable'), downstream });
    expect(exchange.attempts).toHaveLength(1);
    expect(exchange.grpcStatus).toBe(14);
    expect(downstream.trailers?.get('grpc-status')).toBe('14');
  });

  it('never retries a rate-limited answer, unless told to', async () => {
    app.handler = (_request, response) => response.writeHead(503, { 'x-envoy-ratelimited': 'true' }).end();
    expect((await run({}, { retry: retryPolicy('5xx') })).exchange.attempts).toHaveLength(1);
    bench.upstreams.close();
    expect((await run({}, { retry: retryPolicy('5xx,envoy-ratelimited') })).exchange.attempts).toHaveLength(3);
  });

  it('counts attempts in the request and stops at the first success', async () => {
    app.handler = (_request, response) => response.writeHead(app.requests.length < 3 ? 503 : 200).end();
    const { exchange, downstream } = await run({}, { retry: retryPolicy('5xx') });
    expect(downstream.status).toBe(200);
    expect(app.requests.map((request) => request.headers['x-envoy-attempt-count'])).toEqual(['1', '2', '3']);
    expect(exchange.flags).toEqual([]);
    expect(exchange.attempts.map((attempt) => attempt.reason)).toEqual([
      'retriable status 503',
      'retriable status 503',
      undefined,
    ]);
  });

  it('waits uniform [0, (2ⁿ−1)·25 ms) before retry n', async () => {
    app.handler = (_request, response) => response.writeHead(503).end();
    const { exchange } = await run({}, { retry: retryPolicy('5xx', { attempts: 5 }), stepMs: 1 });
    const waits = exchange.attempts.slice(1).map((attempt) => attempt.backoffMs!);
    waits.forEach((wait, index) => {
      expect(wait).toBeLessThan(Math.min((2 ** (index + 1) - 1) * 25, 250));
    });
    expect(waits.some((wait) => wait > 0)).toBe(true);
  });

  it('sends the body again on each attempt', async () => {
    const bodies: string[] = [];
    app.handler = (request, response) => {
      let text = '';
      request.on('data', (chunk) => {
        text += chunk;
      });
      request.on('end', () => {
        bodies.push(text);
        response.writeHead(bodies.length < 3 ? 503 : 200).end();
      });
    };
    const downstream = new TestDownstream({ method: 'POST', body: true });
    downstream.body.push(Buffer.from('one '));
    downstream.body.push(Buffer.from('two'));
    downstream.body.end();
    await run({}, { retry: retryPolicy('5xx'), downstream });
    expect(bodies).toEqual(['one two', 'one two', 'one two']);
  });

  it('avoids hosts it has tried', async () => {
    const good = await new TestUpstream().listen();
    app.handler = (_request, response) => response.writeHead(503).end();
    try {
      for (let i = 0; i < 10; i++) {
        const { downstream } = await run(
          { loadBalancer: { kind: 'random' } },
          { retry: retryPolicy('5xx', { hostSelectionRetries: 50 }), endpoints: [app.port, good.port] },
        );
        expect(downstream.status).toBe(200);
        bench.upstreams.close();
      }
    } finally {
      await good.close();
    }
  });

  it('stops at maxRetries: the answer passes with UO', async () => {
    app.handler = (_request, response) => response.writeHead(503).end('busy');
    const limits = {
      maxConnections: null,
      http1MaxPendingRequests: null,
      http2MaxRequests: null,
      maxRetries: 0,
      retryBudget: null,
    };
    const { reply, exchange, downstream } = await run({ limits }, { retry: retryPolicy('5xx') });
    expect(reply).toBeUndefined();
    expect(downstream.received).toBe('busy');
    expect(exchange.flags).toEqual(['UO']);
    expect(exchange.attempts).toHaveLength(1);
  });

  it('never retries once a head went down', async () => {
    app.handler = (request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('part', () => request.socket.destroy());
    };
    const { exchange, downstream } = await run({}, { retry: retryPolicy('5xx') });
    expect(exchange.attempts).toHaveLength(1);
    expect(downstream.wasReset).toBe(true);
    expect(downstream.ended).toBe(false);
    expect(exchange.flags).toEqual(['UPE']);
    expect(exchange.details).toBe('upstream_reset_after_response_started{protocol_error}');
  });

  it('gives up retrying when the body outgrows 1 MiB, and streams on', async () => {
    let size = 0;
    app.handler = (request, response) => {
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
      });
      request.on('end', () => response.writeHead(503).end());
    };
    const downstream = new TestDownstream({ method: 'POST', body: true });
    for (let i = 0; i < 20; i++) downstream.body.push(Buffer.alloc(64 * 1024));
    downstream.body.end();
    const { exchange } = await run({}, { retry: retryPolicy('5xx'), downstream });
    expect(size).toBe(20 * 64 * 1024);
    expect(exchange.attempts).toHaveLength(1);
    expect(exchange.flags).toEqual([]);
  });

  it('answers 507 when the body outgrows 1 MiB during a backoff', async () => {
    bench = new Bench(clusterSnapshot([endpoint(1)]), { dial: failing('connect-failure', 'Connection refused') });
    const downstream = new TestDownstream({ method: 'POST', body: true });
    const exchange = bench.exchange(downstream, { retry: retryPolicy('connect-failure') });
    const done = bench.upstreams.forward(exchange);
    await until(() => exchange.attempts[0]?.flag === 'UF');
    for (let i = 0; i < 17; i++) downstream.body.push(Buffer.alloc(64 * 1024));
    expect(await done).toMatchObject({
      status: 507,
      body: 'exceeded request buffer limit while retrying upstream',
      details: 'request_payload_exceeded_retry_buffer_limit',
    });
  });
});

describe('local replies', () => {
  const cases: [UpstreamReset['kind'], string, number, string, string, string][] = [
    [
      'connect-failure',
      'Connection refused',
      503,
      'UF',
      'remote connection failure',
      'remote_connection_failure|delayed_connect_error:_Connection_refused',
    ],
    ['connect-timeout', '', 503, 'UF', 'connection timeout', 'connection_timeout'],
    ['connection-termination', '', 503, 'UC', 'connection termination', 'connection_termination'],
    ['remote-reset', '', 503, 'UR', 'remote reset', 'remote_reset'],
    ['refused-stream', '', 503, 'UR', 'remote refused stream reset', 'remote_refused_stream_reset'],
    ['local-reset', '', 503, 'LR', 'local reset', 'local_reset'],
    ['protocol-error', '', 502, 'UPE', 'protocol error', 'protocol_error'],
    ['overflow', '', 503, 'UO', 'overflow', 'overflow'],
  ];
  for (const [kind, detail, status, flag, body, details] of cases) {
    it(`${kind} is ${status} ${flag}`, async () => {
      const { reply, exchange } = await run({}, { dial: failing(kind, detail) });
      expect(reply).toMatchObject({
        status,
        flag,
        body: P + body,
        details: `upstream_reset_before_response_started{${details}}`,
      });
      expect(exchange.flags).toEqual([flag]);
      expect(exchange.attempts[0]!.flag).toBe(flag);
      expect(reply!.headers).toEqual(kind === 'overflow' ? [['x-envoy-overloaded', 'true']] : undefined);
    });
  }

  it('says so when it was retried, and adds URX', async () => {
    const { reply, exchange } = await run({}, { port: await unusedPort(), retry: retryPolicy('connect-failure') });
    expect(reply!.body).toBe(`${R}remote connection failure`);
    expect(exchange.flags).toEqual(['URX', 'UF']);
    expect(exchange.attempts.map((attempt) => attempt.phase)).toEqual(['connect', 'connect', 'connect']);
  });

  it('connect timeout is cut by the hand of the clock at connectTimeoutMs', async () => {
    const never: Dial = () => ({ cancel() {} });
    const { reply, exchange } = await run({ connectTimeoutMs: 400 }, { dial: never, stepMs: 100 });
    expect(reply!.body).toBe(`${P}connection timeout`);
    expect(exchange.attempts[0]!.durationMs).toBe(400);
  });

  it('an upstream that hangs up is UC', async () => {
    app.handler = (request) => request.socket.destroy();
    const { reply } = await run({});
    expect(reply).toMatchObject({ status: 503, flag: 'UC', body: `${P}connection termination` });
  });

  it('an upstream that talks nonsense is 502 UPE', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('NONSENSE\r\n\r\n');
    });
    await listen(server);
    const address = server.address();
    const { reply } = await run({}, { port: typeof address === 'object' && address !== null ? address.port : 0 });
    expect(reply).toMatchObject({ status: 502, flag: 'UPE', body: `${P}protocol error` });
    server.close();
  });

  it('no host at all is UH', async () => {
    const { reply, exchange } = await run({}, { endpoints: [] });
    expect(reply).toEqual({ status: 503, flag: 'UH', body: 'no healthy upstream', details: 'no_healthy_upstream' });
    expect(exchange.attempts).toMatchObject([{ endpoint: '', phase: 'pick', flag: 'UH' }]);
  });

  it('no cluster is NC', async () => {
    bench = new Bench(clusterSnapshot([]));
    const exchange = bench.exchange(new TestDownstream({}));
    exchange.cluster = null;
    expect(await bench.upstreams.forward(exchange)).toEqual({ status: 503, flag: 'NC', body: '', details: 'cluster_not_found' });
  });
});

describe('timeouts', () => {
  it('the route timeout is 504 UT, counted from the complete request, with the upstream cut at once', async () => {
    let aborted = false;
    app.handler = (request) => {
      request.on('close', () => {
        aborted = true;
      });
    };
    bench = new Bench(clusterSnapshot([endpoint(app.port)]));
    const downstream = new TestDownstream({ method: 'POST', body: true });
    const exchange = bench.exchange(downstream, { timeoutMs: 500, retry: retryPolicy('5xx') });
    const done = bench.upstreams.forward(exchange);
    await until(() => app.requests.length === 1);
    bench.clock.advance(10_000);
    downstream.body.end();
    bench.clock.advance(499);
    expect(exchange.attempts[0]!.flag).toBe('');
    bench.clock.advance(1);
    expect(await done).toEqual({
      status: 504,
      flag: 'UT',
      body: 'upstream request timeout',
      details: 'response_timeout',
      grpcStatus: 14,
    });
    expect(exchange.attempts).toMatchObject([{ flag: 'UT', phase: 'headers' }]);
    await until(() => aborted);
  });

  it('no timeout means none', async () => {
    app.handler = (_request, response) => void setTimeout(() => response.end('late'), 20);
    const { downstream } = await run({}, { stepMs: 60_000 });
    expect(downstream.received).toBe('late');
  });

  it('after the head, the route timeout cuts the response instead of ending it', async () => {
    app.handler = (_request, response) => {
      response.writeHead(200);
      response.write('part');
    };
    bench = new Bench(clusterSnapshot([endpoint(app.port)]));
    const downstream = new TestDownstream({});
    const exchange = bench.exchange(downstream, { timeoutMs: 500 });
    const done = bench.upstreams.forward(exchange);
    await until(() => downstream.received === 'part');
    bench.clock.advance(500);
    expect(await done).toBeUndefined();
    expect(downstream.wasReset).toBe(true);
    expect(exchange.flags).toEqual(['UT']);
    expect(exchange.details).toBe('response_timeout');
  });

  it("per try, under Istio's default list: no retry, 504", async () => {
    app.handler = (request) => void hung.push(request.socket);
    const retry = retryPolicy('connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes', {
      perTryTimeoutMs: 100,
    });
    const { reply, exchange } = await run({}, { retry, stepMs: 50 });
    expect(reply).toMatchObject({ status: 504, flag: 'UT', details: 'upstream_per_try_timeout' });
    expect(exchange.attempts).toHaveLength(1);
  });

  it('per try and retried to the end is URX,UT', async () => {
    app.handler = (request) => void hung.push(request.socket);
    const { exchange } = await run({}, { retry: retryPolicy('5xx', { perTryTimeoutMs: 100 }), stepMs: 20 });
    expect(exchange.attempts).toHaveLength(3);
    expect(exchange.flags).toEqual(['URX', 'UT']);
  });

  it('per try not shorter than the route timeout is ignored', async () => {
    app.handler = (request) => void hung.push(request.socket);
    const { reply } = await run({}, { timeoutMs: 100, retry: retryPolicy('5xx', { perTryTimeoutMs: 100 }), stepMs: 20 });
    expect(reply!.details).toBe('response_timeout');
  });
});

describe('the client', () => {
  it('that leaves resets the upstream at once: DC', async () => {
    let closed = false;
    app.handler = (request) => {
      request.on('close', () => {
        closed = true;
      });
    };
    bench = new Bench(clusterSnapshot([endpoint(app.port)]));
    const downstream = new TestDownstream({});
    const exchange = bench.exchange(downstream, { timeoutMs: 1000 });
    const done = bench.upstreams.forward(exchange);
    await until(() => app.requests.length === 1);
    downstream.onReset?.('remote-disconnect');
    expect(await done).toBeUndefined();
    expect(exchange.flags).toEqual(['DC']);
    expect(exchange.details).toBe('downstream_remote_disconnect');
    expect(exchange.aborted).toBe(true);
    await until(() => closed);
    expect(bench.upstreams.status()[0]).toMatchObject({ activeRequests: 0, pendingRequests: 0, connections: 0 });
    expect(bench.clock.pending).toBe(0);
  });

  it('that leaves during a backoff ends it there', async () => {
    bench = new Bench(clusterSnapshot([endpoint(1)]), { dial: failing('connect-failure') });
    const downstream = new TestDownstream({});
    const exchange = bench.exchange(downstream, { retry: retryPolicy('connect-failure') });
    const done = bench.upstreams.forward(exchange);
    await until(() => exchange.attempts[0]?.flag === 'UF');
    downstream.onReset?.('remote-disconnect');
    await done;
    bench.clock.advance(1000);
    expect(exchange.attempts).toHaveLength(1);
    expect(bench.upstreams.status()[0]!.limits.find((limit) => limit.name === 'maxRetries')!.current).toBe(0);
  });

  it('that reads slowly pauses the upstream', async () => {
    let written = 0;
    app.handler = (_request, response) => {
      const chunk = Buffer.alloc(64 * 1024);
      const more = () => {
        while (written < 1024) {
          written++;
          if (!response.write(chunk)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    };
    bench = new Bench(clusterSnapshot([endpoint(app.port)]));
    const downstream = new TestDownstream({});
    downstream.full = true;
    const done = bench.upstreams.forward(bench.exchange(downstream));
    await until(() => downstream.bytesSent > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(downstream.bytesSent).toBeLessThan(1024 * 1024);
    downstream.full = false;
    downstream.onDrain?.();
    await done;
    expect(downstream.bytesSent).toBe(1024 * 64 * 1024);
  });

  it('gets 1xx as they come, and then no retry', async () => {
    app.handler = (_request, response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      setTimeout(() => response.writeHead(503).end(), 5);
    };
    const { downstream, exchange } = await run({}, { retry: retryPolicy('5xx') });
    expect(downstream.informational).toEqual([103]);
    expect(downstream.status).toBe(503);
    expect(exchange.attempts).toHaveLength(1);
  });

  it('upgrades to a tunnel that no timeout cuts, counted until it closes', async () => {
    app.server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nfirst ');
      socket.pipe(socket);
    });
    bench = new Bench(clusterSnapshot([endpoint(app.port)]));
    const downstream = new TestDownstream({ upgrade: 'websocket' });
    const [proxySide, client] = duplexPair();
    downstream.tunnel = proxySide;
    let text = '';
    client.on('data', (chunk) => {
      text += chunk;
    });
    const done = bench.upstreams.forward(bench.exchange(downstream, { timeoutMs: 100 }));
    await until(() => downstream.status === 101);
    bench.clock.advance(10_000);
    client.write('echo');
    await until(() => text === 'first echo');
    expect(bench.upstreams.status()[0]).toMatchObject({ activeRequests: 1, connections: 1 });
    proxySide.destroy();
    expect(await done).toBeUndefined();
    expect(bench.upstreams.status()[0]).toMatchObject({ activeRequests: 0, connections: 0 });
  });
});

describe('mirrors', () => {
  it('get a copy of head and body, and their failure is nobody else’s', async () => {
    const copy = await new TestUpstream().listen();
    const bodies: string[] = [];
    copy.handler = (request) => {
      request.on('data', (chunk) => bodies.push(String(chunk)));
      request.on('end', () => request.socket.destroy());
    };
    const mirrorCluster = clusterSnapshot([endpoint(copy.port)], { name: 'mirror' });
    bench = new Bench(clusterSnapshot([endpoint(app.port)]), { others: [mirrorCluster] });
    const downstream = new TestDownstream({ method: 'POST', path: '/x', body: true });
    const exchange = bench.exchange(downstream, { mirrors: [{ cluster: 'mirror', percentage: 100 }] });
    const done = bench.upstreams.forward(exchange);
    downstream.body.push(Buffer.from('payload'));
    downstream.body.end();
    await done;
    await until(() => bodies.length === 1);
    expect(bodies).toEqual(['payload']);
    expect(copy.requests[0]!.url).toBe('/x');
    expect(copy.requests[0]!.headers.host).toBe('ratings:9080');
    expect(downstream.status).toBe(200);
    expect(exchange.attempts).toHaveLength(1);
    await copy.close();
  });
});

describe('retryRemoteLocalities', () => {
  it('the second retry goes to the next priority, although its first choice was healthy', async () => {
    const remote = await new TestUpstream().listen();
    app.handler = (_request, response) => response.writeHead(500).end();
    remote.handler = (_request, response) => response.writeHead(200).end('remote');
    bench = new Bench(clusterSnapshot([endpoint(app.port), endpoint(remote.port, { priority: 1 })], {}));
    const downstream = new TestDownstream({});
    const options = { downstream, retry: { ...retryPolicy('5xx', { attempts: 3 }), previousPriorities: true } };
    const { exchange } = await settle(bench.exchange(downstream, options));
    expect(exchange.attempts.map((attempt) => attempt.status)).toEqual([500, 500, 200]);
    expect(downstream.received).toBe('remote');
    await remote.close();
  });

  it('without it every try stays in the first priority', async () => {
    app.handler = (_request, response) => response.writeHead(500).end();
    bench = new Bench(clusterSnapshot([endpoint(app.port), endpoint(await unusedPort(), { priority: 1 })], {}));
    const downstream = new TestDownstream({});
    const options = { downstream, retry: retryPolicy('5xx', { attempts: 3 }) };
    const { exchange } = await settle(bench.exchange(downstream, options));
    expect(exchange.attempts.map((attempt) => attempt.status)).toEqual([500, 500, 500, 500]);
  });
});

describe('outlier detection counts', () => {
  const detection = outlierDetection({ consecutive5xx: 3, maxEjectionPercent: 100 });
  const single = retryPolicy('5xx', { attempts: 2 });

  it('every attempt, so one request with retries can eject', async () => {
    app.handler = (_request, response) => response.writeHead(500).end();
    const { reply, exchange } = await run({ outlierDetection: detection }, { retry: single });
    expect(reply).toBeUndefined();
    expect(exchange.attempts).toHaveLength(3);
    expect(bench.events).toMatchObject([
      {
        type: 'endpoint.ejected',
        data: { reason: 'consecutive-5xx', count: 1, exchanges: ['exchange-1', 'exchange-1', 'exchange-1'] },
      },
    ]);
    const next = bench.exchange(new TestDownstream({}));
    expect((await settle(next)).reply).toMatchObject({ flag: 'UH', body: 'no healthy upstream' });
    expect(bench.upstreams.status()[0]!.state).toBe('no-healthy-host');
  });

  it('an ejected host’s idle connections close', async () => {
    app.handler = (_request, response) => response.writeHead(500).end();
    const { cluster } = (await run({ outlierDetection: { ...detection, consecutive5xx: 1 } })).exchange;
    await until(() => bench.upstreams.cluster('reviews-v1-0', cluster!.name)!.breaker.connections === 0);
    expect(bench.upstreams.status()[0]!.endpoints[0]!.ejected).toMatchObject({ reason: 'consecutive-5xx', count: 1 });
  });

  it('connect failures as 503, timeouts as 504, overflow not at all', async () => {
    const refused = await run({ outlierDetection: detection }, { dial: failing('connect-failure'), retry: single });
    expect(refused.exchange.flags).toEqual(['URX', 'UF']);
    expect(bench.events).toHaveLength(1);
    bench.upstreams.close();
    const overflow = await run({ outlierDetection: { ...detection, consecutive5xx: 1 } }, { dial: failing('overflow') });
    expect(overflow.reply!.flag).toBe('UO');
    expect(bench.events).toHaveLength(0);
    bench.upstreams.close();
    app.handler = (request) => void hung.push(request.socket);
    await run(
      { outlierDetection: { ...detection, consecutive5xx: 0, consecutiveGatewayErrors: 1 } },
      { timeoutMs: 50, stepMs: 50 },
    );
    expect(bench.events).toMatchObject([{ data: { reason: 'consecutive-gateway-errors' } }]);
  });

  it('a gRPC status in headers as the HTTP status it maps to', async () => {
    app.handler = (_request, response) => response.writeHead(200, { 'grpc-status': '14' }).end();
    const downstream = new TestDownstream({ headers: [['content-type', 'application/grpc']] });
    await run({ outlierDetection: { ...detection, consecutive5xx: 1 } }, { downstream });
    expect(bench.events).toHaveLength(1);
  });
});
