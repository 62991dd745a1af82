import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExchangeDetail } from '../../api/exchange.schema.ts';
import { makeBody, makeExchange } from '../../store/fixtures.ts';
import { checkHar } from './check-har.ts';
import { readHar } from './read-har.ts';
import { exportedHar, ImportBench, parsed } from './test-kit.ts';
import { writeHar } from './write-har.ts';

let bench: ImportBench;
beforeEach(async () => {
  bench = await ImportBench.open();
});
afterEach(() => bench.close());

const posted: ExchangeDetail = makeExchange(5, {
  ...{ method: 'POST', path: '/orders?a=1&a=2', durationMs: 12.5 },
  request: { headers: [['content-type', 'application/json']], body: makeBody('{"a":"ä"}', 'application/json'), trailers: [] },
  response: {
    headers: [['content-type', 'image/png']],
    body: {
      ...makeBody(''),
      bytes: 3,
      capturedBytes: 3,
      encoding: 'base64',
      content: Buffer.from([255, 0, 1]).toString('base64'),
    },
    trailers: [],
  },
});

async function* each<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}

describe('an export', () => {
  test('read back is the same recording: same exchanges, same ids, same export', async () => {
    await bench.record('checkout', [posted, makeExchange(4)]);
    const har = await exportedHar(bench.recorder, 'checkout');
    const { recording } = await bench.imported(har, 'checkout');
    expect(recording).toMatchObject({ name: 'checkout', state: 'stopped', exchanges: 2, dropped: 0, notes: [] });
    expect(await exportedHar(bench.recorder, recording.id)).toEqual(har);
  });

  test('loses nothing of any exchange, and is HAR 1.2, whatever the exchange', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    const pairs = fc.array(fc.tuple(fc.constantFrom('a', 'X-B', 'cookie', 'set-cookie', 'location', 'content-type'), text), {
      maxLength: 4,
    });
    const body = fc.option(
      fc.record({
        bytes: fc.nat(99_999),
        capturedBytes: fc.nat(999),
        truncated: fc.boolean(),
        encoding: fc.constant('base64' as const),
        content: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64')),
        contentType: text,
        contentEncoding: fc.constantFrom('', 'gzip', 'br', 'zstd, gzip', 'unheard-of'),
      }),
    );
    const message = fc.record({ headers: pairs, body, trailers: pairs });
    const changes = fc.record({
      ...{
        request: message,
        response: message,
        durationMs: fc.double({ min: 0, max: 1e6, noNaN: true, noDefaultInfinity: true }),
      },
      protocol: fc.constantFrom('HTTP/1.1', 'HTTP/2', 'gRPC', 'WebSocket', 'TCP'),
      status: fc.constantFrom(0, 200, 204, 304, 503),
      path: fc.constantFrom('/', '/a?b=%20&c', '/%zz?%', ''),
      endpoint: fc.constantFrom('', '127.0.0.1:80', '[::1]:443'),
      authority: fc.constantFrom('ratings:9080', '', '[::1]:80'),
      redacted: fc.array(text, { maxLength: 2 }),
      simulated: fc.boolean(),
      standIn: fc.constant({ simulation: 'sim-1', recording: 'r', outcome: 'exact' as const, answeredBy: 'x', nearest: null }),
      annotation: fc.constant({ pinned: true, note: 'slow' }),
      attempts: fc.array(
        fc.record({
          ...{ endpoint: text, status: fc.nat(599), flag: text, startMs: fc.nat(99), durationMs: fc.nat(99) },
          ...{ connectMs: fc.double({ min: 0, max: 1e7, noNaN: true }), reused: fc.boolean() },
        }),
        { maxLength: 2 },
      ),
    });
    const recording = { name: 'r', note: 'n', filter: { to: 'x' }, startedAt: '2026-01-01T00:00:00.000Z', stoppedAt: null };
    await fc.assert(
      fc.asyncProperty(fc.array(changes, { maxLength: 4 }), async (list) => {
        const exchanges = list.map((change, n) => makeExchange(n, change as Partial<ExchangeDetail>));
        const har = await parsed(writeHar(recording as never, each(exchanges)));
        expect(checkHar(har)).toEqual([]);
        const read = readHar(har, (i) => `new${i}`);
        if (typeof read === 'string') throw new Error(read);
        expect(read.exchanges).toEqual(JSON.parse(JSON.stringify(exchanges)));
        expect(read).toMatchObject({ name: 'r', note: 'n', filter: { to: 'x' }, startedAt: recording.startedAt, skipped: 0 });
        expect(read.notes.list()).toEqual([]);
        expect(await parsed(writeHar(recording as never, each(read.exchanges)))).toEqual(har);
      }),
      { numRuns: 200, seed: 11 },
    );
  });

  test('is handed on while the recording is read, however long it is', async () => {
    let read = 0;
    async function* many(): AsyncGenerator<ExchangeDetail> {
      for (; read < 100_000; read++) yield makeExchange(read);
    }
    const pieces = writeHar({ name: 'long' } as never, many());
    expect((await pieces.next()).value!.length).toBeGreaterThan(1000);
    expect(read).toBeLessThan(200);
    await pieces.return(undefined);
  });

  test('has what every reader expects', async () => {
    await bench.record('r', [
      posted,
      makeExchange(6, {
        request: { headers: [['cookie', 'a=1; b=2=3']], body: null, trailers: [] },
        response: {
          headers: [['Set-Cookie', 'theme=dark; Path=/; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT']],
          body: null,
          trailers: [],
        },
        attempts: [{ endpoint: '127.0.0.1:1', status: 200, flag: '', startMs: 0, durationMs: 4, connectMs: 2 }],
      }),
    ]);
    const har = await exportedHar(bench.recorder, 'r');
    expect(checkHar(har)).toEqual([]);
    expect(har.log.entries[0]).toMatchObject({
      ...{ startedDateTime: posted.time, time: 12.5 },
      request: {
        ...{ method: 'POST', url: 'http://ratings:9080/orders?a=1&a=2' },
        queryString: [
          { name: 'a', value: '1' },
          { name: 'a', value: '2' },
        ],
        postData: { mimeType: 'application/json', text: '{"a":"ä"}' },
      },
      response: { status: 200, content: { size: 3, encoding: 'base64', text: '/wAB' } },
    });
    expect(har.log.entries[1]).toMatchObject({
      request: { cookies: [{ name: 'a' }, { name: 'b' }] },
      response: { cookies: [{ name: 'theme', path: '/', httpOnly: true, secure: false, expires: '2026-10-21T07:28:00.000Z' }] },
      timings: { connect: 2, ssl: -1, wait: 3 },
      ...{ serverIPAddress: '127.0.0.1' },
    });
  });
});
