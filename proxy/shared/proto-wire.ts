/** One field as it is on the wire; groups (wire types 3 and 4) are no longer written by anybody and read as no protobuf. */
export type WireField =
  | { number: number; wire: 'varint' | 'i64' | 'i32'; value: bigint }
  | { number: number; wire: 'len'; value: Buffer };

const maxFieldNumber = 0x1fffffff;

/** The fields of one message in order; null when the bytes are none. `cut`: the end may be missing, what is whole counts. */
export function readWire(bytes: Buffer, cut = false): WireField[] | null {
  const fields: WireField[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = readVarint(bytes, at);
    if (tag === null) return cut && fields.length > 0 ? fields : null;
    const number = Number(tag.value >> 3n);
    if (number < 1 || number > maxFieldNumber) return null;
    const read = readValue(bytes, tag.end, number, Number(tag.value & 7n));
    if (read === 'unknown') return null;
    if (read === null) return cut && fields.length > 0 ? fields : null;
    fields.push(read.field);
    at = read.end;
  }
  return fields;
}

/** null: the bytes end before it does. */
function readValue(
  bytes: Buffer,
  at: number,
  number: number,
  wire: number,
): { field: WireField; end: number } | null | 'unknown' {
  switch (wire) {
    case 0: {
      const varint = readVarint(bytes, at);
      return varint && { field: { number, wire: 'varint', value: varint.value }, end: varint.end };
    }
    case 1:
      return at + 8 > bytes.length ? null : { field: { number, wire: 'i64', value: bytes.readBigUInt64LE(at) }, end: at + 8 };
    case 2: {
      const length = readVarint(bytes, at);
      if (length === null || length.value > BigInt(bytes.length - length.end)) return null;
      const end = length.end + Number(length.value);
      return { field: { number, wire: 'len', value: bytes.subarray(length.end, end) }, end };
    }
    case 5:
      return at + 4 > bytes.length
        ? null
        : { field: { number, wire: 'i32', value: BigInt(bytes.readUInt32LE(at)) }, end: at + 4 };
    default:
      return 'unknown';
  }
}

export function readVarint(bytes: Buffer, from: number): { value: bigint; end: number } | null {
  let value = 0n;
  for (let at = from; at < bytes.length && at < from + 10; at++) {
    value |= BigInt(bytes[at]! & 0x7f) << BigInt(7 * (at - from));
    if ((bytes[at]! & 0x80) === 0) return { value: BigInt.asUintN(64, value), end: at + 1 };
  }
  return null;
}

/** A length-delimited field. */
export function writeBytes(number: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([writeVarint((number << 3) | 2), writeVarint(bytes.length), bytes]);
}

/** A varint field: integers (negative ones as 64 bits), booleans, enumerations. */
export function writeInteger(number: number, value: number | bigint): Buffer {
  return Buffer.concat([writeVarint(number << 3), writeVarint(value)]);
}

function writeVarint(value: number | bigint): Buffer {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  out.push(Number(rest));
  return Buffer.from(out);
}
