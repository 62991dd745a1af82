import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  createServer as createHttp2Server,
  connect as http2Connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer, connect as netConnect, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { frame, flags as frameFlags, frameTypes, RawHttp2, requestBlock } from '../../testing/raw-http2.ts';
import { HeaderMap } from '../header-map.ts';
import type { DownstreamRequest, DownstreamReset, UpstreamCallbacks, UpstreamReset } from '../stream.ts';
import { Http2UpstreamConnection } from '../upstream/http2-connection.ts';
import { detect } from './accept.ts';
import { plainInfo } from './http1-test-kit.ts';
import { Http2Downstream, type Http2DownstreamOptions } from './http2.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});
function portOf(server: { address(): unknown }): number {
  const address = server.address();
  return typeof address === 'object' && address !== null && 'port' in address ? Number(address.port) : 0;
}

interface Downstream {
  port: number;
  client: ClientHttp2Session;
  errors: string[];
  connections: Http2Downstream[];
  requests: DownstreamRequest[];
}
async function downstream(
  onRequest: (request: DownstreamRequest) => void,
  timeouts: Pick<Http2DownstreamOptions, 'idleTimeoutMs' | 'flushTimeoutMs'> = {},
): Promise<Downstream> {
  const errors: string[] = [];
  const connections: Http2Downstream[] = [];
  const requests: DownstreamRequest[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    detect(socket, {}, (protocol) => {
      if (protocol !== 'http2') {
        socket.destroy();
        return;
      }
      const connection = new Http2Downstream(socket, {
        info: plainInfo,
        scheme: 'http',
        onRequest: (request) => {
          requests.push(request);
          onRequest(request);
        },
        onClose: () => {},
        onProtocolError: (detail) => errors.push(detail),
        ...timeouts,
      });
      connections.push(connection);
    });
  });
  await listen(server);
  const client = http2Connect(`http://127.0.0.1:${portOf(server)}`);
  client.on('error', () => {});
  closers.push(
    () => server.close(),
    () => {
      for (const connection of connections) connection.close();
    },
    () => client.destroy(),
  );
  return { port: portOf(server), client, errors, connections, requests };
}

