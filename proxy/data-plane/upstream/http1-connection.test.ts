import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { HeaderMap } from '../header-map.ts';
import type { UpstreamCallbacks, UpstreamReset, UpstreamStream } from '../stream.ts';
import { Http1UpstreamConnection } from './http1-connection.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Collects what an exchange brought. */
class Outcome implements UpstreamCallbacks {
  status = 0;
  headers = new HeaderMap();
  body = '';
  trailers: HeaderMap | null = null;
  ended = false;
  reset: UpstreamReset | null = null;
  informational: number[] = [];
  upgraded: Duplex | null = null;
  readonly done: Promise<this>;
  #settle: () => void = () => {};

  constructor() {
    this.done = new Promise((resolve) => {
      this.#settle = () => resolve(this);
    });
  }
  onInformational(status: number): void {
    this.informational.push(status);
  }
  onHeaders(status: number, headers: HeaderMap): void {
    this.status = status;
    this.headers = headers;
  }
  onData(chunk: Buffer): void {
    this.body += chunk.toString('latin1');
  }
  onEnd(trailers: HeaderMap | null): void {
    this.trailers = trailers;
    this.ended = true;
    this.#settle();
  }
  onReset(reset: UpstreamReset): void {
    this.reset = reset;
    this.#settle();
  }
  onUpgrade(_status: number, _headers: HeaderMap, stream: Duplex): void {
    this.upgraded = stream;
    this.#settle();
  }
  onDrain(): void {}
}

interface Upstream {
  connection: Http1UpstreamConnection;
  socket: Socket;
  /** What the server read. */
  received: () => string;
}
/** A connection to a raw server that runs `serve` on its side. */
async function upstream(serve: (socket: Socket) => void): Promise<Upstream> {
  let received = '';
  const server = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    serve(socket);
  });
  servers.push(server);
  await listen(server);
  const address = server.address();
  const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  return { connection: new Http1UpstreamConnection(socket), socket, received: () => received };
}
/** Answers every complete head with the same bytes. */
function always(wire: string): (socket: Socket) => void {
  return (socket) => socket.on('data', () => socket.write(wire, 'latin1'));
}
function request(
  connection: Http1UpstreamConnection,
  method = 'GET',
  headers: [string, string][] = [],
  more = {},
): [Outcome, UpstreamStream] {
  const outcome = new Outcome();
  const stream = connection.newStream(outcome);
  const head = { method, scheme: 'http' as const, authority: 'ratings', path: '/', upgrade: '', expectContinue: false, ...more };
  stream.sendHeaders({ ...head, headers: HeaderMap.from(headers) }, method === 'GET' || method === 'HEAD');
  return [outcome, stream];
}
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('an upstream connection', () => {
  it('carries one request after another', async () => {
    const { connection, received } = await upstream(always(ok));
    let available = 0;
    connection.onAvailable = () => available++;
    expect((await request(connection)[0].done).body).toBe('ok');
    expect(connection.available).toBe(1);
    expect(await request(connection)[0].done).toMatchObject({ status: 200, body: 'ok' });
    expect([connection.requestCount, available]).toEqual([2, 2]);
    expect(received()).toBe('GET / HTTP/1.1\r\nhost: ratings\r\n\r\n'.repeat(2));
    connection.close();
  });

  it('sends lengths as declared, else chunks, and trailers', async () => {
    const { connection, received } = await upstream((socket) =>
      socket.on('data', (chunk: Buffer) => {
        if (chunk.toString().endsWith('x-sum: 1\r\n\r\n')) socket.write(ok);
      }),
    );
    const [outcome, stream] = request(connection, 'POST', [['te', 'trailers']]);
    stream.sendData(Buffer.from('hello'));
    stream.end(HeaderMap.from([['x-sum', '1']]));
    await outcome.done;
    expect(received()).toBe(
      'POST / HTTP/1.1\r\nhost: ratings\r\nte: trailers\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n',
    );
    connection.close();
  });

  it('relays interim responses and sends Expect', async () => {
    const { connection, received } = await upstream(
      always(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${ok}`),
    );
    const [outcome, stream] = request(connection, 'POST', [['content-length', '1']], { expectContinue: true });
    stream.sendData(Buffer.from('x'));
    stream.end(null);
    await outcome.done;
    expect(outcome.informational).toEqual([100, 103]);
    expect(received()).toContain('expect: 100-continue\r\n');
    connection.close();
  });

  it('gives the same body however it is cut, chunked with trailers', async () => {
    const wire = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Sum: 9\r\n\r\n';
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(wire.length), { maxLength: 6 }), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), wire.length];
        const { connection } = await upstream((socket) => {
          socket.setNoDelay(true);
          socket.on('data', async () => {
            for (let i = 1; i < edges.length; i++) {
              socket.write(wire.slice(edges[i - 1], edges[i]));
              await new Promise((resolve) => setImmediate(resolve));
            }
          });
        });
        const outcome = await request(connection)[0].done;
        expect(outcome).toMatchObject({ body: 'hello world', ended: true });
        expect(outcome.trailers?.list).toEqual(['x-sum', '9']);
        expect(connection.available).toBe(1);
        connection.close();
      }),
      { seed: 3, numRuns: 20 },
    );
  });

  it('takes a body until close, and HTTP/1.0 servers', async () => {
    const { connection } = await upstream((socket) =>
      socket.on('data', () => socket.end('HTTP/1.0 200 OK\r\nServer: py\r\n\r\nall of it')),
    );
    expect(await request(connection)[0].done).toMatchObject({ body: 'all of it', ended: true });
    expect(connection.available).toBe(0);
  });

  it('holds the response while its reader has paused', async () => {
    const { connection } = await upstream(always(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1_000_000)}`));
    const [outcome, stream] = request(connection);
    stream.pause();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(outcome.body).toBe('');
    stream.resume();
    expect((await outcome.done).body.length).toBe(1_000_000);
    connection.close();
  });

  it('hands over the raw stream on 101, bytes after the head first', async () => {
    const { connection } = await upstream(
      always('HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\nfirst'),
    );
    const outcome = await request(connection, 'GET', [], { upgrade: 'websocket' })[0].done;
    const first = await new Promise((resolve) => outcome.upgraded!.once('data', resolve).resume());
    expect(String(first)).toBe('first');
    outcome.upgraded!.destroy();
  });
});

