import { isUtf8 } from 'node:buffer';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { BodyView } from '../api/body.schema.ts';
import type { CapturedBody } from '../api/exchange.schema.ts';
import { ownValue } from '../shared/own-value.ts';

/** A page shows no more of a body than this; a few kilobytes can claim to inflate to gigabytes. */
const maxShownBytes = 8 * 1024 * 1024;
const count = (value: number) => value.toLocaleString('en-US');
/** Encodings laid over each other that are still undone. */
const maxEncodings = 4;

/**
 * A body as a reader wants it: content encodings undone up to 8 MiB, text in its own character set. Never rejects: what cannot be undone is
 * shown as it came, and the notes say why. Inflating happens off the main thread and stops at the limit, whatever the body claims.
 */
export async function viewBody(body: CapturedBody): Promise<BodyView> {
  const notes: string[] = [];
  const wire = Buffer.from(body.content, body.encoding);
  if (body.truncated) notes.push(`Only the first ${count(body.capturedBytes)} of ${count(body.bytes)} bytes were kept.`);
  const plain = await undoEncodings(wire, body, notes);
  const shown = plain.subarray(0, maxShownBytes);
  if (plain === wire && wire.length > maxShownBytes) notes.push(`Only the first ${maxShownBytes / 1024 / 1024} MiB are shown.`);
  // Cut somewhere, perhaps within a character.
  const cut = body.truncated || plain.length >= maxShownBytes;
  const text = textOf(cut ? wholeCharacters(shown) : shown, shown, body.contentType, notes);
  return {
    contentType: body.contentType,
    contentEncoding: body.contentEncoding,
    bytes: body.bytes,
    shownBytes: shown.length,
    encoding: text === null ? 'base64' : 'utf8',
    content: text ?? shown.toString('base64'),
    notes,
  };
}

async function undoEncodings(wire: Buffer, body: CapturedBody, notes: string[]): Promise<Buffer> {
  const encodings = body.contentEncoding
    .split(',')
    .map((encoding) => encoding.trim().toLowerCase())
    .filter((encoding) => encoding !== '' && encoding !== 'identity');
  let bytes = wire;
  for (const encoding of encodings.toReversed().slice(0, maxEncodings)) {
    const create = ownValue(inflaters, encoding);
    if (create === undefined) {
      notes.push(`The content encoding ${encoding} is not known here: shown as it came.`);
      return wire;
    }
    const inflated = await inflate(create(bytes), bytes, maxShownBytes);
    if (inflated.problem !== '' && inflated.bytes.length === 0) {
      notes.push(`It is not ${encoding} as its header says (${inflated.problem}): shown as it came.`);
      return wire;
    }
    if (inflated.cut) notes.push(`It inflates beyond ${maxShownBytes / 1024 / 1024} MiB: only that much is shown.`);
    else if (inflated.problem !== '' && !body.truncated) notes.push(`The ${encoding} data breaks off: ${inflated.problem}.`);
    bytes = inflated.bytes;
  }
  if (encodings.length > maxEncodings) notes.push(`Encoded ${encodings.length} times: only ${maxEncodings} were undone.`);
  return bytes;
}

/** What comes out up to `limit` bytes; what came before an error counts. */
function inflate(stream: Transform, bytes: Buffer, limit: number): Promise<{ bytes: Buffer; cut: boolean; problem: string }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (cut: boolean, problem: string) => {
      resolve({ bytes: Buffer.concat(chunks).subarray(0, limit), cut, problem });
      stream.destroy();
    };
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit) end(true, '');
    });
    stream.once('end', () => end(false, ''));
    stream.on('error', (error) => end(false, error.message));
    stream.end(bytes);
  });
}

const inflaters: Record<string, (bytes: Buffer) => Transform> = {
  gzip: () => zlib.createGunzip(),
  'x-gzip': () => zlib.createGunzip(),
  // Senders disagree on what deflate is: with zlib's header, as RFC 9110 §8.4.1.2 says, or bare.
  deflate: (bytes) => (((bytes[0] ?? 0) & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw()),
  br: () => zlib.createBrotliDecompress(),
  // A window larger than RFC 9659 allows is memory that a sender takes from us.
  zstd: () => zlib.createZstdDecompress({ params: { [zlib.constants.ZSTD_d_windowLogMax]: 23 } }),
};

/** Null: bytes that are no text. */
function textOf(whole: Buffer, bytes: Buffer, contentType: string, notes: string[]): string | null {
  if (isUtf8(whole) && !whole.includes(0)) return whole.toString('utf8');
  const charset = /charset="?([\w.:-]+)/i.exec(contentType)?.[1]?.toLowerCase();
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8') return null;
  try {
    const text = new TextDecoder(charset).decode(bytes);
    notes.push(`Read as ${charset}.`);
    return text;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Without the beginning of a character that a limit cut in two. */
function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf8 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
