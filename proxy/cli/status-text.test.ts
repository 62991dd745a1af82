import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { ClusterStatus, GraphEdge, GraphNode } from '../api/observability.schema.ts';
import type { Status, WorkloadStatus } from '../api/status.schema.ts';
import { widthOf } from './columns.ts';
import { Output } from './output.ts';
import { printStatus, type StatusReport } from './status-text.ts';

const workload = (id: string, service: string, more: Partial<WorkloadStatus> = {}): WorkloadStatus => ({
  ...{ id, service, namespace: 'default', version: 'v1', app: '127.0.0.1:3001', inbound: '127.0.0.1:41001' },
  ...{ outbound: 'http://127.0.0.1:41002', upstreams: {}, spiffeId: `spiffe://cluster.local/ns/default/sa/${service}` },
  ...{ health: 'ready', ...more },
});
const node = (name: string, more: Partial<GraphNode> = {}): GraphNode => ({
  ...{ id: `default/${name}`, kind: 'service', name, namespace: 'default', protocol: 'http', versions: [], health: 'ok' },
  ...{ rate: 12.5, count: 750, errorShare: 0, p50: 3, p95: 12, p99: 1200, ...more },
});
function report(services: readonly string[], more: { nodes?: GraphNode[]; workloads?: WorkloadStatus[] } = {}): StatusReport {
  const workloads = more.workloads ?? services.map((name) => workload(`${name}-v1-0`, name));
  const status = {
    ...{ name: 'shop', health: 'ok', pid: 1, uptimeSeconds: 61, memory: { rssBytes: 1e8 }, problems: [], simulations: [] },
    ...{ control: { url: 'http://127.0.0.1:1', token: '' }, ingress: 'http://127.0.0.1:2', toxiproxy: '' },
    ...{ otlp: { http: 'http://127.0.0.1:4318', grpc: '' }, certificates: [], hopOverheadMs: { p50: 0.2, p99: 1 }, workloads },
    services: services.map((name) => ({
      ...{ name, namespace: 'default', ports: [{ name: 'http', port: 80, protocol: 'http' }] },
      workloads: workloads.filter(({ service }) => service === name).map(({ id }) => id),
    })),
  } as unknown as Status;
  const nodes = more.nodes ?? services.map((name) => node(name));
  return { status, graph: { time: '', windowSeconds: 60, nodes, edges: [] }, faults: [], clusters: [] };
}
function read(given: StatusReport, options: { isTerminal?: boolean; colour?: boolean; columns?: number } = {}): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const { isTerminal = true, colour = false, columns } = options;
  printStatus(new Output({ isTerminal, colour, columns: () => columns, write, writeError: write }), given);
  return text;
}

describe('drydock status', () => {
  test('tells what each service does, and marks what is wrong in words', () => {
    const nodes = [
      node('pay', { health: 'failing', errorShare: 0.31 }),
      node('web', { health: 'degraded', errorShare: 0, clientErrorShare: 0.12 }),
      node('idle', { health: 'idle', count: 0, rate: 0, p50: null, p95: null, p99: null }),
    ];
    const text = read(report(['pay', 'web', 'idle'], { nodes }), { columns: 160 });
    expect(text).toMatch(/pay +■ failing +12\.5\/s +31 % +3\.0 ms +12 ms +1\.20 s +1 of 1 ready +80 http/);
    expect(text).toMatch(/web +▲ degraded +12\.5\/s +0 % \+12 % 4xx/);
    expect(text).toMatch(/idle +○ no traffic +0\/s +- +- +- +-/);
    expect(text).toContain('a hop adds 0.2 ms (p99 1.0 ms)');
  });

  test('a service that only calls others is not without traffic: the words of the topology', () => {
    const still = { health: 'idle', count: 0, rate: 0, p50: null, p95: null, p99: null } as const;
    const given = report(['web', 'pay', 'spare'], { nodes: [node('web', still), node('pay'), node('spare', still)] });
    const edge = { id: '', from: 'default/web', to: 'default/pay', rate: 12.5, count: 750 };
    const text = read({ ...given, graph: { ...given.graph, edges: [edge as GraphEdge] } }, { columns: 160 });
    expect(text).toMatch(/web +● calls only +0\/s/);
    expect(text).toMatch(/pay +● healthy +12\.5\/s/);
    expect(text).toMatch(/spare +○ no traffic +0\/s/);
  });

  test('tells who is ejected by whom, who is drained, and which faults act', () => {
    const given = report(['pay', 'web'], {
      workloads: [workload('pay-v1-0', 'pay', { drained: true }), workload('pay-v1-1', 'pay'), workload('web-v1-0', 'web')],
    });
    const endpoint = { workload: 'pay-v1-1', address: 'x', ejected: { reason: 'consecutive-5xx', remainingMs: 12_000 } };
    const clusters = ['web-v1-0', 'ingress'].map((proxy) => ({ proxy, endpoints: [endpoint] })) as unknown as ClusterStatus[];
    const fault = { name: 'slow', state: 'armed', spec: { to: { service: 'pay' } }, hits: 3, matched: 9, expiresAt: null };
    const text = read({ ...given, clusters, faults: [fault as never] }, { columns: 120 });
    expect(text).toContain('✖ pay-v1-1 ejected by 2 callers: consecutive-5xx, back in 12 s');
    expect(text).toContain('▲ pay-v1-0 drained by hand');
    expect(text).toContain('⚡ fault slow armed: anyone → pay, hit 3 of 9, stays');
    expect(text).toMatch(/pay-v1-0 +▲ ready, drained/);
    expect(text).toMatch(/pay-v1-1 +✖ ready, ejected/);
  });

  test('fits every terminal, a name of any length is cut, and columns stand where they stood', () => {
    const names = ['a', 'a-service-with-a-name-that-nobody-thought-about-when-it-was-given'];
    for (let columns = 60; columns <= 200; columns += 20) {
      const lines = read(report(names), { columns, colour: true }).split('\n');
      const table = lines.slice(lines.findIndex((line) => stripVTControlCharacters(line).startsWith('SERVICE')));
      expect(Math.max(...table.map(widthOf)), `${columns} columns`).toBeLessThanOrEqual(columns);
    }
  });

  test('in a pipe it is whole, between tabs, without glyphs or colours', () => {
    const text = read(report(['pay']), { isTerminal: false });
    expect(text).toContain('pay\thealthy\t12.5/s\t0 %\t3.0 ms\t12 ms\t1.20 s\t1 of 1 ready\t80 http\n');
    expect(text).toContain('pay-v1-0\tready\t127.0.0.1:3001\t');
    expect(text).toBe(stripVTControlCharacters(text));
  });

  test('an empty mesh says what to do', () => {
    expect(read(report([]))).toContain('No services yet');
  });
});
