/* How much longer than asked an injected delay takes: the response time with the delay, less the delay, less the same route without it. */
import { Client } from 'undici';
import { startApp } from './lib/app.ts';
import { EngineProcess, inTemporaryFolder, sleep } from './lib/engine-process.ts';
import { judge, median, numberOption, percentile } from './lib/figures.ts';
import { policedPair } from './lib/meshes.ts';

const requests = numberOption('requests', 400);
const delaysMs = [5, 20, 50];

await inTemporaryFolder(async (home) => {
  const app = await startApp();
  const engine = await EngineProcess.start({ home, yaml: policedPair(app.port, 'STRICT') });
  const client = new Client(`http://${engine.address('web-v1-0', 'outbound')}`);
  await measure(client, requests * 2, '/products/0');
  for (const delayMs of delaysMs) {
    await engine.apply(delayed(delayMs));
    await measure(client, 20, '/products/0');
    const plain: number[] = [];
    const slow: number[] = [];
    // Turn about, so that what the machine does else meets both; the plain one after the same rest, because everything sleeps meanwhile.
    for (let i = 0; i < requests; i++) {
      await sleep(delayMs);
      plain.push(...(await measure(client, 1, '/products/plain')));
      slow.push(...(await measure(client, 1, '/products/slow')));
    }
    const over = slow.map((ms) => ms - delayMs - median(plain));
    console.log(
      `${delayMs} ms asked: median +${median(over).toFixed(2)} ms, p99 +${percentile(over, 0.99).toFixed(2)} ms, least ${Math.min(...over).toFixed(2)} ms (without it ${median(plain).toFixed(2)} ms, p99 ${percentile(plain, 0.99).toFixed(2)} ms)`,
    );
    const p99Over = percentile(slow, 0.99) - delayMs - percentile(plain, 0.99);
    judge(`delay of ${delayMs} ms, median over`, median(over), 'ms', (ms) => ms <= 2, '≤ 2');
    judge(`delay of ${delayMs} ms, p99 over the p99 without it`, p99Over, 'ms', (ms) => ms <= 2, '≤ 2');
  }
  await client.close();
  await engine.stop();
  app.close();
});

async function measure(client: Client, count: number, path: string): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now();
    const { statusCode, body } = await client.request({ method: 'GET', path, headers: { host: 'reviews:9080' } });
    await body.dump();
    if (statusCode !== 200) throw new Error(`status ${statusCode}`);
    times.push(performance.now() - startedAt);
  }
  return times;
}

function delayed(delayMs: number): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
    - name: slow
      match: [{ uri: { exact: /products/slow } }]
      fault: { delay: { percentage: { value: 100 }, fixedDelay: ${delayMs}ms } }
      route: [{ destination: { host: reviews, subset: v1 } }]
    - name: plain
      route: [{ destination: { host: reviews, subset: v1 } }]
`;
}
