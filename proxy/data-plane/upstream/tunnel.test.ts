import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import { joinTunnel, type Tunnel, type TunnelOptions } from './tunnel.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true });
  servers.push(server);
  await listen(server);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await new Promise((resolve) => client.once('connect', resolve));
  return [client, await accepted];
}
/** client ═ a [tunnel] b ═ server */
async function tunnelled(
  options: TunnelOptions = {},
): Promise<{ client: Socket; server: Socket; tunnel: Tunnel; closed: Promise<Tunnel> }> {
  const [client, a] = await pair();
  const [b, server] = await pair();
  let tell: (tunnel: Tunnel) => void = () => {};
  const closed = new Promise<Tunnel>((resolve) => {
    tell = resolve;
  });
  const tunnel = joinTunnel(a, b, { ...options, onClosed: tell });
  return { client, server, tunnel, closed };
}
function collect(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
    socket.resume();
  });
}

describe('a tunnel', () => {
  it('72 carries bytes both ways, server first too, and counts them', async () => {
    const { client, server, tunnel, closed } = await tunnelled();
    const atClient = collect(client);
    const atServer = collect(server);
    server.write('220 ready');
    client.end('hello');
    expect(await atServer).toBe('hello');
    server.end('!');
    expect(await atClient).toBe('220 ready!');
    await closed;
    expect([tunnel.bytesForward, tunnel.bytesBackward, tunnel.end]).toEqual([5, 10, 'finished']);
  });

  it('72 keeps a half-close: the other direction goes on after it', async () => {
    const { client, server } = await tunnelled();
    const atClient = collect(client);
    client.end('question');
    expect(await collect(server)).toBe('question');
    server.write('long ');
    await new Promise((resolve) => setImmediate(resolve));
    server.end('answer');
    expect(await atClient).toBe('long answer');
  });

  it.each(['client', 'server'] as const)('69 72 a reset of the %s reaches the other side as a reset', async (who) => {
    const { client, server, closed } = await tunnelled();
    const [one, other] = who === 'client' ? [client, server] : [server, client];
    one.on('error', () => {});
    const failed = new Promise((resolve) => other.once('error', resolve));
    other.resume();
    one.resetAndDestroy();
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
    expect((await closed).end).toBe('reset');
  });

  it('delivers bytes that were put back before it was joined', async () => {
    const [client, a] = await pair();
    const [b, server] = await pair();
    a.pause();
    a.unshift(Buffer.from('first '));
    joinTunnel(a, b);
    client.end('second');
    expect(await collect(server)).toBe('first second');
    server.end();
  });

  it('loses nothing when the reader is slow', async () => {
    const { client, server } = await tunnelled();
    server.pause();
    const chunk = Buffer.alloc(1 << 20, 'x');
    for (let i = 0; i < 16; i++) client.write(chunk);
    client.end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const got = await collect(server);
    expect(got.length).toBe(16 << 20);
    server.end();
  });

  it('closes after its longest duration, busy or not', async () => {
    const clock = new ManualClock();
    const { client, server, tunnel } = await tunnelled({ idleTimeoutMs: 1000, maxDurationMs: 1500, clock });
    client.on('error', () => {});
    clock.advance(900);
    client.write('x');
    await new Promise((resolve) => server.once('data', resolve));
    clock.advance(599);
    expect(tunnel.end).toBe('open');
    clock.advance(1);
    expect(tunnel.end).toBe('max-duration');
  });

  it('closes after its idle time, not before', async () => {
    const clock = new ManualClock();
    const { client, server, tunnel } = await tunnelled({ idleTimeoutMs: 1000, clock });
    client.on('error', () => {});
    clock.advance(900);
    client.write('x');
    await new Promise((resolve) => server.once('data', resolve));
    clock.advance(900);
    expect(tunnel.end).toBe('open');
    const gone = new Promise((resolve) => client.once('end', resolve));
    client.resume();
    clock.advance(200);
    expect(tunnel.end).toBe('idle-timeout');
    await gone;
  });
});
