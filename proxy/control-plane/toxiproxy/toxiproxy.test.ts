import net from 'node:net';
import { Toxiproxy } from 'toxiproxy-node-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toxicTypes } from '../../data-plane/toxics/index.ts';
import { ToxicProxies } from '../../data-plane/toxics/toxic-proxies.ts';
import { createSystemClock } from '../../shared/system-clock.ts';
import { createToxiproxyHandlers, type ProxyState, ToxiproxyApi, ToxiproxyState } from './index.ts';

let echo: net.Server;
let echoAddress: string;
let dataPlane: ToxicProxies;
let api: ToxiproxyApi;
let client: Toxiproxy;
let saved: ProxyState[];
let state: ToxiproxyState;

async function start(): Promise<void> {
  dataPlane = new ToxicProxies({ clock: createSystemClock(), random: Math.random, forbidden: () => new Set() });
  state = new ToxiproxyState({
    dataPlane,
    toxicTypes,
    load: async () => structuredClone(saved),
    save: async (proxies) => void (saved = structuredClone(proxies)),
  });
  await state.restore();
  api = await ToxiproxyApi.listen(state, { port: 0, fixed: false });
  client = new Toxiproxy(api.url);
}

beforeEach(async () => {
  saved = [];
  echo = net.createServer({ allowHalfOpen: true }, (s) => s.on('error', () => undefined).pipe(s));
  await new Promise<void>((r) => echo.listen(0, '127.0.0.1', r));
  echoAddress = `127.0.0.1:${(echo.address() as net.AddressInfo).port}`;
  await start();
});
afterEach(async () => {
  await api.close();
  await dataPlane.close();
  await new Promise((r) => echo.close(r));
});

interface Outcome {
  data: string;
  ms: number;
  error: string;
}
function talk(listen: string, message: string): Promise<Outcome> {
  const started = performance.now();
  return new Promise((resolve) => {
    let data = '';
    let error = '';
    const socket = net.connect(Number(listen.split(':')[1]), '127.0.0.1', () => socket.end(message));
    socket.on('data', (d) => (data += d.toString()));
    socket.on('error', (e: NodeJS.ErrnoException) => (error = e.code ?? e.message));
    socket.on('close', () => resolve({ data, ms: performance.now() - started, error }));
  });
}

const proxyOf = (name: string) => ({ name, listen: '127.0.0.1:0', upstream: echoAddress, enabled: true }) as never;

describe('the unmodified Node client', () => {
  test('creates, lists, disables, enables and removes a proxy', async () => {
    const proxy = await client.createProxy(proxyOf('p'));
    expect((await talk(proxy.listen, 'hello')).data).toBe('hello');
    expect(Object.keys((await client.getAll()) as object)).toEqual(['p']);
    await proxy.update({ enabled: false } as never);
    expect((await talk(proxy.listen, 'x')).error).toBe('ECONNREFUSED');
    await client.reset();
    expect((await talk(proxy.listen, 'again')).data).toBe('again');
    await proxy.remove();
    await expect(client.get('p')).rejects.toThrow('404');
  });

  test('adds, changes and removes a toxic while the proxy runs', async () => {
    const proxy = await client.createProxy(proxyOf('p'));
    const toxic = await proxy.addToxic({ type: 'latency', attributes: { latency: 120, jitter: 0 } } as never);
    const slow = await talk(proxy.listen, 'hello');
    expect(slow.data).toBe('hello');
    expect(slow.ms).toBeGreaterThanOrEqual(119);
    await toxic.remove();
    await expect.poll(async () => (await talk(proxy.listen, 'fast')).ms).toBeLessThan(110);
  });

  test('limit_data passes exactly so many bytes, then closes', async () => {
    const proxy = await client.createProxy(proxyOf('p'));
    await proxy.addToxic({ type: 'limit_data', attributes: { bytes: 3 } } as never);
    expect((await talk(proxy.listen, 'abcdef')).data).toBe('abc');
  });

  test('reset_peer resets after the first byte', async () => {
    const proxy = await client.createProxy(proxyOf('p'));
    await proxy.addToxic({ type: 'reset_peer', stream: 'upstream', attributes: { timeout: 0 } } as never);
    expect((await talk(proxy.listen, 'abc')).error).toBe('ECONNRESET');
  });
});

