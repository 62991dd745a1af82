import type { ClusterStatus, MeshEvent } from '../../../proxy/api/observability.schema.ts';
import type { ChartMark } from '../../ui/charts/line-chart.tsx';
import type { Tone } from '../../ui/surface.tsx';

type Endpoint = ClusterStatus['endpoints'][number];

export interface BreakerWord {
  tone: Tone;
  glyph: string;
  text: string;
}

/** The breaker's state in the words Envoy's mechanics allow: there is no half-open state, so there is no such word. */
export function describeBreaker(cluster: Pick<ClusterStatus, 'state' | 'endpoints'>): BreakerWord {
  const ejected = cluster.endpoints.filter((endpoint) => endpoint.ejected !== null).length;
  if (cluster.state === 'no-healthy-host') return { tone: 'bad', glyph: '✖', text: 'No healthy host' };
  if (cluster.state === 'ejected') return { tone: 'warn', glyph: '▲', text: `Ejected ${ejected} of ${cluster.endpoints.length}` };
  if (cluster.state === 'overflow') return { tone: 'bad', glyph: '■', text: 'Overflow' };
  return { tone: 'ok', glyph: '●', text: 'Healthy' };
}

const severity: Record<ClusterStatus['state'], number> = { 'no-healthy-host': 0, overflow: 1, ejected: 2, healthy: 3 };

/** What is broken first, then by caller and subset. */
export function sortClusters(clusters: readonly ClusterStatus[]): ClusterStatus[] {
  return [...clusters].sort(
    (a, b) => severity[a.state] - severity[b.state] || a.proxy.localeCompare(b.proxy) || a.subset.localeCompare(b.subset),
  );
}

/**
 * Why this cluster's outlier detection cannot eject a single host, before it ever should have; null when it can. Envoy compares
 * floor(hosts × maxEjectionPercent) with the hosts already ejected.
 */
export function explainInertEjection(cluster: Pick<ClusterStatus, 'outlierDetection' | 'endpoints'>): string | null {
  const hosts = cluster.endpoints.length;
  const percent = cluster.outlierDetection?.maxEjectionPercent;
  if (percent === undefined || hosts === 0 || Math.floor((hosts * percent) / 100) >= 1) return null;
  return `${percent} % of ${hosts === 1 ? '1 host' : `${hosts} hosts`} = 0: no ejection possible.`;
}

export const limitWords: Record<string, string> = {
  maxConnections: 'Connections',
  http1MaxPendingRequests: 'Pending requests',
  http2MaxRequests: 'Requests in flight',
  maxRetries: 'Retries in flight',
};

/** One instance of the service, as all its callers together see it. */
export interface InstanceRow {
  address: string;
  workload: string;
  version: string;
  healthy: boolean;
  drained: boolean;
  /** Callers' sidecars that know it, and whether any of them detects outliers. */
  callers: Set<string>;
  detected: boolean;
  requests: number;
  errors: number;
  active: number;
  /** The highest count of any caller: each sidecar counts for itself. */
  consecutive5xx: number;
  ejections: { by: string; ejected: NonNullable<Endpoint['ejected']> }[];
}

export function gatherInstances(clusters: readonly ClusterStatus[]): InstanceRow[] {
  const rows = new Map<string, InstanceRow>();
  for (const cluster of clusters)
    for (const endpoint of cluster.endpoints) {
      const { address, workload, version } = endpoint;
      const row: InstanceRow = rows.get(address) ?? {
        address,
        workload,
        version,
        healthy: true,
        drained: false,
        callers: new Set(),
        detected: false,
        requests: 0,
        errors: 0,
        active: 0,
        consecutive5xx: 0,
        ejections: [],
      };
      rows.set(address, row);
      row.healthy &&= endpoint.healthy;
      row.drained ||= endpoint.drained === true;
      row.callers.add(cluster.proxy);
      row.detected ||= cluster.outlierDetection !== null;
      row.requests += endpoint.requests;
      row.errors += endpoint.errors;
      row.active += endpoint.activeRequests;
      row.consecutive5xx = Math.max(row.consecutive5xx, endpoint.consecutive5xx);
      const by = cluster.subset ? `${cluster.proxy} (${cluster.subset})` : cluster.proxy;
      if (endpoint.ejected) row.ejections.push({ by, ejected: endpoint.ejected });
    }
  return [...rows.values()].sort((a, b) => a.workload.localeCompare(b.workload));
}

/** When a caller's sidecar took a host in again, unless it has ejected it since: `proxy endpoint` → ISO time. */
export function findReturned(events: readonly MeshEvent[]): ReadonlyMap<string, string> {
  const latest = new Map<string, MeshEvent>();
  for (const event of events) {
    if (event.type !== 'endpoint.returned' && event.type !== 'endpoint.ejected') continue;
    const key = `${event.data.proxy} ${event.data.endpoint}`;
    if (!latest.has(key)) latest.set(key, event);
  }
  return new Map([...latest].filter(([, { type }]) => type === 'endpoint.returned').map(([key, { time }]) => [key, time]));
}

/** 2000 → `2 s`, 15000 → `15 s`, 1500 → `1.5 s`, 300 → `300 ms`: set values, not measured ones. */
export function formatSetting(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}

/** A counter read at some moments; newest last. */
export interface CounterSample {
  timeMs: number;
  counts: ReadonlyMap<string, number>;
}

const rateSpanMs = 10_000;

