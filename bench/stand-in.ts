import { maskBody } from '../proxy/recorder/match/mask.ts';
import { StandIn } from '../proxy/recorder/stand-in.ts';
import type { Stub } from '../proxy/recorder/stubs/stub.ts';
import { StubSet } from '../proxy/recorder/stubs/stub-set.ts';

/*
 * What it costs to find an answer: among 10 and among 10,000 stubs and recorded calls, found and missed. Without a mesh, in one thread: a request through
 * two sidecars takes longer than any of these.
 *
 *   node bench/stand-in.ts [--stubs=10000] [--requests=20000]
 */

const option = (name: string, fallback: number): number => {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? fallback : Number(given.split('=')[1]);
};
const many = option('stubs', 10_000);
const requests = option('requests', 20_000);
const few = 10;
/** Milliseconds. */
const limit = 0.5;

function stubsOf(count: number): StubSet {
  const stubs = Array.from(
    { length: count },
    (_, i): Stub => ({
      id: `mapping ${i}`,
      conditions: [
        { on: 'method', matcher: { is: 'equal', value: i % 2 === 0 ? 'GET' : 'POST' } },
        { on: 'path', matcher: { is: 'equal', value: `/shop/items/${i}` } },
        { on: 'header', name: 'accept', matcher: { is: 'contains', value: 'json' } },
      ],
      ...{ priority: 5, points: 0, requires: {}, sets: {}, removes: [] },
      answer: {
        ...{ status: 200, headers: [['content-type', 'application/json']], body: { encoding: 'utf8', content: `{"item":${i}}` } },
        ...{ templated: false, delay: null, dribble: null, fault: null },
      },
    }),
  );
  const state = { source: 'wiremock' as const, state: {}, delays: [], literals: {}, variables: {} };
  return new StubSet({ ...state, stubs }, { hosts: [], random: () => 0.5, wallNow: () => 0 });
}

function standInOf(count: number): StandIn<number> {
  const body = (i: number) => JSON.stringify({ id: i, at: '2026-01-01T00:00:00Z', lines: [{ item: `rope ${i}`, count: 2 }] });
  const entries = Array.from({ length: count }, (_, i) => ({
    ...{ id: String(i), method: 'POST', path: `/shop/orders/o-${i}`, body: body(i), answer: i },
  }));
  return new StandIn(entries, { exhaustion: 'repeat', session: 'none' });
}

/** Microseconds of processor time a call, best of five rounds. */
function measure(call: (i: number) => void): number {
  for (let i = 0; i < requests / 4; i++) call(i);
  const rounds = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    for (let i = 0; i < requests / 5; i++) call(i);
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 5) / requests;
  });
  return Math.min(...rounds);
}

const headers: [string, string][] = [['accept', 'application/json']];
const stubCall = (set: StubSet, path: string) => {
  const request = { method: 'GET', path, host: 'shop', headers, body: Buffer.alloc(0), session: '' };
  const asked = { ...request, redacted: { path, headers, body: '' } };
  return set.match(asked) ?? set.nearest(asked);
};
const recordedCall = (standIn: StandIn<number>, path: string, i: number) =>
  standIn.match({
    method: 'POST',
    path,
    headers,
    traceId: '',
    body: `{"id":${i},"at":"2027-01-01T00:00:00Z","lines":[{"count":2,"item":"rope ${i}"}]}`,
  });

let failed = 0;
function compare(name: string, run: (count: number) => (i: number) => unknown): void {
  const [small, large] = [few, many].map((count) => measure(run(count))) as [number, number];
  const isSlow = large / 1000 > limit;
  if (isSlow) failed++;
  const ratio = (large / small).toFixed(1);
  console.log(
    `${isSlow ? '✗' : '✓'} ${name}: ${small.toFixed(1)} µs among ${few}, ${large.toFixed(1)} µs among ${many} (${ratio}×, asked < ${limit * 1000} µs)`,
  );
}

compare('stub found', (count) => {
  const set = stubsOf(count);
  return (i) => stubCall(set, `/shop/items/${(i * 2) % count}`);
});
compare('stub missed, nearest named', (count) => {
  const set = stubsOf(count);
  return (i) => stubCall(set, `/shop/items/${i}x`);
});
compare('recorded call found, ids and times masked', (count) => {
  const standIn = standInOf(count);
  return (i) => recordedCall(standIn, `/shop/orders/o-${i % count}`, i % count);
});
compare('recorded call missed, nearest named', (count) => {
  const standIn = standInOf(count);
  return (i) => recordedCall(standIn, `/shop/baskets/b-${i}`, i);
});
console.log(
  `(masking one such body alone: ${measure((i) => maskBody(`{"id":${i},"at":"2027-01-01T00:00:00Z","lines":[{"count":2,"item":"rope"}]}`)).toFixed(1)} µs)`,
);
process.exitCode = failed === 0 ? 0 : 1;
