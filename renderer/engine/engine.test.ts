import { describe, expect, test } from 'vitest';
import { makeExchange } from '../../proxy/api/test-exchange.ts';
import { buildPath, createCall, EngineError } from './client.ts';
import { findBrowserConnection, splitToken } from './connection.ts';
import { createEngine } from './engine.ts';
import { ExchangeRing } from './exchange-ring.ts';
import { createPausable } from './store.ts';
import { backoffMs, EngineStream, type StreamState } from './stream.ts';
import { createManualTimer } from './test-kit.ts';

describe('the token', () => {
  test('is found in the fragment, alone or beside a route, and the rest of the fragment stays', () => {
    expect(splitToken('#token=abc')).toEqual({ token: 'abc', rest: '' });
    expect(splitToken('#/requests?filter=x&token=a%2Fb')).toEqual({ token: 'a/b', rest: '/requests?filter=x' });
    expect(splitToken('#/requests?token=abc')).toEqual({ token: 'abc', rest: '/requests' });
    expect(splitToken('#/requests')).toEqual({ token: null, rest: '/requests' });
  });

  test('leaves the address bar and is kept for the tab', async () => {
    const kept = new Map<string, string>();
    let shown = '';
    const page = {
      location: { origin: 'http://127.0.0.1:1', pathname: '/', search: '', hash: '#token=secret' },
      history: { replaceState: (_data: unknown, _unused: string, url: string) => void (shown = url) },
      sessionStorage: {
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, value: string) => void kept.set(key, value),
      },
    };
    expect(await findBrowserConnection(page)()).toEqual({ url: 'http://127.0.0.1:1', token: 'secret' });
    expect(shown).toBe('/');
    expect(await findBrowserConnection({ ...page, location: { ...page.location, hash: '' } })()).toMatchObject({
      token: 'secret',
    });
  });
});

describe('a call', () => {
  test('fills the path, encodes what it fills in, and leaves empty query values out', () => {
    expect(buildPath('/exchanges/:id', { id: 'a/b' })).toBe('/exchanges/a%2Fb');
    expect(buildPath('/exchanges', {}, { limit: 5, status: undefined, path: '' })).toBe('/exchanges?limit=5');
    expect(() => buildPath('/exchanges/:id')).toThrow('needs the parameter id');
  });

  test('sends the token, and YAML as YAML', async () => {
    let seen: Request | null = null;
    const call = createCall(
      () => ({ url: 'http://127.0.0.1:1', token: 't' }),
      async (input, init) => {
        seen = new Request(input as string, init);
        return new Response('{"applied":[],"diagnostics":[]}');
      },
    );
    await call('apply', { body: 'kind: Mesh' });
    const request = seen as unknown as Request;
    expect(request.url).toBe('http://127.0.0.1:1/api/v1/apply');
    expect(request.headers.get('authorization')).toBe('Bearer t');
    expect(request.headers.get('content-type')).toBe('application/yaml');
    expect(await request.text()).toBe('kind: Mesh');
  });

  test('a refusal keeps its code, message and details; silence is “unreachable”', async () => {
    const to = () => ({ url: 'http://127.0.0.1:1', token: 't' });
    const body = JSON.stringify({ error: { code: 'rejected', message: 'no', details: [1] } });
    const refused = createCall(to, async () => new Response(body, { status: 422 }));
    await expect(refused('getStatus')).rejects.toMatchObject({ code: 'rejected', message: 'no', status: 422, details: [1] });
    const silent = createCall(to, async () => Promise.reject(new TypeError('fetch failed')));
    await expect(silent('getStatus')).rejects.toMatchObject({ code: 'unreachable' });
    await expect(createCall(() => null)('getStatus')).rejects.toBeInstanceOf(EngineError);
  });
});

describe('the ring', () => {
  test('keeps the newest, numbers never change, and the same exchange is kept once', () => {
    const timer = createManualTimer();
    const ring = new ExchangeRing(timer, 3);
    ring.push(['a', 'b', 'c', 'd'].map((id) => makeExchange({ id })));
    ring.push([makeExchange({ id: 'd' }), makeExchange({ id: 'e' })]);
    timer.runAll();
    expect(ring.get()).toEqual({ first: 2, end: 5, replaced: 0 });
    expect([1, 2, 3, 4, 5].map((number) => ring.at(number)?.id)).toEqual([undefined, 'c', 'd', 'e', undefined]);
  });

  test('tells its readers once per flush, however many batches came', () => {
    const timer = createManualTimer();
    const ring = new ExchangeRing(timer);
    let told = 0;
    ring.subscribe(() => told++);
    for (let batch = 0; batch < 50; batch++) ring.push([makeExchange({ id: String(batch) })]);
    expect([...timer.waiting.values()].map(({ delayMs }) => delayMs)).toEqual([100]);
    timer.runAll();
    expect(told).toBe(1);
  });

  test('paused, it goes on collecting and shows everything when resumed', () => {
    const timer = createManualTimer();
    const ring = new ExchangeRing(timer);
    ring.setPaused(true);
    ring.push([makeExchange()]);
    timer.runAll();
    expect(ring.get().end).toBe(0);
    ring.setPaused(false);
    timer.runAll();
    expect(ring.get().end).toBe(1);
  });

  test('a paused store shows the newest value when resumed', () => {
    const store = createPausable(0);
    store.setPaused(true);
    store.set(1);
    store.set(2);
    expect(store.get()).toBe(0);
    store.setPaused(false);
    expect(store.get()).toBe(2);
  });
});

