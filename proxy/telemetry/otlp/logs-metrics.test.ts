import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AppMetric } from '../../api/app-metric.schema.ts';
import type { LogRecord } from '../../api/log.schema.ts';
import { ManualClock } from '../../testing/manual-clock.ts';
import { decodeExport, type OtlpSignal } from './decode.ts';
import { OtlpReceiver } from './receiver.ts';

/* Requests are made with protobufjs from the published field numbers, so that what reads them is checked by someone else's writer. */

const root = protobuf.parse(
  `syntax = "proto3";
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
    KeyValueList kvlist_value = 6; } }
  message KeyValueList { repeated KeyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Scope { string name = 1; }
  message Resource { repeated KeyValue attributes = 1; }
  message LogRecord { fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
    repeated KeyValue attributes = 6; uint32 dropped_attributes_count = 7; fixed32 flags = 8; bytes trace_id = 9; bytes span_id = 10;
    fixed64 observed_time_unix_nano = 11; string event_name = 12; }
  message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
  message LogsRequest { repeated ResourceLogs resource_logs = 1; }
  message NumberPoint { fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; oneof value { double as_double = 4; sfixed64 as_int = 6; }
    repeated KeyValue attributes = 7; uint32 flags = 8; }
  message HistogramPoint { fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; optional double sum = 5;
    repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; repeated KeyValue attributes = 9; }
  message ExponentialPoint { repeated KeyValue attributes = 1; fixed64 time_unix_nano = 3; fixed64 count = 4; optional double sum = 5; sint32 scale = 6; }
  message Gauge { repeated NumberPoint data_points = 1; }
  message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
  message ExponentialHistogram { repeated ExponentialPoint data_points = 1; int32 aggregation_temporality = 2; }
  message Metric { string name = 1; string description = 2; string unit = 3; oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9;
    ExponentialHistogram exponential_histogram = 10; } }
  message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message MetricsRequest { repeated ResourceMetrics resource_metrics = 1; }`,
).root;

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const atMs = Date.parse('2026-07-01T10:00:00.250Z');
const nanos = String(BigInt(atMs) * 1_000_000n);
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const resource = { attributes: [text('service.name', 'orders')] };

const record = {
  timeUnixNano: nanos,
  severityNumber: 17,
  severityText: 'ERROR',
  body: { stringValue: 'no stock left' },
  attributes: [{ key: 'item', value: { intValue: '7' } }, text('logger', 'cart')],
};
const expectedLog: LogRecord = {
  time: '2026-07-01T10:00:00.250Z',
  traceId,
  spanId,
  service: 'orders',
  severity: 17,
  severityText: 'ERROR',
  body: 'no stock left',
  attributes: { item: 7, logger: 'cart', 'otel.scope.name': 'app' },
};
const number = { timeUnixNano: nanos, attributes: [text('pool', 'db')] };
const metricList = [
  { name: 'heap.used', unit: 'By', gauge: { dataPoints: [{ ...number, asInt: '1048576' }] } },
  { name: 'temperature', gauge: { dataPoints: [{ ...number, asDouble: -0.5 }] } },
  { name: 'jobs', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ ...number, asInt: '0' }] } },
  { name: 'queue', sum: { aggregationTemporality: 2, dataPoints: [{ ...number, asInt: '-3' }] } },
  {
    name: 'wait',
    unit: 'ms',
    histogram: { dataPoints: [{ ...number, count: '4', sum: 10, bucketCounts: ['4'], explicitBounds: [] }] },
  },
  { name: 'size', exponentialHistogram: { dataPoints: [{ ...number, count: '0', scale: 2 }] } },
];

const hexed = (one: object, change: object = {}) => ({ ...one, traceId, spanId, ...change });
const bytesOf = (one: object) => ({ ...one, traceId: Buffer.from(traceId, 'hex'), spanId: Buffer.from(spanId, 'hex') });
const logsRequest = (logRecords: object[]) => ({
  resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'app' }, logRecords }] }],
});
const metricsRequest = { resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'app' }, metrics: metricList }] }] };

/** protobufjs takes 64-bit integers as text only through fromObject. */
const encode = (type: string, value: object) =>
  Buffer.from(root.lookupType(type).encode(root.lookupType(type).fromObject(value)).finish());

let receiver: OtlpReceiver;
let logs: LogRecord[];
let metrics: AppMetric[];
beforeEach(async () => {
  logs = [];
  metrics = [];
  receiver = await OtlpReceiver.listen({
    clock: new ManualClock(atMs),
    httpPort: 0,
    grpcPort: 0,
    onSpans: () => undefined,
    onLogs: (more) => logs.push(...more),
    onMetrics: (more) => metrics.push(...more),
    onProblem: (problem) => {
      throw new Error(problem);
    },
  });
});
afterEach(() => receiver.close());