interface Answer {
  headers: IncomingHttpHeaders;
  body: string;
  trailers: IncomingHttpHeaders;
  code: number;
  informational: number[];
}
function finished(stream: ClientHttp2Stream): Promise<Answer> {
  const answer: Answer = { headers: {}, body: '', trailers: {}, code: 0, informational: [] };
  stream.on('error', () => {});
  stream.on('headers', (headers) => answer.informational.push(headers[':status'] ?? 0));
  stream.on('response', (headers) => {
    answer.headers = headers;
  });
  stream.on('trailers', (trailers) => {
    answer.trailers = trailers;
  });
  stream.on('data', (chunk: Buffer) => {
    answer.body += chunk.toString('latin1');
  });
  return new Promise((resolve) => stream.on('close', () => resolve({ ...answer, code: stream.rstCode })));
}
function call(client: ClientHttp2Session, headers: OutgoingHttpHeaders = {}, body?: string): Promise<Answer> {
  const stream = client.request({ ':path': '/', ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return finished(stream);
}
function echo(request: DownstreamRequest): void {
  let body = '';
  request.body.onData = (chunk) => {
    body += chunk.toString('latin1');
  };
  request.body.onEnd = (trailers) => {
    request.sendHeaders(200, HeaderMap.from([['x-path', request.path]]), false);
    request.sendData(Buffer.from(body, 'latin1'));
    request.end(HeaderMap.from([['x-sum', trailers?.get('x-sum') ?? 'none']]));
  };
  request.body.resume();
}

describe('an HTTP/2 client', () => {
  it('is served with bodies and trailers both ways', async () => {
    const { client } = await downstream(echo);
    const stream = client.request({ ':path': '/x?y', ':method': 'POST' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }));
    stream.end('hello');
    expect(await finished(stream)).toMatchObject({
      body: 'hello',
      code: 0,
      headers: { ':status': 200, 'x-path': '/x?y' },
      trailers: { 'x-sum': '7' },
    });
  });

  it('gets empty responses, HEAD, interim responses and onFinished', async () => {
    let finishedCount = 0;
    const { client } = await downstream((request) => {
      request.onFinished = () => finishedCount++;
      request.body.resume();
      request.sendInformational(103, HeaderMap.from([['link', 'x']]));
      request.sendHeaders(200, HeaderMap.from([['content-length', '5']]), request.method !== 'HEAD');
      request.sendData(Buffer.from('hello'));
      request.end(null);
    });
    expect(await call(client, { ':method': 'HEAD' })).toMatchObject({
      body: '',
      informational: [103],
      headers: { ':status': 200 },
    });
    expect(finishedCount).toBe(1);
  });

  it('sends headers in their order, with their repetitions, also those node would allow once', async () => {
    const pairs: [string, string][] = [
      ['x-a', '1'],
      ['age', '3'],
      ['x-b', '2'],
      ['x-a', '3'],
      ['age', '4'],
      ['date', 'now'],
    ];
    const { client } = await downstream((request) => request.sendHeaders(200, HeaderMap.from(pairs), true));
    const stream = client.request({ ':path': '/' });
    const raw = await new Promise<string[]>((resolve) =>
      stream.on('response', (_headers, _flags, list?: unknown) => resolve(list as string[])),
    );
    expect(raw).toEqual([':status', '200', ...pairs.flat()]);
  });

  it('a status above 599, which HTTP/1 apps may say and node does not write, becomes 502', async () => {
    const { client } = await downstream((request) => request.sendHeaders(777, new HeaderMap(), true));
    expect((await call(client)).headers[':status']).toBe(502);
  });

  it('joins cookies, keeps repeated headers, drops connection headers of the response', async () => {
    const { client, requests } = await downstream((request) => {
      const headers = HeaderMap.from([
        ['set-cookie', 'a'],
        ['set-cookie', 'b'],
        ['connection', 'close'],
        ['content-type', 'x/y'],
        ['content-type', 'z'],
      ]);
      request.sendHeaders(200, headers, true);
    });
    const answer = await call(client, { cookie: ['a=1', 'b=2'], 'x-two': ['1', '2'] });
    expect(answer.headers).toMatchObject({ 'set-cookie': ['a', 'b'], 'content-type': 'x/y' });
    expect(requests[0]?.headers.get('cookie')).toBe('a=1; b=2');
    expect(requests[0]?.headers.getAll('x-two')).toEqual(['1', '2']);
  });

  it('that resets is reported, and the others go on', async () => {
    const resets: DownstreamReset[] = [];
    const { client, requests } = await downstream((request) => {
      request.onReset = (reason) => resets.push(reason);
      if (request.path === '/ok') echo(request);
    });
    const stream = client.request({ ':path': '/gone' });
    stream.on('error', () => {});
    while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stream.close(constants.NGHTTP2_CANCEL);
    while (resets.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(resets).toEqual(['remote-reset']);
    expect(await call(client, { ':path': '/ok' })).toMatchObject({ headers: { ':status': 200 } });
  });

  it('that resets while its body is held back is reported', async () => {
    const resets: DownstreamReset[] = [];
    const { client, requests } = await downstream((request) => {
      request.onReset = (reason) => resets.push(reason);
    });
    const stream = client.request({ ':path': '/', ':method': 'POST' });
    stream.on('error', () => {});
    stream.write('some body');
    while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stream.close(constants.NGHTTP2_CANCEL);
    while (resets.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(resets).toEqual(['remote-reset']);
  });

  it('that disconnects while its body is held back is reported', async () => {
    const resets: DownstreamReset[] = [];
    const { client, requests } = await downstream((request) => {
      request.onReset = (reason) => resets.push(reason);
    });
    const stream = client.request({ ':path': '/', ':method': 'POST' });
    stream.on('error', () => {});
    stream.write('some body');
    while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    client.socket.destroy();
    while (resets.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(resets).toEqual(['remote-disconnect']);
  });

  it('that disconnects is reported', async () => {
    const resets: DownstreamReset[] = [];
    const { client, requests } = await downstream((request) => {
      request.onReset = (reason) => resets.push(reason);
    });
    client.request({ ':path': '/' }).on('error', () => {});
    while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    client.destroy();
    while (resets.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(resets.length).toBe(1);
  });

  it.each(['at once', 'a turn later'])(
    'that is gone when its answer is written ends the exchange all the same: %s',
    async (when) => {
      const ends: string[] = [];
      const { client, connections } = await downstream((request) => {
        request.onReset = (reason) => ends.push(reason);
        request.onFinished = () => ends.push('finished');
        request.sendHeaders(200, new HeaderMap(), false);
        request.end(null);
        if (when === 'at once') connections[0]!.close();
        else setImmediate(() => connections[0]!.close());
      });
      client.request({ ':path': '/' }).on('error', () => {});
      while (ends.length === 0) await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      expect(ends).toHaveLength(1);
      if (when === 'at once') expect(ends).toEqual(['remote-disconnect']);
    },
  );

  it('sees a reset where the response was aborted', async () => {
    const { client } = await downstream((request) => {
      request.sendHeaders(200, new HeaderMap(), false);
      request.sendData(Buffer.from('half'));
      setImmediate(() => request.reset());
    });
    expect((await call(client)).code).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  });

  it('51 gets an early response though its body is not read', async () => {
    const { client } = await downstream((request) => {
      request.sendHeaders(413, HeaderMap.from([['content-length', '2']]), false);
      request.sendData(Buffer.from('no'));
      request.end(null);
    });
    const stream = client.request({ ':path': '/', ':method': 'POST' });
    stream.write('x');
    expect(await finished(stream)).toMatchObject({ headers: { ':status': 413 }, body: 'no' });
  });

  it('57 that gives no window for its answer is cut after a while, and one that only waits is not', async () => {
    const resets: DownstreamReset[] = [];
    const { port } = await downstream(
      (request) => {
        request.onReset = (reason) => resets.push(reason);
        request.body.resume();
        if (request.path === '/waits') return;
        request.sendHeaders(200, new HeaderMap(), false);
        request.sendData(Buffer.alloc(64 * 1024));
      },
      { idleTimeoutMs: 100, flushTimeoutMs: 50 },
    );
    const get = (path: string) =>
      frame(frameTypes.headers, frameFlags.endHeaders | frameFlags.endStream, 1, requestBlock('a', path));
    const stuck = RawHttp2.connect(port, [[4, 0]]);
    const waiting = RawHttp2.connect(port);
    const idle = RawHttp2.connect(port);
    stuck.send(get('/stuck'));
    waiting.send(get('/waits'));
    await stuck.until(({ closed }) => closed);
    await idle.until(({ closed }) => closed);
    expect(stuck.closed && idle.closed).toBe(true);
    expect(resets).toEqual(['remote-disconnect']);
    // It has waited as long as the idle one, which was opened after it.
    expect(waiting.closed).toBe(false);
    waiting.close();
  });

  it('61 whose content-length differs from its data never gets through', async () => {
    const ends: string[] = [];
    const { client } = await downstream((request) => {
      request.onReset = (reason) => ends.push(reason);
      request.body.onEnd = () => ends.push('complete');
      request.body.resume();
    });
    const answer = await call(client, { ':method': 'POST', 'content-length': '10' }, 'abc');
    expect(answer.code).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
    while (ends.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(ends).not.toContain('complete');
  });

  it.each([
    ['62 :authority differs from host', { ':authority': 'a', host: 'b' }],
    ['62 space in the path', { ':path': '/a b' }],
    ['19 malformed authority', { ':authority': 'a@b' }],
  ])('%s → 400', async (_, headers) => {
    const { client, requests } = await downstream(echo);
    const answer = await call(client, headers);
    expect(answer.headers[':status'] ?? answer.code).not.toBe(200);
    expect(requests).toEqual([]);
  });

  it('53 is sent away for resetting rapidly', async () => {
    const { client } = await downstream(() => {});
    await new Promise((resolve) => client.once('connect', resolve));
    const goaway = new Promise((resolve) => client.once('close', () => resolve('closed')));
    for (let i = 0; i < 2000 && !client.destroyed && !client.closed; i++) {
      const stream = client.request({ ':path': '/' });
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_CANCEL);
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await goaway).toBe('closed');
  });

  it('drain lets streams end and takes no more', async () => {
    let held: DownstreamRequest | null = null;
    const { client, connections } = await downstream((request) => {
      held = request;
    });
    const answer = call(client);
    while (held === null) await new Promise((resolve) => setImmediate(resolve));
    connections[0]!.drain();
    const closed = new Promise((resolve) => client.once('close', resolve));
    echo(held);
    expect(await answer).toMatchObject({ headers: { ':status': 200 } });
    await closed;
  });
});

class Outcome implements UpstreamCallbacks {
  seen: string[] = [];
  body = '';
  reset: UpstreamReset | null = null;
  trailers: HeaderMap | null = null;
  readonly done: Promise<this>;
  #settle: () => void = () => {};
  constructor() {
    this.done = new Promise((resolve) => {
      this.#settle = () => resolve(this);
    });
  }
  onInformational(status: number): void {
    this.seen.push(String(status));
  }
  onHeaders(status: number, _headers: HeaderMap, endStream: boolean): void {
    this.seen.push(`${status}${endStream ? ' end' : ''}`);
  }
  onData(chunk: Buffer): void {
    this.body += chunk.toString('latin1');
  }
  onEnd(trailers: HeaderMap | null): void {
    this.seen.push('end');
    this.trailers = trailers;
    this.#settle();
  }
  onReset(reset: UpstreamReset): void {
    this.reset = reset;
    this.#settle();
  }
  onUpgrade(): void {}
  onDrain(): void {}
}
async function upstream(
  serve: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<{ connection: Http2UpstreamConnection; socket: Socket }> {
  const server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    serve(stream, headers);
  });
  server.on('sessionError', () => {});
  await listen(server);
  const socket = netConnect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
  await new Promise((resolve) => socket.once('connect', resolve));
  const connection = new Http2UpstreamConnection(socket);
  closers.push(
    () => server.close(),
    () => socket.destroy(),
  );
  return { connection, socket };
}
function send(
  connection: Http2UpstreamConnection,
  body: string | null,
  trailers: HeaderMap | null = null,
  headers: [string, string][] = [],
): Outcome {
  const outcome = new Outcome();
  const stream = connection.newStream(outcome);
  const head = {
    scheme: 'http' as const,
    authority: 'ratings',
    path: '/',
    upgrade: '',
    expectContinue: false,
    headers: HeaderMap.from(headers),
  };
  stream.sendHeaders({ ...head, method: body === null ? 'GET' : 'POST' }, body === null);
  if (body !== null) {
    stream.sendData(Buffer.from(body));
    stream.end(trailers);
  }
  return outcome;
}

describe('an HTTP/2 upstream', () => {
  it('64 carries many requests at once, with trailers both ways', async () => {
    const { connection } = await upstream((stream) => {
      let sum = '';
      stream.on('trailers', (trailers) => {
        sum = String(trailers['x-sum']);
      });
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'x-sum': sum }));
      stream.pipe(stream);
    });
    const all = Array.from({ length: 20 }, (_, i) => send(connection, `body ${i}`, HeaderMap.from([['x-sum', String(i)]])));
    expect(connection.activeStreams).toBe(20);
    await Promise.all(all.map((outcome) => outcome.done));
    expect(all.map((outcome) => outcome.body)).toEqual(all.map((_, i) => `body ${i}`));
    expect(all[3]?.trailers?.toPairs()).toContainEqual(['x-sum', '3']);
    expect(all[3]?.trailers?.get('grpc-status')).toBe('0');
    expect([connection.activeStreams, connection.requestCount]).toEqual([0, 20]);
  });

  it('64 passes a trailers-only response as headers with end', async () => {
    const { connection } = await upstream((stream) =>
      stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true }),
    );
    expect((await send(connection, 'x').done).seen).toEqual(['200 end', 'end']);
  });

  it.each<[string, number, UpstreamReset['kind']]>([
    ['refused', constants.NGHTTP2_REFUSED_STREAM, 'refused-stream'],
    ['cancelled', constants.NGHTTP2_CANCEL, 'remote-reset'],
    ['internal', constants.NGHTTP2_INTERNAL_ERROR, 'remote-reset'],
    ['protocol error', constants.NGHTTP2_PROTOCOL_ERROR, 'protocol-error'],
  ])('a stream reset as %s', async (_, code, kind) => {
    const { connection } = await upstream((stream) => stream.close(code));
    // Refused means: not processed, so it may be sent again whatever it is.
    const nothingSent = kind === 'refused-stream';
    expect((await send(connection, null).done).reset).toMatchObject({ kind, phase: 'headers', nothingSent });
    expect(connection.available).toBeGreaterThan(0);
  });

  it('40 a stream reset in the middle of its body never ends cleanly', async () => {
    const { connection } = await upstream((stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.write('half', () => setTimeout(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR), 10));
    });
    const outcome = await send(connection, null).done;
    expect(outcome).toMatchObject({ body: 'half', reset: { kind: 'remote-reset', phase: 'body' } });
  });

  it('64 death of the connection ends every stream and the connection', async () => {
    const { connection } = await upstream((stream) => stream.session?.socket.destroy());
    let closed = 0;
    connection.onClose = () => closed++;
    const outcomes = await Promise.all([send(connection, null).done, send(connection, null).done]);
    expect(outcomes.map((outcome) => outcome.reset?.kind)).toEqual(['connection-termination', 'connection-termination']);
    expect([connection.available, closed]).toEqual([0, 1]);
  });

  it('63 takes no more after GOAWAY; streams in progress end', async () => {
    const { connection } = await upstream((stream) => {
      stream.session?.close();
      setTimeout(() => {
        stream.respond({ ':status': 200 });
        stream.end('late');
      }, 20);
    });
    const closed = new Promise<void>((resolve) => {
      connection.onClose = resolve;
    });
    const outcome = send(connection, null);
    await closed;
    expect(connection.available).toBe(0);
    expect((await outcome.done).body).toBe('late');
    expect((await send(connection, null).done).reset).toMatchObject({ kind: 'refused-stream', nothingSent: true });
  });

  it('61 content-length that differs from the data is a protocol error', async () => {
    const { connection } = await upstream((stream) => {
      stream.respond({ ':status': 200, 'content-length': '10' });
      stream.end('abc');
    });
    expect((await send(connection, null).done).reset).toMatchObject({ kind: 'protocol-error' });
  });

  it('reset cancels the stream at the upstream within 100 ms and calls back no more', async () => {
    const cancelled = new Promise<number>((resolve) => {
      void upstream((stream) => stream.on('close', () => resolve(stream.rstCode ?? -1))).then(({ connection }) => {
        const outcome = new Outcome();
        const stream = connection.newStream(outcome);
        stream.sendHeaders(
          {
            method: 'GET',
            scheme: 'http',
            authority: 'a',
            path: '/',
            upgrade: '',
            expectContinue: false,
            headers: new HeaderMap(),
          },
          true,
        );
        setTimeout(() => stream.reset(), 20);
      });
    });
    expect(await cancelled).toBe(constants.NGHTTP2_CANCEL);
  });
});
