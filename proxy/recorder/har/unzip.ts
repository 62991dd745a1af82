import { inflateRawSync } from 'node:zlib';

/* As much of ZIP (PKWARE APPNOTE 6.3.9) as a zipped HAR needs: stored and deflated files, found by the central directory. */

const endMark = 0x06054b50;
const entryMark = 0x02014b50;
const maxFiles = 20_000;
const maxTotalBytes = 256 * 1024 * 1024;

export const isZip = (bytes: Buffer): boolean => /^PK[\x01-\x08]{2}/.test(bytes.toString('latin1', 0, 4));

/** Files by name, or a sentence that says why they cannot be read. Inflates at most 256 MiB. */
export function unzip(bytes: Buffer): Map<string, Buffer> | string {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end === -1 || bytes.length < end + 22 || bytes.readUInt32LE(end) !== endMark)
    return 'The ZIP has no directory: it may be cut off';
  const count = bytes.readUInt16LE(end + 10);
  if (count > maxFiles) return `The ZIP has ${count} files or is of the 64-bit kind, which is not read`;
  const files = new Map<string, Buffer>();
  let left = maxTotalBytes;
  let at = bytes.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== entryMark) return 'The directory of the ZIP is broken';
    const nameEnd = at + 46 + bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, nameEnd);
    const content = readFile(bytes, at, left);
    if (typeof content === 'string') return `${name} in the ZIP: ${content}`;
    left -= content.length;
    files.set(name, content);
    at = nameEnd + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return files;
}

function readFile(bytes: Buffer, entry: number, left: number): Buffer | string {
  const [flags, method, packed] = [bytes.readUInt16LE(entry + 8), bytes.readUInt16LE(entry + 10), bytes.readUInt32LE(entry + 20)];
  const start = bytes.readUInt32LE(entry + 42);
  if ((flags & 1) === 1) return 'it is encrypted';
  if (start + 30 > bytes.length) return 'it is cut off';
  // The lengths of name and extra field may differ from the directory's.
  const from = start + 30 + bytes.readUInt16LE(start + 26) + bytes.readUInt16LE(start + 28);
  const content = bytes.subarray(from, from + packed);
  if (content.length < packed) return 'it is cut off';
  if (method === 0) return content.length > left ? tooLarge : content;
  if (method !== 8) return `its compression ${method} is not known`;
  try {
    return inflateRawSync(content, { maxOutputLength: Math.max(1, left) });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? tooLarge
      : `it cannot be inflated (${(error as Error).message})`;
  }
}

const tooLarge = `with the others it has more than ${maxTotalBytes / 1024 / 1024} MiB`;
