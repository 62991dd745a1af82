import http, { type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadSchema } from '../api/scenario.schema.ts';
import { createSystemClock } from '../shared/system-clock.ts';
import { listen } from '../testing/listen.ts';
import type { LoadResult } from './load-generator.ts';
import { LoadThread } from './load-thread.ts';
import { type Loads, startGenerators } from './loads.ts';
import { planLoad } from './timeline.ts';
import { readMark, traceIdOf } from './trace-mark.ts';

/* Real requests to a real server, whose handler each test gives. */

const mark = 'a1b2c3d4e5f60718';
let server: Server;
let port: number;
let handle: (request: http.IncomingMessage, response: http.ServerResponse) => void;
let seen: { at: number; headers: http.IncomingHttpHeaders; method: string; url: string; body: string }[];
let results: LoadResult[];
let dropped: number[];
let loads: Loads | null;

beforeEach(async () => {
  [seen, results, dropped, loads] = [[], [], [], null];
  handle = (_request, response) => response.end('ok');
  server = http.createServer(async (request, response) => {
    const at = performance.now();
    const { headers, method = '', url = '' } = request;
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ at, headers, method, url, body });
    handle(request, response);
  });
  port = await listen(server);
});
afterEach(() => {
  loads?.close();
  server.close();
  server.closeAllConnections();
});

const plan = (more: object = {}) =>
  planLoad(loadSchema.parse({ name: 'x', for: '300ms', rate: 50, requests: [{ url: 'http://reviews:9080/a?b=1' }], ...more }), 1);
async function run(more: object = {}): Promise<void> {
  const clock = createSystemClock();
  const planned = plan(more);
  const sink = {
    onResult: (result: LoadResult) => results.push(result),
    onDropped: (_load: number, n: number) => dropped.push(n),
  };
  const assignments = [{ planned, entry: { host: '127.0.0.1', port } }];
  loads = startGenerators({ assignments, mark, clock, startedAt: clock.now() }, sink);
  await expect.poll(() => results.length + dropped.length).toBe(planned.starts.length);
}

describe('the load generator', () => {
  test('sends each request as it is written, with its host, and marked so that it is found again', async () => {
    const headers = { 'X-Who': 'me', Host: 'ignored' };
    await run({ requests: [{ method: 'POST', url: 'http://reviews:9080/a?b=1', headers, body: 'grüße' }] });
    expect(seen).toHaveLength(15);
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/a?b=1',
      body: 'grüße',
      headers: { host: 'reviews:9080', 'x-who': 'me' },
    });
    const [, traceId = '', parentSpanId = ''] = String(seen[3]!.headers.traceparent).split('-');
    expect(traceId.startsWith(mark)).toBe(true);
    const marked = readMark(mark, { traceId, parentSpanId });
    expect(marked).toMatchObject({ load: 0, isFirstHop: true });
    expect(traceIdOf(mark, 0, marked!.number)).toBe(traceId);
    expect(new Set(seen.map((one) => one.headers.traceparent)).size).toBe(15);
    expect(results.every(({ status, error }) => status === 200 && error === '')).toBe(true);
  });

  test('keeps its starts however slow the answers are, and measures from when they were due', async () => {
    let held: (() => void)[] = [];
    handle = (_request, response) => {
      held.push(() => response.end('late'));
      // The server is stuck until the last request has come.
      if (held.length < 15) return;
      for (const release of held) release();
      held = [];
    };
    await run();
    expect(seen).toHaveLength(15);
    for (const { intendedMs, sentMs, endMs } of results) {
      expect(sentMs).toBeGreaterThanOrEqual(intendedMs);
      expect(endMs - intendedMs).toBeGreaterThanOrEqual(endMs - sentMs);
    }
    const first = results.find(({ number }) => number === 0)!;
    expect(first.endMs - first.intendedMs).toBeGreaterThan(250);
  });

  test('drops and counts what would be too many at once, and delays nothing', async () => {
    const held: http.ServerResponse[] = [];
    handle = (_request, response) => {
      held.push(response);
      if (held.length === 3) setTimeout(() => held.splice(0).map((one) => one.end()), 400);
    };
    await run({ maxInFlight: 3 });
    expect(seen).toHaveLength(3);
    expect(dropped).toHaveLength(12);
    expect(results.map(({ number }) => number).sort()).toEqual([0, 1, 2]);
  });

  test('counts what does not come, breaks off or comes too late as failed', async () => {
    let count = 0;
    handle = (request, response) => {
      count++;
      if (count === 1) request.socket.destroy();
      else if (count === 2) {
        response.writeHead(200, { 'content-length': '100' });
        response.write('part');
        setTimeout(() => request.socket.destroy(), 20);
      } else if (count > 3) response.end('ok');
    };
    await run({ rate: 20, timeout: '200ms' });
    const failed = results.filter(({ status }) => status === 0).map(({ error }) => error);
    expect(failed).toHaveLength(3);
    expect(failed.every((error) => error !== '')).toBe(true);
    expect(failed).toContain('no answer in 200 ms');
    expect(results).toHaveLength(6);
  });

  test('stops at once when told, and lets what has left come back', async () => {
    const thread = await LoadThread.open();
    try {
      handle = (_request, response) => void setTimeout(() => response.end('ok'), 100);
      const sink = {
        onResult: (result: LoadResult) => results.push(result),
        onDropped: () => {},
        onFailed: (reason: string) => expect(reason).toBe(''),
      };
      const started = thread.start([{ planned: plan({ for: '60s' }), entry: { host: '127.0.0.1', port } }], mark, sink);
      await expect.poll(() => seen.length).toBeGreaterThan(5);
      await started.stop();
      const count = seen.length;
      expect(results).toHaveLength(count);
      expect(results.every(({ status }) => status === 200)).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(seen).toHaveLength(count);
    } finally {
      await thread.close();
    }
  });
});
