/*
 * Protobuf by hand, as far as the shop needs it: strings and whole numbers under field numbers.
 */

/** @param {[number, string | number | Buffer][]} fields in the order they are written */
export function encode(fields) {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)]);
      const bytes = Buffer.from(value);
      return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
    }),
  );
}

/** @returns {Map<number, number | Buffer>} the last value of each field; Buffers for strings and messages */
export function decode(bytes) {
  const fields = new Map();
  let at = 0;
  const next = () => {
    let value = 0;
    for (let shift = 0; at < bytes.length && shift < 35; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = next();
    if ((tag & 7) === 0) fields.set(tag >>> 3, next());
    else if ((tag & 7) === 2) {
      const length = next();
      fields.set(tag >>> 3, bytes.subarray(at, at + length));
      at += length;
    } else throw new Error(`wire type ${tag & 7} is not used here`);
  }
  return fields;
}

function varint(value) {
  const out = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) out.push((rest & 0x7f) | 0x80);
  return Buffer.from([...out, rest]);
}
