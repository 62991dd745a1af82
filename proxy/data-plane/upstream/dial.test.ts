import { readFileSync } from 'node:fs';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '../../testing/listen.ts';
import type { ClusterSnapshot } from '../snapshot.ts';
import type { UpstreamConnection } from '../stream.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { createDial } from './dial.ts';
import { Host } from './host.ts';
import { HostPool, type PooledConnection } from './pool.ts';
import { clusterSnapshot, endpoint, HandClock, until } from './test-kit.ts';

/* HTTP/2 settings of a DestinationRule against a real HTTP/2 server. */

const sessions: ServerHttp2Session[] = [];
let server: ReturnType<typeof createServer>;
let pool: HostPool;
afterEach(() => {
  pool.close();
  for (const session of sessions.splice(0)) session.destroy();
  server.close();
});

async function connect(over: Partial<ClusterSnapshot>, onSession: (session: ServerHttp2Session) => void = () => {}) {
  server = createServer();
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
    onSession(session);
  });
  const at = endpoint(await listen(server));
  const clock = new HandClock();
  const snapshot = clusterSnapshot([at], { http2: true, ...over });
  const unlimited = { maxConnections: null, http1MaxPendingRequests: null, http2MaxRequests: null, maxRetries: null };
  const owner = {
    clock,
    breaker: new CircuitBreaker({ ...unlimited, retryBudget: null }),
    snapshot,
    proxyId: 'reviews-v1-0',
    dial: createDial({ clock, identityOf: () => undefined, trustDomain: () => 'cluster.local', forbidden: () => new Set() }),
  };
  const host = new Host(at, 0, () => undefined);
  pool = new HostPool(owner, host, 'HTTP/2', 'ratings');
  const pooled = await new Promise<PooledConnection>((resolve, reject) => {
    pool.acquire({ onPoolReady: resolve, onPoolFailure: (reset) => reject(new Error(reset.kind)) });
  });
  const connection: UpstreamConnection = pooled.connection;
  return { clock, owner, connection };
}

describe('HTTP/2 towards an upstream', () => {
  it('takes no more streams per connection than maxConcurrentStreams', async () => {
    const { connection } = await connect({ maxConcurrentStreams: 2 });
    expect(connection.available).toBe(2);
  });

  it('http2KeepAlive pings each interval and stays while it is answered', async () => {
    let pings = 0;
    const settings = { intervalMs: 10_000, timeoutMs: 2_000 };
    const { clock, owner, connection } = await connect({ http2KeepAlive: settings }, (session) => {
      session.on('ping', () => pings++);
    });
    let answers = 0;
    const ping = connection.ping!.bind(connection);
    connection.ping = (onAnswer) => {
      ping(() => {
        answers++;
        onAnswer();
      });
    };
    clock.advance(10_000);
    await until(() => answers === 1);
    // No timeout runs any more, only the next interval.
    expect(clock.pending).toBe(1);
    clock.advance(9_999);
    expect([pings, owner.breaker.connections]).toEqual([1, 1]);
  });

  it('a peer that does not answer loses its connection', async () => {
    const { clock, owner } = await connect({ http2KeepAlive: { intervalMs: 10_000, timeoutMs: 2_000 } });
    // No turn of the event loop in between: no answer can come.
    clock.advance(10_000);
    clock.advance(1_999);
    expect(owner.breaker.connections).toBe(1);
    clock.advance(1);
    expect(owner.breaker.connections).toBe(0);
  });

  it('without it no timer runs', async () => {
    const { clock } = await connect({ idleTimeoutMs: 0 });
    expect(clock.pending).toBe(0);
  });
});

/** The kernel's timer of the connection to a port: `02` is keepalive; hundredths of a second until it fires. */
function kernelTimer(port: number): { kind: string; inMs: number } {
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .find((row) => row.trim().split(/\s+/)[2] === remote);
  const [kind = '', ticks = '0'] = line?.trim().split(/\s+/)[5]?.split(':') ?? [];
  return { kind, inMs: Number.parseInt(ticks, 16) * 10 };
}

describe.runIf(process.platform === 'linux')('tcpKeepalive', () => {
  const portOf = () => (server.address() as AddressInfo).port;

  it('probes a connection that has been silent for its time', async () => {
    await connect({ tcpKeepalive: true, keepalive: { probes: 2, timeMs: 600_000, intervalMs: 5000 } });
    await until(() => kernelTimer(portOf()).kind === '02');
    expect(kernelTimer(portOf()).inMs).toBeLessThanOrEqual(600_000);
    expect(kernelTimer(portOf()).inMs).toBeGreaterThan(400_000);
  });

  it('after two hours where no time is given, and never without it', async () => {
    await connect({ tcpKeepalive: true });
    await until(() => kernelTimer(portOf()).kind === '02');
    expect(kernelTimer(portOf()).inMs).toBeGreaterThan(7_000_000);
    pool.close();
    server.close();
    await connect({});
    expect(kernelTimer(portOf()).kind).not.toBe('02');
  });
});
