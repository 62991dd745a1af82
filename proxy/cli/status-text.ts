import type { FaultStatus } from '../api/fault.schema.ts';
import { judgeShares, onlyCalls } from '../api/health.ts';
import type { ClusterStatus, Graph, GraphNode } from '../api/observability.schema.ts';
import type { Status, WorkloadStatus } from '../api/status.schema.ts';
import { milliseconds, type Output } from './output.ts';

/** Everything `drydock status` tells; its JSON is the status with the rest beside it. */
export interface StatusReport {
  status: Status;
  /** Of the last minute. */
  graph: Graph;
  faults: readonly FaultStatus[];
  clusters: readonly ClusterStatus[];
}

/** One caller's view of a host that is out. */
export interface EjectedHost {
  workload: string;
  by: string;
  reason: string;
  remainingMs: number;
}

export function printStatus(out: Output, report: StatusReport): void {
  printHead(out, report);
  printNotes(out, report);
  if (report.status.services.length === 0) {
    out.line();
    out.line('No services yet: name a process in a mesh file (drydock apply -f), or add one in the interface.');
    return;
  }
  out.line();
  printServices(out, report);
  out.line();
  printWorkloads(out, report);
}

/** Hosts out by outlier detection, one row for each caller that has them out. */
export function ejectedHosts(clusters: readonly ClusterStatus[]): EjectedHost[] {
  return clusters
    .flatMap(({ proxy, endpoints }) =>
      endpoints.flatMap(({ ejected, workload, address }) =>
        ejected === null
          ? []
          : [{ workload: workload || address, by: proxy, reason: ejected.reason, remainingMs: ejected.remainingMs }],
      ),
    )
    .sort((a, b) => a.workload.localeCompare(b.workload) || a.by.localeCompare(b.by));
}

// ── head ──

function printHead(out: Output, { status, graph }: StatusReport): void {
  const mark = status.health === 'ok' ? out.style('green', '✓ ok') : out.style('yellow', `▲ ${status.health}`);
  const memory = `${Math.round(status.memory.rssBytes / 1e6)} MB`;
  out.line(`${out.style('bold', status.name)}  ${mark}  pid ${status.pid}, up ${span(status.uptimeSeconds)}, ${memory}`);
  const perSecond = graph.edges.reduce((sum, edge) => sum + edge.rate, 0);
  const hop = status.hopOverheadMs;
  const cost = hop ? `, a hop adds ${milliseconds(hop.p50)} (p99 ${milliseconds(hop.p99)})` : '';
  const places = [
    ['Traffic', `${rate(perSecond)} in the last minute${cost}`],
    ['Interface', status.control.url],
    ['Ingress', status.ingress],
    ['OTLP', [status.otlp.http, status.otlp.grpc].filter((address) => address !== '').join(', gRPC ')],
    ['Toxiproxy', status.toxiproxy],
  ];
  for (const [name, place] of places) out.line(`${out.style('dim', (name ?? '').padEnd(9))}  ${place || 'none'}`);
}

/** What is not as it should be, and what was changed on purpose. */
function printNotes(out: Output, { status, faults, clusters }: StatusReport): void {
  for (const problem of status.problems) out.line(out.style('yellow', `▲ ${problem}`));
  for (const { id, service, recording, enabled, from, misses } of status.simulations ?? []) {
    const missed = misses === 0 ? '' : `, ${misses} missed`;
    const whom = from === '' ? '' : ` to ${from}`;
    const what = enabled ? `answers${whom} for ${service}` : `would answer${whom} for ${service}, but is off`;
    out.line(`◇ ${recording} ${what} (${id}${missed})`);
  }
  for (const { name, spec, state, hits, matched, expiresAt } of faults) {
    if (state !== 'armed' && state !== 'waiting') continue;
    const ends = expiresAt === null ? 'stays' : `ends in ${span((Date.parse(expiresAt) - Date.now()) / 1000)}`;
    const edge = `${spec.from?.service ?? 'anyone'} → ${spec.to.service}`;
    out.line(out.style('magenta', `⚡ fault ${name} ${state}: ${edge}, hit ${hits} of ${matched}, ${ends}`));
  }
  for (const { workload, callers, reason, remainingMs } of byWorkload(ejectedHosts(clusters)))
    out.line(out.style('red', `✖ ${workload} ejected by ${callers}: ${reason}, back in ${span(remainingMs / 1000)}`));
  for (const { id, drained } of status.workloads) if (drained) out.line(out.style('yellow', `▲ ${id} drained by hand`));
}

