import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Trace } from '../../api/observability.schema.ts';
import { listen } from '../../testing/listen.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { poll } from './kit.ts';

/* The apps' own spans, sent by OTLP, stand between the mesh's in one trace. */

let mesh: TestMesh;
let app: http.Server;
/** What the app reports as its own span, under the sidecar's. */
let reported: Promise<number>;
/** The engine it reports to. */
let reportTo: () => string;

beforeAll(async () => {
  app = http.createServer((request, response) => {
    const [, traceId, parentSpanId] = String(request.headers.traceparent).split('-');
    reported = sendSpan(traceId!, parentSpanId!);
    response.end('done');
  });
  const address = `127.0.0.1:${await listen(app)}`;
  const service = (name: string) => ({ name, port: 8000, workloads: [{ version: 'v1', address }] });
  mesh = await startMesh(meshText({ services: [service('caller'), service('orders')] }, []));
  reportTo = () => mesh.engine.ready().otlp.http;
});
afterAll(async () => {
  await mesh?.close();
  app?.close();
});

async function sendSpan(traceId: string, parentSpanId: string): Promise<number> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const span = {
    traceId,
    spanId: '1122334455667788',
    parentSpanId,
    name: 'load cart',
    kind: 1,
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 2_000_000n),
    attributes: [
      text('db.system', 'redis'),
      text('http.request.header.authorization', 'Bearer canary-header'),
      text('url.full', 'http://x/cart?access_token=canary-query'),
      text('app.password', 'canary-field'),
    ],
    events: [{ timeUnixNano: String(now + 1_000_000n), name: 'miss' }],
  };
  const resource = { attributes: [text('service.name', 'orders')] };
  const response = await fetch(`${reportTo()}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
  });
  return response.status;
}

test('GET /traces/:id joins them with the mesh’s spans, under the sidecar that called the app, without secrets', async () => {
  const { otlp } = mesh.engine.ready();
  expect(otlp.http).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(otlp.grpc).toMatch(/^127\.0\.0\.1:\d+$/);
  await callOrders(mesh, '/cart');
  expect(await reported).toBe(200);
  const { exchanges } = (await poll(
    () => mesh.api('/exchanges?path=/cart'),
    (page) => (page as { exchanges: unknown[] }).exchanges.length === 2,
  )) as { exchanges: { traceId: string }[] };
  const trace = (await mesh.api(`/traces/${exchanges[0]!.traceId}`)) as Trace;
  expect(trace.spans.map(({ mesh: ofMesh, kind }) => [ofMesh, kind]).sort()).toEqual([
    [false, 'internal'],
    [true, 'client'],
    [true, 'server'],
  ]);
  const own = trace.spans.find((span) => !span.mesh)!;
  const server = trace.spans.find((span) => span.kind === 'server')!;
  expect(own).toMatchObject({ service: 'orders', name: 'load cart', parentSpanId: server.spanId, durationMs: 2 });
  expect(own.events).toEqual([{ name: 'miss', atMs: own.startMs + 1 }]);
  expect(own.attributes['db.system']).toBe('redis');
  expect(JSON.stringify(trace)).not.toContain('canary');
});

function callOrders(from: TestMesh, path: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const options = { ...from.outbound('caller-v1-0'), agent: false, path, headers: { host: 'orders:8000' } };
    http.get(options, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
}

test('a trace arrives whole at a collector that is named: the sidecars’ spans, the app’s, and who made which', async () => {
  const collector = await startMesh(
    meshText({ services: [{ name: 'lone', port: 8000, workloads: [{ address: '127.0.0.1:9' }] }] }, []),
  );
  const address = `127.0.0.1:${(app.address() as AddressInfo).port}`;
  const service = (name: string) => ({ name, port: 8000, workloads: [{ version: 'v1', address }] });
  const exportTo = collector.engine.ready().otlp.http;
  const sender = await startMesh(meshText({ services: [service('caller'), service('orders')], tracing: { exportTo } }, []));
  const before = reportTo;
  try {
    reportTo = () => sender.engine.ready().otlp.http;
    await callOrders(sender, '/exported');
    expect(await reported).toBe(200);
    const { traces } = (await poll(
      () => sender.api('/traces?filter=path:/exported'),
      (list) => ((list as { traces: { spans: number }[] }).traces[0]?.spans ?? 0) === 3,
    )) as { traces: { traceId: string }[] };
    const id = traces[0]!.traceId;
    const here = (await sender.api(`/traces/${id}`)) as Trace;
    const { traces: arrived } = (await poll(
      () => collector.api(`/traces?filter=trace:${id}`),
      (list) => (list as { traces: { spans: number }[] }).traces[0]?.spans === 3,
    )) as { traces: { appOnly?: boolean }[] };
    expect(arrived[0]?.appOnly).toBe(true);
    const there = (await collector.api(`/traces/${id}`)) as Trace;
    const shape = ({ spans }: Trace) =>
      spans
        .map(({ spanId, parentSpanId, kind, service: of, name, mesh: ofMesh }) => [spanId, parentSpanId, kind, of, name, ofMesh])
        .sort();
    expect(shape(there)).toEqual(shape(here));
    expect(JSON.stringify(there)).not.toContain('canary');
  } finally {
    reportTo = before;
    await sender.close();
    await collector.close();
  }
});

test('a second engine on this machine listens elsewhere, and neither’s ports are an upstream', async () => {
  const other = await startMesh(
    meshText({ services: [{ name: 'lone', port: 8000, workloads: [{ address: '127.0.0.1:9' }] }] }, []),
  );
  try {
    const ports = [mesh, other].flatMap(({ engine }) => [engine.ready().otlp.http, engine.ready().otlp.grpc]);
    expect(new Set(ports).size).toBe(4);
    const url = new URL(other.engine.ready().otlp.http);
    const status = await new Promise((resolve, reject) => {
      const options = {
        ...other.outbound('lone-x-0'),
        agent: false,
        method: 'POST',
        path: `${url.origin}/v1/traces`,
        headers: { host: url.host },
      };
      http
        .request(options, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(503);
  } finally {
    await other.close();
  }
});
