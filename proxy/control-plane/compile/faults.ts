import { type FaultSpec, faultSchema } from '../../api/fault.schema.ts';
import { type ResourceEntry, refOf } from '../../config/index.ts';
import { grpcStatusNumber } from '../../config/kinds/virtual-service.ts';
import type { DelayDistribution, FaultSnapshot } from '../../data-plane/snapshot.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import { parsePercent, parseSizeBytes } from '../../shared/size.ts';
import type { CompileContext } from './context.ts';
import { compileHttpMatch } from './http-match.ts';

/** Our Fault objects, oldest first; those that have expired are left out. */
export function compileFaults(context: CompileContext): FaultSnapshot[] {
  return context.set
    .list('Fault')
    .map((entry) => compileFault(context, entry))
    .filter((fault) => fault.expiresAt === null || fault.expiresAt > context.options.now);
}

function compileFault(context: CompileContext, entry: ResourceEntry): FaultSnapshot {
  const { resource } = entry;
  const { spec } = faultSchema.parse(resource.document);
  const { to, from, only, schedule } = spec;
  const expires = spec.expires === undefined ? null : parseDurationMs(spec.expires);
  const caller = from ? context.hosts.find(from.service, from.namespace ?? resource.namespace) : null;
  return {
    id: `${resource.namespace}/${resource.name}`,
    name: resource.name,
    namespace: resource.namespace,
    resource: refOf(resource),
    side: spec.side,
    toService: context.hosts.find(to.service, to.namespace ?? resource.namespace)?.fqdn ?? to.service,
    toVersion: to.version ?? '',
    toPort: to.port ?? 0,
    toWorkload: to.workload ?? '',
    fromService: caller ? `${caller.namespace}/${caller.name}` : from?.service === 'ingress' ? 'istio-system/ingress' : '',
    match: (spec.match ?? []).map(compileHttpMatch),
    percentage: spec.percentage,
    delay: spec.delay ? compileDelay(spec.delay) : null,
    abort: spec.abort ? compileAbort(spec.abort) : null,
    response: spec.response
      ? {
          truncateAfterBytes: spec.response.truncateAfter === undefined ? null : parseSizeBytes(spec.response.truncateAfter),
          bytesPerSecond: spec.response.bytesPerSecond === undefined ? null : parseSizeBytes(spec.response.bytesPerSecond),
          corruptPercent: spec.response.corrupt === undefined ? 0 : (parsePercent(spec.response.corrupt) ?? 0),
        }
      : null,
    ...(spec.tcp ? { tcp: spec.tcp } : {}),
    only: only ? { skip: only.skip ?? 0, first: only.first ?? null } : null,
    per: spec.per,
    schedule: schedule ? { afterMs: toMs(schedule.after) ?? 0, forMs: toMs(schedule.for), everyMs: toMs(schedule.every) } : null,
    expiresAt: expires === null ? null : entry.changedAt + expires,
    armedAt: entry.changedAt,
    seed: spec.seed ?? null,
    enabled: spec.enabled,
  };
}

function toMs(text: string | undefined): number | null {
  return text === undefined ? null : parseDurationMs(text);
}

function compileDelay(delay: NonNullable<FaultSpec['delay']>): DelayDistribution {
  const decode = (text: string): number => parseDurationMs(text) ?? 0;
  if ('fixed' in delay) return { kind: 'fixed', ms: decode(delay.fixed) };
  if ('uniform' in delay) return { kind: 'uniform', minMs: decode(delay.uniform.min), maxMs: decode(delay.uniform.max) };
  if ('normal' in delay) return { kind: 'normal', meanMs: decode(delay.normal.mean), stddevMs: decode(delay.normal.stddev) };
  return { kind: 'pareto', scaleMs: decode(delay.pareto.scale), shape: delay.pareto.shape };
}

function compileAbort(abort: NonNullable<FaultSpec['abort']>): FaultSnapshot['abort'] {
  if ('httpStatus' in abort) return { kind: 'http', status: abort.httpStatus };
  if ('grpcStatus' in abort) return { kind: 'grpc', status: grpcStatusNumber(abort.grpcStatus) ?? 2 };
  return { kind: 'reset' in abort ? 'reset' : 'hang' };
}
