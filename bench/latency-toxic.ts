/*
 * How exactly a latency toxic holds its bytes back: round trip over a toxic proxy with the toxic, less what was asked, less the median of the
 * same proxy without it. Set by Toxiproxy's own API, in both directions of the stream, and by a Fault on a TCP service of the mesh.
 */
import { Pinger, startEcho } from './lib/echo.ts';
import { EngineProcess, inTemporaryFolder, portOf, sleep } from './lib/engine-process.ts';
import { judge, median, numberOption, percentile } from './lib/figures.ts';
import { tcpPair } from './lib/meshes.ts';

const trips = numberOption('trips', 400);
const latenciesMs = [5, 20, 100];
const wantedMs = 2;

await inTemporaryFolder(async (home) => {
  const app = await startEcho();
  const engine = await EngineProcess.start({ home, yaml: tcpPair(app.port) });
  try {
    for (const stream of ['downstream', 'upstream']) {
      for (const latencyMs of latenciesMs) await measureProxy(engine.ready.toxiproxy, app.port, stream, latencyMs);
    }
    await measureFault(engine, 20);
  } finally {
    await engine.stop();
    app.close();
  }
});

/** Two proxies in front of the same app, one of them with the toxic, asked turn about. */
async function measureProxy(api: string, appPort: number, stream: string, latencyMs: number): Promise<void> {
  const create = (name: string) =>
    post(`${api}/proxies`, { name, listen: '127.0.0.1:0', upstream: `127.0.0.1:${appPort}`, enabled: true });
  const plain = await create(`plain-${stream}-${latencyMs}`);
  const slow = await create(`slow-${stream}-${latencyMs}`);
  await post(`${api}/proxies/${String(slow.name)}/toxics`, { type: 'latency', stream, attributes: { latency: latencyMs } });
  await compare(`${latencyMs} ms ${stream}`, portOf(String(plain.listen)), portOf(String(slow.listen)), latencyMs);
}

async function measureFault(engine: EngineProcess, latencyMs: number): Promise<void> {
  const port = portOf(engine.address('store-v1-0', 'inbound'));
  const plain = await Pinger.open(port);
  await plain.ping();
  await engine.apply(`apiVersion: drydock.dev/v1
kind: Fault
metadata: { name: slow }
spec:
  to: { service: store }
  tcp: [{ type: latency, stream: downstream, attributes: { latency: ${latencyMs} } }]
`);
  // A new fault acts on new connections: the one that was there before stays without.
  const slow = await Pinger.open(port);
  await judgeTrips(`${latencyMs} ms by a Fault`, plain, slow, latencyMs);
}

async function compare(name: string, plainPort: number, slowPort: number, latencyMs: number): Promise<void> {
  await judgeTrips(name, await Pinger.open(plainPort), await Pinger.open(slowPort), latencyMs);
}

async function judgeTrips(name: string, plain: Pinger, slow: Pinger, latencyMs: number): Promise<void> {
  for (let n = 0; n < 20; n++) {
    await plain.ping();
    await slow.ping();
  }
  const without: number[] = [];
  const within: number[] = [];
  for (let n = 0; n < trips; n++) {
    // After the same rest: everything sleeps while bytes are held back.
    await sleep(latencyMs);
    without.push(await plain.ping());
    within.push(await slow.ping());
  }
  plain.close();
  slow.close();
  const over = within.map((ms) => ms - latencyMs - median(without));
  console.log(
    `${name}: median ${median(over).toFixed(2)} ms, least ${Math.min(...over).toFixed(2)} ms, p99 ${percentile(over, 0.99).toFixed(2)} ms (without it median ${median(without).toFixed(2)} ms, p99 ${percentile(without, 0.99).toFixed(2)} ms)`,
  );
  const off = percentile(over.map(Math.abs), 0.99);
  judge(`latency toxic of ${name}, off by at p99`, off, 'ms', (ms) => ms <= wantedMs, `≤ ${wantedMs}`);
}

async function post(url: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`${url}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}
