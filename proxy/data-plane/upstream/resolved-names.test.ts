import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterSnapshot, EndpointSnapshot } from '../snapshot.ts';
import { ResolvedNames, resolveBySystem } from './resolved-names.ts';
import { Bench, clusterSnapshot, endpoint, HandClock, TestDownstream, TestUpstream, until } from './test-kit.ts';

/* DNS clusters over real sockets on 127.0.0.1, .2 and .3, one port, names answered by the test. */

const clock = new HandClock();
let apps: TestUpstream[] = [];
let port = 0;
let bench: Bench;
/** What the resolver says; null = it cannot be asked. */
let answers: Record<string, string[] | null> = {};
let asked: string[] = [];

beforeEach(async () => {
  answers = {};
  asked = [];
  const first = await new TestUpstream().listen();
  port = first.port;
  apps = [first, await new TestUpstream().listen('127.0.0.2', port), await new TestUpstream().listen('127.0.0.3', port)];
  for (const [n, app] of apps.entries()) app.handler = (_request, response) => response.end(`${n + 1}`);
});
afterEach(async () => {
  bench?.upstreams.close();
  for (const app of apps) await app.close();
});

const named = (host: string, over: Partial<EndpointSnapshot> = {}): EndpointSnapshot => endpoint(port, { host, ...over });

function start(endpoints: EndpointSnapshot[], over: Partial<ClusterSnapshot> = {}): void {
  bench = new Bench(clusterSnapshot(endpoints, { discovery: 'dns', loadBalancer: { kind: 'round-robin' }, ...over }), {
    resolveName: (name) => {
      asked.push(name);
      return Promise.resolve(answers[name] ?? null);
    },
  });
}

/** Who answers, `503 UH` when nobody can be picked. */
async function call(): Promise<string> {
  const downstream = new TestDownstream({});
  const exchange = bench.exchange(downstream);
  const reply = await Promise.race([bench.upstreams.forward(exchange), until(() => downstream.ended)]);
  return reply === undefined ? downstream.received : `${reply.status} ${reply.flag}`;
}
async function calls(count: number): Promise<string> {
  const all: string[] = [];
  for (let n = 0; n < count; n++) all.push(await call());
  return all.sort().join('');
}
const turns = () => new Promise((resolve) => setImmediate(resolve));

describe('resolution DNS (STRICT_DNS)', () => {
  it('every answer is a host of its own; the first request waits for them', async () => {
    answers = { 'api.test': ['127.0.0.1', '127.0.0.2', '127.0.0.3'] };
    start([named('api.test')]);
    expect(await calls(6)).toBe('112233');
    expect(asked).toEqual(['api.test']);
  });

  it('several names and addresses make one pool, each with its endpoint’s weight and labels', async () => {
    answers = { 'one.test': ['127.0.0.1'], 'two.test': ['127.0.0.2'] };
    start([named('one.test', { weight: 3 }), named('two.test', { weight: 1 }), named('127.0.0.3', { weight: 4 })]);
    expect(await calls(8)).toBe('11123333');
  });

  it('asks again after a minute: new addresses join, others leave', async () => {
    answers = { 'api.test': ['127.0.0.1'] };
    start([named('api.test')]);
    expect(await calls(2)).toBe('11');
    answers = { 'api.test': ['127.0.0.2', '127.0.0.3'] };
    bench.clock.advance(59_999);
    await turns();
    expect(await calls(2)).toBe('11');
    bench.clock.advance(1);
    await turns();
    expect(await calls(4)).toBe('2233');
  });

  it('keeps the last answer while nobody can be asked', async () => {
    answers = { 'api.test': ['127.0.0.2'] };
    start([named('api.test')]);
    await call();
    answers = {};
    bench.clock.advance(60_000);
    await turns();
    expect(await call()).toBe('2');
    expect(asked).toHaveLength(2);
  });

  it('a name that is gone has no host: 503 UH, until it is back five seconds later', async () => {
    answers = { 'api.test': ['127.0.0.2'] };
    start([named('api.test')]);
    await call();
    answers = { 'api.test': [] };
    bench.clock.advance(60_000);
    await turns();
    expect(await call()).toBe('503 UH');
    answers = { 'api.test': ['127.0.0.3'] };
    bench.clock.advance(5_000);
    await turns();
    expect(await call()).toBe('3');
  });

  it('a name that never resolved is 503 UH', async () => {
    start([named('nobody.test')]);
    expect(await call()).toBe('503 UH');
  });

  it('a new snapshot follows its own names; a cluster that is gone asks no more', async () => {
    answers = { 'one.test': ['127.0.0.1'], 'two.test': ['127.0.0.2'] };
    start([named('one.test')]);
    expect(await call()).toBe('1');
    bench.apply({ ...bench.cluster, endpoints: [named('two.test')] });
    expect(await call()).toBe('2');
    bench.upstreams.close();
    asked = [];
    bench.clock.advance(600_000);
    await turns();
    expect(asked).toEqual([]);
  });
});

describe('resolution DNS_ROUND_ROBIN (LOGICAL_DNS)', () => {
  it('is one host: connections go to the first answer', async () => {
    answers = { 'api.test': ['127.0.0.2', '127.0.0.1', '127.0.0.3'] };
    start([named('api.test')], { discovery: 'dns-round-robin' });
    expect(await calls(4)).toBe('2222');
    expect(bench.upstreams.status()[0]!.endpoints).toHaveLength(1);
  });

  it('a new answer moves new connections, those that are open stay', async () => {
    answers = { 'api.test': ['127.0.0.1'] };
    start([named('api.test')], { discovery: 'dns-round-robin' });
    expect(await call()).toBe('1');
    answers = { 'api.test': ['127.0.0.3'] };
    bench.clock.advance(60_000);
    await turns();
    expect(await call()).toBe('1');
    apps[0]!.server.closeAllConnections();
    await until(() => bench.upstreams.status()[0]!.limits.find(({ name }) => name === 'maxConnections')!.current === 0);
    expect(await call()).toBe('3');
  });

  it('never resolved: no healthy upstream', async () => {
    start([named('nobody.test')], { discovery: 'dns-round-robin' });
    expect(await call()).toBe('503 UH');
  });
});

describe('names', () => {
  it('are asked once for all who watch them, and not any more when nobody does', async () => {
    let count = 0;
    const names = new ResolvedNames(clock, () => Promise.resolve([`127.0.0.${++count}`]));
    const told: string[] = [];
    const one = names.watch('a', (addresses) => told.push(`one ${addresses}`));
    const two = names.watch('a', (addresses) => told.push(`two ${addresses}`));
    expect(one.addresses).toBeNull();
    await turns();
    expect([told, one.addresses]).toEqual([['one 127.0.0.1', 'two 127.0.0.1'], ['127.0.0.1']]);
    one.close();
    clock.advance(60_000);
    await turns();
    expect(told.slice(2)).toEqual(['two 127.0.0.2']);
    two.close();
    expect(clock.pending).toBe(0);
  });

  it('of this machine in both families stay names, so that both are tried', async () => {
    const localhost = await resolveBySystem('localhost');
    expect([['localhost'], ['127.0.0.1'], ['::1']]).toContainEqual(localhost);
    expect(await resolveBySystem('127.0.0.2')).toEqual(['127.0.0.2']);
  });
});
