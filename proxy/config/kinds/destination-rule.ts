import type { Diagnostic } from '../../api/diagnostic.schema.ts';
import { parseDurationMs } from '../../shared/duration.ts';
import type { Path } from '../diagnostics.ts';
import type { ParsedResource } from '../parse.ts';
import { Checker } from './check.ts';
import type {
  ClientTlsSpec,
  ConnectionPoolSpec,
  DestinationRuleSpec,
  LoadBalancerSpec,
  OutlierDetectionSpec,
  PortPolicySpec,
  TrafficPolicySpec,
} from './istio-types.ts';

/** What istiod's ValidateDestinationRule refuses beyond the schema. */
export function checkDestinationRule(resource: ParsedResource): Diagnostic[] {
  const check = new Checker(resource);
  const spec = resource.spec as DestinationRuleSpec;
  check.host(['spec', 'host'], spec.host);
  if (spec.trafficPolicy) checkTrafficPolicy(check, ['spec', 'trafficPolicy'], spec.trafficPolicy);
  const names = new Map<string, number>();
  for (const [i, subset] of (spec.subsets ?? []).entries()) {
    const path = ['spec', 'subsets', i];
    if (!/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(subset.name)) {
      check.error([...path, 'name'], `\`${subset.name}\` is not a subset name.`);
    }
    if (names.has(subset.name)) {
      const first = resource.positionOf(['spec', 'subsets', names.get(subset.name)!]).line;
      check.error([...path, 'name'], `Subset \`${subset.name}\` is defined twice; the other one is on line ${first}.`);
    } else names.set(subset.name, i);
    if (subset.trafficPolicy) checkTrafficPolicy(check, [...path, 'trafficPolicy'], subset.trafficPolicy);
  }
  return check.diagnostics;
}

function checkTrafficPolicy(check: Checker, path: Path, policy: TrafficPolicySpec): void {
  checkPolicyBlocks(check, path, policy);
  for (const [i, port] of (policy.portLevelSettings ?? []).entries()) {
    const at = [...path, 'portLevelSettings', i];
    if (!port.port?.number) check.error([...at, 'port'], 'A port-level setting names its port: `port: {number: 9080}`.');
    check.port([...at, 'port', 'number'], port.port?.number);
    checkPolicyBlocks(check, at, port);
  }
  check.percent([...path, 'retryBudget', 'percent'], policy.retryBudget?.percent);
}

function checkPolicyBlocks(check: Checker, path: Path, policy: PortPolicySpec): void {
  if (policy.loadBalancer) checkLoadBalancer(check, [...path, 'loadBalancer'], policy);
  if (policy.connectionPool) checkConnectionPool(check, [...path, 'connectionPool'], policy.connectionPool);
  if (policy.outlierDetection) checkOutlierDetection(check, [...path, 'outlierDetection'], policy.outlierDetection);
  if (policy.tls) checkTls(check, [...path, 'tls'], policy.tls);
}

function checkLoadBalancer(check: Checker, path: Path, { loadBalancer }: PortPolicySpec): void {
  const balancer = loadBalancer as LoadBalancerSpec;
  const { simple, consistentHash, localityLbSetting: locality } = balancer;
  if (simple !== undefined && consistentHash)
    check.error([...path, 'consistentHash'], 'A load balancer is either simple or consistentHash.');
  if (consistentHash) {
    const keys = (['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'] as const).filter(
      (k) => consistentHash[k],
    );
    if (keys.length !== 1) {
      check.error(
        [...path, 'consistentHash'],
        'A consistent hash has exactly one key: httpHeaderName, httpCookie, useSourceIp or httpQueryParameterName.',
      );
    }
    if (consistentHash.httpHeaderName === '')
      check.error([...path, 'consistentHash', 'httpHeaderName'], 'The header name is empty.');
    check.duration([...path, 'consistentHash', 'httpCookie', 'ttl'], consistentHash.httpCookie?.ttl, { zero: true });
    if (consistentHash.ringHash && consistentHash.maglev)
      check.error([...path, 'consistentHash', 'maglev'], 'Either ringHash or maglev.');
  }
  check.duration([...path, 'warmupDurationSecs'], balancer.warmupDurationSecs);
  check.duration([...path, 'warmup', 'duration'], balancer.warmup?.duration);
  if (!locality) return;
  const set = (['distribute', 'failover', 'failoverPriority'] as const).filter((k) => (locality[k]?.length ?? 0) > 0);
  if (set.length > 1 && !(set.length === 2 && set.includes('failover') && set.includes('failoverPriority'))) {
    check.error([...path, 'localityLbSetting', set[1]!], `${set.join(' and ')} exclude each other.`);
  }
  for (const [i, rule] of (locality.distribute ?? []).entries()) {
    const sum = Object.values(rule.to ?? {}).reduce((a, b) => a + b, 0);
    if (sum !== 100) check.error([...path, 'localityLbSetting', 'distribute', i, 'to'], `The weights add up to ${sum}, not 100.`);
  }
}

