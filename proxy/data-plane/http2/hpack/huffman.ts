/*
 * RFC 7541, Appendix B. The code is canonical: ordered by length, then by symbol, each code word is the one before it plus one. So the
 * lengths are all there is to write down. Symbol 256 is EOS, which never occurs inside a string.
 */
// biome-ignore format: a row of sixteen symbols each
export const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const endOfString = 256;
const longestCode = 30;

/** Symbols in the order of their code words. */
const symbols = new Uint16Array(codeLengths.length);
/** Per length: the first code word of it, how many there are, and where their symbols begin. */
const firstCode = new Uint32Array(longestCode + 1);
const count = new Uint16Array(longestCode + 1);
const firstSymbol = new Uint16Array(longestCode + 1);
/** Next eight bits → length of the code word they begin with << 8 | its symbol; 0: it is longer. Nearly all text is found here. */
const short = new Uint16Array(256);

function fillTables(): void {
  let code = 0;
  let at = 0;
  for (let length = 1; length <= longestCode; length++) {
    code *= 2;
    firstCode[length] = code;
    firstSymbol[length] = at;
    for (let symbol = 0; symbol < codeLengths.length; symbol++) {
      if (codeLengths[symbol] !== length) continue;
      symbols[at++] = symbol;
      if (length <= 8) short.fill((length << 8) | symbol, code << (8 - length), (code + 1) << (8 - length));
      code++;
    }
    count[length] = at - firstSymbol[length]!;
  }
}
fillTables();

/**
 * Decodes bytes [from, to) of `source` into `target` and returns how many bytes came out, or -1: EOS inside, or padding that is not the
 * beginning of EOS, seven bits at most (§5.2). `target` has room for 8/5 of what goes in.
 */
export function decodeHuffman(source: Uint8Array, from: number, to: number, target: Uint8Array): number {
  let bits = 0;
  let held = 0;
  let out = 0;
  let at = from;
  for (;;) {
    // Never more than 7 bits are left over when a code word was taken, so that eight more always fit.
    while (held < 8 && at < to) {
      bits = ((bits << 8) | source[at++]!) & 0xffff;
      held += 8;
    }
    if (held < 8) break;
    const found = short[(bits >>> (held - 8)) & 0xff]!;
    if (found !== 0) {
      held -= found >>> 8;
      target[out++] = found & 0xff;
      continue;
    }
    // A long one: bit by bit from here on.
    let length = 8;
    let code = (bits >>> (held - 8)) & 0xff;
    held -= 8;
    for (;;) {
      if (held === 0) {
        // Padding may be the beginning of a long code word, but only seven bits of it: eight are too many.
        if (at === to) return -1;
        bits = source[at++]!;
        held = 8;
      }
      held--;
      code = code * 2 + ((bits >>> held) & 1);
      length++;
      const index = code - firstCode[length]!;
      if (index >= 0 && index < count[length]!) {
        const symbol = symbols[firstSymbol[length]! + index]!;
        if (symbol === endOfString) return -1;
        target[out++] = symbol;
        break;
      }
      if (length === longestCode) return -1;
    }
  }
  // Up to seven bits: short code words, then ones.
  while (held > 0) {
    const filled = ((bits << (8 - held)) | (0xff >>> held)) & 0xff;
    const found = short[filled]!;
    const length = found >>> 8;
    if (found === 0 || length > held) break;
    held -= length;
    target[out++] = found & 0xff;
  }
  const rest = bits & ((1 << held) - 1);
  return rest === (1 << held) - 1 ? out : -1;
}
