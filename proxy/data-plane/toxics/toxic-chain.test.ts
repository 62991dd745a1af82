import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../shared/seeded-random.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import type { ToxicSpec } from '../messages.ts';
import { admitConnection } from './admit.ts';
import { ToxicChain } from './toxic-chain.ts';

/** A stream end whose input the test pushes and whose output it reads. Everything is synchronous. */
class Wire extends Duplex {
  received = Buffer.alloc(0);
  arrivals: { at: number; bytes: number }[] = [];
  finished = false;
  readonly #now: () => number;
  constructor(now: () => number) {
    super({ allowHalfOpen: true });
    this.#now = now;
  }
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.received = Buffer.concat([this.received, chunk]);
    this.arrivals.push({ at: this.#now(), bytes: chunk.length });
    done();
  }
  override _final(done: () => void): void {
    this.finished = true;
    done();
  }
}

const toxic = (name: string, type: string, attributes: Record<string, number>, toxicity = 1): ToxicSpec => ({
  name,
  type,
  stream: 'downstream',
  toxicity,
  attributes,
});

function chainOf(toxics: ToxicSpec[], seed = 1) {
  const clock = new ManualClock();
  const source = new Wire(clock.now);
  const sink = new Wire(clock.now);
  const closes: string[] = [];
  const chain = new ToxicChain(source, sink, toxics, {
    clock,
    random: seededRandom(seed),
    closeConnection: (kind) => void closes.push(kind),
  });
  /** Streams deliver `data` and `end` on later ticks; a test waits for those, never for time. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const send = async (data: Buffer | string) => {
    source.push(Buffer.from(data));
    await settle();
  };
  return { clock, source, sink, chain, closes, send, settle };
}

describe('a chain of toxics', () => {
  test('latency holds each chunk for its time and keeps the order', async () => {
    const { clock, sink, send, settle } = chainOf([toxic('l', 'latency', { latency: 100, jitter: 0 })]);
    await send('a');
    clock.advance(40);
    await send('b');
    clock.advance(59);
    expect(sink.received.toString()).toBe('');
    clock.advance(1);
    await settle();
    expect(sink.received.toString()).toBe('a');
    clock.advance(40);
    await settle();
    expect(sink.received.toString()).toBe('ab');
  });

  test('two latencies add', async () => {
    const { clock, sink, send, settle } = chainOf([
      toxic('a', 'latency', { latency: 100, jitter: 0 }),
      toxic('b', 'latency', { latency: 50, jitter: 0 }),
    ]);
    await send('x');
    clock.advance(149);
    await settle();
    expect(sink.received.length).toBe(0);
    clock.advance(2);
    await settle();
    expect(sink.received.length).toBe(1);
  });

  test('bandwidth gives rate × 100 bytes per 100 ms, with a KB of 1000 bytes', async () => {
    const { clock, sink, send, settle } = chainOf([toxic('b', 'bandwidth', { rate: 10 })]);
    await send(Buffer.alloc(3000));
    clock.advance(300);
    await settle();
    expect(sink.arrivals).toEqual([
      { at: 100, bytes: 1000 },
      { at: 200, bytes: 1000 },
      { at: 300, bytes: 1000 },
    ]);
  });

  test('bandwidth 0 stalls until it is taken away, then the data flows', async () => {
    const { clock, sink, chain, send, settle } = chainOf([toxic('b', 'bandwidth', { rate: 0 })]);
    await send('held');
    clock.advance(60_000);
    expect(sink.received.length).toBe(0);
    chain.remove('b');
    await settle();
    expect(sink.received.toString()).toBe('held');
  });

  test('slow_close holds only the end', async () => {
    const { clock, source, sink, send, settle } = chainOf([toxic('s', 'slow_close', { delay: 500 })]);
    await send('data');
    expect(sink.received.toString()).toBe('data');
    source.push(null);
    await settle();
    clock.advance(499);
    await settle();
    expect(sink.finished).toBe(false);
    clock.advance(1);
    await settle();
    expect(sink.finished).toBe(true);
  });

  test('timeout swallows data, each chunk starts the wait anew, and taking it away closes', async () => {
    const { clock, sink, closes, send } = chainOf([toxic('t', 'timeout', { timeout: 100 })]);
    clock.advance(90);
    await send('x');
    clock.advance(90);
    expect(closes).toEqual([]);
    clock.advance(10);
    expect(closes).toEqual(['fin']);
    expect(sink.received.length).toBe(0);
    const other = chainOf([toxic('t', 'timeout', { timeout: 0 })]);
    other.clock.advance(1e6);
    expect(other.closes).toEqual([]);
    other.chain.remove('t');
    expect(other.closes).toEqual(['fin']);
  });

  test('reset_peer waits for the first byte, then its time, then resets', async () => {
    const { clock, closes, send } = chainOf([toxic('r', 'reset_peer', { timeout: 50 })]);
    clock.advance(10_000);
    expect(closes).toEqual([]);
    await send('x');
    clock.advance(49);
    expect(closes).toEqual([]);
    clock.advance(1);
    expect(closes).toEqual(['rst']);
  });

  test('limit_data passes exactly its bytes and keeps counting when the limit is raised', async () => {
    const { sink, chain, closes, send } = chainOf([toxic('d', 'limit_data', { bytes: 4 })]);
    await send('abc');
    chain.update(toxic('d', 'limit_data', { bytes: 5 }));
    await send('defg');
    expect(sink.received.toString()).toBe('abcde');
    expect(closes).toEqual(['fin']);
  });

  test('slicer cuts into pieces no longer than average plus variation', async () => {
    const { sink, send } = chainOf([toxic('s', 'slicer', { average_size: 64, size_variation: 16, delay: 0 })]);
    const data = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 256));
    await send(data);
    expect(sink.received.equals(data)).toBe(true);
    expect(Math.max(...sink.arrivals.map((a) => a.bytes))).toBeLessThanOrEqual(80);
  });

  test('refuse resets what is open, and lets nothing in', async () => {
    const { closes, settle } = chainOf([toxic('r', 'refuse', {})]);
    await settle();
    expect(closes).toEqual(['rst']);
    const admit = (toxicity: number) =>
      admitConnection([toxic('r', 'refuse', {}, toxicity)], { clock: new ManualClock(), randomOf: () => () => 0.5 });
    expect([admit(1).admitted, admit(0.6).admitted, admit(0.5).admitted]).toEqual([false, false, true]);
  });

  test('flap resets when it goes down, lets in again when it is up, and every connection goes down at the same moment', async () => {
    const link = toxic('f', 'flap', { up: 300, down: 200 });
    const { clock, closes, sink, send } = chainOf([link]);
    const admits = () => admitConnection([link], { clock, randomOf: () => () => 0 }).admitted;
    await send('x');
    clock.advance(299);
    expect([sink.received.toString(), closes.length, admits()]).toEqual(['x', 0, true]);
    clock.advance(1);
    expect([closes, admits()]).toEqual([['rst'], false]);
    clock.advance(199);
    expect(admits()).toBe(false);
    clock.advance(1);
    expect(admits()).toBe(true);
  });

  test('a toxicity drawn when the connection was let in is not drawn again', () => {
    const clock = new ManualClock();
    const closes: string[] = [];
    const wires = [new Wire(clock.now), new Wire(clock.now)] as const;
    const spared = toxic('f', 'flap', { up: 10, down: 10 }, 0.5);
    const deps = {
      clock,
      random: () => 0,
      draws: new Map([['f', false]]),
      closeConnection: (kind: string) => void closes.push(kind),
    };
    new ToxicChain(...wires, [spared], deps);
    clock.advance(1000);
    expect(closes).toEqual([]);
  });

  test('toxicity decides per connection: about half of them at 0.5', () => {
    let hit = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const { clock, closes } = chainOf([toxic('t', 'timeout', { timeout: 1 }, 0.5)], seed);
      clock.advance(5);
      hit += closes.length;
    }
    expect(hit).toBeGreaterThan(70);
    expect(hit).toBeLessThan(130);
  });
});

const harmless = fc.constantFrom(
  ['latency', { latency: 30, jitter: 10 }],
  ['bandwidth', { rate: 50 }],
  ['slicer', { average_size: 10, size_variation: 3, delay: 500 }],
  ['slow_close', { delay: 20 }],
  ['stall', { percent: 50, delay: 40 }],
  ['noop', {}],
) as fc.Arbitrary<[string, Record<string, number>]>;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), bytes: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 120 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('add' as const), toxic: harmless }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), which: fc.nat(5) }) },
);

test('no byte is lost or overtaken when toxics come and go in the middle of a stream', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), fc.integer({ min: 1, max: 1e6 }), async (steps, seed) => {
      const { clock, source, sink, chain, send, settle } = chainOf([], seed);
      let sent = Buffer.alloc(0);
      let names = 0;
      for (const s of steps) {
        if (s.do === 'send') {
          const data = Buffer.from(Array.from({ length: s.bytes }, (_, i) => (sent.length + i) % 251));
          sent = Buffer.concat([sent, data]);
          await send(data);
        } else if (s.do === 'wait') clock.advance(s.ms);
        else if (s.do === 'add') chain.add(toxic(`t${names++}`, s.toxic[0], s.toxic[1]));
        else chain.remove(chain.names[s.which] ?? '');
      }
      source.push(null);
      await settle();
      for (let i = 0; i < 20 && !sink.finished; i++) {
        clock.advance(10_000);
        await settle();
      }
      expect(sink.finished).toBe(true);
      expect(sink.received.equals(sent)).toBe(true);
    }),
    { numRuns: 60, seed: 42 },
  );
});
