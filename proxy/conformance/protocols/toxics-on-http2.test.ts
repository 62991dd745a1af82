import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Exchange } from '../../api/exchange.schema.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { type Answer, type EchoClient, EchoServer, openClient } from './grpc-echo.ts';

/*
 * Toxics under gRPC: HTTP/2 over mutual TLS between two sidecars, many streams on one connection. What only delays or cuts into pieces must
 * not be seen in what arrives; what breaks a connection must never pass for an end.
 */

type Toxic = { type: string; stream?: 'upstream' | 'downstream'; attributes?: Record<string, number> };

let mesh: TestMesh;
let echo: EchoServer;
let client: EchoClient;

beforeAll(async () => {
  echo = await EchoServer.start('echo');
  const callee = { name: 'echo', port: 9090, protocol: 'grpc', workloads: [{ address: `127.0.0.1:${echo.port}` }] };
  const caller = {
    name: 'caller',
    port: 8080,
    workloads: [{ address: '127.0.0.1:9', upstreams: [{ service: 'echo', port: 0 }] }],
  };
  mesh = await startMesh(meshText({ services: [caller, callee] }, []));
  const { upstreams } = mesh.engine.ready().workloads.find(({ id }) => id === 'caller-x-0')!;
  client = openClient(new URL(upstreams.echo!).host);
});
afterEach(heal);
afterAll(async () => {
  client?.close();
  await mesh?.close();
  echo?.close();
});

const poison = (side: string, tcp: readonly Toxic[]) =>
  mesh.apply(
    JSON.stringify({
      apiVersion: 'drydock.dev/v1',
      kind: 'Fault',
      metadata: { name: 'f' },
      spec: { to: { service: 'echo' }, side, tcp },
    }),
  );
async function heal(): Promise<void> {
  await mesh.api('/faults/f', 'DELETE').catch(() => undefined);
}
/** Connections from before drain after an apply: asks until a call meets the fault, or meets none any more. */
async function until(wanted: (answer: Answer, ms: number) => boolean, withinMs = 5_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const startedAt = performance.now();
    const answer = await client.unary('ping', {}, { deadlineMs: 2_000 });
    if (wanted(answer, performance.now() - startedAt)) return;
    if (performance.now() > deadline) throw new Error(`never: ${wanted}; last ${answer.code} ${answer.details}`);
  }
}
const isWell = ({ code, messages }: Answer) => code === 0 && messages[0] === 'echo:ping';
/** Text whose every part tells where it belongs. */
const word = (seed: number, length: number) => Array.from({ length }, (_, i) => ((seed + i) % 36).toString(36)).join('');

/** A failure should be readable: lengths and hashes, not the text. */
const digest = (text: string) => `${text.length} ${createHash('sha1').update(text).digest('hex')}`;

const harmless: fc.Arbitrary<Toxic> = fc
  .constantFrom<[string, Record<string, number>]>(
    ['latency', { latency: 15, jitter: 15 }],
    ['bandwidth', { rate: 3000 }],
    ['slicer', { average_size: 700, size_variation: 500, delay: 50 }],
    ['slow_close', { delay: 30 }],
    ['stall', { percent: 5, delay: 30 }],
    ['noop', {}],
  )
  .chain(([type, attributes]) =>
    fc.constantFrom<'upstream' | 'downstream'>('upstream', 'downstream').map((stream) => ({ type, attributes, stream })),
  );

const sides = ['client', 'server'] as const;

