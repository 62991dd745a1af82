import net, { type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../../testing/listen.ts';
import { meshText } from '../documents.ts';
import { startMesh, type TestMesh } from '../mesh.ts';
import { exchangesOf, portOf, RawClient } from './kit.ts';

/* Our Fault on connections of an opaque service, from YAML, live. */

let mesh: TestMesh;
let server: net.Server;
const sockets = new Set<Socket>();

beforeAll(async () => {
  server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('end', () => socket.end('.'));
  });
  const address = `127.0.0.1:${await listen(server)}`;
  const caller = {
    name: 'caller',
    port: 8080,
    workloads: [{ address: '127.0.0.1:9', upstreams: [{ service: 'echo', port: 0 }] }],
  };
  mesh = await startMesh(
    meshText({ services: [caller, { name: 'echo', port: 7000, protocol: 'tcp', workloads: [{ version: 'v1', address }] }] }, []),
  );
});
afterEach(() => mesh.api('/faults/f', 'DELETE').catch(() => undefined));
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await mesh?.close();
  server?.close();
});

const fault = (spec: object) =>
  mesh.apply(
    JSON.stringify({
      apiVersion: 'drydock.dev/v1',
      kind: 'Fault',
      metadata: { name: 'f' },
      spec: { to: { service: 'echo' }, ...spec },
    }),
  );
function open(): RawClient {
  const { upstreams } = mesh.engine.ready().workloads.find(({ id }) => id === 'caller-x-0')!;
  return new RawClient(portOf(upstreams.echo!));
}
async function roundTrip(client: RawClient, text: string): Promise<number> {
  const before = client.bytes;
  const startedAt = performance.now();
  client.socket.write(text);
  await client.until(({ bytes }) => bytes >= before + text.length);
  return performance.now() - startedAt;
}

for (const side of ['server', 'client']) {
  describe(`a Fault on TCP, side: ${side}`, () => {
    test('latency delays the bytes of its direction, and the record names it', async () => {
      await fault({ side, tcp: [{ type: 'latency', attributes: { latency: 150 } }] });
      const client = open();
      expect(await roundTrip(client, 'slow')).toBeGreaterThan(140);
      client.socket.end();
      await client.until(({ ended }) => ended);
      expect([client.text, client.error]).toEqual(['slow.', '']);
      const reporter = side === 'server' ? 'destination' : 'source';
      // Records of earlier connections may still be coming in: this one is known by its fault.
      const named = async () =>
        (await exchangesOf(mesh, `to=echo&reporter=${reporter}`, 1)).find((r) => r.faults.some((f) => f.effect === 'latency'));
      let record = await named();
      for (let tries = 0; record === undefined && tries < 100; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 30));
        record = await named();
      }
      expect(record).toMatchObject({
        faults: [{ name: 'default/f', effect: 'latency', side }],
        requestBytes: 4,
        responseBytes: 5,
      });
    });

    test('limit_data cuts after exactly that many bytes', async () => {
      await fault({ side, tcp: [{ type: 'limit_data', stream: 'downstream', attributes: { bytes: 3 } }] });
      const client = open();
      client.socket.write('abcdef');
      await client.until(({ ended, closed }) => ended || closed);
      expect(client.text).toBe('abc');
      client.socket.destroy();
    });

    test('reset_peer resets', async () => {
      await fault({ side, tcp: [{ type: 'reset_peer', stream: 'upstream', attributes: { timeout: 0 } }] });
      const client = open();
      client.socket.write('x');
      await client.until(({ closed }) => closed);
      expect(client.error).toBe('ECONNRESET');
    });

    test('delay comes before the first byte, abort resets without reaching the app', async () => {
      await fault({ side, delay: { fixed: '120ms' } });
      const slow = open();
      expect(await roundTrip(slow, 'x')).toBeGreaterThan(110);
      await expect.poll(() => roundTrip(slow, 'y')).toBeLessThan(100);
      slow.socket.destroy();
      await fault({ side, abort: { reset: true } });
      const client = open();
      client.socket.write('x');
      await client.until(({ closed }) => closed);
      expect([client.error, client.text]).toEqual(['ECONNRESET', '']);
    });
  });
}

describe('turning connections away', () => {
  test('refuse resets before the app is reached, and a seed hits the same connections each time', async () => {
    const refused = async (seed: number) => {
      await fault({ seed, tcp: [{ type: 'refuse', toxicity: 0.5 }] });
      const pattern: string[] = [];
      for (let n = 0; n < 12; n++) {
        const client = open();
        client.socket.write('x');
        await client.until(({ closed, text }) => closed || text !== '');
        pattern.push(client.text === 'x' ? 'in' : client.error);
        client.socket.destroy();
      }
      await mesh.api('/faults/f', 'DELETE');
      return pattern;
    };
    const first = await refused(7);
    expect(new Set(first)).toEqual(new Set(['in', 'ECONNRESET']));
    expect(await refused(7)).toEqual(first);
    expect(await refused(8)).not.toEqual(first);
  });

  test('flap lets in, cuts, refuses and lets in again', async () => {
    await fault({ tcp: [{ type: 'flap', attributes: { up: 200, down: 200 } }] });
    const outcomes: string[] = [];
    const startedAt = performance.now();
    while (performance.now() - startedAt < 5000 && !/in .*cut .*refused .*in/.test(outcomes.join(' '))) {
      const client = open();
      client.socket.write('x');
      await client.until(({ closed, text }) => closed || text !== '');
      if (client.closed) {
        outcomes.push('refused');
        await new Promise((resolve) => setTimeout(resolve, 30));
        continue;
      }
      await client.until(({ closed }) => closed);
      outcomes.push('in', 'cut');
      expect(client.error).toBe('ECONNRESET');
    }
    expect(outcomes.join(' ')).toMatch(/in .*cut .*refused .*in/);
  });
});

describe('taking a TCP fault away', () => {
  test('heals the connections that suffer from it, and gives on what was held', async () => {
    await fault({ tcp: [{ type: 'bandwidth', stream: 'downstream', attributes: { rate: 0 } }] });
    const client = open();
    client.socket.write('held');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(client.text).toBe('');
    await mesh.api('/faults/f', 'DELETE');
    await client.until(({ text }) => text === 'held');
    await expect.poll(() => roundTrip(client, 'free')).toBeLessThan(200);
    client.socket.destroy();
  });

  test('an unknown toxic or stream is refused with its place', async () => {
    await expect(fault({ tcp: [{ type: 'lag' }] })).rejects.toThrow(/422/);
    await expect(fault({ tcp: [{ type: 'latency', stream: 'sideways' }] })).rejects.toThrow(/422/);
    await expect(fault({ tcp: [{ type: 'latency', attributes: { lag: 5 } }] })).rejects.toThrow(
      /the toxic latency has no lag; it has latency, jitter/,
    );
    await expect(fault({ tcp: [{ type: 'slicer', attributes: { average_size: 0 } }] })).rejects.toThrow(
      /average_size.* is between 1/,
    );
  });
});
