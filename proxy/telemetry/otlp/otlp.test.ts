import http from 'node:http';
import http2 from 'node:http2';
import { gzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AppMetric } from '../../api/app-metric.schema.ts';
import type { LogRecord } from '../../api/log.schema.ts';
import type { Span } from '../../api/observability.schema.ts';
import { realClock } from '../../store/fixtures.ts';
import { decodeExport, otlpBodyLimitBytes } from './decode.ts';
import { OtlpHttpReceiver } from './http-receiver.ts';
import { OtlpReceiver } from './receiver.ts';

/* Requests are made with protobufjs from the published field numbers, so that what reads them is checked by someone else's writer. */

const schema = protobuf.parse(
  `syntax = "proto3";
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
    ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
  message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; }
  message Status { string message = 2; int32 code = 3; }
  message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10;
    repeated Event events = 11; repeated Link links = 13; Status status = 15; fixed32 flags = 16; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schema_url = 3; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
  message Request { repeated ResourceSpans resource_spans = 1; }
  message Partial { int64 rejected_spans = 1; string error_message = 2; }
  message Response { Partial partial_success = 1; }
  message RpcStatus { int32 code = 1; string message = 2; }`,
  { keepCase: false },
).root;
const message = (name: string) => schema.lookupType(name);

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const linked = { traceId: 'c0'.repeat(16), spanId: 'd1'.repeat(8) };
const startMs = Date.parse('2026-07-01T10:00:00.250Z');
const nanos = (ms: number) => String(BigInt(Math.round(ms * 1000)) * 1000n);

/** As OTLP/JSON has it: ids in hex. */
function jsonRequest(change: (span: Record<string, unknown>) => void = () => undefined) {
  const span: Record<string, unknown> = {
    traceId,
    spanId,
    parentSpanId: '00f067aa0ba902b7',
    name: 'checkout',
    kind: 2,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(startMs + 12.5),
    attributes: [
      { key: 'http.route', value: { stringValue: '/cart/:id' } },
      { key: 'items', value: { intValue: '3' } },
      { key: 'ratio', value: { doubleValue: 0.5 } },
      { key: 'cached', value: { boolValue: false } },
      { key: 'tags', value: { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '2' }] } } },
      { key: '__proto__', value: { stringValue: 'data' } },
    ],
    events: [
      {
        timeUnixNano: nanos(startMs + 4),
        name: 'exception',
        attributes: [{ key: 'exception.type', value: { stringValue: 'SoldOut' } }],
      },
      { timeUnixNano: nanos(startMs + 5), name: 'retrying' },
    ],
    links: [{ traceId: linked.traceId, spanId: linked.spanId, attributes: [{ key: 'batch', value: { intValue: 7 } }] }],
    status: { code: 2, message: 'no stock' },
    somethingNew: { a: 1 },
  };
  change(span);
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'orders' } }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'app' }, spans: [span] }] }] };
}

function protobufRequest(change: (span: Record<string, unknown>) => void = () => undefined): Buffer {
  const request = jsonRequest((span) => {
    for (const id of ['traceId', 'spanId', 'parentSpanId']) span[id] = Buffer.from(String(span[id]), 'hex');
    for (const link of span.links as Record<string, unknown>[])
      for (const id of ['traceId', 'spanId']) link[id] = Buffer.from(String(link[id]), 'hex');
    change(span);
  });
  return Buffer.from(message('Request').encode(message('Request').fromObject(request)).finish());
}

const expected: Partial<Span> = {
  traceId,
  spanId,
  parentSpanId: '00f067aa0ba902b7',
  name: 'checkout',
  kind: 'server',
  service: 'orders',
  mesh: false,
  start: '2026-07-01T10:00:00.250Z',
  durationMs: 12.5,
  error: true,
  events: [
    { name: 'exception', atMs: 4, attributes: { 'exception.type': 'SoldOut' } },
    { name: 'retrying', atMs: 5 },
  ],
  links: [{ ...linked, attributes: { batch: 7 } }],
};
const attributes = {
  'http.route': '/cart/:id',
  items: 3,
  ratio: 0.5,
  cached: false,
  tags: '["a",2]',
  'otel.scope.name': 'app',
  'otel.status_description': 'no stock',
};