/** Many callers that have the same host out are one line. */
function byWorkload(hosts: readonly EjectedHost[]): { workload: string; callers: string; reason: string; remainingMs: number }[] {
  const grouped = new Map<string, EjectedHost[]>();
  for (const host of hosts) grouped.set(host.workload, [...(grouped.get(host.workload) ?? []), host]);
  return [...grouped].map(([workload, own]) => ({
    workload,
    callers: own.length === 1 ? own[0]!.by : `${own.length} callers`,
    reason: own[0]!.reason,
    remainingMs: Math.max(...own.map(({ remainingMs }) => remainingMs)),
  }));
}

// ── tables ──

function printServices(out: Output, { status, graph }: StatusReport): void {
  const rows = status.services.map((service) => {
    const node = graph.nodes.find(({ id }) => id === `${service.namespace}/${service.name}`);
    const ready = service.workloads.filter((id) => status.workloads.find((one) => one.id === id)?.health === 'ready').length;
    return [
      service.name,
      serviceHealth(out, node === undefined ? 'idle' : onlyCalls(node, graph.edges) ? 'calls' : node.health),
      rate(node?.rate ?? 0),
      errorsCell(out, node, graph),
      latency(node?.p50),
      latency(node?.p95),
      latency(node?.p99),
      `${ready} of ${service.workloads.length} ready`,
      service.ports.map(({ port, protocol }) => `${port} ${protocol}`).join(', '),
    ];
  });
  const header = ['SERVICE', 'HEALTH', 'RATE', 'ERRORS', 'P50', 'P95', 'P99', 'INSTANCES', 'PORTS'];
  out.table(header, rows, { drop: [8, 4, 6, 7], cut: [0] });
}

function printWorkloads(out: Output, { status, clusters }: StatusReport): void {
  const expiry = new Map(status.certificates.map((certificate) => [certificate.spiffeId, certificate.notAfter]));
  const ejected = new Set(ejectedHosts(clusters).map(({ workload }) => workload));
  const rows = status.workloads.map((one) => [
    one.id,
    workloadHealth(out, one, ejected.has(one.id)),
    one.app,
    one.outbound,
    one.inbound,
    expiryCell(out, expiry.get(one.spiffeId) ?? ''),
  ]);
  out.table(['WORKLOAD', 'HEALTH', 'APP', 'OUTBOUND', 'INBOUND', 'CERTIFICATE'], rows, { drop: [4, 5, 2], cut: [0] });
}

// ── cells ──

const serviceMarks = {
  ok: ['green', '●', 'healthy'],
  degraded: ['yellow', '▲', 'degraded'],
  failing: ['red', '■', 'failing'],
  down: ['red', '✖', 'down'],
  idle: ['dim', '○', 'no traffic'],
  calls: ['green', '●', 'calls only'],
} as const;

function serviceHealth(out: Output, health: keyof typeof serviceMarks): string {
  const [style, glyph, word] = serviceMarks[health];
  return out.isTerminal ? out.style(style, `${glyph} ${word}`) : word;
}

function errorsCell(out: Output, node: GraphNode | undefined, { thresholds }: Graph): string {
  if (!node || node.count === 0) return '-';
  const { errorShare, clientErrorShare = 0 } = node;
  const text = `${share(errorShare)}${clientErrorShare > 0 ? ` +${share(clientErrorShare)} 4xx` : ''}`;
  const level = judgeShares(node, thresholds);
  return level === 'ok' ? text : out.style(level === 'failing' ? 'red' : 'yellow', text);
}

function workloadHealth(out: Output, { health = '', drained }: WorkloadStatus, ejected: boolean): string {
  const word = [health, drained && 'drained', ejected && 'ejected'].filter(Boolean).join(', ');
  if (!out.isTerminal || word === '') return word;
  if (health === 'down' || health === 'exited' || ejected) return out.style('red', `✖ ${word}`);
  return word === 'ready' ? out.style('green', `✓ ${word}`) : out.style('yellow', `▲ ${word}`);
}

/** A person wants to know how long it holds, a script until when. */
function expiryCell(out: Output, notAfter: string): string {
  if (!out.isTerminal || notAfter === '') return notAfter;
  const seconds = (Date.parse(notAfter) - Date.now()) / 1000;
  return seconds > 0 ? `${span(seconds)} left` : out.style('red', '✖ expired');
}

const rate = (perSecond: number): string =>
  perSecond === 0 ? '0/s' : perSecond < 0.1 ? '<0.1/s' : `${perSecond < 100 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`;

const latency = (ms: number | null | undefined): string => (ms === null || ms === undefined ? '-' : milliseconds(ms));

const share = (part: number): string => `${part > 0 && part < 0.1 ? (part * 100).toFixed(1) : Math.round(part * 100)} %`;

/** `41 s`, `9 min`, `2 h 05 min`, `3 d` */
function span(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, '0')} min` : `${Math.floor(hours / 24)} d`;
}
