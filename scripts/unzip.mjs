import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;

/**
 * Unpacks part of a zip without any tool installed (bare machines have no unzip).
 * rename(name) gives the path below `target` for an entry, or null to leave it out. Zip64 is not needed and refused.
 * @returns {Promise<number>} how many files were written
 */
export async function unzip(zipFile, target, rename) {
  const file = await open(zipFile, 'r');
  try {
    let written = 0;
    for (const entry of await readDirectory(file)) {
      const name = entry.name.endsWith('/') ? null : rename(entry.name);
      if (name === null) continue;
      const destination = path.join(target, name);
      if (!destination.startsWith(target + path.sep)) throw new Error(`zip entry leaves the target folder: ${entry.name}`);
      await mkdir(path.dirname(destination), { recursive: true });
      await writeEntry(file, zipFile, entry, destination);
      written += 1;
    }
    return written;
  } finally {
    await file.close();
  }
}

async function readDirectory(file) {
  const { size } = await file.stat();
  const tail = await readAt(file, Math.max(0, size - 65_557), Math.min(size, 65_557));
  const at = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (at < 0 || tail.readUInt32LE(at) !== endOfDirectory) throw new Error('not a zip file');
  const count = tail.readUInt16LE(at + 10);
  const directory = await readAt(file, tail.readUInt32LE(at + 16), tail.readUInt32LE(at + 12));
  const entries = [];
  for (let index = 0, offset = 0; index < count; index += 1) {
    if (directory.readUInt32LE(offset) !== directoryEntry) throw new Error('zip directory is damaged (or Zip64)');
    const nameLength = directory.readUInt16LE(offset + 28);
    entries.push({
      method: directory.readUInt16LE(offset + 10),
      compressedSize: directory.readUInt32LE(offset + 20),
      mode: (directory.readUInt32LE(offset + 38) >>> 16) & 0o777,
      headerOffset: directory.readUInt32LE(offset + 42),
      name: directory.toString('utf8', offset + 46, offset + 46 + nameLength),
    });
    offset += 46 + nameLength + directory.readUInt16LE(offset + 30) + directory.readUInt16LE(offset + 32);
  }
  return entries;
}

async function writeEntry(file, zipFile, entry, destination) {
  const header = await readAt(file, entry.headerOffset, 30);
  const start = entry.headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const output = createWriteStream(destination, { mode: entry.mode || 0o644 });
  if (entry.compressedSize === 0) {
    output.end();
    return;
  }
  const input = createReadStream(zipFile, { start, end: start + entry.compressedSize - 1 });
  if (entry.method === 8) await pipeline(input, createInflateRaw(), output);
  else if (entry.method === 0) await pipeline(input, output);
  else throw new Error(`zip method ${entry.method} of ${entry.name} is not known`);
}

async function readAt(file, position, length) {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead !== length) throw new Error('zip file ends early');
  return buffer;
}
