/*
 * Bytes per second of opaque TCP through one sidecar, and through a bare Node relay (two sockets and pipe), interleaved; up and down, on one
 * connection and on several. Two sidecars with mutual TLS are shown for information: a relay has nothing to compare them with.
 */
import net from 'node:net';
import { Child } from './lib/child.ts';
import { EngineProcess, inTemporaryFolder, portOf, sleep } from './lib/engine-process.ts';
import { judge, median, numberOption } from './lib/figures.ts';
import { tcpPair } from './lib/meshes.ts';

const rounds = numberOption('rounds', 5);
const megabytes = numberOption('megabytes', 512);
const several = numberOption('connections', 8);
const wantedRatio = 0.8;

type Way = 'down' | 'up';
const chunk = Buffer.alloc(64 * 1024, 'drydock ');

await inTemporaryFolder(async (home) => {
  const source = new Child('tcp-peer.mjs', ['source']);
  const sourcePort = Number(await source.line());
  const relay = new Child('tcp-peer.mjs', ['relay', `127.0.0.1:${sourcePort}`]);
  const engine = await EngineProcess.start({ home, yaml: tcpPair(sourcePort) });
  const upstream = engine.ready.workloads.find(({ id }) => id === 'web-v1-0')!.upstreams.store!;
  const targets: Record<string, number> = {
    relay: Number(await relay.line()),
    drydock: portOf(engine.address('store-v1-0', 'inbound')),
    'drydock, two hops, mutual TLS': portOf(upstream),
  };
  try {
    for (const connections of [1, several]) {
      for (const way of ['down', 'up'] as const) await compare(targets, way, connections);
    }
  } finally {
    await engine.stop();
    await relay.stop();
    await source.stop();
  }
});

async function compare(targets: Record<string, number>, way: Way, connections: number): Promise<void> {
  const rates: Record<string, number[]> = {};
  for (let round = 0; round <= rounds; round++) {
    // Turn about, and each first in every other round.
    const entries = Object.entries(targets);
    for (const [name, port] of round % 2 === 0 ? entries : entries.reverse()) {
      const rate = await transfer(port, way, connections, megabytes);
      if (round > 0) rates[name] = [...(rates[name] ?? []), rate];
      await sleep(100);
    }
  }
  const what = `${way}, ${connections} connection${connections === 1 ? '' : 's'}`;
  for (const [name, values] of Object.entries(rates)) console.log(`${what}: ${name} ${median(values).toFixed(0)} MB/s`);
  const ratio = median(rates.drydock!) / median(rates.relay!);
  judge(`${what}, of a bare relay`, ratio, '×', (x) => x >= wantedRatio, `≥ ${wantedRatio}`);
}

/** MB (10^6 bytes) a second. */
async function transfer(port: number, way: Way, connections: number, total: number): Promise<number> {
  const bytesEach = Math.floor((total * 1e6) / connections);
  const startedAt = performance.now();
  const done = await Promise.all(Array.from({ length: connections }, () => (way === 'down' ? receive : send)(port, bytesEach)));
  if (done.some((bytes) => bytes !== bytesEach)) throw new Error(`bytes are missing: ${done.join()} of ${bytesEach} each`);
  return (bytesEach * connections) / 1e6 / ((performance.now() - startedAt) / 1000);
}

function receive(port: number, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    let received = 0;
    socket.on('data', (data) => {
      received += data.length;
    });
    socket.on('end', () => resolve(received));
    socket.on('error', reject);
    socket.write(`send ${bytes}\n`);
  });
}

function send(port: number, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
    let answer = '';
    socket.on('data', (data) => {
      answer += data.toString();
    });
    socket.on('end', () => resolve(Number(answer)));
    socket.on('error', reject);
    let left = bytes;
    const more = (): void => {
      while (left > 0) {
        const piece = left >= chunk.length ? chunk : chunk.subarray(0, left);
        left -= piece.length;
        if (!socket.write(piece)) return;
      }
      socket.off('drain', more);
      socket.end();
    };
    socket.on('drain', more);
    more();
  });
}