describe('a hostile or broken upstream', () => {
  it.each<[string, string, UpstreamReset['kind']]>([
    ['42 CL and TE', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok', 'protocol-error'],
    ['42 bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', 'protocol-error'],
    ['42 NUL', 'HTTP/1.1 200 OK\r\nX: \0\r\n\r\n', 'protocol-error'],
    ['45 1,000 × 103', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000), 'protocol-error'],
    ['46 unsolicited 101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n', 'protocol-error'],
    ['47 status 099', 'HTTP/1.1 099 X\r\n\r\n', 'protocol-error'],
    ['47 status 1000', 'HTTP/1.1 1000 X\r\n\r\n', 'protocol-error'],
    ['48 gzip until close', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n', 'protocol-error'],
    ['49 1 MiB of headers', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(1 << 20)}\r\n\r\n`, 'protocol-error'],
    ['garbage', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'protocol-error'],
  ])('%s', async (_, wire, kind) => {
    const { connection } = await upstream(always(wire));
    let closed = 0;
    connection.onClose = () => closed++;
    const outcome = await request(connection)[0].done;
    expect(outcome.reset).toMatchObject({ kind, nothingSent: false, phase: 'headers' });
    expect([connection.available, closed]).toEqual([0, 1]);
  });

  it('39 EOF before the response is a connection termination', async () => {
    const { connection } = await upstream((socket) => socket.on('data', () => socket.end()));
    expect((await request(connection)[0].done).reset).toMatchObject({ kind: 'connection-termination', phase: 'headers' });
  });

  it('40 death in the middle of a body is a reset, never an end', async () => {
    const { connection } = await upstream((socket) =>
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')),
    );
    const outcome = await request(connection)[0].done;
    expect(outcome).toMatchObject({ body: 'half', ended: false, reset: { kind: 'protocol-error', phase: 'body' } });
  });

  it('41 so is RST in the middle of a chunk', async () => {
    const { connection } = await upstream((socket) =>
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhal', () =>
          setTimeout(() => socket.resetAndDestroy(), 20),
        );
      }),
    );
    const outcome = await request(connection)[0].done;
    expect(outcome).toMatchObject({
      ended: false,
      reset: { kind: 'protocol-error', detail: 'Connection reset by peer' },
    });
  });

  it('43 an extra response is never given to the next request', async () => {
    const { connection } = await upstream(always(ok + ok));
    expect((await request(connection)[0].done).body).toBe('ok');
    expect(connection.available).toBe(0);
  });

  it('43 nor is one that comes later, while idle', async () => {
    const { connection } = await upstream((socket) =>
      socket.on('data', () => {
        socket.write(ok);
        setTimeout(() => socket.write(ok), 10);
      }),
    );
    await request(connection)[0].done;
    await new Promise<void>((resolve) => {
      connection.onClose = resolve;
    });
    expect(connection.available).toBe(0);
  });

  it.each([
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody'],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody'],
    ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody'],
  ])('44 a body on %s: headers relayed, body dropped, connection closed', async (_, method, wire) => {
    const { connection } = await upstream(always(wire));
    expect(await request(connection, method)[0].done).toMatchObject({ ended: true, body: '' });
    expect(connection.available).toBe(0);
  });

  it('51 a response before the request is complete is relayed; the connection is not used again', async () => {
    const { connection } = await upstream(always('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno'));
    const [outcome, stream] = request(connection, 'POST', [['content-length', '100000']]);
    stream.sendData(Buffer.from('x'));
    expect(await outcome.done).toMatchObject({ status: 413, body: 'no', ended: true });
    expect(connection.available).toBe(0);
    expect(stream.sendData(Buffer.from('x'))).toBe(true);
  });

  it('reset closes the connection and calls back no more', async () => {
    const { connection, socket } = await upstream(() => {});
    const [outcome, stream] = request(connection);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    stream.reset();
    await closed;
    expect(outcome.reset).toBeNull();
  });
});