describe('toxics that delay and slice', () => {
  test('lose and reorder nothing of any stream, though they come and go while streams are open', {
    timeout: 60_000,
  }, async () => {
    const plan = fc.record({
      side: fc.constantFrom(...sides),
      first: fc.array(harmless, { minLength: 1, maxLength: 3 }),
      second: fc.array(harmless, { maxLength: 2 }),
      sizes: fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 2, maxLength: 8 }),
      streams: fc.integer({ min: 1, max: 4 }),
    });
    let met = 0;
    await fc.assert(
      fc.asyncProperty(plan, async ({ side, first, second, sizes, streams }) => {
        await poison(side, first);
        const half = Math.ceil(sizes.length / 2);
        const talks = Array.from({ length: streams }, (_, n) => {
          const words = sizes.map((size, i) => word(n * 7 + i, size));
          const stream = client.bidi();
          return { words, stream, answers: words.slice(0, half).map((one) => stream.ask(one)) };
        });
        const upload = client.clientStream(sizes.map((size, i) => word(i, size)));
        await talks[0]!.answers[0];
        if (second.length === 0) await heal();
        else await poison(side, second);
        for (const { words, stream, answers } of talks) {
          answers.push(...words.slice(half).map((one) => stream.ask(one)));
          stream.end();
        }
        for (const { words, stream } of talks) {
          const { code, details, messages, trailers } = await stream.done;
          expect([code, details]).toEqual([0, 'OK']);
          expect(messages.map(digest)).toEqual(words.map((one) => digest(`echo:${one}`)));
          expect(trailers.get('x-trailing')).toEqual(['kept']);
        }
        const { code, details, messages } = await upload;
        expect([code, details]).toEqual([0, 'OK']);
        expect(messages.map(digest)).toEqual([digest(`echo:${sizes.map((size, i) => word(i, size)).join('+')}`)]);
        met += (await newest(side === 'client' ? 'source' : 'destination')).faults.length;
        await heal();
      }),
      { numRuns: 10, seed: 7 },
    );
    expect(met).toBeGreaterThan(0);
  });

  test('are in force on HTTP/2 over mutual TLS, and told in the record', async () => {
    await poison('client', [{ type: 'latency', attributes: { latency: 120 } }]);
    await until((answer, ms) => isWell(answer) && ms >= 115);
    expect(await newest('source')).toMatchObject({
      protocol: 'gRPC',
      mtls: true,
      grpcStatus: 0,
      faults: [{ name: 'default/f', effect: 'latency', side: 'client' }],
    });
    await heal();
    await until((answer, ms) => isWell(answer) && ms < 100);
    expect((await newest('source')).faults).toEqual([]);
  });
});

describe.each(sides)('toxics that hold everything, side %s', (side) => {
  test.each<[string, Toxic]>([
    ['bandwidth 0', { type: 'bandwidth', attributes: { rate: 0 } }],
    ['latency of an hour', { type: 'latency', attributes: { latency: 3_600_000 } }],
    ['latency of an hour on the way up', { type: 'latency', stream: 'upstream', attributes: { latency: 3_600_000 } }],
  ])('%s: taken away, what was held goes on, in order, on the same streams', async (_name, toxic) => {
    await until(isWell);
    await poison(side, [toxic]);
    const streams = Array.from({ length: 3 }, () => client.bidi());
    const asked = streams.map((stream, n) => [1, 2, 3].map((i) => stream.ask(word(n + i, 2_000 * i))));
    const early = await Promise.race([Promise.all(asked.flat()), new Promise<null>((resolve) => setTimeout(resolve, 400, null))]);
    expect(early).toBeNull();
    await heal();
    for (const stream of streams) stream.end();
    for (const [n, stream] of streams.entries()) {
      const { code, messages } = await stream.done;
      expect([code, messages]).toEqual([0, [1, 2, 3].map((i) => `echo:${word(n + i, 2_000 * i)}`)]);
    }
    await until((answer, ms) => isWell(answer) && ms < 300);
  });
});

describe.each(sides)('toxics that break, side %s', (side) => {
  test.each<[string, Toxic]>([
    ['reset_peer', { type: 'reset_peer', attributes: { timeout: 0 } }],
    ['reset_peer after a while', { type: 'reset_peer', attributes: { timeout: 60 } }],
    ['limit_data', { type: 'limit_data', attributes: { bytes: 30_000 } }],
    ['timeout', { type: 'timeout', attributes: { timeout: 80 } }],
    ['corrupt', { type: 'corrupt', attributes: { percent: 100 } }],
    ['refuse', { type: 'refuse' }],
  ])('%s: every stream ends in failure, none as if it were whole; healed, all is well', async (_name, toxic) => {
    await until(isWell);
    await poison(side, [toxic]);
    await until(({ code }) => code !== 0 || toxic.type === 'limit_data');
    const ended = await Promise.all(
      Array.from({ length: 3 }, async (_, n) => {
        const stream = client.bidi();
        const words = [1, 2, 3].map((i) => word(n + i, 20_000));
        // Never answered when the stream breaks.
        for (const one of words) void stream.ask(one);
        stream.end();
        return { words, answer: await stream.done };
      }),
    );
    for (const { words, answer } of ended) {
      // A reset before the head is UNAVAILABLE, one after it INTERNAL: that is gRPC's reading of RST_STREAM.
      expect([13, 14]).toContain(answer.code);
      // What came is a beginning of what was to come, and not all of it.
      expect(words.map((one) => `echo:${one}`).slice(0, answer.messages.length)).toEqual(answer.messages);
    }
    await heal();
    await until(isWell);
  });
});

async function newest(reporter: string): Promise<Exchange> {
  const { exchanges } = (await mesh.api(`/exchanges?limit=1&to=echo&reporter=${reporter}`)) as { exchanges: Exchange[] };
  return exchanges[0]!;
}
