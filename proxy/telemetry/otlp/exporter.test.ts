import http from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Span } from '../../api/observability.schema.ts';
import { hex, makeExchange, realClock } from '../../store/fixtures.ts';
import { listen } from '../../testing/listen.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import { OtlpExporter } from './exporter.ts';
import { OtlpReceiver } from './receiver.ts';

let clock: ManualClock;
let told: string[];
let exporter: OtlpExporter;
const closers: (() => unknown)[] = [];
beforeEach(() => {
  clock = new ManualClock();
  told = [];
  exporter = new OtlpExporter({ clock, version: '0', onEvent: ({ type, message }) => told.push(`${type}: ${message}`) });
});
afterEach(async () => {
  await exporter.close();
  for (const close of closers.splice(0)) await close();
});

/** A collector that answers with a status and keeps what it got. */
async function collector(status = 200) {
  const bodies: string[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      bodies.push(`${request.url} ${body}`);
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  closers.push(() => server.close());
  return { url: `http://127.0.0.1:${await listen(server)}`, bodies, server };
}

/** Drydock's own receiver, and the spans it understood. */
async function drydockReceiver() {
  const received: Span[] = [];
  const receiver = await OtlpReceiver.listen({
    clock: realClock,
    httpPort: 0,
    grpcPort: 0,
    onSpans: (spans) => void received.push(...spans),
    onLogs: () => undefined,
    onMetrics: () => undefined,
    onProblem: (message) => told.push(message),
  });
  closers.push(() => receiver.close());
  return { url: `http://127.0.0.1:${receiver.httpPort}`, received };
}

describe('exporting spans', () => {
  test('sends what another OTLP receiver reads as the same spans, faults and attempts included', async () => {
    const { url, received } = await drydockReceiver();
    exporter.set(url);
    const attempt = { endpoint: 'a:1', status: 503, flag: 'UF', reason: 'refused', startMs: 1, durationMs: 2, backoffMs: 0 };
    exporter.record([
      makeExchange(1, {
        attempts: [attempt, { ...attempt, status: 200, flag: '', spanId: hex(9, 16) }],
        faults: [{ name: 'slow', effect: 'delay', side: 'client', delayMs: 3 }],
      }),
      makeExchange(2, { reporter: 'destination', status: 500, parentSpanId: hex(1, 16), traceId: hex(1, 32) }),
    ]);
    await exporter.flush();
    expect(told).toEqual([]);
    expect(received.map(({ service, kind, error, parentSpanId }) => [service, kind, error, parentSpanId])).toEqual([
      ['reviews', 'client', false, ''],
      ['reviews', 'client', true, hex(1, 16)],
      ['reviews', 'client', false, hex(1, 16)],
      ['ratings', 'server', true, hex(1, 16)],
    ]);
    expect(received[0]).toMatchObject({ traceId: hex(1, 32), durationMs: 5, start: '2026-01-01T00:00:00.001Z' });
    expect(received[0]!.attributes).toMatchObject({
      'http.response.status_code': 200,
      upstream_cluster: makeExchange(1).cluster,
    });
    expect(received[0]!.events[0]!.name).toBe('fault slow: delay 3 ms');
  });

  test('sends what the apps sent as well, so that a trace arrives whole; but not round for ever', async () => {
    const { url, received } = await drydockReceiver();
    exporter.set(url);
    const app: Span = {
      ...{
        traceId: hex(1, 32),
        spanId: hex(7, 16),
        parentSpanId: hex(1, 16),
        name: 'load cart',
        kind: 'internal',
        service: 'orders',
      },
      ...{ mesh: false, start: '2026-01-01T00:00:00.002Z', startMs: 0.25, durationMs: 2, error: true },
      attributes: { 'db.system': 'redis', 'otel.scope.name': 'ioredis' },
      events: [{ name: 'exception', atMs: 1, attributes: { 'exception.type': 'Timeout' } }],
      links: [{ traceId: hex(2, 32), spanId: hex(2, 16) }],
    };
    exporter.record([makeExchange(1)]);
    exporter.recordApp([app]);
    await exporter.flush();
    const [sidecar, arrived] = received;
    expect([sidecar!.mesh, sidecar!.attributes['otel.scope.name']]).toEqual([true, 'drydock.proxy']);
    expect(arrived).toEqual({ ...app, attributes: { ...app.attributes, 'drydock.relayed': true } });
    exporter.recordApp(received);
    await exporter.flush();
    expect(received).toHaveLength(2);
  });

  test('goes behind the path of the base address', async () => {
    const { url, bodies } = await collector();
    for (const base of [`${url}/otlp`, `${url}/otlp/`]) {
      exporter.set(base);
      exporter.record([makeExchange(1)]);
      await exporter.flush();
    }
    expect(bodies.map((body) => body.split(' ')[0])).toEqual(['/otlp/v1/traces', '/otlp/v1/traces']);
  });

  test.each([429, 502, 503, 504])('answered %s, the same spans are sent again when the collector said', async (status) => {
    const busy = await collector();
    let refuse = true;
    busy.server.prependListener('request', (_request, response) => {
      if (!refuse) return;
      response.writeHead(status, { 'retry-after': '5' }).end();
      Object.assign(response, { writeHead: () => response, end: () => response });
    });
    exporter.set(busy.url);
    exporter.record([makeExchange(1)]);
    await exporter.flush();
    refuse = false;
    clock.advance(4999);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(1);
    await exporter.flush();
    expect(busy.bodies).toHaveLength(2);
    expect(busy.bodies[1]).toBe(busy.bodies[0]);
    expect(told[1]).toMatch(/takes spans again; 0 were lost/);
  });

  test('is off until a collector is named, and goes out once a second', async () => {
    const { url, bodies } = await collector();
    exporter.record([makeExchange(1)]);
    expect(clock.pendingTimers).toBe(0);
    exporter.set(url);
    exporter.record([makeExchange(2)]);
    exporter.record([makeExchange(3)]);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(1000);
    await exporter.flush();
    expect(bodies).toHaveLength(1);
    expect(bodies[0]).toMatch(/^\/v1\/traces \{"resourceSpans":/);
  });

  test('tells once that a collector takes nothing, and once that it does again', async () => {
    const bad = await collector(500);
    exporter.set(bad.url);
    for (const n of [1, 2]) {
      exporter.record([makeExchange(n)]);
      await exporter.flush();
    }
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('it answered 500');
    bad.server.removeAllListeners('request');
    bad.server.on('request', (_request, response) => response.end('{}'));
    exporter.record([makeExchange(3)]);
    await exporter.flush();
    expect(told[1]).toMatch(/takes spans again; 2 were lost/);
  });
});