function checkConnectionPool(check: Checker, path: Path, { tcp, http }: ConnectionPoolSpec): void {
  if (!tcp && !http) check.error(path, 'A connectionPool has tcp or http settings.');
  check.duration([...path, 'tcp', 'connectTimeout'], tcp?.connectTimeout);
  check.duration([...path, 'tcp', 'idleTimeout'], tcp?.idleTimeout, { zero: true });
  check.duration([...path, 'tcp', 'maxConnectionDuration'], tcp?.maxConnectionDuration);
  check.duration([...path, 'http', 'idleTimeout'], http?.idleTimeout, { zero: true });
  check.duration([...path, 'http', 'http2KeepAlive', 'interval'], http?.http2KeepAlive?.interval);
  check.duration([...path, 'http', 'http2KeepAlive', 'timeout'], http?.http2KeepAlive?.timeout);
  const limits = [
    'http1MaxPendingRequests',
    'http2MaxRequests',
    'maxRequestsPerConnection',
    'maxRetries',
    'maxConcurrentStreams',
  ] as const;
  for (const field of limits) if ((http?.[field] ?? 0) < 0) check.error([...path, 'http', field], `${field} is not negative.`);
  if ((tcp?.maxConnections ?? 0) < 0) check.error([...path, 'tcp', 'maxConnections'], 'maxConnections is not negative.');
  if (http?.useClientProtocol && http.h2UpgradePolicy === 'UPGRADE') {
    check.error([...path, 'http', 'useClientProtocol'], 'useClientProtocol and h2UpgradePolicy: UPGRADE exclude each other.');
  }
}

function checkOutlierDetection(check: Checker, path: Path, outlier: OutlierDetectionSpec): void {
  check.duration([...path, 'interval'], outlier.interval);
  check.duration([...path, 'baseEjectionTime'], outlier.baseEjectionTime);
  check.percent([...path, 'maxEjectionPercent'], outlier.maxEjectionPercent);
  check.percent([...path, 'minHealthPercent'], outlier.minHealthPercent);
  for (const [i, code] of (outlier.outlierDetectionHttpErrorCodes ?? []).entries()) {
    if (!Number.isInteger(code) || code < 100 || code > 599)
      check.error([...path, 'outlierDetectionHttpErrorCodes', i], `${code} is not an HTTP status.`);
  }
  if (outlier.consecutiveLocalOriginFailures !== undefined && !outlier.splitExternalLocalOriginErrors) {
    check.error(
      [...path, 'consecutiveLocalOriginFailures'],
      'consecutiveLocalOriginFailures needs splitExternalLocalOriginErrors: true.',
    );
  }
  const interval = outlier.interval === undefined ? 10_000 : parseDurationMs(outlier.interval);
  if (interval === 0) check.error([...path, 'interval'], 'The interval must not be zero.');
}

function checkTls(check: Checker, path: Path, tls: ClientTlsSpec): void {
  const files = (['clientCertificate', 'privateKey', 'caCertificates'] as const).filter((k) => tls[k]);
  if (tls.mode === 'ISTIO_MUTUAL' && files.length > 0) {
    check.error([...path, files[0]!], `ISTIO_MUTUAL uses the mesh’s own certificates: ${files.join(', ')} cannot be set.`);
  }
  if (tls.mode === 'MUTUAL' && !tls.credentialName) {
    for (const field of ['clientCertificate', 'privateKey'] as const) {
      if (!tls[field]) check.error([...path, 'mode'], `MUTUAL needs ${field}.`);
    }
  }
  if (tls.insecureSkipVerify && tls.subjectAltNames?.length) {
    check.error([...path, 'subjectAltNames'], 'subjectAltNames are not checked with insecureSkipVerify.');
  }
}
