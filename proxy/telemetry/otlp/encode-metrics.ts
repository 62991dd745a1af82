import type { Histogram } from '../histogram.ts';
import type { EdgeMetrics } from '../metrics.ts';

/** What a collector takes by default in one histogram. */
const MAX_BUCKETS = 160;
const CUMULATIVE = 2;

/** A histogram as OTLP's exponential one: bucket `k` ends at 2^((k + 1) / 2^scale) microseconds. */
export interface ExponentialBuckets {
  scale: number;
  /** Index of the first count. */
  offset: number;
  counts: number[];
  /** A microsecond and less. */
  zeroCount: number;
}

/**
 * Our buckets are OTLP's of scale 5 in microseconds, so nothing is moved; two become one, and the scale sinks by one, until there are no more
 * than `maxBuckets`. https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
 */
export function exponentialBuckets(histogram: Histogram, maxBuckets = MAX_BUCKETS): ExponentialBuckets {
  let scale = 5;
  let zeroCount = 0;
  let counts = new Map<number, number>();
  for (const [index, count] of histogram.buckets()) {
    // Bucket i of ours ends where OTLP's i − 1 does.
    if (index <= 0) zeroCount += count;
    else counts.set(index - 1, count);
  }
  const spread = () => (counts.size === 0 ? 0 : Math.max(...counts.keys()) - Math.min(...counts.keys()) + 1);
  while (spread() > maxBuckets) {
    scale--;
    const halved = new Map<number, number>();
    for (const [index, count] of counts) halved.set(index >> 1, (halved.get(index >> 1) ?? 0) + count);
    counts = halved;
  }
  const offset = counts.size === 0 ? 0 : Math.min(...counts.keys());
  return { scale, offset, counts: Array.from({ length: spread() }, (_, i) => counts.get(offset + i) ?? 0), zeroCount };
}

/** ExportMetricsServiceRequest in OTLP's JSON: requests, errors and durations of every edge since the engine started. */
export function encodeMetrics(
  edges: Iterable<EdgeMetrics>,
  { version, startedMs, nowMs }: { version: string; startedMs: number; nowMs: number },
): object {
  const times = { startTimeUnixNano: nanos(startedMs), timeUnixNano: nanos(nowMs) };
  const seen = [...edges].filter(({ whole }) => whole.count > 0);
  const sum = (name: string, description: string, value: (edge: EdgeMetrics) => number) => ({
    ...{ name, description, unit: '{request}' },
    sum: {
      aggregationTemporality: CUMULATIVE,
      isMonotonic: true,
      dataPoints: seen.map((edge) => ({ attributes: attributesOf(edge), ...times, asInt: String(value(edge)) })),
    },
  });
  const metrics = [
    sum('drydock.requests', 'Requests that ended.', ({ whole }) => whole.count),
    sum('drydock.request.errors', 'Requests that ended in 5xx or without an answer.', ({ whole }) => whole.errors),
    {
      ...{ name: 'drydock.request.duration', description: 'Duration of requests as their callers saw them.', unit: 'us' },
      exponentialHistogram: {
        aggregationTemporality: CUMULATIVE,
        dataPoints: seen.map((edge) => ({ attributes: attributesOf(edge), ...times, ...durationPoint(edge) })),
      },
    },
  ];
  const resource = { attributes: [attribute('service.name', 'drydock'), attribute('telemetry.sdk.name', 'drydock')] };
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'drydock.mesh', version }, metrics }] }] };
}

function durationPoint({ whole }: EdgeMetrics): object {
  const { latency, slowest } = whole;
  const { scale, offset, counts, zeroCount } = exponentialBuckets(latency);
  return {
    count: String(latency.count),
    sum: latency.sumMs * 1000,
    ...(latency.count > 0 ? { max: latency.maxMs * 1000 } : {}),
    ...{ scale, zeroCount: String(zeroCount), zeroThreshold: 1, positive: { offset, bucketCounts: counts.map(String) } },
    ...(slowest.traceId === '' ? {} : { exemplars: [{ traceId: slowest.traceId, asDouble: slowest.ms * 1000 }] }),
  };
}

const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });

const attributesOf = ({ from, to, version, protocol }: EdgeMetrics): object[] =>
  Object.entries({ source: from, destination: to, 'destination.version': version, protocol })
    .filter(([, value]) => value !== '')
    .map(([key, value]) => attribute(`drydock.${key}`, value));

const nanos = (ms: number): string => `${Math.round(ms * 1000)}000`;
