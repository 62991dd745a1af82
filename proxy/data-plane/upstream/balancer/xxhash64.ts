/*
 * xxHash64 on pairs of 32-bit words: Envoy hashes keys and hosts with it (source/common/common/hash.h), so the same header value must land
 * on the same host here. A 64-bit number is kept as (high, low); BigInt would cost ten times as much per request.
 */

/** An unsigned 64-bit number. */
export interface Hash64 {
  high: number;
  low: number;
}

const P1H = 0x9e3779b1;
const P1L = 0x85ebca87;
const P2H = 0xc2b2ae3d;
const P2L = 0x27d4eb4f;
const P3H = 0x165667b1;
const P3L = 0x9e3779f9;
const P4H = 0x85ebca77;
const P4L = 0xc2b2ae63;
const P5H = 0x27d4eb2f;
const P5L = 0x165667c5;

/** High word of the last `mul` or `mulAdd`; the low word is returned. Scratch of one synchronous call, never read across calls. */
class Word64 {
  high = 0;
  low = 0;

  set(high: number, low: number): this {
    this.high = high >>> 0;
    this.low = low >>> 0;
    return this;
  }

  add(high: number, low: number): this {
    const sum = this.low + (low >>> 0);
    this.high = (this.high + (high >>> 0) + (sum > 0xffffffff ? 1 : 0)) >>> 0;
    this.low = sum >>> 0;
    return this;
  }

  multiply(high: number, low: number): this {
    const aLow = this.low & 0xffff;
    const aHigh = this.low >>> 16;
    const bLow = low & 0xffff;
    const bHigh = low >>> 16;
    const cross = aHigh * bLow + ((aLow * bLow) >>> 16);
    const crossLow = (cross & 0xffff) + aLow * bHigh;
    const carry = aHigh * bHigh + Math.floor(cross / 0x10000) + Math.floor(crossLow / 0x10000);
    const upper = carry + Math.imul(this.high, low) + Math.imul(this.low, high);
    this.low = Math.imul(this.low, low) >>> 0;
    this.high = upper >>> 0;
    return this;
  }

  xor(high: number, low: number): this {
    this.high = (this.high ^ high) >>> 0;
    this.low = (this.low ^ low) >>> 0;
    return this;
  }

  rotateLeft(bits: number): this {
    const { high, low } = this;
    if (bits < 32) {
      this.high = ((high << bits) | (low >>> (32 - bits))) >>> 0;
      this.low = ((low << bits) | (high >>> (32 - bits))) >>> 0;
    } else {
      const rest = bits - 32;
      this.high = rest === 0 ? low : ((low << rest) | (high >>> (32 - rest))) >>> 0;
      this.low = rest === 0 ? high : ((high << rest) | (low >>> (32 - rest))) >>> 0;
    }
    return this;
  }

  xorShiftRight(bits: number): this {
    if (bits < 32) return this.xor(this.high >>> bits, ((this.low >>> bits) | (this.high << (32 - bits))) >>> 0);
    return this.xor(0, this.high >>> (bits - 32));
  }
}

function round(lane: Word64, inputHigh: number, inputLow: number): Word64 {
  const input = new Word64().set(inputHigh, inputLow).multiply(P2H, P2L);
  return lane.add(input.high, input.low).rotateLeft(31).multiply(P1H, P1L);
}

/** xxHash64 of `text`, one byte per character, as the bytes of header values come. */
export function xxHash64(text: string, seed: Hash64 = { high: 0, low: 0 }): Hash64 {
  return xxHash64Bytes(Buffer.from(text, 'latin1'), seed);
}

function xxHash64Bytes(bytes: Buffer, seed: Hash64 = { high: 0, low: 0 }): Hash64 {
  const length = bytes.length;
  let at = 0;
  const hash = new Word64();
  if (length >= 32) {
    const lanes = [
      new Word64().set(seed.high, seed.low).add(P1H, P1L).add(P2H, P2L),
      new Word64().set(seed.high, seed.low).add(P2H, P2L),
      new Word64().set(seed.high, seed.low),
      // minus prime 1 = plus its two's complement
      new Word64().set(seed.high, seed.low).add(~P1H, ~P1L).add(0, 1),
    ];
    for (; at <= length - 32; at += 32) {
      for (let i = 0; i < 4; i++) round(lanes[i]!, bytes.readUInt32LE(at + i * 8 + 4), bytes.readUInt32LE(at + i * 8));
    }
    const rotations = [1, 7, 12, 18];
    for (let i = 0; i < 4; i++) {
      const turned = new Word64().set(lanes[i]!.high, lanes[i]!.low).rotateLeft(rotations[i]!);
      hash.add(turned.high, turned.low);
    }
    for (const lane of lanes) {
      const merged = round(new Word64(), lane.high, lane.low);
      hash.xor(merged.high, merged.low).multiply(P1H, P1L).add(P4H, P4L);
    }
  } else {
    hash.set(seed.high, seed.low).add(P5H, P5L);
  }
  hash.add(0, length);
  for (; at + 8 <= length; at += 8) {
    const lane = round(new Word64(), bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at));
    hash.xor(lane.high, lane.low).rotateLeft(27).multiply(P1H, P1L).add(P4H, P4L);
  }
  if (at + 4 <= length) {
    const lane = new Word64().set(0, bytes.readUInt32LE(at)).multiply(P1H, P1L);
    hash.xor(lane.high, lane.low).rotateLeft(23).multiply(P2H, P2L).add(P3H, P3L);
    at += 4;
  }
  for (; at < length; at++) {
    const lane = new Word64().set(0, bytes[at]!).multiply(P5H, P5L);
    hash.xor(lane.high, lane.low).rotateLeft(11).multiply(P1H, P1L);
  }
  hash.xorShiftRight(33).multiply(P2H, P2L).xorShiftRight(29).multiply(P3H, P3L).xorShiftRight(32);
  return { high: hash.high, low: hash.low };
}

/** `hash mod divisor` for divisors up to 2²⁰. */
export function modulo(hash: Hash64, divisor: number): number {
  const highShare = ((hash.high % divisor) * (0x100000000 % divisor)) % divisor;
  return (highShare + (hash.low % divisor)) % divisor;
}

/** −1, 0 or 1, unsigned. */
export function compare(a: Hash64, b: Hash64): number {
  if (a.high !== b.high) return a.high < b.high ? -1 : 1;
  if (a.low !== b.low) return a.low < b.low ? -1 : 1;
  return 0;
}

/** 16 lower-case hex digits. */
export function toHex(hash: Hash64): string {
  return hash.high.toString(16).padStart(8, '0') + hash.low.toString(16).padStart(8, '0');
}
