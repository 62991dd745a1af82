import type { FieldType, ProtoTypes } from './proto-types.ts';

/*
 * JSON into protobuf's wire format by the names of its descriptors, as the proto3 JSON mapping reads it: fields by their own or their
 * lowerCamelCase name, enums by name or number, 64-bit integers as numbers or text, bytes as base64, maps as objects.
 */

/** Throws a RangeError with the path of what does not fit: `items[1].price: "x" is no number`. */
export function encodeMessage(types: ProtoTypes, name: string, json: unknown): Buffer {
  return writeMessage(types, name, json, '');
}

function writeMessage(types: ProtoTypes, name: string, json: unknown, at: string): Buffer {
  const fields = types.messages.get(name);
  if (fields === undefined) throw wrong(at, `the descriptors do not hold ${name}`);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong(at, `${name} is written as an object`);
  const byName = new Map<string, { number: number; field: FieldType }>();
  for (const [number, field] of fields) {
    byName.set(field.name, { number, field });
    byName.set(camelCase(field.name), { number, field });
  }
  const parts: Buffer[] = [];
  for (const [key, value] of Object.entries(json)) {
    const known = byName.get(key);
    const path = at === '' ? key : `${at}.${key}`;
    if (known === undefined)
      throw wrong(path, `${name} has no such field; it has ${[...fields.values()].map((f) => f.name).join(', ') || 'none'}`);
    if (value === null) continue;
    for (const [i, one] of valuesOf(types, known.field, value).entries())
      parts.push(writeField(types, known.number, known.field, one, Array.isArray(value) ? `${path}[${i}]` : path));
  }
  return Buffer.concat(parts);
}

/** A repeated field has one entry for each element, a map one message of key and value for each member. */
function valuesOf(types: ProtoTypes, { type, typeName }: FieldType, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  const isEntry = type === 11 && typeName.endsWith('Entry') && isMapEntry(types, typeName);
  if (isEntry && typeof value === 'object' && value !== null)
    return Object.entries(value).map(([key, member]) => ({ key, value: member }));
  return [value];
}

function isMapEntry(types: ProtoTypes, typeName: string): boolean {
  const fields = types.messages.get(typeName);
  return fields?.size === 2 && fields.get(1)?.name === 'key' && fields.get(2)?.name === 'value';
}

/** By FieldDescriptorProto.Type. */
function writeField(types: ProtoTypes, number: number, { type, typeName }: FieldType, value: unknown, at: string): Buffer {
  switch (type) {
    case 1:
      return tagged(
        number,
        1,
        fixed(8, (buffer) => buffer.writeDoubleLE(numberOf(value, at))),
      );
    case 2:
      return tagged(
        number,
        5,
        fixed(4, (buffer) => buffer.writeFloatLE(numberOf(value, at))),
      );
    case 6:
    case 16:
      return tagged(
        number,
        1,
        fixed(8, (buffer) => buffer.writeBigUInt64LE(BigInt.asUintN(64, integerOf(value, at)))),
      );
    case 7:
    case 15:
      return tagged(
        number,
        5,
        fixed(4, (buffer) => buffer.writeUInt32LE(Number(BigInt.asUintN(32, integerOf(value, at))))),
      );
    case 8:
      if (typeof value !== 'boolean' && value !== 'true' && value !== 'false')
        throw wrong(at, `${shown(value)} is not true or false`);
      return tagged(number, 0, varint(String(value) === 'true' ? 1n : 0n));
    case 9:
      if (typeof value !== 'string') throw wrong(at, `${shown(value)} is no text`);
      return delimited(number, Buffer.from(value));
    case 11:
      return delimited(number, writeMessage(types, typeName, value, at));
    case 12:
      if (typeof value !== 'string') throw wrong(at, `${shown(value)} is no base64 text`);
      return delimited(number, Buffer.from(value, 'base64'));
    case 14:
      return tagged(number, 0, varint(BigInt.asUintN(64, enumOf(types, typeName, value, at))));
    case 17:
    case 18: {
      const signed = integerOf(value, at);
      return tagged(number, 0, varint(BigInt.asUintN(64, (signed << 1n) ^ (signed >> 63n))));
    }
    case 10:
      throw wrong(at, 'groups cannot be written');
    default:
      return tagged(number, 0, varint(BigInt.asUintN(64, integerOf(value, at))));
  }
}

function enumOf(types: ProtoTypes, typeName: string, value: unknown, at: string): bigint {
  if (typeof value === 'number') return integerOf(value, at);
  const values = types.enums.get(typeName) ?? new Map<number, string>();
  for (const [number, name] of values) if (name === value) return BigInt(number);
  throw wrong(at, `${shown(value)} is no ${typeName}; it is one of ${[...values.values()].join(', ')}`);
}

function numberOf(value: unknown, at: string): number {
  const read = typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  if (Number.isNaN(read) && value !== 'NaN') throw wrong(at, `${shown(value)} is no number`);
  return read;
}

function integerOf(value: unknown, at: string): bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value);
  throw wrong(at, `${shown(value)} is no whole number`);
}

function fixed(length: number, write: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(length);
  write(buffer);
  return buffer;
}

function tagged(number: number, wire: 0 | 1 | 2 | 5, value: Buffer): Buffer {
  return Buffer.concat([varint(BigInt(number * 8 + wire)), value]);
}

function delimited(number: number, value: Buffer): Buffer {
  return Buffer.concat([varint(BigInt(number * 8 + 2)), varint(BigInt(value.length)), value]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  bytes.push(Number(left));
  return Buffer.from(bytes);
}

const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const shown = (value: unknown): string => JSON.stringify(value) ?? String(value);
const wrong = (at: string, message: string): RangeError => new RangeError(at === '' ? message : `${at}: ${message}`);
