import net, { type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import { openTunnel } from './open-tunnel.ts';
import { until } from './test-kit.ts';

async function ask(answer: string | null, method: 'CONNECT' | 'POST' = 'CONNECT') {
  const [near, far] = duplexPair();
  const clock = new ManualClock();
  let asked = '';
  far.on('data', (chunk: Buffer) => {
    asked += chunk.toString('latin1');
    if (answer === null) clock.advance(5000);
    else if (answer === '') far.end();
    else far.write(answer);
  });
  const opened = await openTunnel(near, { target: 'db.internal:5432', method }, clock, 5000);
  return { ...opened, asked, near, far };
}

describe('DestinationRule tunnel by CONNECT', () => {
  it('asks by CONNECT for the target and keeps what follows the answer', async () => {
    const { why, asked, near } = await ask('HTTP/1.1 200 OK\r\nx: y\r\n\r\nhello');
    expect(why).toBe('');
    expect(asked).toBe('CONNECT db.internal:5432 HTTP/1.1\r\nhost: db.internal:5432\r\n\r\n');
    const first = new Promise((resolve) => near.once('data', resolve));
    near.resume();
    expect(String(await first)).toBe('hello');
  });

  it('tells why there is none: another status, no HTTP, an end, no answer in time', async () => {
    expect((await ask('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')).why).toBe('tunnel_response:407');
    expect((await ask('no HTTP\r\n\r\n')).why).toBe('protocol error');
    expect((await ask('')).why).toBe('connection termination');
    expect((await ask(null)).why).toBe('connection timeout');
  });
});

describe('DestinationRule tunnel by POST', () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  /** An upstream by hand over a real socket: what it got, and a tunnel once it answered `head`. */
  async function open(head: string): Promise<{ stream: Duplex; upstream: Socket; got: () => string }> {
    let got = '';
    let upstream: Socket | null = null;
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      upstream = socket;
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        if (got === '') socket.write(head);
        got += chunk.toString('latin1');
      });
    });
    const socket = net.connect({ host: '127.0.0.1', port: await listen(server), allowHalfOpen: true });
    await new Promise((resolve) => socket.once('connect', resolve));
    closers.push(() => {
      socket.destroy();
      upstream?.destroy();
      server.close();
    });
    const opened = await openTunnel(socket, { target: 'db.internal:5432', method: 'POST' }, new ManualClock(), 5000);
    if (opened.stream === null) throw new Error(opened.why);
    return { stream: opened.stream, upstream: upstream!, got: () => got };
  }
  const request = 'POST / HTTP/1.1\r\nhost: db.internal:5432\r\ntransfer-encoding: chunked\r\n\r\n';
  const streamed = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

  it('sends what is written as chunks of one request, after its answer’s head, and reads the answer’s body', async () => {
    const { stream, upstream, got } = await open(`${streamed}5\r\nhello\r\n`);
    let read = '';
    stream.on('data', (chunk) => (read += chunk));
    await until(() => read === 'hello');
    expect(got()).toBe(request);
    stream.write('ping');
    await until(() => got() === `${request}4\r\nping\r\n`);
    upstream.write('3\r\nbye\r\n');
    await until(() => read === 'hellobye');
    stream.destroy();
  });

  it('an end of one direction is the end of that body, and the other goes on', async () => {
    const { stream, upstream, got } = await open(streamed);
    let ended = false;
    let read = '';
    stream.on('data', (chunk) => (read += chunk));
    stream.on('end', () => (ended = true));
    stream.end('last');
    await until(() => got().endsWith('4\r\nlast\r\n0\r\n\r\n'));
    upstream.write('6\r\nanswer\r\n');
    await until(() => read === 'answer');
    expect(ended).toBe(false);
    upstream.write('0\r\n\r\n');
    await until(() => ended);
  });

  it('an answer without length lasts until the connection ends', async () => {
    const { stream, upstream } = await open('HTTP/1.1 200 OK\r\n\r\nraw');
    let read = '';
    let ended = false;
    stream.on('data', (chunk) => (read += chunk));
    stream.on('end', () => (ended = true));
    await until(() => read === 'raw');
    upstream.end('!');
    await until(() => ended);
    expect(read).toBe('raw!');
  });

  it('a reader that stops holds the upstream back', async () => {
    const { stream, upstream } = await open(streamed);
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    let written = 0;
    while (written < 1000 && upstream.write(chunk)) written++;
    await until(() => upstream.writableNeedDrain);
    let read = 0;
    stream.on('data', (bytes: Buffer) => (read += bytes.length));
    await until(() => read === (written + 1) * 0x10000);
    stream.destroy();
  });

  it('tells why there is none: another status, an answer without a body, no HTTP, an end, no answer in time', async () => {
    expect((await ask('HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno', 'POST')).why).toBe('tunnel_response:403');
    expect((await ask('HTTP/1.1 204 None\r\n\r\n', 'POST')).why).toBe('tunnel_response:204');
    expect((await ask('no HTTP\r\n\r\n', 'POST')).why).toBe('protocol error');
    expect((await ask('', 'POST')).why).toBe('connection termination');
    expect((await ask(null, 'POST')).why).toBe('connection timeout');
  });

  it('an upstream that breaks off breaks the tunnel', async () => {
    const { stream, upstream } = await open(streamed);
    const broken = new Promise<Error>((resolve) => stream.on('error', resolve));
    stream.resume();
    upstream.resetAndDestroy();
    expect(await broken).toBeInstanceOf(Error);
  });
});
