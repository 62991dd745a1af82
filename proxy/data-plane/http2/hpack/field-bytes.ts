/* What names and values of fields may hold (RFC 9113 §8.2.1, RFC 9110 §5.1 token and §5.5). */

const nameByte = new Uint8Array(256);
for (const letter of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") nameByte[letter.charCodeAt(0)] = 1;

const badName = /^$|[^!#$%&'*+\-.^_`|~0-9a-z:]|^:$|.:/;
/** Control characters but the tab. */
const badValue = /[\0-\x08\x0a-\x1f\x7f]/;

const colon = 0x3a;

/** Lower-case token, or one after a colon. */
export function areNameBytes(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = bytes[from] === colon ? from + 1 : from; at < to; at++) if (nameByte[bytes[at]!] === 0) return false;
  return to > from;
}

export function areValueBytes(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) return false;
  }
  return true;
}

export function isName(text: string): boolean {
  return !badName.test(text);
}

export function isValue(text: string): boolean {
  return !badValue.test(text);
}
