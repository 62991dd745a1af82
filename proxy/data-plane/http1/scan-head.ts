const headEnd = Buffer.from('\r\n\r\n');
const tab = 0x09;
const lf = 0x0a;
const cr = 0x0d;
const space = 0x20;
const del = 0x7f;

export interface ScannedHead {
  /** Where the empty line begins that ends the head; -1: it has not come yet. */
  end: number;
  /** No control character, bare CR or bare LF was met on the way. False says nothing: it may not have been looked at. */
  clean: boolean;
}

/** Finds the end of a message head in bytes, and looks at each on the way: one pass instead of one to find and one to check. */
export function scanHead(input: Buffer, start: number): ScannedHead {
  const { length } = input;
  for (let i = start; i < length; i++) {
    const byte = input[i]!;
    if (byte >= space ? byte !== del : byte === tab) continue;
    if (byte !== cr || input[i + 1] !== lf) return { end: input.indexOf(headEnd, start), clean: false };
    if (input[i + 2] === cr && input[i + 3] === lf) return { end: i, clean: true };
    i++;
  }
  return { end: -1, clean: false };
}
