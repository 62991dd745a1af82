import { isUtf8 } from 'node:buffer';
import type { ProtoField } from '../../api/exchange.schema.ts';
import type { FieldType, ProtoTypes } from '../../shared/proto-types.ts';
import { readVarint, readWire, type WireField } from '../../shared/proto-wire.ts';

const maxFields = 500;
const maxDepth = 12;
const maxValueCharacters = 4096;

const typeNames = [
  ...['', 'double', 'float', 'int64', 'uint64', 'int32', 'fixed64', 'fixed32', 'bool', 'string', 'group', 'message', 'bytes'],
  ...['uint32', 'enum', 'sfixed32', 'sfixed64', 'sint32', 'sint64'],
];
const STRING = 9;
const MESSAGE = 11;
const ENUM = 14;

/**
 * A protobuf message as lines to read. With a known type fields have names; without, types are guessed: text where it is text, a message where
 * the bytes read as one, bytes otherwise. Null when it is no protobuf.
 */
export function describeProto(bytes: Buffer, type: string, types: ProtoTypes | null, cut: boolean): ProtoField[] | null {
  const fields = readWire(bytes, cut);
  if (fields === null) return null;
  const lines: ProtoField[] = [];
  describe(fields, type, types, 0, lines);
  return lines;
}

function describe(
  fields: readonly WireField[],
  type: string,
  types: ProtoTypes | null,
  depth: number,
  lines: ProtoField[],
): void {
  const known = types?.messages.get(type);
  for (const field of fields) {
    if (lines.length >= maxFields) return;
    const of = known?.get(field.number);
    if (of !== undefined && types !== null && describeKnown(field, of, types, depth, lines)) continue;
    describeGuessed(field, of?.name ?? '', depth, lines);
  }
}

/** False when the bytes are not what the descriptor says. */
function describeKnown(field: WireField, of: FieldType, types: ProtoTypes, depth: number, lines: ProtoField[]): boolean {
  const line = { depth, number: field.number, name: of.name };
  const typeName = typeNames[of.type] ?? '';
  if (field.wire === 'len') {
    if (of.type === MESSAGE) {
      const nested = depth < maxDepth ? readWire(field.value) : null;
      if (nested === null) return false;
      lines.push({ ...line, type: `message ${of.typeName}`, value: '' });
      describe(nested, of.typeName, types, depth + 1, lines);
      return true;
    }
    if (of.type === STRING) lines.push({ ...line, type: typeName, value: short(field.value.toString('utf8')) });
    else if (typeName === 'bytes') lines.push({ ...line, type: typeName, value: hex(field.value) });
    else if (of.type !== 10 && of.type > 0)
      lines.push({ ...line, type: `packed ${typeName}`, value: packed(field.value, of, types) });
    else return false;
    return true;
  }
  if (typeName === '' || of.type === STRING || of.type === MESSAGE || typeName === 'bytes') return false;
  const type = of.type === ENUM ? `enum ${of.typeName}` : typeName;
  lines.push({ ...line, type, value: numberText(field.value, of, types) });
  return true;
}

function describeGuessed(field: WireField, name: string, depth: number, lines: ProtoField[]): void {
  const line = { depth, number: field.number, name };
  if (field.wire !== 'len') {
    const { wire, value } = field;
    if (wire === 'varint') lines.push({ ...line, type: 'varint?', value: BigInt.asIntN(64, value).toString() });
    else if (wire === 'i64') lines.push({ ...line, type: 'double?', value: `${doubleOf(value)} (${value})` });
    else lines.push({ ...line, type: 'float?', value: `${floatOf(value)} (${value})` });
    return;
  }
  if (isReadable(field.value)) {
    lines.push({ ...line, type: 'string?', value: short(field.value.toString('utf8')) });
    return;
  }
  const nested = depth < maxDepth && field.value.length > 0 ? readWire(field.value) : null;
  lines.push(nested === null ? { ...line, type: 'bytes?', value: hex(field.value) } : { ...line, type: 'message?', value: '' });
  if (nested !== null) describe(nested, '', null, depth + 1, lines);
}

function numberText(value: bigint, of: FieldType, types: ProtoTypes): string {
  switch (typeNames[of.type]) {
    case 'double':
      return String(doubleOf(value));
    case 'float':
      return String(floatOf(value));
    case 'bool':
      return value === 0n ? 'false' : 'true';
    case 'sint32':
    case 'sint64':
      return ((value >> 1n) ^ -(value & 1n)).toString();
    case 'int32':
    case 'sfixed32':
      return BigInt.asIntN(32, value).toString();
    case 'int64':
    case 'sfixed64':
      return BigInt.asIntN(64, value).toString();
    case 'enum':
      return types.enums.get(of.typeName)?.get(Number(BigInt.asIntN(32, value))) ?? value.toString();
    default:
      return value.toString();
  }
}

function packed(bytes: Buffer, of: FieldType, types: ProtoTypes): string {
  const values: string[] = [];
  const name = typeNames[of.type] ?? '';
  const size = /^(double|s?fixed64)$/.test(name) ? 8 : /^(float|s?fixed32)$/.test(name) ? 4 : 0;
  for (let at = 0; at < bytes.length && values.length < maxFields; ) {
    if (size > 0) {
      if (at + size > bytes.length) break;
      values.push(numberText(size === 8 ? bytes.readBigUInt64LE(at) : BigInt(bytes.readUInt32LE(at)), of, types));
      at += size;
      continue;
    }
    const varint = readVarint(bytes, at);
    if (varint === null) break;
    values.push(numberText(varint.value, of, types));
    at = varint.end;
  }
  return short(`[${values.join(', ')}]`);
}

function doubleOf(bits: bigint): number {
  return new Float64Array(BigUint64Array.of(bits).buffer)[0]!;
}
function floatOf(bits: bigint): number {
  return new Float32Array(Uint32Array.of(Number(bits)).buffer)[0]!;
}

/** Control characters, except for those of text, tell bytes from it. */
function isReadable(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.some((byte) => byte === 127 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13));
}

function hex(bytes: Buffer): string {
  return short(bytes.subarray(0, maxValueCharacters).toString('hex'));
}

function short(text: string): string {
  return text.length > maxValueCharacters ? `${text.slice(0, maxValueCharacters)}…` : text;
}