describe('a list that is read once', () => {
  test('tells whether it is empty or not read, and why; a failure later keeps what there is', async () => {
    let answer = () =>
      new Response(JSON.stringify({ error: { code: 'internal', message: 'The store is closed.' } }), { status: 500 });
    const engine = createEngine({
      find: () => Promise.resolve({ url: 'http://127.0.0.1:1', token: 't' }),
      timer: createManualTimer(),
      openSocket: () => Object.assign(new EventTarget(), { close: () => {} }) as unknown as WebSocket,
      fetchFn: () => Promise.resolve(answer()),
    });
    engine.connect();
    await Promise.resolve();
    expect(engine.readings.get().recordings).toEqual({ done: false, error: null });
    await engine.refreshRecordings();
    expect(engine.readings.get().recordings).toEqual({ done: false, error: 'The store is closed.' });
    const refuse = answer;
    answer = () => new Response(JSON.stringify({ recordings: [{ id: 'r1' }] }));
    await engine.refreshRecordings();
    expect(engine.readings.get().recordings).toEqual({ done: true, error: null });
    answer = refuse;
    await engine.refreshRecordings();
    expect(engine.readings.get().recordings).toEqual({ done: true, error: 'The store is closed.' });
    expect(engine.recordings.get()).toHaveLength(1);
    expect(engine.readings.get().faults).toEqual({ done: false, error: null });
    engine.close();
  });
});

describe('the stream', () => {
  class FakeSocket extends EventTarget {
    readyState = 0;
    readonly sent: string[] = [];
    send(text: string) {
      this.sent.push(text);
    }
    close() {}
    become(type: 'open' | 'close') {
      this.readyState = type === 'open' ? 1 : 3;
      this.dispatchEvent(new Event(type));
    }
    tell(message: unknown) {
      this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
    }
  }

  test('subscribes on open, reconnects with growing waits, and asks for the address each time', async () => {
    const timer = createManualTimer();
    const sockets: { url: string; protocols: string[]; socket: FakeSocket }[] = [];
    const states: StreamState['phase'][] = [];
    let port = 1;
    const stream = new EngineStream(
      () => Promise.resolve({ url: `http://127.0.0.1:${port++}`, token: 't' }),
      { onConnection: () => {}, onState: ({ phase }) => states.push(phase), onMessage: () => {} },
      timer,
      (url, protocols) => {
        const socket = new FakeSocket();
        sockets.push({ url, protocols, socket });
        return socket as unknown as WebSocket;
      },
    );
    stream.connect();
    await Promise.resolve();
    expect(sockets[0]).toMatchObject({ url: 'ws://127.0.0.1:1/api/v1/stream', protocols: ['drydock.v1', 'bearer.t'] });
    sockets[0]?.socket.become('open');
    expect(JSON.parse(sockets[0]?.socket.sent[0] ?? '')).toMatchObject({
      type: 'subscribe',
      topics: ['exchanges', 'metrics', 'status', 'events'],
    });
    stream.setWindow('300s');
    sockets[0]?.socket.become('close');
    expect([...timer.waiting.values()][0]?.delayMs).toBe(250);
    timer.runAll();
    await Promise.resolve();
    sockets[1]?.socket.become('close');
    expect([...timer.waiting.values()][0]?.delayMs).toBe(500);
    timer.runAll();
    await Promise.resolve();
    sockets[2]?.socket.become('open');
    expect(sockets[2]?.url).toContain(':3/');
    expect(JSON.parse(sockets[2]?.socket.sent[0] ?? '')).toMatchObject({ window: '300s' });
    expect(states).toEqual(['connecting', 'live', 'reconnecting', 'reconnecting', 'reconnecting', 'reconnecting', 'live']);
    stream.close();
    expect(backoffMs(100)).toBe(4000);
  });

  test('that says nothing for a while is silent, until it speaks again', async () => {
    const timer = createManualTimer();
    const socket = new FakeSocket();
    const states: StreamState['phase'][] = [];
    const stream = new EngineStream(
      () => Promise.resolve({ url: 'http://127.0.0.1:1', token: 't' }),
      { onConnection: () => {}, onState: ({ phase }) => states.push(phase), onMessage: () => {} },
      timer,
      () => socket as unknown as WebSocket,
    );
    stream.connect();
    await Promise.resolve();
    socket.become('open');
    timer.runAll();
    timer.runAll();
    socket.tell({ type: 'status' });
    timer.runAll();
    timer.runAll();
    expect(states).toEqual(['connecting', 'live']);
    timer.runAll();
    expect(states.at(-1)).toBe('silent');
    socket.tell({ type: 'status' });
    expect(states.at(-1)).toBe('live');
    stream.close();
    expect(timer.waiting.size).toBe(0);
  });
});
