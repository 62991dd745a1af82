import type { OtlpAttributes, OtlpScope } from './make-span.ts';
import { scalarOf } from './protobuf-values.ts';

/* What the three signals have in common in OTLP/JSON: lowerCamelCase, ids in hex of any case, 64-bit integers as text or number, enums as integers, unknown fields ignored. */

/** The body is JSON, but no export request. */
export class OtlpJsonError extends Error {
  override name = 'OtlpJsonError';
}

export type Json = Record<string, unknown>;

const maxDepth = 32;

/** Every span, log record or metric of a request, with what its batch shares. `names` as in `['resourceSpans', 'scopeSpans', 'spans']`. */
export function eachJsonItem(
  text: string,
  names: readonly [batch: string, scope: string, item: string],
  read: (item: Json, scope: OtlpScope) => void,
): void {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch (error) {
    throw new OtlpJsonError(`the body is not JSON: ${(error as Error).message}`);
  }
  if (!isObject(request)) throw new OtlpJsonError('the body is not an export request');
  const [batchName, scopeListName, itemName] = names;
  for (const batch of objects(request[batchName], batchName)) {
    const resource = attributesOf(isObject(batch.resource) ? batch.resource.attributes : undefined);
    for (const scope of objects(batch[scopeListName], scopeListName)) {
      const scopeName = isObject(scope.scope) ? textOf(scope.scope.name) : '';
      for (const item of objects(scope[itemName], itemName)) read(item, { resource, scopeName });
    }
  }
}

/** Hex; base64 of the same number of bytes is converted. What is neither comes back as it is and is rejected. */
export function idOf(value: unknown, bytes: number, collector: { warn(message: string): void }): string {
  const text = textOf(value);
  if (text.length === bytes * 2 && /^[0-9a-fA-F]+$/.test(text)) return text.toLowerCase();
  const decoded = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : null;
  if (decoded === null || decoded.length !== bytes) return text;
  collector.warn('trace and span ids came in base64; OTLP/JSON has them in hex');
  return decoded.toString('hex');
}

export function attributesOf(list: unknown): OtlpAttributes {
  const attributes: OtlpAttributes = new Map();
  if (!Array.isArray(list)) return attributes;
  for (const item of list) {
    if (!isObject(item) || typeof item.key !== 'string') continue;
    const value = anyValueOf(item.value, 0);
    if (value !== undefined) attributes.set(item.key, scalarOf(value));
  }
  return attributes;
}

export function anyValueOf(any: unknown, depth: number): unknown {
  if (!isObject(any) || depth > maxDepth) return undefined;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = any;
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  if (typeof intValue === 'number') return intValue;
  if (typeof intValue === 'string' && /^-?\d{1,19}$/.test(intValue)) {
    return Number.isSafeInteger(Number(intValue)) ? Number(intValue) : intValue;
  }
  if (typeof doubleValue === 'number' || typeof doubleValue === 'string') return doubleValue;
  if (typeof bytesValue === 'string') return bytesValue;
  if (isObject(arrayValue) && Array.isArray(arrayValue.values))
    return arrayValue.values.map((item) => anyValueOf(item, depth + 1));
  if (!isObject(kvlistValue) || !Array.isArray(kvlistValue.values)) return undefined;
  const pairs = kvlistValue.values.filter(isObject).map((item) => [textOf(item.key), anyValueOf(item.value, depth + 1)]);
  return Object.fromEntries(pairs);
}

export function objects(value: unknown, name: string): Json[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isObject)) throw new OtlpJsonError(`${name} is not a list of objects`);
  return value;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function nanosOf(value: unknown): bigint {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value);
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? BigInt(Math.round(value)) : 0n;
}

/** Integers, as OTLP says; names, as other encoders write. */
export function enumOf(value: unknown, prefix: string, names: readonly string[]): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? Math.max(0, names.indexOf(value.replace(prefix, ''))) : 0;
}