describe('every call the Node client has', () => {
  test('populate, get, getAll, getVersion, reset', async () => {
    const made = await client.populate([proxyOf('a'), { ...(proxyOf('b') as object), enabled: false }] as never);
    expect(Object.keys(made)).toEqual(['a', 'b']);
    expect((await client.get('b')).enabled).toBe(false);
    expect(Object.values(await client.getAll()).map(({ name, upstream }) => [name, upstream])).toEqual([
      ['a', echoAddress],
      ['b', echoAddress],
    ]);
    expect(await client.getVersion()).toMatch(/^\{"version": "2\.\d+\.\d+"\}\n$/);
    await client.reset();
    const b = await client.get('b');
    expect([b.enabled, (await talk(b.listen, 'up')).data]).toEqual([true, 'up']);
  });

  test('Proxy.update, getToxic; Toxic.update merges attributes and toxicity, and leaves the rest', async () => {
    const proxy = await client.createProxy(proxyOf('p'));
    await proxy.addToxic({ type: 'latency', name: 'slow', attributes: { latency: 50, jitter: 5 }, toxicity: 0.5 } as never);
    const toxic = await proxy.getToxic('slow');
    expect(toxic.toJson()).toEqual({
      name: 'slow',
      type: 'latency',
      stream: 'downstream',
      toxicity: 0.5,
      attributes: { latency: 50, jitter: 5 },
    });
    const changed = await toxic.update({ type: 'slicer', stream: 'upstream', toxicity: 1, attributes: { latency: 1 } } as never);
    expect(changed.toJson()).toEqual({ ...toxic.toJson(), toxicity: 1, attributes: { latency: 1, jitter: 5 } });
    const moved = await proxy.update({ name: 'other', listen: '127.0.0.1:0', upstream: echoAddress } as never);
    expect(moved.name).toBe('p');
    expect((await talk(moved.listen, 'moved')).data).toBe('moved');
    await expect(proxy.getToxic('none')).rejects.toThrow('404');
    await moved.remove();
    await expect(moved.remove()).rejects.toThrow('404');
  });

  test('our own toxics by the same call: refuse is a refusal of the kernel, and heals', async () => {
    const proxy = await client.createProxy(proxyOf('p'));
    const refuse = await proxy.addToxic({ type: 'refuse', attributes: {} } as never);
    expect((await talk(proxy.listen, 'x')).error).toBe('ECONNREFUSED');
    await refuse.remove();
    expect((await talk(proxy.listen, 'back')).data).toBe('back');
    const half = await proxy.addToxic({ type: 'refuse', toxicity: 0.5, attributes: {} } as never);
    const outcomes = new Set<string>();
    for (let n = 0; n < 60 && outcomes.size < 2; n++) {
      const { data, error } = await talk(proxy.listen, 'x');
      outcomes.add(data === 'x' ? 'in' : error);
    }
    expect(outcomes).toEqual(new Set(['in', 'ECONNRESET']));
    await half.remove();
  });
});