let receiver: OtlpReceiver;
let spans: Span[];
let logs: LogRecord[];
let metrics: AppMetric[];
let problems: string[];
beforeEach(async () => {
  spans = [];
  problems = [];
  const onSpans = (more: Span[]) => spans.push(...more);
  logs = [];
  metrics = [];
  receiver = await OtlpReceiver.listen({
    clock: realClock,
    httpPort: 0,
    grpcPort: 0,
    onSpans,
    onLogs: (more) => logs.push(...more),
    onMetrics: (more) => metrics.push(...more),
    onProblem: (problem) => problems.push(problem),
  });
});
afterEach(() => receiver.close());

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}
function post(
  body: Buffer | string,
  headers: Record<string, string> = {},
  path = '/v1/traces',
  method = 'POST',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { 'content-type': 'application/x-protobuf', ...headers };
    const request = http.request(
      { host: '127.0.0.1', port: receiver.httpPort, path, method, headers: all, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
const json = { 'content-type': 'application/json; charset=utf-8' };
const read = (name: string, body: Buffer) =>
  message(name).toObject(message(name).decode(body), { longs: Number }) as Record<string, unknown>;

describe('OTLP over HTTP', () => {
  for (const gzip of [false, true]) {
    const packed = (body: Buffer) => (gzip ? gzipSync(body) : body);
    const encoding: Record<string, string> = gzip ? { 'content-encoding': 'gzip' } : {};
    test(`protobuf${gzip ? ', gzipped' : ''}: the span as it was, the answer in protobuf and empty`, async () => {
      const answer = await post(packed(protobufRequest()), encoding);
      expect([answer.status, answer.headers['content-type'], answer.body.length]).toEqual([200, 'application/x-protobuf', 0]);
      expect(spans).toMatchObject([{ ...expected, attributes }]);
      expect(Object.getOwnPropertyDescriptor(spans[0]!.attributes, '__proto__')?.value).toBe('data');
    });

    test(`JSON${gzip ? ', gzipped' : ''}: the same span, the answer in JSON`, async () => {
      const answer = await post(packed(Buffer.from(JSON.stringify(jsonRequest()))), { ...json, ...encoding });
      expect([answer.status, answer.headers['content-type'], answer.body.toString()]).toEqual([200, 'application/json', '{}']);
      expect(spans).toMatchObject([{ ...expected, attributes }]);
    });
  }

  test('ids in upper-case hex are the same ids; base64 ones are converted, with a warning and nothing rejected', async () => {
    const upper = jsonRequest((span) => {
      span.traceId = traceId.toUpperCase();
    });
    expect((await post(JSON.stringify(upper), json)).body.toString()).toBe('{}');
    const base64 = jsonRequest((span) => {
      for (const id of ['traceId', 'spanId', 'parentSpanId']) span[id] = Buffer.from(String(span[id]), 'hex').toString('base64');
    });
    const answer = JSON.parse((await post(JSON.stringify(base64), json)).body.toString());
    expect(answer.partialSuccess).toMatchObject({ rejectedSpans: '0', errorMessage: expect.stringContaining('base64') });
    expect(spans.map((span) => [span.traceId, span.spanId])).toEqual([
      [traceId, spanId],
      [traceId, spanId],
    ]);
  });

  test('64-bit integers come as text or as numbers, enums as integers, and what is unknown is ignored', async () => {
    const request = jsonRequest((span) => {
      span.startTimeUnixNano = startMs * 1e6;
      span.endTimeUnixNano = (startMs + 12.5) * 1e6;
      span.kind = 99;
      span.attributes = [{ key: 'n', value: { intValue: 3 } }, { key: 'm', value: { newKindOfValue: 1 } }, { nothing: true }];
    });
    expect((await post(JSON.stringify({ ...request, more: 1 }), json)).body.toString()).toBe('{}');
    expect(spans[0]).toMatchObject({ kind: 'internal', attributes: { n: 3 } });
    // A number has room for a quarter of a microsecond of today's nanoseconds.
    expect(Date.parse(spans[0]!.start) + spans[0]!.startMs).toBeCloseTo(startMs, 2);
    expect(spans[0]!.durationMs).toBeCloseTo(12.5, 2);
    expect(spans[0]!.attributes.m).toBeUndefined();
  });

  test('a start between two milliseconds keeps its part of one', async () => {
    await post(protobufRequest((span) => (span.startTimeUnixNano = nanos(startMs + 0.25))));
    expect(spans[0]).toMatchObject({ start: expected.start, startMs: 0.25, durationMs: 12.25 });
  });

  test('spans of another engine’s sidecars stay spans of a mesh: their scope tells', async () => {
    const request = jsonRequest();
    request.resourceSpans[0]!.scopeSpans[0]!.scope.name = 'drydock.proxy';
    await post(JSON.stringify(request), json);
    await post(protobufRequest());
    expect(spans.map(({ mesh }) => mesh)).toEqual([true, false]);
  });

  test('a span without an id is rejected by number and reason; its neighbours are kept', async () => {
    const request = jsonRequest();
    const good = request.resourceSpans[0]!.scopeSpans[0]!.spans[0]!;
    request.resourceSpans[0]!.scopeSpans[0]!.spans.push({ ...good, traceId: '0'.repeat(32) }, { ...good, spanId: 'xyz' });
    const answer = JSON.parse((await post(JSON.stringify(request), json)).body.toString());
    expect(answer.partialSuccess).toMatchObject({ rejectedSpans: '2', errorMessage: expect.stringContaining('trace id') });
    expect(spans).toHaveLength(1);
    const inProtobuf = await post(
      protobufRequest((span) => {
        span.spanId = Buffer.alloc(8);
      }),
    );
    expect(read('Response', inProtobuf.body)).toMatchObject({ partialSuccess: { rejectedSpans: 1 } });
  });

  test('an empty request succeeds; metrics and logs are accepted', async () => {
    for (const path of ['/v1/traces', '/v1/metrics', '/v1/logs']) {
      expect((await post('', {}, path)).status).toBe(200);
      expect((await post('{}', json, path)).body.toString()).toBe('{}');
    }
    expect(spans).toEqual([]);
  });

  test('what is no message is 400 with a Status in the sender’s own encoding', async () => {
    const broken = await post(Buffer.from([0x0a, 0xff, 0x01]));
    expect(broken.status).toBe(400);
    expect(read('RpcStatus', broken.body)).toMatchObject({ code: 3 });
    const inJson = await post('{"resourceSpans": 7}', json);
    expect([inJson.status, JSON.parse(inJson.body.toString()).code]).toEqual([400, 3]);
    expect((await post('not gzip', { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post(protobufRequest())).status).toBe(200);
  });

  test('size is limited after inflating too', async () => {
    const bomb = gzipSync(Buffer.alloc(otlpBodyLimitBytes + 1));
    expect((await post(bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    const long = await post(Buffer.alloc(1), { 'content-length': '1' });
    expect(long.status).toBe(400);
    const tooLong = await post(Buffer.alloc(otlpBodyLimitBytes + 1)).catch((error: NodeJS.ErrnoException) => error.code);
    expect(tooLong).toSatisfy((answer) => answer === 'ECONNRESET' || answer === 'EPIPE' || (answer as Answer).status === 413);
  });

  test('other types, encodings, methods and paths are told apart', async () => {
    expect((await post('x', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post('x', { 'content-encoding': 'zstd' })).status).toBe(415);
    const wrongMethod = await post('', {}, '/v1/traces', 'GET');
    expect([wrongMethod.status, wrongMethod.headers.allow]).toEqual([405, 'POST']);
    expect((await post('', {}, '/v2/traces')).status).toBe(404);
  });

  test('every refusal has a Status, and only the one that may be tried again asks for that', async () => {
    const full = await OtlpHttpReceiver.listen(0, () =>
      Promise.resolve({ ok: false, kind: 'unavailable', message: 'too much is waiting to be decoded' }),
    );
    const own = receiver;
    const refusals = [
      await post('', {}, '/v2/traces'),
      await post('', {}, '/v1/traces', 'GET'),
      await post('x', { 'content-type': 'text/plain' }),
      await post(Buffer.from([0x0a, 0xff, 0x01])),
      await post(protobufRequest(), { origin: 'http://localhost:3000' }),
      await post(gzipSync(Buffer.alloc(otlpBodyLimitBytes + 1)), { 'content-encoding': 'gzip' }),
    ];
    expect(refusals.map(({ status }) => status)).toEqual([404, 405, 415, 400, 403, 413]);
    for (const { body, headers } of refusals) {
      expect(read('RpcStatus', body)).toMatchObject({ code: expect.any(Number), message: expect.stringMatching(/./) });
      expect(headers['retry-after']).toBeUndefined();
    }
    try {
      receiver = { httpPort: full.port } as OtlpReceiver;
      const later = await post(protobufRequest());
      expect([later.status, later.headers['retry-after'], read('RpcStatus', later.body).code]).toEqual([503, '1', 14]);
    } finally {
      receiver = own;
      await full.close();
    }
  });

  test('web pages are kept out: by Origin, and by a Host that is not this machine’s', async () => {
    expect((await post(protobufRequest(), { origin: 'http://localhost:3000' })).status).toBe(403);
    expect((await post(protobufRequest(), { host: `evil.example:${receiver.httpPort}` })).status).toBe(403);
    expect((await post(protobufRequest(), { host: '127.0.0.1:1' })).status).toBe(403);
    expect((await post(protobufRequest(), { host: `localhost:${receiver.httpPort}` })).status).toBe(200);
    expect(spans).toHaveLength(1);
  });

  test('a taken port gives way to another', async () => {
    const options = {
      httpPort: receiver.httpPort,
      grpcPort: receiver.grpcPort,
      clock: realClock,
      onSpans: () => undefined,
      onLogs: () => undefined,
      onMetrics: () => undefined,
      onProblem: () => undefined,
    };
    const second = await OtlpReceiver.listen(options);
    expect(second.httpPort).not.toBe(receiver.httpPort);
    expect(second.httpPort * second.grpcPort).toBeGreaterThan(0);
    await second.close();
    expect(problems).toEqual([]);
  });

  test('truncations and bit flips of a request never throw and never hang', () => {
    const bytes = protobufRequest();
    for (let at = 0; at < bytes.length; at++) {
      const cut = decodeExport({ signal: 'traces', bytes: bytes.subarray(0, at), encoding: 'protobuf', gzip: false }, 0);
      expect(cut.ok || cut.kind === 'malformed').toBe(true);
      const flipped = Buffer.from(bytes);
      flipped[at] = flipped[at]! ^ (1 << (at % 8));
      const outcome = decodeExport({ signal: 'traces', bytes: flipped, encoding: 'protobuf', gzip: false }, 0);
      expect(outcome.ok || outcome.kind === 'malformed').toBe(true);
    }
  });
});

describe('OTLP over gRPC', () => {
  const exportPath = (signal: string, service: string) => `/opentelemetry.proto.collector.${signal}.v1.${service}/Export`;
  const call = (
    path: string,
    body: Buffer,
    options: grpc.ClientOptions = {},
  ): Promise<{ code: number; details: string; answer: Buffer }> => {
    const client = new grpc.Client(`127.0.0.1:${receiver.grpcPort}`, grpc.credentials.createInsecure(), options);
    return new Promise((resolve) => {
      const same = (bytes: Buffer) => bytes;
      client.makeUnaryRequest(path, same, same, body, (error, answer) => {
        client.close();
        resolve({ code: error?.code ?? 0, details: error?.details ?? '', answer: answer ?? Buffer.alloc(0) });
      });
    });
  };

  test('Export takes traces, gzipped too; metrics and logs are accepted', async () => {
    expect(await call(exportPath('trace', 'TraceService'), protobufRequest())).toMatchObject({ code: 0 });
    expect(
      await call(exportPath('trace', 'TraceService'), protobufRequest(), { 'grpc.default_compression_algorithm': 2 }),
    ).toMatchObject({ code: 0 });
    expect(spans).toMatchObject([expected, expected]);
    expect((await call(exportPath('metrics', 'MetricsService'), Buffer.alloc(0))).code).toBe(0);
    expect((await call(exportPath('logs', 'LogsService'), Buffer.alloc(0))).code).toBe(0);
  });

  test('a broken message is INVALID_ARGUMENT, another method UNIMPLEMENTED', async () => {
    expect(await call(exportPath('trace', 'TraceService'), Buffer.from([0x0a, 0xff, 0x01]))).toMatchObject({ code: 3 });
    expect(await call('/other.Service/Export', Buffer.alloc(0))).toMatchObject({ code: 12 });
  });

  test('a compression it does not know is UNIMPLEMENTED, with those it knows; a web page is refused', async () => {
    const ask = (headers: Record<string, string>): Promise<http2.IncomingHttpHeaders> =>
      new Promise((resolve, reject) => {
        const session = http2.connect(`http://127.0.0.1:${receiver.grpcPort}`);
        const path = exportPath('trace', 'TraceService');
        const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...headers });
        stream.on('error', reject);
        stream.on('response', (answer) => {
          session.destroy();
          resolve(answer);
        });
        // One byte, flagged as compressed.
        stream.end(Buffer.from([1, 0, 0, 0, 1, 0]));
      });
    expect(await ask({ 'grpc-encoding': 'snappy' })).toMatchObject({
      'grpc-status': '12',
      'grpc-accept-encoding': 'identity,gzip',
    });
    expect(await ask({ 'grpc-encoding': 'gzip', origin: 'http://localhost:3000' })).toMatchObject({ 'grpc-status': '7' });
  });
});
