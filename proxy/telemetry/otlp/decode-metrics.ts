import { attributesOf, eachJsonItem, isObject, type Json, nanosOf, objects, textOf } from './json-values.ts';
import { type DecodedMetrics, MetricCollector, type OtlpMetric, type OtlpPoint } from './make-metric.ts';
import { each, eachItem, type Readers, readAttribute } from './protobuf-values.ts';
import type { WireReader } from './wire.ts';

/*
 * ExportMetricsServiceRequest in both encodings, as far as the last value of a series needs it. Field numbers: opentelemetry-proto 1.x,
 * metrics/v1/metrics.proto.
 */

export function decodeProtobufMetrics(request: WireReader, nowMs: number): DecodedMetrics {
  const collector = new MetricCollector(nowMs);
  eachItem(request, (metric, scope) => collector.add(readMetric(metric), scope));
  return collector.result();
}

export function decodeJsonMetrics(text: string, nowMs: number): DecodedMetrics {
  const collector = new MetricCollector(nowMs);
  eachJsonItem(text, ['resourceMetrics', 'scopeMetrics', 'metrics'], (metric, scope) =>
    collector.add(readJsonMetric(metric), scope),
  );
  return collector.result();
}

function readMetric(message: WireReader): OtlpMetric {
  const metric: OtlpMetric = { name: '', unit: '', kind: 'gauge', points: [] };
  const data = (kind: OtlpMetric['kind'], pointReaders: (point: OtlpPoint) => Readers) => (reader: WireReader) => {
    metric.kind = kind;
    each(reader.message(), {
      1: (item) => {
        const point: OtlpPoint = { attributes: new Map(), nanos: 0n, value: null };
        // Proto3 leaves out a count of 0.
        if (kind === 'histogram' || kind === 'summary') point.count = 0;
        each(item.message(), pointReaders(point));
        metric.points.push(point);
      },
      3: (flag) => {
        if (kind === 'sum' && flag.int() !== 0) metric.kind = 'counter';
      },
    });
  };
  each(message, {
    1: (reader) => {
      metric.name = reader.string();
    },
    3: (reader) => {
      metric.unit = reader.string();
    },
    5: data('gauge', numberPoint),
    7: data('sum', numberPoint),
    9: data('histogram', (point) => countedPoint(point, 9)),
    10: data('histogram', (point) => countedPoint(point, 1)),
    11: data('summary', (point) => countedPoint(point, 7)),
  });
  return metric;
}

/** NumberDataPoint */
const numberPoint = (point: OtlpPoint): Readers => ({
  3: (reader) => {
    point.nanos = reader.fixed64();
  },
  4: (reader) => {
    point.value = reader.double();
  },
  6: (reader) => {
    point.value = Number(BigInt.asIntN(64, reader.fixed64()));
  },
  7: (reader) => readAttribute(reader.message(), point.attributes),
});

/** HistogramDataPoint, ExponentialHistogramDataPoint, SummaryDataPoint: they differ, for us, in the number of their attributes. */
const countedPoint = (point: OtlpPoint, attributes: number): Readers => ({
  3: (reader) => {
    point.nanos = reader.fixed64();
  },
  4: (reader) => {
    point.count = Number(reader.fixed64());
  },
  5: (reader) => {
    point.value = reader.double();
  },
  [attributes]: (reader) => readAttribute(reader.message(), point.attributes),
});

const jsonKinds = {
  gauge: 'gauge',
  sum: 'sum',
  histogram: 'histogram',
  exponentialHistogram: 'histogram',
  summary: 'summary',
} as const;

function readJsonMetric(item: Json): OtlpMetric {
  const metric: OtlpMetric = { name: textOf(item.name), unit: textOf(item.unit), kind: 'gauge', points: [] };
  for (const [name, kind] of Object.entries(jsonKinds)) {
    const data = item[name];
    if (!isObject(data)) continue;
    metric.kind = kind === 'sum' && data.isMonotonic === true ? 'counter' : kind;
    metric.points = objects(data.dataPoints, 'dataPoints').map((point) => ({
      attributes: attributesOf(point.attributes),
      nanos: nanosOf(point.timeUnixNano),
      ...(kind === 'gauge' || kind === 'sum'
        ? { value: jsonNumber(point.asDouble) ?? jsonNumber(point.asInt) }
        : { value: jsonNumber(point.sum), count: jsonNumber(point.count) ?? 0 }),
    }));
  }
  return metric;
}

/** 64-bit integers are text in protobuf's JSON, and so are NaN and Infinity. */
function jsonNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value !== '' ? Number(value) : null;
}
