import net from 'node:net';
import { Toxiproxy } from 'toxiproxy-node-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSystemClock } from '../../data-plane/system-clock.ts';
import { toxicTypes } from '../../data-plane/toxics/index.ts';
import { ToxicProxies } from '../../data-plane/toxics/toxic-proxies.ts';
import { type ProxyState, ToxiproxyApi, ToxiproxyState } from './index.ts';

let echo: net.Server;
let echoAddress: string;
let dataPlane: ToxicProxies;
let api: ToxiproxyApi;
let client: Toxiproxy;
let saved: ProxyState[];

async function start(): Promise<void> {
  dataPlane = new ToxicProxies({ clock: createSystemClock(), random: Math.random, forbidden: () => new Set() });
  const state = new ToxiproxyState({
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
    expect((await talk(proxy.listen, 'fast')).ms).toBeLessThan(110);
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