async function post(signal: OtlpSignal, body: object | Buffer): Promise<{ status: number; answer: string }> {
  const [content, type] = Buffer.isBuffer(body)
    ? [new Uint8Array(body), 'application/x-protobuf']
    : [JSON.stringify(body), 'application/json'];
  const response = await fetch(`http://127.0.0.1:${receiver.httpPort}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: content,
  });
  return { status: response.status, answer: await response.text() };
}

describe('log records', () => {
  test('come alike in JSON and in protobuf', async () => {
    expect(await post('logs', logsRequest([hexed(record)]))).toEqual({ status: 200, answer: '{}' });
    expect(await post('logs', encode('LogsRequest', logsRequest([bytesOf(record)])))).toEqual({ status: 200, answer: '' });
    expect(logs).toEqual([expectedLog, expectedLog]);
  });

  test('come over gRPC too', async () => {
    const client = new grpc.Client(`127.0.0.1:${receiver.grpcPort}`, grpc.credentials.createInsecure());
    const same = (bytes: Buffer) => bytes;
    await new Promise<void>((resolve, reject) => {
      const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
      client.makeUnaryRequest(path, same, same, encode('LogsRequest', logsRequest([bytesOf(record)])), (error) =>
        error ? reject(error) : resolve(),
      );
    });
    client.close();
    expect(logs).toEqual([expectedLog]);
  });

  test('structured text stays JSON, the time may be the observed one or none, an event tells its name', async () => {
    const body = { kvlistValue: { values: [text('message', 'hi'), { key: 'n', value: { intValue: '2' } }] } };
    const later = String(BigInt(atMs + 5) * 1_000_000n);
    await post(
      'logs',
      logsRequest([
        hexed({ body, observedTimeUnixNano: later, severityNumber: 'SEVERITY_NUMBER_WARN2', eventName: 'cart.full' }),
        hexed({}, { spanId: '' }),
      ]),
    );
    expect(logs).toMatchObject([
      {
        body: '{"message":"hi","n":2}',
        severity: 14,
        time: '2026-07-01T10:00:00.255Z',
        attributes: { 'event.name': 'cart.full' },
      },
      { body: '', spanId: '', severity: 0, severityText: '', time: '2026-07-01T10:00:00.250Z' },
    ]);
  });

  test('without a trace are taken and not kept; what is no request is refused', async () => {
    expect(await post('logs', logsRequest([{ ...record, traceId: '', spanId: '' }, record]))).toEqual({
      status: 200,
      answer: '{}',
    });
    expect(logs).toEqual([]);
    expect((await post('logs', { resourceLogs: [7] })).status).toBe(400);
    expect((await post('logs', Buffer.from([0x0a, 0xff]))).status).toBe(400);
  });
});

describe('metrics', () => {
  const expected = [
    { name: 'heap.used', unit: 'By', kind: 'gauge', value: 1048576 },
    { name: 'temperature', unit: '', kind: 'gauge', value: -0.5 },
    { name: 'jobs', kind: 'counter', value: 0 },
    { name: 'queue', kind: 'sum', value: -3 },
    { name: 'wait', unit: 'ms', kind: 'histogram', value: 2.5, count: 4 },
    { name: 'size', kind: 'histogram', value: null, count: 0 },
  ].map((one) => ({ ...one, service: 'orders', attributes: { pool: 'db' }, time: '2026-07-01T10:00:00.250Z' }));

  test('come alike in JSON and in protobuf, each series with its value', async () => {
    expect(await post('metrics', metricsRequest)).toEqual({ status: 200, answer: '{}' });
    expect(metrics).toMatchObject(expected);
    metrics.length = 0;
    expect(await post('metrics', encode('MetricsRequest', metricsRequest))).toEqual({ status: 200, answer: '' });
    expect(metrics).toMatchObject(expected);
  });

  test('a point without a number is rejected by name, the others are kept', async () => {
    const list = [
      { name: 'odd', gauge: { dataPoints: [{ timeUnixNano: nanos }, { ...number, asDouble: 'NaN' }, { ...number, asInt: 1 }] } },
    ];
    const { answer } = await post('metrics', { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: list }] }] });
    expect(JSON.parse(answer)).toEqual({
      partialSuccess: { rejectedDataPoints: '2', errorMessage: 'odd has a point without a number' },
    });
    expect(metrics).toHaveLength(1);
  });
});

test('truncations and bit flips of logs and metrics never throw and never hang', () => {
  const requests = [
    ['logs', encode('LogsRequest', logsRequest([bytesOf(record)]))],
    ['metrics', encode('MetricsRequest', metricsRequest)],
  ] as const;
  for (const [signal, bytes] of requests) {
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at] = flipped[at]! ^ (1 << (at % 8));
      for (const broken of [bytes.subarray(0, at), flipped]) {
        const outcome = decodeExport({ signal, bytes: broken, encoding: 'protobuf', gzip: false }, atMs);
        expect(outcome.ok || outcome.kind === 'malformed').toBe(true);
      }
    }
  }
});
