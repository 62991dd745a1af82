import { type Fields, readTypedConfig } from './fields.ts';
import type { ClusterSettings, OutlierSettings } from './patch.ts';

/** A MERGE into a cluster: outlier detection, timeouts, TCP keepalive, connection options. */
export function readCluster(fields: Fields): ClusterSettings {
  const settings: ClusterSettings = {};
  const connectTimeout = fields.durationMs('connect_timeout');
  if (connectTimeout !== undefined) settings.connectTimeoutMs = connectTimeout;
  const outlier = fields.message('outlier_detection');
  if (outlier !== null) settings.outlier = readOutlier(outlier);
  if (fields.has('circuit_breakers')) readBreakers(fields);
  readKeepalive(fields, settings);
  readCommonLb(fields, settings);
  readProtocolOptions(fields, settings);
  fields.rest();
  return settings;
}

/**
 * thresholds is a list, and istiod's merge appends to it; Envoy takes the first entry of a priority, which is istiod's own. So such a patch
 * does nothing there either (istio/istio#36731), and DestinationRules are the way.
 */
function readBreakers(fields: Fields): void {
  fields.refuse(
    'circuit_breakers',
    'a merge appends to `thresholds` and Envoy keeps to the first entry, Istio’s own: it has no effect in a cluster either; use connectionPool of a DestinationRule',
  );
}

function readOutlier(outlier: Fields): OutlierSettings {
  const settings: OutlierSettings = {};
  const set = <K extends keyof OutlierSettings>(key: K, value: OutlierSettings[K] | undefined): void => {
    if (value !== undefined) settings[key] = value;
  };
  set('consecutive5xx', outlier.number('consecutive_5xx'));
  set('enforcingConsecutive5xx', outlier.number('enforcing_consecutive_5xx'));
  set('consecutiveGatewayFailure', outlier.number('consecutive_gateway_failure'));
  set('enforcingConsecutiveGatewayFailure', outlier.number('enforcing_consecutive_gateway_failure'));
  set('splitExternalLocalOriginErrors', outlier.boolean('split_external_local_origin_errors'));
  set('consecutiveLocalOriginFailure', outlier.number('consecutive_local_origin_failure'));
  set('intervalMs', outlier.durationMs('interval'));
  set('baseEjectionMs', outlier.durationMs('base_ejection_time'));
  set('maxEjectionMs', outlier.durationMs('max_ejection_time'));
  set('maxEjectionPercent', outlier.number('max_ejection_percent'));
  set('enforcingSuccessRate', outlier.number('enforcing_success_rate'));
  set('successRateMinimumHosts', outlier.number('success_rate_minimum_hosts'));
  set('successRateRequestVolume', outlier.number('success_rate_request_volume'));
  set('successRateStdevFactor', outlier.number('success_rate_stdev_factor'));
  set('enforcingFailurePercentage', outlier.number('enforcing_failure_percentage'));
  set('failurePercentageThreshold', outlier.number('failure_percentage_threshold'));
  set('failurePercentageMinimumHosts', outlier.number('failure_percentage_minimum_hosts'));
  set('failurePercentageRequestVolume', outlier.number('failure_percentage_request_volume'));
  for (const name of [
    'enforcingConsecutive5xx',
    'enforcingConsecutiveGatewayFailure',
    'enforcingSuccessRate',
    'enforcingFailurePercentage',
  ] as const) {
    const percent = settings[name];
    if (percent !== undefined && percent !== 0 && percent !== 100)
      outlier.tell(outlier.path, `${name} of ${percent} % is taken for 100 %: ejections are not drawn`);
  }
  outlier.rest();
  return settings;
}

function readKeepalive(fields: Fields, settings: ClusterSettings): void {
  const options = fields.message('upstream_connection_options');
  const keepalive = options?.message('tcp_keepalive');
  options?.rest();
  if (!keepalive) return;
  const [probes, time, interval] = ['keepalive_probes', 'keepalive_time', 'keepalive_interval'].map((name) =>
    keepalive.number(name),
  );
  keepalive.rest();
  settings.keepalive = {
    ...(probes === undefined ? {} : { probes }),
    ...(time === undefined ? {} : { timeMs: time * 1000 }),
    ...(interval === undefined ? {} : { intervalMs: interval * 1000 }),
  };
}

function readCommonLb(fields: Fields, settings: ClusterSettings): void {
  const common = fields.message('common_lb_config');
  const threshold = common?.message('healthy_panic_threshold')?.number('value');
  if (threshold !== undefined) settings.panicThresholdPercent = threshold;
  common?.rest();
}

const httpOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

function readProtocolOptions(fields: Fields, settings: ClusterSettings): void {
  const options = fields.message('typed_extension_protocol_options');
  const typed = options?.message(httpOptions);
  options?.rest();
  if (!typed) return;
  const { fields: http } = readTypedConfig(typed);
  const common = http.message('common_http_protocol_options');
  const idle = common?.durationMs('idle_timeout');
  if (idle !== undefined) settings.idleTimeoutMs = idle;
  const longest = common?.durationMs('max_stream_duration');
  if (longest !== undefined) settings.maxStreamDurationMs = longest;
  const most = common?.number('max_requests_per_connection');
  if (most !== undefined) settings.maxRequestsPerConnection = most;
  common?.rest();
  const http2 = http.message('explicit_http_config')?.message('http2_protocol_options');
  const streams = http2?.number('max_concurrent_streams');
  if (streams !== undefined) settings.maxConcurrentStreams = streams;
  http2?.rest();
  http.rest();
}
