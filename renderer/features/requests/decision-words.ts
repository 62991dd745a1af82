import type { ResourceRef } from '../../../proxy/api/diagnostic.schema.ts';
import type { Decision } from '../../../proxy/api/exchange.schema.ts';
import { formatMs } from '../../ui/format.ts';

/** `VirtualService default/reviews, http[1]` */
export function nameResource(ref: ResourceRef): string {
  const path = ref.path ? `, ${ref.path.replace(/^spec\./, '')}` : '';
  return `${ref.kind} ${ref.namespace}/${ref.name}${path}`;
}

export interface ClusterName {
  host: string;
  subset: string;
  port: string;
}

/** `outbound|9080|v1|reviews.default.svc.cluster.local` → its parts; other names stay whole in `host`. */
function splitCluster(cluster: string): ClusterName {
  const [, port, subset, host] = /^(?:outbound|inbound)\|(\d*)\|([^|]*)\|(.*)$/.exec(cluster) ?? [];
  return host === undefined ? { host: cluster, subset: '', port: '' } : { host, subset: subset ?? '', port: port ?? '' };
}

/** A short name for one share: its subset, else the service. */
function nameCluster(cluster: string): string {
  const { host, subset } = splitCluster(cluster);
  // Inbound clusters name no host: they lead to the process the sidecar stands before.
  return subset || host.split('.')[0] || 'the process itself';
}

export interface ShareWords {
  cluster: string;
  name: string;
  weight: number;
  /** 0..1 */
  share: number;
  /** The range of draws that picks it. */
  from: number;
  to: number;
  drawn: boolean;
}

/** Lays the weights end to end, in order, as the router does, and marks the one the draw fell into. */
export function layShares(decision: Decision): ShareWords[] {
  const total = decision.shares.reduce((sum, { weight }) => sum + weight, 0);
  let from = 0;
  return decision.shares.map(({ cluster, weight }) => {
    const to = from + weight;
    const drawn = decision.draw === null ? decision.shares.length === 1 : decision.draw >= from && decision.draw < to;
    const words = { cluster, name: nameCluster(cluster), weight, share: total > 0 ? weight / total : 0, from, to, drawn };
    from = to;
    return words;
  });
}

export function describeRule({ rule, virtualHost }: Decision): string {
  if (rule) return `${nameResource(rule)} matched.`;
  return virtualHost === '' ? 'No virtual host serves this authority.' : 'No rule matched; the service’s default route applied.';
}

export function describeDraw(decision: Decision): string {
  const shares = layShares(decision);
  const drawn = shares.find((share) => share.drawn);
  if (shares.length === 0) return 'There was no destination to choose.';
  if (decision.draw === null || !drawn) return `All requests go to ${shares.map((share) => share.name).join(', ')}.`;
  const total = shares.at(-1)?.to ?? 0;
  return `The draw was ${round(decision.draw)} of ${round(total)}: ${round(drawn.from)} to ${round(drawn.to)} goes to ${drawn.name}.`;
}

export function describeTimeout({ timeoutMs }: Decision): string {
  return timeoutMs === null || timeoutMs === 0
    ? 'No timeout: the caller waits as long as it takes.'
    : `At most ${formatMs(timeoutMs)} for all attempts together.`;
}

export function describeRetries({ retries }: Decision): string {
  if (!retries || retries.attempts === 0) return 'No retries.';
  const times = retries.attempts === 1 ? 'One retry' : `Up to ${retries.attempts} retries`;
  return `${times} on ${retries.retryOn.split(',').join(', ')}.`;
}

/** Where the retry setting came from, in words. */
export function describeRetrySource({ retries }: Decision): string {
  if (!retries) return '';
  return retries.from === 'default' ? 'Istio’s default; no rule asked for it' : `set by ${retries.from}`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
