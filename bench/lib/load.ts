import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Client } from 'undici';

export interface LoadTarget {
  /** host:port on loopback */
  address: string;
  /** Host header; the address when omitted. */
  host?: string;
}
export interface LoadOptions {
  seconds: number;
  connections: number;
}
export interface LoadResult {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Responses that were not 2xx or 3xx, and socket errors. */
  failures: number;
}

export const generator = existsSync('/usr/bin/wrk') ? 'wrk' : 'undici';

/** As many requests as go through: closed loop, kept connections. With wrk where it is installed, else with undici. */
export function runLoad(target: LoadTarget, options: LoadOptions): Promise<LoadResult> {
  return generator === 'wrk' ? runWrk(target, options) : runUndici(target, options);
}

async function runWrk({ address, host }: LoadTarget, { seconds, connections }: LoadOptions): Promise<LoadResult> {
  const child = spawn('wrk', [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--latency',
    ...(host ? ['-H', `Host: ${host}`] : []),
    `http://${address}/products/7?full=1`,
  ]);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await new Promise((resolve) => child.once('close', resolve));
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  const socketErrors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  return {
    requestsPerSecond: number(/Requests\/sec:\s+([\d.]+)/),
    p50Ms: toMs(/50%\s+([\d.]+\w+)/.exec(text)?.[1]),
    p99Ms: toMs(/99%\s+([\d.]+\w+)/.exec(text)?.[1]),
    failures: number(/Non-2xx or 3xx responses: (\d+)/) + socketErrors.reduce((sum, one) => sum + Number(one), 0),
  };
}

function toMs(text: string | undefined): number {
  const match = /^([\d.]+)(us|ms|s)$/.exec(text ?? '');
  if (!match) return Number.NaN;
  return Number(match[1]) * { us: 0.001, ms: 1, s: 1000 }[match[2] as 'us' | 'ms' | 's'];
}

async function runUndici({ address, host }: LoadTarget, { seconds, connections }: LoadOptions): Promise<LoadResult> {
  const times: number[] = [];
  let failures = 0;
  const until = performance.now() + seconds * 1000;
  const workers = Array.from({ length: connections }, async () => {
    const client = new Client(`http://${address}`, { pipelining: 1 });
    while (performance.now() < until) {
      const startedAt = performance.now();
      try {
        const { statusCode, body } = await client.request({
          path: '/products/7?full=1',
          method: 'GET',
          headers: host ? { host } : {},
        });
        await body.dump();
        if (statusCode >= 400) failures++;
      } catch {
        failures++; // counted is what the caller asks for
      }
      times.push(performance.now() - startedAt);
    }
    await client.close();
  });
  await Promise.all(workers);
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? Number.NaN;
  return { requestsPerSecond: times.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99), failures };
}