/** Keeps what is needed for a rate over the last ten seconds. A counter that fell belongs to a new engine and starts anew. */
export function addSample(samples: readonly CounterSample[], sample: CounterSample): CounterSample[] {
  const last = samples.at(-1);
  const restarted = last && [...sample.counts].some(([key, count]) => count < (last.counts.get(key) ?? 0));
  const kept = restarted ? [] : samples.filter(({ timeMs }) => sample.timeMs - timeMs <= rateSpanMs);
  return [...kept, sample];
}

/** Per second between the oldest and the newest sample; null before there are two. */
export function rateOf(samples: readonly CounterSample[], key: string): number | null {
  const [first, last] = [samples.find(({ counts }) => counts.has(key)), samples.at(-1)];
  if (!first || !last || first === last || last.timeMs <= first.timeMs) return null;
  return ((last.counts.get(key) ?? 0) - (first.counts.get(key) ?? 0)) / ((last.timeMs - first.timeMs) / 1000);
}

/** `http1MaxPendingRequests of outbound|9080|v2|pay.default.svc.cluster.local is used up` → `Pending requests of web-v1-0 to pay v2 are used up`. */
export function eventWords({ type, message, data }: MeshEvent): string {
  if (type !== 'cluster.overflow') return message;
  const [side = '', , subset = '', host = ''] = String(data.cluster ?? '').split('|');
  const limit = limitWords[String(data.limit)] ?? String(data.limit);
  const to = side === 'inbound' ? 'its own app' : [host.split('.')[0], subset].filter(Boolean).join(' ');
  return `${limit} of ${String(data.proxy)} to ${to} are used up`;
}

const markTones: readonly [prefix: string, tone: NonNullable<ChartMark['tone']>, word: (event: MeshEvent) => string | null][] = [
  ['fault.armed', 'fault', () => 'fault'],
  ['fault.', 'info', () => 'fault off'],
  ['endpoint.ejected', 'bad', () => 'ejected'],
  ['endpoint.returned', 'info', () => 'returned'],
  ['endpoint.drained', 'bad', () => 'drained'],
  ['endpoint.restored', 'info', () => 'restored'],
  ['cluster.overflow', 'bad', () => 'overflow'],
  ['data-plane.crashed', 'bad', () => 'data plane crashed'],
  ['data-plane.recovered', 'info', () => 'recovered'],
  ['service.started', 'info', () => 'started'],
  ['service.stopped', 'info', () => 'stopped'],
  ['certificate.broken', 'fault', () => 'certificate broken'],
  ['service.exited', 'bad', () => 'exited'],
  ['service.down', 'bad', () => 'down'],
  ['service.blocked', 'bad', () => 'port taken'],
  ['service.moved', 'info', () => 'moved'],
  ['service.ready', 'info', () => 'ready'],
  ['config.applied', 'info', () => 'config'],
];

/** Is the event about this service: its name, one of its workloads, an edge to or from it, or a fault for it. */
export function concerns(event: MeshEvent, service: string, workloads: readonly string[]): boolean {
  const { subject } = event;
  if (subject === 'data-plane') return true;
  if (subject === service || workloads.includes(subject)) return true;
  if (subject.split(/->|→|\//).some((part) => part.trim() === service || workloads.includes(part.trim()))) return true;
  const words = `${subject} ${event.message}`.split(/[^A-Za-z0-9]+/);
  const parts = service.split('-');
  return words.some((_, at) => parts.every((part, offset) => words[at + offset] === part));
}

/**
 * The same thing told twice stays once: a fault's end has its own event beside the resource's, and a fault that is removed is over as well.
 * Newest first, as given.
 */
export function dropEchoes(events: readonly MeshEvent[]): MeshEvent[] {
  const ended = new Set<string>();
  return events.filter(({ type, subject, message, time }) => {
    if (type === 'config.applied' && message.startsWith('Fault ')) return false;
    if (type !== 'fault.removed' && type !== 'fault.expired') return true;
    const key = `${subject} ${Math.floor(Date.parse(time) / 2000)}`;
    if (ended.has(key)) return false;
    ended.add(key);
    return true;
  });
}

/** Sidecars hold a cluster towards their own process too; breakers and ejection are about the callers' side. */
export const isOutbound = (cluster: Pick<ClusterStatus, 'cluster'>): boolean => !cluster.cluster.startsWith('inbound');

/** Slots within which the same thing again is the same mark: lines side by side would hide what they mark. */
const sameMarkSlots = 4;

/** Marks for the charts: what changed the behaviour, oldest first. The same again soon after is counted, and drawn once. */
export function eventMarks(events: readonly MeshEvent[], stepSeconds: number): ChartMark[] {
  const marks: (ChartMark & { lastMs: number; count: number })[] = [];
  const latest = new Map<string, (typeof marks)[number]>();
  for (const event of events.toReversed()) {
    const found = markTones.find(([prefix]) => event.type.startsWith(prefix));
    const label = found?.[2](event);
    if (!found || !label) continue;
    const time = Date.parse(event.time);
    const before = latest.get(label);
    if (before && time - before.lastMs < sameMarkSlots * stepSeconds * 1000) {
      before.lastMs = time;
      before.count++;
      continue;
    }
    const mark = { time, label, detail: eventWords(event), tone: found[1], lastMs: time, count: 1 };
    latest.set(label, mark);
    marks.push(mark);
  }
  return marks.map(({ lastMs: _lastMs, count, ...mark }) =>
    count === 1 ? mark : { ...mark, label: `${mark.label} ×${count}`, detail: `${mark.detail}, and ${count - 1} more like it` },
  );
}

const ordinals = ['first', 'second', 'third'];
/** 2 → `second`, 4 → `4th`, 21 → `21st`. */
export function ordinal(count: number): string {
  const word = ordinals[count - 1];
  if (word) return word;
  const ending = count % 100 > 10 && count % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${ending}`;
}
