import { anyValueOf, attributesOf, eachJsonItem, enumOf, idOf, type Json, nanosOf, textOf } from './json-values.ts';
import { type DecodedLogs, LogCollector, type OtlpLog } from './make-log.ts';
import { each, eachItem, readAttribute, readValue } from './protobuf-values.ts';
import type { WireReader } from './wire.ts';

/*
 * ExportLogsServiceRequest in both encodings. Field numbers: opentelemetry-proto 1.x, logs/v1/logs.proto. `nowMs` stands for records that tell no
 * time of their own.
 */

export function decodeProtobufLogs(request: WireReader, nowMs: number): DecodedLogs {
  const collector = new LogCollector(nowMs);
  eachItem(request, (record, scope) => collector.add(readLog(record), scope));
  return collector.result();
}

export function decodeJsonLogs(text: string, nowMs: number): DecodedLogs {
  const collector = new LogCollector(nowMs);
  eachJsonItem(text, ['resourceLogs', 'scopeLogs', 'logRecords'], (record, scope) =>
    collector.add(readJsonLog(record, collector), scope),
  );
  return collector.result();
}

function readLog(message: WireReader): OtlpLog {
  const log: OtlpLog = {
    traceId: '',
    spanId: '',
    nanos: 0n,
    observedNanos: 0n,
    severity: 0,
    severityText: '',
    body: undefined,
    attributes: new Map(),
    eventName: '',
  };
  each(message, {
    1: (reader) => {
      log.nanos = reader.fixed64();
    },
    2: (reader) => {
      log.severity = reader.int();
    },
    3: (reader) => {
      log.severityText = reader.string();
    },
    5: (reader) => {
      log.body = readValue(reader.message());
    },
    6: (reader) => readAttribute(reader.message(), log.attributes),
    9: (reader) => {
      log.traceId = reader.bytes().toString('hex');
    },
    10: (reader) => {
      log.spanId = reader.bytes().toString('hex');
    },
    11: (reader) => {
      log.observedNanos = reader.fixed64();
    },
    12: (reader) => {
      log.eventName = reader.string();
    },
  });
  return log;
}

function readJsonLog(record: Json, collector: LogCollector): OtlpLog {
  return {
    traceId: idOf(record.traceId, 16, collector),
    spanId: idOf(record.spanId, 8, collector),
    nanos: nanosOf(record.timeUnixNano),
    observedNanos: nanosOf(record.observedTimeUnixNano),
    severity: enumOf(record.severityNumber, 'SEVERITY_NUMBER_', severityNames),
    severityText: textOf(record.severityText),
    body: anyValueOf(record.body, 0),
    attributes: attributesOf(record.attributes),
    eventName: textOf(record.eventName),
  };
}

/** UNSPECIFIED, TRACE, TRACE2 … FATAL4, as plain protobuf-JSON encoders write them. */
const severityNames = [
  'UNSPECIFIED',
  ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((name) => [name, `${name}2`, `${name}3`, `${name}4`]),
];
