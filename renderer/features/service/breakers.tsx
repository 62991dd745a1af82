import { useMemo } from 'react';
import type { ClusterStatus, MeshEvent } from '../../../proxy/api/observability.schema.ts';
import { Badge, formatClock, formatCount, formatSpan, Notice, Panel, plural, Skeleton } from '../../ui/index.ts';
import { useHeldRows, usePointed } from '../../ui/pointed.ts';
import { requestsHref } from '../topology/request-links.ts';
import { InertEjection } from './inert-ejection.tsx';
import { describeBreaker, findReturned, formatSetting, limitWords, ordinal, sortClusters } from './service-view.ts';

const maxCards = 12;
const none: readonly never[] = [];

/** Limits and ejections as each caller's sidecar holds them: they are counted per caller and subset, never for the mesh as a whole. */
export function Breakers({
  clusters,
  error,
  service,
  events,
}: {
  /** null until they are known; `error` says why they are not. */
  clusters: readonly ClusterStatus[] | null;
  error: string | null;
  service: string;
  events: readonly MeshEvent[];
}) {
  const returned = useMemo(() => findReturned(events), [events]);
  const { pointed, on } = usePointed();
  const sorted = useHeldRows(sortClusters(clusters ?? none), keyOf, pointed);
  if (sorted.length === 0)
    return (
      <Panel title="Circuit breakers and outlier detection">
        {clusters ? (
          <p className="muted">No sidecar holds a connection pool for {service} yet: they appear with the first request.</p>
        ) : error === null ? (
          <Skeleton lines={3} />
        ) : (
          <Notice tone="bad">They cannot be read: {error}</Notice>
        )}
      </Panel>
    );
  return (
    <Panel title="Circuit breakers and outlier detection" hint="per caller and subset">
      <div className="breakers" {...on}>
        {sorted.slice(0, maxCards).map((cluster) => (
          <Breaker key={keyOf(cluster)} cluster={cluster} service={service} returned={returned} />
        ))}
      </div>
      {sorted.length > maxCards && <p className="topo-note">{sorted.length - maxCards} more, all like the last.</p>}
    </Panel>
  );
}

const keyOf = ({ proxy, cluster }: ClusterStatus) => `${proxy} ${cluster}`;

type Returned = ReturnType<typeof findReturned>;

function Breaker({ cluster, service, returned }: { cluster: ClusterStatus; service: string; returned: Returned }) {
  const word = describeBreaker(cluster);
  return (
    <section className="breaker" data-testid="breaker" data-state={cluster.state}>
      <header>
        <span className="grow truncate" title={cluster.cluster}>
          <b>{cluster.proxy}</b> <span className="muted">→ {cluster.subset || 'all'}</span>
        </span>
        <Badge tone={word.tone}>
          {word.glyph} {word.text}
        </Badge>
      </header>
      <Gauges cluster={cluster} service={service} />
      <Hosts cluster={cluster} returned={returned} />
      <InertEjection cluster={cluster} />
      {cluster.notEjected.slice(0, 2).map(({ endpoint, reason, time }) => (
        <p key={`${endpoint} ${time}`} className="breaker-note">
          <span className="mono">{endpoint}</span> not ejected because {reason}
        </p>
      ))}
      <p className="breaker-note">
        {cluster.loadBalancer.toLowerCase().replace('_', ' ')}
        {cluster.policy && ` · ${cluster.policy.kind} ${cluster.policy.name}`}
      </p>
    </section>
  );
}

function Gauges({ cluster, service }: { cluster: ClusterStatus; service: string }) {
  const limited = cluster.limits.filter(({ limit }) => limit !== null);
  const open = cluster.limits.filter(({ limit }) => limit === null);
  return (
    <>
      {limited.map(({ name, current, limit, overflowed }) => (
        <div key={name} className="gauge num">
          <span>{limitWords[name] ?? name}</span>
          {/* biome-ignore lint/a11y/useSemanticElements: a meter element cannot be styled alike on all platforms; role and values are complete. */}
          <span
            className="gauge-bar"
            role="meter"
            aria-label={limitWords[name] ?? name}
            aria-valuenow={current}
            aria-valuemin={0}
            aria-valuemax={limit ?? undefined}
            data-full={(limit !== null && current >= limit) || undefined}
          >
            <i style={{ width: `${Math.min(100, (current / Math.max(1, limit ?? 1)) * 100)}%` }} />
          </span>
          <span className="gauge-value">
            {formatCount(current)} of {formatCount(limit ?? 0)}
          </span>
          {overflowed > 0 && (
            <a className="gauge-over tone-bad tone-text" href={requestsHref({ from: cluster.source, to: service }, 'flag:UO')}>
              ■ {formatCount(overflowed)} × over (UO)
            </a>
          )}
        </div>
      ))}
      {open.length > 0 && (
        <p className="breaker-note num">
          No limit:{' '}
          {open.map(({ name, current }) => `${(limitWords[name] ?? name).toLowerCase()} ${formatCount(current)}`).join(', ')}
        </p>
      )}
    </>
  );
}

/** One block per host: who is in, who is out, why, and when it is back. */
function Hosts({ cluster, returned }: { cluster: ClusterStatus; returned: Returned }) {
  const { outlierDetection: detection, endpoints } = cluster;
  return (
    <>
      <div className="strip">
        {endpoints.map((endpoint) => {
          const { ejected, healthy, drained } = endpoint;
          const tone = ejected ? 'bad' : healthy && !drained ? 'ok' : 'warn';
          return (
            <div key={endpoint.address} className={`strip-host tone-${tone} num`}>
              <b className="truncate">
                {ejected ? '✖' : healthy && !drained ? '●' : '▲'} {endpoint.workload || endpoint.address}
              </b>
              <small>{describeHost(cluster, endpoint, returned.get(`${cluster.proxy} ${endpoint.address}`))}</small>
            </div>
          );
        })}
      </div>
      <p className="breaker-note num">
        {detection
          ? `Ejects after ${detection.consecutive5xxErrors} × 5xx in a row, checked every ${formatSetting(detection.intervalMs)}, for ${formatSetting(detection.baseEjectionMs)} the first time and longer each time after, at most ${detection.maxEjectionPercent} % of hosts.`
          : 'No outlier detection: no host is ever ejected.'}
      </p>
    </>
  );
}

function describeHost(
  cluster: ClusterStatus,
  endpoint: ClusterStatus['endpoints'][number],
  returnedAt: string | undefined,
): string {
  const { ejected, drained } = endpoint;
  if (drained) return 'Drained by hand: nothing new goes to it';
  if (ejected)
    return `Ejected: ${ejected.reason}. Back in ${formatSpan(ejected.remainingMs)}. ${capital(ordinal(ejected.count))} time.`;
  if (!endpoint.healthy) return 'Not healthy';
  const parts = [returnedAt ? `Returned ${formatClock(returnedAt, false)}` : 'In'];
  if (endpoint.consecutive5xx > 0) {
    const of = cluster.outlierDetection ? ` of ${cluster.outlierDetection.consecutive5xxErrors}` : '';
    parts.push(`${endpoint.consecutive5xx}${of} × 5xx in a row`);
  } else if (endpoint.errors > 0) parts.push(plural(endpoint.errors, 'error'));
  return parts.join(' · ');
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
