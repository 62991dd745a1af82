import type { RetriesSpec } from '../../config/kinds/istio-types.ts';
import type { RetryPolicy } from '../../data-plane/snapshot.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import type { CompileContext } from './context.ts';

/** Istio's default conditions since 1.24 (503 left the list). */
const defaultConditions = ['connect-failure', 'refused-stream', 'unavailable', 'cancelled', 'retriable-status-codes'];

/** What applies when a route says nothing: the mesh's defaultHttpRetryPolicy, else Istio's. */
export function defaultRetryPolicy(context: CompileContext, hashed: boolean): RetryPolicy | null {
  const mesh = context.mesh.defaultHttpRetryPolicy as RetriesSpec | undefined;
  return mesh ? compileRetries(mesh, null, hashed, 'mesh') : compileRetries({ attempts: 2 }, null, hashed, 'default');
}

/**
 * A `retries` block; null when attempts is 0 or left out: a block without attempts switches retries off. `hashed`: some destination uses a consistent hash, where Istio leaves out the
 * previous_hosts predicate. Source: istio pilot/pkg/networking/core/route/retry, envoy route.RetryPolicy.
 */
export function compileRetries(spec: RetriesSpec, timeoutMs: number | null, hashed: boolean, from: string): RetryPolicy | null {
  const attempts = spec.attempts ?? 0;
  if (attempts === 0) return null;
  const retryOn: string[] = [];
  const codes: number[] = [];
  for (const part of (spec.retryOn ?? '').split(',').map((p) => p.trim())) {
    if (part === '') continue;
    if (/^\d{3}$/.test(part)) codes.push(Number(part));
    else retryOn.push(part);
  }
  const conditions = spec.retryOn ? retryOn : [...defaultConditions];
  if (codes.length > 0 && !conditions.includes('retriable-status-codes')) conditions.push('retriable-status-codes');
  const perTry = spec.perTryTimeout === undefined ? null : parseDurationMs(spec.perTryTimeout) || null;
  const base = (spec.backoff === undefined ? null : parseDurationMs(spec.backoff)) || 25;
  const predicate = spec.retryIgnorePreviousHosts ?? !hashed;
  return {
    attempts,
    retryOn: conditions,
    retriableStatusCodes: codes,
    // Envoy ignores a per-try timeout that the route's timeout would cut anyway.
    perTryTimeoutMs: perTry !== null && timeoutMs !== null && perTry >= timeoutMs ? null : perTry,
    backoffBaseMs: base,
    backoffMaxMs: base * 10,
    hostSelectionRetries: predicate ? 5 : 0,
    ...(spec.retryRemoteLocalities ? { previousPriorities: true } : {}),
    from,
  };
}

/**
 * Inbound sidecars try again when the request had not left yet; not for gRPC or TCP ports. The mesh's defaultInboundHttpRetryPolicy
 * replaces it by its attempts, retryOn and backoff; without attempts there are no retries.
 */
export function inboundRetryPolicy(context: CompileContext): RetryPolicy | null {
  const mesh = context.mesh.defaultInboundHttpRetryPolicy as RetriesSpec | undefined;
  const { attempts, retryOn, backoff } = mesh ?? { attempts: 2 };
  const spec = { attempts, retryOn: retryOn || 'reset-before-request', backoff, retryIgnorePreviousHosts: false };
  return compileRetries(spec, null, false, mesh ? 'mesh' : 'default');
}