describe('the wire, as Toxiproxy speaks it', () => {
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(api.url + path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, type: response.headers.get('content-type'), text };
  };

  test.each([
    ['POST', '/proxies', { upstream: 'x:1' }, 400, 'missing required field: name'],
    ['POST', '/proxies', { name: 'x' }, 400, 'missing required field: upstream'],
    ['GET', '/proxies/none', undefined, 404, 'proxy not found'],
    ['POST', '/proxies/p/toxics', { type: 'nope' }, 400, 'invalid toxic type'],
    [
      'POST',
      '/proxies/p/toxics',
      { type: 'latency', stream: 'sideways' },
      400,
      'stream was invalid, can be either upstream or downstream',
    ],
    ['POST', '/proxies/p/toxics', { type: 'slicer', attributes: { average_size: 0 } }, 400, 'average_size must be between'],
    ['POST', '/proxies/p/toxics', { type: 'latency', attributes: { latency: 1.5 } }, 400, 'bad request body'],
    ['GET', '/proxies/p/toxics/none', undefined, 404, 'toxic not found'],
  ])('%s %s answers an error in the original words', async (method, path, body, status, words) => {
    await call('POST', '/proxies', { name: 'p', listen: '127.0.0.1:0', upstream: echoAddress });
    const answer = await call(method, path, body);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ error: expect.stringContaining(words), status });
    expect(answer.type).toMatch(/^text\/plain/);
  });

  test('a toxic is created with 200, a proxy with 201, a second one is 409', async () => {
    const proxy = { name: 'p', listen: '127.0.0.1:0', upstream: echoAddress };
    expect((await call('POST', '/proxies', proxy)).status).toBe(201);
    expect((await call('POST', '/proxies', proxy)).status).toBe(409);
    const toxic = await call('POST', '/proxies/p/toxics', { type: 'bandwidth', attributes: { rate: 5 } });
    expect([toxic.status, JSON.parse(toxic.text)]).toEqual([
      200,
      { attributes: { rate: 5 }, name: 'bandwidth_downstream', type: 'bandwidth', stream: 'downstream', toxicity: 1 },
    ]);
  });

  test('unknown paths are 404 in plain text, wrong methods an empty 405, browsers a 403', async () => {
    expect(await call('GET', '/nothing')).toMatchObject({ status: 404, text: '404 page not found\n' });
    expect(await call('DELETE', '/reset')).toMatchObject({ status: 405, text: '' });
    const browser = await fetch(`${api.url}/proxies`, { headers: { 'user-agent': 'Mozilla/5.0' } });
    expect([browser.status, await browser.text()]).toEqual([403, 'User agent not allowed\n']);
  });

  test('every answer has a request id; the version is its own line', async () => {
    const response = await fetch(`${api.url}/version`);
    expect(response.headers.get('x-toxiproxy-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await response.text()).toMatch(/^\{"version": "[\d.]+"\}\n$/);
    expect((await call('GET', '/metrics')).status).toBe(404);
  });

  test('a proxy looks as the original writes it, on loopback even when no host is given', async () => {
    const made = JSON.parse((await call('POST', '/proxies', { name: 'p', listen: ':0', upstream: echoAddress })).text);
    expect(made).toEqual({
      name: 'p',
      listen: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/),
      upstream: echoAddress,
      enabled: true,
      Logger: {},
      toxics: [],
    });
    expect(JSON.parse((await call('GET', '/proxies')).text)).toEqual({ p: made });
  });

  test('a taken port is a 500 in Go’s words', async () => {
    const answer = await call('POST', '/proxies', { name: 'p', listen: echoAddress, upstream: echoAddress });
    expect([answer.status, JSON.parse(answer.text).error]).toEqual([
      500,
      `listen tcp ${echoAddress}: bind: address already in use`,
    ]);
    expect((await call('GET', '/proxies/p')).status).toBe(404);
  });

  test('toxics stand upstream first, each in the order they came; the stream is echoed as it was written', async () => {
    await call('POST', '/proxies', { name: 'p', listen: '127.0.0.1:0', upstream: echoAddress });
    for (const [type, stream] of [
      ['noop', undefined],
      ['latency', 'UpStream'],
      ['slicer', 'downstream'],
      ['bandwidth', 'upstream'],
    ])
      expect((await call('POST', '/proxies/p/toxics', { type, stream, toxicity: 7 })).status).toBe(200);
    const toxics = JSON.parse((await call('GET', '/proxies/p/toxics')).text) as {
      name: string;
      stream: string;
      toxicity: number;
    }[];
    expect(toxics.map(({ name }) => name)).toEqual([
      'latency_upstream',
      'bandwidth_upstream',
      'noop_downstream',
      'slicer_downstream',
    ]);
    expect([toxics[0]?.stream, toxics[0]?.toxicity]).toEqual(['UpStream', 7]);
    expect((await call('POST', '/proxies/p/toxics', { type: 'noop' })).status).toBe(409);
  });

  test.each(['POST', 'PATCH'])('%s updates proxies and toxics, and ignores other keys', async (method) => {
    await call('POST', '/proxies', { name: 'p', listen: '127.0.0.1:0', upstream: echoAddress });
    await call('POST', '/proxies/p/toxics', { type: 'latency', attributes: { latency: 5 } });
    const proxy = await call(method, '/proxies/p', { name: 'q', enabled: false, colour: 'red' });
    expect([proxy.status, JSON.parse(proxy.text)]).toMatchObject([200, { name: 'p', enabled: false }]);
    const toxic = await call(method, '/proxies/p/toxics/latency_downstream', { name: 'x', attributes: { jitter: 2 } });
    expect([toxic.status, JSON.parse(toxic.text)]).toMatchObject([
      200,
      { name: 'latency_downstream', attributes: { latency: 5, jitter: 2 } },
    ]);
    expect((await call('DELETE', '/proxies/p/toxics/latency_downstream')).status).toBe(204);
    expect((await call('DELETE', '/proxies/p')).status).toBe(204);
    expect((await call('DELETE', '/proxies/p')).status).toBe(404);
  });

  test('populate checks all names first, then works until one fails, and leaves equal proxies alone', async () => {
    const bad = await call('POST', '/populate', [{ name: 'a', upstream: echoAddress }, { upstream: echoAddress }]);
    expect([bad.status, bad.type, JSON.parse(bad.text)]).toEqual([
      400,
      'application/json',
      { error: 'missing required field: name at proxy 2', status: 400, proxies: null },
    ]);
    const a = { name: 'a', listen: '127.0.0.1:0', upstream: echoAddress };
    const half = await call('POST', '/populate', [a, { name: 'b', listen: echoAddress, upstream: echoAddress }]);
    expect([half.status, JSON.parse(half.text).proxies]).toMatchObject([500, [{ name: 'a' }]]);
    const { listen } = JSON.parse((await call('GET', '/proxies/a')).text) as { listen: string };
    await call('POST', '/proxies/a/toxics', { type: 'noop' });
    await call('POST', '/proxies/a', { enabled: false });
    const again = await call('POST', '/populate', [{ ...a, listen, enabled: true }]);
    expect([again.status, JSON.parse(again.text).proxies]).toMatchObject([
      201,
      [{ enabled: false, toxics: [{ name: 'noop_downstream' }] }],
    ]);
    const response = await fetch(`${api.url}/populate`, { method: 'POST', body: '[{' });
    expect([response.status, response.headers.get('content-type')]).toEqual([400, 'application/json']);
    expect(await response.json()).toMatchObject({
      status: 400,
      proxies: null,
      error: expect.stringMatching(/^bad request body: /),
    });
  });

  test('populate takes toxics along, which the original ignores', async () => {
    const toxics = [{ type: 'limit_data', attributes: { bytes: 2 } }];
    const made = await call('POST', '/populate', [{ name: 'p', listen: '127.0.0.1:0', upstream: echoAddress, toxics }]);
    const [proxy] = JSON.parse(made.text).proxies as { listen: string; toxics: unknown[] }[];
    expect(proxy?.toxics).toHaveLength(1);
    expect((await talk(proxy?.listen ?? '', 'abc')).data).toBe('ab');
  });

  test('reset keeps connections; disabling cuts them', async () => {
    const made = JSON.parse((await call('POST', '/proxies', { name: 'p', listen: '127.0.0.1:0', upstream: echoAddress })).text);
    await call('POST', '/proxies/p/toxics', { type: 'latency', attributes: { latency: 10 } });
    const socket = net.connect(Number(made.listen.split(':')[1]), '127.0.0.1');
    const next = () => new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())));
    socket.write('one');
    expect(await next()).toBe('one');
    expect((await call('POST', '/reset')).status).toBe(204);
    socket.write('two');
    expect(await next()).toBe('two');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await call('POST', '/proxies/p', { enabled: false });
    await closed;
  });

  test('a data plane that was started anew gets every proxy again', async () => {
    const made = JSON.parse((await call('POST', '/proxies', { name: 'p', listen: '127.0.0.1:0', upstream: echoAddress })).text);
    await dataPlane.close();
    expect((await talk(made.listen, 'x')).error).toBe('ECONNREFUSED');
    await state.resume();
    expect((await talk(made.listen, 'x')).data).toBe('x');
  });

  test('the control API shows and changes the same proxies, in its own words for errors', async () => {
    const own = createToxiproxyHandlers({ toxiproxyState: state, toxicTypes });
    const none = { query: {}, params: {}, body: undefined } as never;
    const proxy = await own.addToxiproxyProxy({
      body: { name: 'p', upstream: echoAddress, toxics: [{ type: 'noop' }] },
    } as never);
    expect(proxy).toMatchObject({ name: 'p', enabled: true, toxics: [{ name: 'noop_downstream' }] });
    expect(Object.keys((await client.getAll()) as object)).toEqual(['p']);
    await own.changeToxiproxyProxy({ params: { name: 'p' }, body: { enabled: false } } as never);
    expect((await client.get('p')).enabled).toBe(false);
    const failed = Promise.resolve(own.addProxyToxic({ params: { name: 'q' }, body: { type: 'noop' } } as never));
    await expect(failed).rejects.toMatchObject({ code: 'not_found', message: 'proxy not found' });
    const { types } = (await own.listToxicTypes(none)) as { types: { type: string }[] };
    expect(types.map(({ type }) => type)).toEqual(toxicTypes.map(({ type }) => type));
  });

  test('proxies and their toxics survive a restart', async () => {
    await call('POST', '/proxies', { name: 'p', listen: '127.0.0.1:0', upstream: echoAddress });
    await call('POST', '/proxies/p/toxics', { type: 'limit_data', attributes: { bytes: 2 } });
    await api.close();
    await dataPlane.close();
    await start();
    const listen = JSON.parse((await call('GET', '/proxies/p')).text).listen;
    expect((await talk(listen, 'abcdef')).data).toBe('ab');
  });
});
