import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { ReplayAnswer, ReplayCall, ReplaySend } from '../recorder/replay.ts';
import type { Committed } from './apply.ts';
import { describeWorkloads, splitAddress } from './workloads.ts';

const timeoutMs = 60_000;
const maxAnswerBytes = 16 * 1024 * 1024;
const skipped = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'host',
  'upgrade',
  'te',
  'proxy-connection',
  'traceparent',
]);

/** Sends a recorded call again where it first came from: the source's own outbound port, or the ingress. Loopback only. */
export function createReplaySend(current: () => Committed): ReplaySend {
  return async (call) => {
    const target = findEntry(current(), call);
    if (typeof target === 'string') return failed(target);
    return sendOnce(call, target);
  };
}

function findEntry(committed: Committed, call: ReplayCall): { host: string; port: number } | string {
  const workloads = describeWorkloads(committed, () => null);
  if (call.override) {
    // A version cannot be named in a request, so it is sent to that version's own sidecar.
    const { service, version } = call.override;
    const found = workloads.find((workload) => workload.service === service && workload.version === version);
    return (found && splitAddress(found.inbound)) ?? `No workload of ${service} has version ${version}`;
  }
  const { source } = call;
  if (source.kind === 'ingress') {
    const ingress = committed.bound.find((listener) => listener.proxy === 'ingress');
    return ingress ? { host: ingress.host, port: ingress.port } : 'There is no ingress gateway';
  }
  const workload =
    workloads.find((one) => one.id === source.workload) ??
    workloads.find((one) => one.service === source.service && one.namespace === source.namespace);
  if (!workload) return `The source ${source.workload || source.service} is not in the mesh any more`;
  const at = new URL(workload.outbound);
  return { host: at.hostname, port: Number(at.port) };
}

function sendOnce(call: ReplayCall, target: { host: string; port: number }): Promise<ReplayAnswer> {
  const started = performance.now();
  const traceId = randomBytes(16).toString('hex');
  const headers = call.headers.filter(([name]) => !skipped.has(name.toLowerCase()) && !name.startsWith(':'));
  headers.push(['host', call.authority], ['traceparent', `00-${traceId}-${randomBytes(8).toString('hex')}-01`]);
  if (call.body.length > 0) headers.push(['content-length', String(call.body.length)]);
  return new Promise((resolve) => {
    const finish = (answer: Partial<ReplayAnswer>) =>
      resolve({
        status: 0,
        headers: [],
        body: Buffer.alloc(0),
        error: '',
        ...answer,
        traceId,
        durationMs: performance.now() - started,
      });
    const options = {
      ...target,
      method: call.method,
      path: call.path,
      headers: headers.flat(),
      agent: false,
      signal: call.signal,
    };
    const request = http.request({ ...options, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxAnswerBytes) chunks.push(chunk);
      });
      response.on('end', () =>
        finish({ status: response.statusCode ?? 0, headers: pairs(response.rawHeaders), body: Buffer.concat(chunks) }),
      );
      response.on('error', (error) => finish({ error: error.message }));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)));
    request.on('error', (error) => finish({ error: (error as NodeJS.ErrnoException).code ?? error.message }));
    request.end(call.body);
  });
}

function pairs(raw: string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, i) => [raw[i * 2]!.toLowerCase(), raw[i * 2 + 1]!]);
}

function failed(error: string): ReplayAnswer {
  return { status: 0, headers: [], body: Buffer.alloc(0), traceId: '', durationMs: 0, error };
}
