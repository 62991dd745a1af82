import type { Explanation } from '../../../proxy/api/explain.schema.ts';
import type { ClusterStatus } from '../../../proxy/api/observability.schema.ts';
import type { FaultForm } from './fault-form.ts';

/** Whether one of the caller's defences meets the fault, and why. */
export interface Reaction {
  what: 'Retries' | 'Ejection' | 'Caller’s timeout';
  /** `rarely`: it can, but hardly will. */
  will: 'yes' | 'no' | 'rarely';
  why: string;
  /** The pool whose maxEjectionPercent lets no host go: it can be set right from here. */
  inert?: ClusterStatus;
}

/**
 * What the caller's sidecar will do about the fault. In the caller's own sidecar it acts before the router (Istio's place for it): nothing there ever
 * sees it. In the callee's it looks like an upstream that misbehaves, and what is configured decides; `explanation` null: only the place is known.
 */
export function reactionsOf(form: FaultForm, explanation: Explanation | null): Reaction[] {
  if (form.side === 'client' && form.effect === 'requests') {
    const why = 'Istio’s filter stands before the router';
    return (['Retries', 'Ejection', 'Caller’s timeout'] as const).map((what) => ({ what, will: 'no', why }));
  }
  if (explanation === null) {
    return (['Retries', 'Ejection', 'Caller’s timeout'] as const).map((what) => ({ what, will: 'yes', why: 'where configured' }));
  }
  return [
    { what: 'Retries', ...retriesOf(form, explanation) },
    { what: 'Ejection', ...ejectionOf(form, explanation) },
    { what: 'Caller’s timeout', ...timeoutOf(form, explanation) },
  ];
}

type Verdict = Omit<Reaction, 'what'>;

/** `5xx,reset` as Envoy reads it: does it name how this fault fails? */
function retriesOf(form: FaultForm, { retries, perTryTimeoutMs }: Explanation): Verdict {
  const policy = retries.value;
  if (policy === null || policy.attempts === 0) return { will: 'no', why: 'the route has none' };
  const on = policy.retryOn.split(',').map((word) => word.trim());
  const by = retries.from === 'default' ? 'Istio’s default list' : policy.retryOn;
  const times = `${policy.attempts}×`;
  const says = (words: readonly string[], failure: string): Verdict =>
    words.some((word) => on.includes(word))
      ? { will: 'yes', why: `${times} on ${failure}` }
      : { will: 'no', why: `${by} does not include ${failure}` };
  if (form.effect === 'toxics')
    return breaks(form) ? says(['reset', '5xx'], 'resets') : { will: 'no', why: 'no connection breaks' };
  const tryMs = perTryTimeoutMs.value;
  const cut = delayMs(form) !== null && tryMs !== null && delayMs(form)! >= tryMs;
  if (cut) return says(['5xx', 'gateway-error', 'reset'], `a try over ${tryMs} ms`);
  switch (form.answer) {
    case 'usual':
      return { will: 'no', why: 'the answer comes, only later or damaged' };
    case 'hang':
      return { will: 'no', why: 'without a per-try timeout a try that hangs is the last' };
    case 'reset':
      return says(['reset', '5xx'], 'resets');
    case 'grpc':
      return says([form.grpcStatus.toLowerCase().replaceAll('_', '-')], form.grpcStatus);
    case 'status':
      return says(retriedBy(form.status), String(form.status));
  }
}

/** Envoy's conditions that include a status; Istio writes single ones as numbers. */
function retriedBy(status: number): string[] {
  const words = [String(status)];
  if (status >= 500) words.push('5xx');
  if (status >= 502 && status <= 504) words.push('gateway-error');
  if (status === 409) words.push('retriable-4xx');
  return words;
}

function ejectionOf(form: FaultForm, { clusters }: Explanation): Verdict {
  const found = clusters
    .filter(({ endpoints }) => endpoints.some((one) => isMeant(form, one)))
    .flatMap(({ status }) => status ?? []);
  const [cluster] = found;
  if (cluster === undefined) return { will: 'yes', why: 'where outlier detection is configured' };
  const inert = found.find((one) => maxEjected(one) === 0);
  if (inert?.outlierDetection) {
    const hosts = inert.endpoints.length;
    return {
      will: 'no',
      why: `${inert.outlierDetection.maxEjectionPercent} % of ${hosts} host${hosts === 1 ? '' : 's'} = 0: no ejection possible`,
      inert,
    };
  }
  const detection = cluster.outlierDetection;
  if (detection === null) return { will: 'no', why: 'no outlier detection for this service' };
  if (form.effect === 'toxics')
    return breaks(form)
      ? { will: 'yes', why: 'connections that break count as 5xx' }
      : { will: 'no', why: 'no connection breaks, and a late answer is not a failed one' };
  if (form.answer === 'usual') return { will: 'no', why: 'a late or damaged answer is not a failed one' };
  if (form.answer === 'status' && form.status < 500) return { will: 'no', why: `${form.status} is not a failure of the host` };
  const inARow = detection.consecutive5xxErrors;
  if (inARow === 0) return { will: 'no', why: 'consecutive5xxErrors is 0' };
  const chance = (form.percentage / 100) ** inARow;
  if (chance < 0.01) return { will: 'rarely', why: `${inARow} × 5xx in a row are rare at ${form.percentage} %` };
  return { will: 'yes', why: `after ${inARow} × 5xx in a row` };
}

function timeoutOf(form: FaultForm, { timeoutMs }: Explanation): Verdict {
  const limit = timeoutMs.value;
  if (limit === null || limit === 0) return { will: 'no', why: 'the route has none: the caller waits' };
  const delay = delayMs(form);
  if (form.effect === 'toxics') return { will: 'yes', why: `when it takes longer than ${limit} ms` };
  if (form.answer === 'hang') return { will: 'yes', why: `after ${limit} ms` };
  if (delay === null) return { will: 'no', why: 'nothing is late' };
  return delay >= limit
    ? { will: 'yes', why: `after ${limit} ms` }
    : { will: 'no', why: `${delay} ms is within its ${limit} ms` };
}

/** Toxics that end a connection; the others let bytes through late, in pieces or changed. */
const breaking = new Set(['timeout', 'reset_peer', 'limit_data', 'refuse', 'flap']);
const breaks = ({ toxics }: FaultForm): boolean => toxics.some(({ type }) => breaking.has(type));

/** Envoy ejects while (ejected + 1) / hosts stays within maxEjectionPercent. */
function maxEjected({ outlierDetection, endpoints }: Pick<ClusterStatus, 'outlierDetection' | 'endpoints'>): number | null {
  if (outlierDetection === null || endpoints.length === 0) return null;
  return Math.floor((endpoints.length * outlierDetection.maxEjectionPercent) / 100);
}

const isMeant = ({ version, workload }: FaultForm, endpoint: { version: string; workload: string }): boolean =>
  (version === '' || endpoint.version === version) && (workload === '' || endpoint.workload === workload);

/** A delay's usual length; null when there is none, or it is not written yet. */
function delayMs({ delay, effect }: FaultForm): number | null {
  if (delay.kind === 'none' || effect === 'toxics') return null;
  const found = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(delay.a.trim());
  return found ? Number(found[1]) * { ms: 1, s: 1000, m: 60_000 }[found[2] as 'ms' | 's' | 'm'] : null;
}
