import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unzip } from './unzip.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'drydock-unzip-'));

/** A zip as `zip` writes it: local headers with data, then the directory. */
function zipOf(files: { name: string; content: string; mode?: number; stored?: boolean }[]): string {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, mode = 0o644, stored } of files) {
    const raw = Buffer.from(content);
    const data = stored ? raw : deflateRawSync(raw);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(stored ? 0 : 8, 8);
    local.writeUInt32LE(crc32(raw), 14);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(raw.length, 22);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    local.copy(entry, 10, 8, 28);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(((0o100000 | mode) << 16) >>> 0, 38);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), data);
    directory.push(entry, Buffer.from(name));
    offset += 30 + name.length + data.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  const file = path.join(folder, `${files.length}-${offset}.zip`);
  writeFileSync(file, Buffer.concat([...locals, ...directory, end]));
  return file;
}

describe('unzip', () => {
  it('writes what is wanted under its new name, with its mode', async () => {
    const zip = zipOf([
      { name: 'App/App', content: 'binary '.repeat(1000), mode: 0o755 },
      { name: 'App/notes.txt', content: 'kept as it is', stored: true },
      { name: 'App/resources/app.js', content: 'left out' },
    ]);
    const target = path.join(folder, 'out');
    const count = await unzip(zip, target, (name: string) =>
      name.includes('resources') ? null : name.replace('App/App', 'electron').replace('App/', ''),
    );
    expect(count).toBe(2);
    expect(readFileSync(path.join(target, 'electron'), 'utf8')).toHaveLength(7000);
    expect(statSync(path.join(target, 'electron')).mode & 0o777).toBe(0o755);
    expect(readFileSync(path.join(target, 'notes.txt'), 'utf8')).toBe('kept as it is');
  });

  it('refuses an entry that leaves its folder', async () => {
    const zip = zipOf([{ name: '../evil', content: 'x' }]);
    await expect(unzip(zip, path.join(folder, 'safe'), (name: string) => name)).rejects.toThrow(/leaves the target folder/);
  });

  it('refuses what is not a zip', async () => {
    const file = path.join(folder, 'no.zip');
    writeFileSync(file, 'x'.repeat(100));
    await expect(unzip(file, folder, (name: string) => name)).rejects.toThrow('not a zip file');
  });
});
