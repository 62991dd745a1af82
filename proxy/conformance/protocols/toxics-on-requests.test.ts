import http from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { exchangesOf } from './kit.ts';

/* Toxics on the byte streams under requests: HTTP/1.1 and HTTP/2 edges, both sidecars, live. */

let mesh: TestMesh;
let server: http.Server;
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  server = http.createServer((request, response) => request.resume().on('end', () => response.end('x'.repeat(1000))));
  const address = `127.0.0.1:${await listen(server)}`;
  const caller = {
    name: 'caller',
    port: 8080,
    workloads: [{ address: '127.0.0.1:9', upstreams: [{ service: 'shop', port: 0 }] }],
  };
  const shop = { name: 'shop', port: 7000, workloads: [{ version: 'v1', address }] };
  mesh = await startMesh(meshText({ services: [caller, shop] }, []));
});
afterEach(() => mesh.api('/faults/f', 'DELETE').catch(() => undefined));
afterAll(async () => {
  agent.destroy();
  await mesh?.close();
  server?.close();
});

const fault = (spec: object) =>
  mesh.apply(
    JSON.stringify({
      apiVersion: 'drydock.dev/v1',
      kind: 'Fault',
      metadata: { name: 'f' },
      spec: { to: { service: 'shop' }, ...spec },
    }),
  );

interface Answer {
  status: number;
  bytes: number;
  error: string;
  ms: number;
}
function call(): Promise<Answer> {
  const { upstreams } = mesh.engine.ready().workloads.find(({ id }) => id === 'caller-x-0')!;
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const done = (part: Partial<Answer>) =>
      resolve({ status: 0, bytes: 0, error: '', ...part, ms: performance.now() - startedAt });
    http
      .get(upstreams.shop!.replace('tcp:', 'http:'), { agent }, (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => (bytes += chunk.length));
        response.on('end', () => done({ status: response.statusCode ?? 0, bytes }));
        response.on('error', (error) => done({ status: response.statusCode ?? 0, bytes, error: error.message }));
      })
      .on('error', (error) => done({ error: error.message }));
  });
}
/** Renewed connections drain after the apply; the first request may still use an old one. */
async function until(wanted: (answer: Answer) => boolean, withinMs = 2000): Promise<Answer> {
  const startedAt = performance.now();
  let answer = await call();
  while (!wanted(answer) && performance.now() - startedAt < withinMs) {
    await new Promise((resolve) => setTimeout(resolve, 15));
    answer = await call();
  }
  expect(answer).toSatisfy(wanted);
  return answer;
}

describe.each(['server', 'client'])('toxics under requests, side: %s', (side) => {
  test('reach connections that were kept open before, are in the record, and leave with the fault', async () => {
    await until(({ status }) => status === 200);
    await fault({ side, tcp: [{ type: 'latency', attributes: { latency: 150 } }] });
    const slow = await until(({ ms }) => ms > 140);
    expect([slow.status, slow.bytes]).toEqual([200, 1000]);
    const reporter = side === 'server' ? 'destination' : 'source';
    const find = async () =>
      (await exchangesOf(mesh, `to=shop&reporter=${reporter}`, 1))
        .flatMap(({ faults }) => faults)
        .find((met) => met.side === side);
    let met = await find();
    for (let tries = 0; met === undefined && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      met = await find();
    }
    expect(met).toEqual({ name: 'default/f', effect: 'latency', side });
    await mesh.api('/faults/f', 'DELETE');
    await until(({ ms, status }) => status === 200 && ms < 100);
  });

  test('follow a schedule on connections that stay open', async () => {
    const latency = { type: 'latency', attributes: { latency: 120 } };
    await fault({ side, tcp: [latency], schedule: { after: '400ms', for: '1s' } });
    const before = await call();
    expect([before.status, before.ms < 100]).toEqual([200, true]);
    await until(({ ms }) => ms > 110, 3000);
    await until(({ ms, status }) => status === 200 && ms < 100, 4000);
  });

  test('compose: two latencies add', async () => {
    const latency = { type: 'latency', attributes: { latency: 80 } };
    await fault({ side, tcp: [latency, { ...latency, stream: 'upstream' }] });
    await until(({ ms, status }) => status === 200 && ms > 150);
  });

  test('refuse is a connection that fails', async () => {
    await fault({ side, tcp: [{ type: 'refuse' }] });
    const answer = await until(({ status }) => status === 503);
    expect(answer.error).toBe('');
  });

  test('limit_data cuts the answer short', async () => {
    await fault({ side, tcp: [{ type: 'limit_data', attributes: { bytes: 600 } }] });
    await until(({ bytes, error, status }) => bytes < 1000 && (error !== '' || status === 503));
  });
});
