import type { FaultRequest, FaultSpec, FaultStatus } from '../../../proxy/api/fault.schema.ts';
import type { GraphEdge } from '../../../proxy/api/observability.schema.ts';
import { describeToxic, toxicName } from '../faults/toxic-words.ts';
import { shortName } from './short-name.ts';

const namespaceOf = (id: string): string => (id.includes('/') ? id.slice(0, id.lastIndexOf('/')) : '');

/** Faults that act, or wait for their turn, on the calls of this edge: those meant for it and those meant for every caller. */
export function faultsOnEdge(faults: readonly FaultStatus[], edge: Pick<GraphEdge, 'from' | 'to'>): FaultStatus[] {
  return faults.filter(({ spec, namespace, state }) => {
    if (state !== 'armed' && state !== 'waiting') return false;
    if (spec.to.service !== shortName(edge.to) || (spec.to.namespace ?? namespace) !== namespaceOf(edge.to)) return false;
    if (!spec.from) return true;
    if (spec.from.service !== shortName(edge.from)) return false;
    return edge.from === 'ingress' || (spec.from.namespace ?? namespace) === namespaceOf(edge.from);
  });
}

/** The two-click faults: on the server's side, so that the caller's retries, timeout and ejection react as they would to a real failure. */
export const quickFaults = {
  delay: { label: 'Delay 500 ms', effect: { delay: { fixed: '500ms' } } },
  error: { label: 'Error 503', effect: { abort: { httpStatus: 503 } } },
} as const satisfies Record<string, { label: string; effect: Partial<FaultSpec> }>;

/** The same button twice arms the same fault again instead of a second one: its name comes from the edge. */
export function quickFault(edge: Pick<GraphEdge, 'from' | 'to'>, kind: keyof typeof quickFaults): FaultRequest {
  const [from, to] = [shortName(edge.from), shortName(edge.to)];
  const anyCaller = edge.from === 'outside';
  const name = `${kind}-${anyCaller ? 'any' : from}-${to}`.slice(0, 63).replace(/[^a-z0-9-]+/g, '-');
  return {
    name,
    namespace: namespaceOf(edge.to) || undefined,
    spec: {
      to: { service: to, namespace: namespaceOf(edge.to) || undefined },
      from: anyCaller ? undefined : { service: from, namespace: namespaceOf(edge.from) || undefined },
      side: 'server',
      percentage: 100,
      per: 'request',
      enabled: true,
      ...quickFaults[kind].effect,
    },
  };
}

/** `Delay 500ms`, `Error 503, body cut after 1KiB for 30 % on v2`. */
export function describeFault(spec: FaultSpec): string {
  const target = spec.to.workload ?? spec.to.version;
  return `${describeEffect(spec)}${target ? ` on ${target}` : ''}${spec.match?.length ? ', some requests' : ''}`;
}

/** The same without whom it meets: `Error 503 for 30 %`. */
export function describeEffect(spec: FaultSpec): string {
  const parts: string[] = [];
  if (spec.delay) parts.push(describeDelay(spec.delay));
  if (spec.abort) parts.push(describeAbort(spec.abort));
  if (spec.response?.truncateAfter !== undefined) parts.push(`body cut after ${spec.response.truncateAfter}`);
  if (spec.response?.bytesPerSecond !== undefined) parts.push(`body at ${spec.response.bytesPerSecond}/s`);
  if (spec.response?.corrupt !== undefined) parts.push(`body corrupted ${spec.response.corrupt}`);
  for (const toxic of spec.tcp ?? []) parts.push(describeToxic(toxic));
  const text = parts.join(', ') || 'nothing';
  const words = text.charAt(0).toUpperCase() + text.slice(1);
  return `${words}${spec.percentage === 100 ? '' : ` for ${spec.percentage}\u00a0%`}`;
}

/** One or two words for a badge: `503`, `+500ms`, `flapping link`. */
export function briefFault(spec: FaultSpec): string {
  const [toxic] = spec.tcp ?? [];
  if (toxic) return `${toxicName(toxic.type).toLowerCase()}${(spec.tcp?.length ?? 0) > 1 ? ' +' : ''}`;
  if (spec.abort)
    return 'httpStatus' in spec.abort ? String(spec.abort.httpStatus) : describeAbort(spec.abort).replace('connection ', '');
  if (spec.delay) return 'fixed' in spec.delay ? `+${spec.delay.fixed}` : 'delay';
  return 'body';
}

function describeDelay(delay: NonNullable<FaultSpec['delay']>): string {
  if ('fixed' in delay) return `delay ${delay.fixed}`;
  if ('uniform' in delay) return `delay ${delay.uniform.min}–${delay.uniform.max}`;
  if ('normal' in delay) return `delay about ${delay.normal.mean} ± ${delay.normal.stddev}`;
  return `delay from ${delay.pareto.scale}, long tail`;
}

function describeAbort(abort: NonNullable<FaultSpec['abort']>): string {
  if ('httpStatus' in abort) return `error ${abort.httpStatus}`;
  if ('grpcStatus' in abort) return `gRPC ${abort.grpcStatus}`;
  return 'reset' in abort ? 'connection reset' : 'no answer';
}
