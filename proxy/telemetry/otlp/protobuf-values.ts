import type { OtlpAttributes, OtlpScope, OtlpValue } from './make-span.ts';
import type { WireReader } from './wire.ts';

/*
 * What the three signals have in common in protobuf. Field numbers: opentelemetry-proto 1.x, common.proto and resource.proto; requests, resources
 * and scopes are numbered alike in trace.proto, logs.proto and metrics.proto. Throws WireError when the bytes are no message.
 */

/** Every span, log record or metric of a request, with what its batch shares. */
export function eachItem(request: WireReader, read: (item: WireReader, scope: OtlpScope) => void): void {
  each(request, { 1: (batch) => readResourceBatch(batch.message(), read) });
}

function readResourceBatch(message: WireReader, read: (item: WireReader, scope: OtlpScope) => void): void {
  const resource: OtlpAttributes = new Map();
  const scopes: WireReader[] = [];
  each(message, {
    1: (reader) => each(reader.message(), { 1: (attribute) => readAttribute(attribute.message(), resource) }),
    // The resource may come behind its items: fields have no order.
    2: (reader) => scopes.push(reader.message()),
  });
  for (const scope of scopes) readScopeBatch(scope, resource, read);
}

function readScopeBatch(message: WireReader, resource: OtlpAttributes, read: (item: WireReader, scope: OtlpScope) => void): void {
  let scopeName = '';
  const items: WireReader[] = [];
  each(message, {
    1: (reader) =>
      each(reader.message(), {
        1: (scope) => {
          scopeName = scope.string();
        },
      }),
    2: (reader) => items.push(reader.message()),
  });
  for (const item of items) read(item, { resource, scopeName });
}

export type Readers = Record<number, (reader: WireReader) => void>;

/** Reads the fields it has readers for, skips the others. */
export function each(message: WireReader, readers: Readers): void {
  while (message.next()) {
    const read = readers[message.field];
    if (read === undefined) message.skip();
    else read(message);
  }
}

export function readAttribute(message: WireReader, into: OtlpAttributes): void {
  let key = '';
  let value: unknown;
  each(message, {
    1: (reader) => {
      key = reader.string();
    },
    2: (reader) => {
      value = readValue(reader.message());
    },
  });
  if (key !== '' && value !== undefined) into.set(key, scalarOf(value));
}

/** AnyValue. Lists and maps become plain arrays and objects. */
export function readValue(message: WireReader): unknown {
  let value: unknown;
  each(message, {
    1: (reader) => {
      value = reader.string();
    },
    2: (reader) => {
      value = reader.int() !== 0;
    },
    3: (reader) => {
      value = numberOf(reader.int64());
    },
    4: (reader) => {
      value = reader.double();
    },
    5: (reader) => {
      const list: unknown[] = [];
      each(reader.message(), { 1: (item) => list.push(readValue(item.message())) });
      value = list;
    },
    6: (reader) => {
      const map: OtlpAttributes = new Map();
      each(reader.message(), { 1: (item) => readAttribute(item.message(), map) });
      value = Object.fromEntries(map);
    },
    7: (reader) => {
      value = reader.bytes().toString('base64');
    },
  });
  return value;
}

/** 64-bit integers that a number cannot hold exactly stay text. */
export function numberOf(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/** Attributes are shown as text, number or truth; anything else as JSON. */
export function scalarOf(value: unknown): OtlpValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return JSON.stringify(value) ?? '';
}
