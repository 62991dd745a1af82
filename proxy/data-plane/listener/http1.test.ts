import { afterEach, describe, expect, it } from 'vitest';
import { HeaderMap } from '../header-map.ts';
import type { DownstreamRequest, DownstreamReset } from '../stream.ts';
import { type RawClient, readBody, startHttp1, type TestServer } from './http1-test-kit.ts';

let server: TestServer;
afterEach(() => server.close());

function reply(request: DownstreamRequest, body: string, status = 200): void {
  request.sendHeaders(status, HeaderMap.from([['content-length', String(body.length)]]), false);
  request.sendData(Buffer.from(body));
  request.end(null);
}
/** Answers with method, path and body of the request. */
function echo(request: DownstreamRequest): void {
  readBody(request, (body) => reply(request, `${request.method} ${request.path} ${body}`));
}
const get = (path = '/', ...more: string[]): string => [`GET ${path} HTTP/1.1`, 'Host: a', ...more, '', ''].join('\r\n');
const occurrences = (text: string, part: string): number => text.split(part).length - 1;

describe('a keep-alive connection', () => {
  it('serves one request after another with one write each', async () => {
    server = await startHttp1(echo);
    const client = server.client().send(get('/1'));
    await client.until((text) => text.endsWith('GET /1 '));
    client.send('POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc');
    const text = await client.until((t) => t.endsWith('POST /2 abc'));
    expect(text.startsWith('HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nGET /1 ')).toBe(true);
  });

  it('30 answers 50 pipelined requests in order though they finish at mixed speed', async () => {
    const waiting: DownstreamRequest[] = [];
    server = await startHttp1((request) => {
      if (Number(request.path.slice(1)) % 3 === 0) {
        waiting.push(request);
        setImmediate(() => reply(waiting.shift()!, request.path));
      } else reply(request, request.path);
    });
    const client = server.client().send(Array.from({ length: 50 }, (_, i) => get(`/${i}`)).join(''));
    const text = await client.until((t) => t.endsWith('/49'));
    expect([...text.matchAll(/\r\n\r\n\/(\d+)/g)].map((m) => Number(m[1]))).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('30 a flood of pipelined requests behind a slow one is not read without end', async () => {
    server = await startHttp1(() => {}, { limits: { readAheadBytes: 1024 } });
    const client = server.client();
    let drained = false;
    client.socket.on('drain', () => {
      drained = true;
    });
    client.send(get('/slow'));
    client.send(Buffer.alloc(32 << 20, get('/x')));
    await client.until(() => true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(drained).toBe(false);
    expect(server.requests.length).toBeLessThanOrEqual(1);
  });

  it('takes a request cut into single bytes', async () => {
    server = await startHttp1(echo);
    const client = server.client();
    client.socket.setNoDelay(true);
    for (const byte of 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n') {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.until((t) => t.endsWith('ab'))).toContain('POST /x ab');
  });

  it('closes after a response when the client asked, and says so', async () => {
    server = await startHttp1(echo);
    const text = await server.client().send(get('/', 'Connection: close')).untilClosed();
    expect(text).toContain('connection: close\r\n');
  });

  it('closes when idle for an hour', async () => {
    server = await startHttp1(echo);
    const client = server.client().send(get());
    await client.until((t) => t.includes('GET'));
    server.clock.advance(3_602_000);
    await client.untilClosed();
  });

  it('drain lets the request in progress end, with connection: close', async () => {
    let held: DownstreamRequest | null = null;
    server = await startHttp1((request) => {
      held = request;
      server.connections[0]!.drain();
      reply(request, 'done');
    });
    const text = await server.client().send(get()).untilClosed();
    expect(held).not.toBeNull();
    expect(text).toContain('connection: close');
    expect(text.endsWith('done')).toBe(true);
  });
});

describe('what the codec refuses', () => {
  const cases: [string, string, number][] = [
    ['1 CL and TE', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc', 400],
    ['15 bare LF', 'GET / HTTP/1.1\nHost: a\n\n', 400],
    ['10 bad chunk size', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n', 400],
    ['13 chunk too long', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n', 400],
    ['14 Host in trailers', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n', 400],
    ['21 CONNECT where none is served', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 405],
    ['22 HTTP/2.0', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
    ['23 head over 16 KiB', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(17000)}\r\n\r\n`, 431],
    ['23 endless head', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(17000)}`, 431],
    ['24 endless target', `GET /${'a'.repeat(17000)}`, 414],
    ['29 Expect nonsense', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: x\r\n\r\n', 417],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n', 426],
    ['65 the HTTP/2 preface on an HTTP/1 port', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ];
  it.each(cases)('%s: answered, counted, closed', async (_, wire, status) => {
    server = await startHttp1((request) => readBody(request, () => reply(request, 'accepted')));
    const text = await server.client().send(wire).send(get('/smuggled')).untilClosed();
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).toContain('connection: close');
    expect(occurrences(text, 'HTTP/1.1 ')).toBe(1);
    expect(server.errors.map((error) => error.status)).toEqual([status]);
    expect(server.requests.some((request) => request.path === '/smuggled')).toBe(false);
  });

  it('13 a body that breaks while the upstream has it already tells the request', async () => {
    const resets: DownstreamReset[] = [];
    server = await startHttp1((request) => {
      request.onReset = (reason) => resets.push(reason);
      request.body.onData = () => {};
      request.body.resume();
    });
    const wire = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc';
    expect(await server.client().send(wire).untilClosed()).toContain('400 Bad Request');
    expect(resets).toEqual(['protocol-error']);
  });

  it('32 slow headers end with 408 within 12 s, however the bytes trickle', async () => {
    server = await startHttp1(echo);
    const client = server.client().send('GET / HTTP/1.1\r\n');
    while (server.connections.length === 0 || server.connections[0]!.deadline > server.clock.now() + 20_000)
      await new Promise((resolve) => setImmediate(resolve));
    server.clock.advance(5_000);
    client.send('X: y\r\n');
    await new Promise((resolve) => setImmediate(resolve));
    server.clock.advance(6_500);
    expect(await client.untilClosed()).toContain('HTTP/1.1 408 Request Timeout');
    server.clock.advance(3_000);
    await client.until(() => client.closed || client.ended);
  });

  it('33 a slow body ends with 408 and the upstream is told', async () => {
    const resets: DownstreamReset[] = [];
    server = await startHttp1((request) => {
      request.onReset = (reason) => resets.push(reason);
      readBody(request, () => {});
    });
    const client = server.client().send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab');
    while (server.requests[0]?.bytesReceived !== 2) await new Promise((resolve) => setImmediate(resolve));
    server.clock.advance(62_000);
    expect(await client.untilClosed()).toContain('HTTP/1.1 408');
    expect(resets).toEqual(['timeout']);
  });
});

describe('Expect and early responses', () => {
  const expecting = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';

  it('28 a refusal before 100 is relayed, the body is never read, the connection closes', async () => {
    server = await startHttp1((request) => {
      expect(request.expectContinue).toBe(true);
      reply(request, 'no', 401);
    });
    const text = await server.client().send(expecting).untilClosed();
    expect(text).toContain('HTTP/1.1 401');
    expect(text).toContain('connection: close');
  });

  it('100 Continue lets the body through and keeps the connection', async () => {
    server = await startHttp1((request) => {
      request.sendInformational(100, new HeaderMap());
      echo(request);
    });
    const client = server.client().send(expecting);
    await client.until((t) => t === 'HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello').send(get('/next'));
    expect(await client.until((t) => t.includes('/next'))).toContain('POST / hello');
  });

  it('51 an early response keeps the connection when the rest of the body is short', async () => {
    server = await startHttp1((request) => (request.method === 'POST' ? reply(request, 'early') : echo(request)));
    const client = server.client().send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n');
    await client.until((t) => t.endsWith('early'));
    client.send('x'.repeat(1000)).send(get('/next'));
    await client.until((t) => t.includes('/next'));
  });

  it('51 and closes it when the rest is long, though the response arrives', async () => {
    server = await startHttp1((request) => reply(request, 'early'));
    const client = server.client().send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n');
    const text = await client.untilClosed();
    expect(text).toContain('connection: close');
    expect(text.endsWith('early')).toBe(true);
  });

  it('51 a chunked body without end is cut after 64 KiB', async () => {
    server = await startHttp1((request) => reply(request, 'early'));
    const client = server.client().send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    await client.until((t) => t.endsWith('early'));
    client.send(`20000\r\n${'x'.repeat(0x20000)}`);
    await client.untilClosed();
  });
});

describe('a client that leaves', () => {
  function hold(): { resets: DownstreamReset[]; held: DownstreamRequest[] } {
    const seen = { resets: [] as DownstreamReset[], held: [] as DownstreamRequest[] };
    return seen;
  }
  async function holding(seen: ReturnType<typeof hold>): Promise<RawClient> {
    server = await startHttp1((request) => {
      request.onReset = (reason) => seen.resets.push(reason);
      request.body.resume();
      seen.held.push(request);
    });
    const client = server.client().send(get());
    while (seen.held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return client;
  }
  /** A request of which nothing is read yet. */
  async function holdingBody(seen: ReturnType<typeof hold>, declared: number, sent: number): Promise<RawClient> {
    server = await startHttp1((request) => {
      request.onReset = (reason) => seen.resets.push(reason);
      seen.held.push(request);
    });
    const client = server.client().send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${declared}\r\n\r\n`);
    client.send(Buffer.alloc(sent, 'x'));
    while (seen.held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 30));
    return client;
  }
  /** One tick is enough once the system has told: on a loaded machine that may be later. */
  async function tickUntilReset(seen: ReturnType<typeof hold>): Promise<void> {
    for (let ticks = 0; ticks < 8 && seen.resets.length === 0; ticks++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      server.clock.advance(1_000);
    }
    await untilReset(seen);
  }
  async function untilReset(seen: ReturnType<typeof hold>): Promise<void> {
    while (seen.resets.length === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  it('34 by half-close still gets the full response', async () => {
    const seen = hold();
    const client = await holding(seen);
    client.socket.end();
    await new Promise((resolve) => setTimeout(resolve, 30));
    server.clock.advance(1_500);
    await new Promise((resolve) => setTimeout(resolve, 30));
    reply(seen.held[0]!, 'late');
    expect(await client.untilClosed()).toMatch(/late$/);
    expect(seen.resets).toEqual([]);
  });

  it('35 by close is noticed at once', async () => {
    const seen = hold();
    const client = await holding(seen);
    client.socket.destroy();
    await untilReset(seen);
    expect(seen.resets).toEqual(['remote-disconnect']);
  });

  it('35 by reset is noticed at once', async () => {
    const seen = hold();
    const client = await holding(seen);
    client.socket.resetAndDestroy();
    await untilReset(seen);
    expect(seen.resets).toEqual(['remote-disconnect']);
  });

  it('35 first by half-close, then for good, is noticed within a tick', async () => {
    const seen = hold();
    const client = await holding(seen);
    client.socket.end();
    await new Promise((resolve) => setTimeout(resolve, 30));
    client.socket.destroy();
    await tickUntilReset(seen);
  });

  for (const [how, leave] of [
    ['close', (client: RawClient) => client.socket.destroy()],
    ['reset', (client: RawClient) => client.socket.resetAndDestroy()],
  ] as const) {
    it(`35 by ${how} while its body is held back is noticed within a tick`, async () => {
      const seen = hold();
      const client = await holdingBody(seen, 4_000_000, 1_000_000);
      server.clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(seen.resets).toEqual([]);
      leave(client);
      await tickUntilReset(seen);
      expect(seen.resets).toEqual(['remote-disconnect']);
    });
  }

  it('34 by half-close behind a body that is held back still gets the full response', async () => {
    const seen = hold();
    const client = await holdingBody(seen, 500_000, 500_000);
    client.socket.end();
    for (let n = 0; n < 3; n++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      server.clock.advance(1_000);
    }
    const request = seen.held[0]!;
    readBody(request, (body) => reply(request, `got ${body.length}`));
    expect(await client.untilClosed()).toMatch(/got 500000$/);
    expect(seen.resets).toEqual([]);
  });

  it('in the middle of its body is noticed', async () => {
    const resets: DownstreamReset[] = [];
    server = await startHttp1((request) => {
      request.onReset = (reason) => resets.push(reason);
      readBody(request, () => {});
    });
    const client = server.client().send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab');
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    client.socket.end();
    await untilReset({ resets, held: [] });
    expect(resets).toEqual(['remote-disconnect']);
  });
});

describe('response framing', () => {
  async function answer(send: (request: DownstreamRequest) => void, method = 'GET'): Promise<string> {
    server = await startHttp1(send);
    return server.client().send(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`).untilClosed();
  }

  it('is chunked without a length, with trailers', async () => {
    const text = await answer((request) => {
      request.sendHeaders(200, new HeaderMap(), false);
      request.sendData(Buffer.from('hello'));
      request.end(HeaderMap.from([['x-sum', '1']]));
    });
    expect(text).toMatch(/transfer-encoding: chunked\r\n.*\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n$/s);
  });

  it('says content-length: 0 for an empty response, nothing for 204, keeps it for HEAD and 304', async () => {
    const five = (): HeaderMap => HeaderMap.from([['content-length', '5']]);
    expect(await answer((request) => request.sendHeaders(200, new HeaderMap(), true))).toContain('content-length: 0\r\n');
    await server.close();
    expect(await answer((request) => request.sendHeaders(204, five(), true))).not.toContain('content-length');
    await server.close();
    expect(await answer((request) => request.sendHeaders(304, five(), true))).toContain('content-length: 5');
    await server.close();
    const head = await answer((request) => {
      request.sendHeaders(200, five(), false);
      request.sendData(Buffer.from('hello'));
      request.end(null);
    }, 'HEAD');
    expect(head).toMatch(/content-length: 5\r\n.*\r\n\r\n$/s);
  });

  it('never ends cleanly when fewer bytes came than were declared', async () => {
    server = await startHttp1((request) => {
      request.sendHeaders(200, HeaderMap.from([['content-length', '10']]), false);
      request.sendData(Buffer.from('half'));
      request.end(null);
    });
    const client = server.client();
    const failed = new Promise((resolve) => client.socket.once('error', resolve));
    client.send(get());
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
  });

  it('40 reset cuts the connection so that the client sees an error', async () => {
    server = await startHttp1((request) => {
      request.sendHeaders(200, new HeaderMap(), false);
      request.sendData(Buffer.from('half'));
      setImmediate(() => request.reset());
    });
    const client = server.client();
    const failed = new Promise((resolve) => client.socket.once('error', resolve));
    client.send(get());
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
  });

  it('carries a megabyte with back-pressure and reports when it is out', async () => {
    const big = Buffer.alloc(1 << 16, 'z');
    let finished = 0;
    server = await startHttp1((request) => {
      let left = 256;
      request.onFinished = () => finished++;
      request.sendHeaders(200, HeaderMap.from([['content-length', String(left * big.length)]]), false);
      const pump = (): void => {
        while (left > 0) {
          left--;
          if (!request.sendData(big) && left > 0) return;
        }
        request.end(null);
      };
      request.onDrain = pump;
      pump();
    });
    const client = server.client().send(get('/', 'Connection: close'));
    const text = await client.untilClosed();
    expect(text.length - text.indexOf('\r\n\r\n') - 4).toBe(256 * big.length);
    expect(finished).toBe(1);
  });
});

describe('upgrades and CONNECT', () => {
  it('71 hands over the raw stream, bytes after the request first', async () => {
    server = await startHttp1((request) => {
      expect(request.upgrade).toBe('websocket');
      const stream = request.acceptUpgrade(101, HeaderMap.from([['sec-websocket-accept', 'x']]));
      stream.on('data', (chunk: Buffer) => stream.write(`<${chunk.toString()}>`)).resume();
    });
    const client = server.client().send(`${get('/', 'Upgrade: websocket', 'Connection: Upgrade')}first`);
    const text = await client.until((t) => t.includes('<first>'));
    expect(text).toMatch(
      /^HTTP\/1.1 101 Switching Protocols\r\nsec-websocket-accept: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n<first>/,
    );
    client.send('second');
    await client.until((t) => t.endsWith('<second>'));
  });

  it('67 a refused upgrade is an ordinary response', async () => {
    server = await startHttp1((request) => reply(request, 'no', 403));
    const client = server.client().send(get('/', 'Upgrade: websocket', 'Connection: Upgrade'));
    await client.until((t) => t.endsWith('no'));
    client.send(get('/again'));
    await client.until((t) => occurrences(t, '403') === 2);
  });

  it('CONNECT is accepted with the bytes that followed it, or refused', async () => {
    server = await startHttp1(echo, {
      onConnect: (request) => {
        if (request.authority !== 'ratings:9080') {
          request.refuse(404, 'unknown');
          return;
        }
        const stream = request.accept();
        stream.on('data', (chunk: Buffer) => stream.write(`<${chunk.toString()}>`)).resume();
      },
    });
    const client = server.client().send('CONNECT ratings:9080 HTTP/1.1\r\nHost: ratings:9080\r\n\r\nhi');
    expect(await client.until((t) => t.includes('<hi>'))).toMatch(/^HTTP\/1.1 200 /);
    const other = server.client().send('CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n');
    expect(await other.untilClosed()).toContain('404');
  });
});

describe('a request body', () => {
  it('waits while its reader has paused, and brings its trailers', async () => {
    let resume: (() => void) | null = null;
    const seen: string[] = [];
    server = await startHttp1((request) => {
      request.body.onData = (chunk) => {
        seen.push(chunk.toString());
        request.body.pause();
        resume = () => request.body.resume();
      };
      request.body.onEnd = (trailers) => reply(request, trailers?.get('x-sum') ?? 'none');
      request.body.resume();
    });
    const client = server.client();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\nX-Sum: 7\r\n\r\n');
    while (seen.length < 1) await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(['a']);
    resume!();
    expect(seen).toEqual(['a', 'b']);
    resume!();
    await client.until((t) => t.endsWith('7'));
  });
});
