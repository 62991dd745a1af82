import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSystemClock } from '../shared/system-clock.ts';
import { FileWatcher } from './file-watcher.ts';

let folder: string;
let watcher: FileWatcher;
let calls: number;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-watch-'));
  calls = 0;
  watcher = new FileWatcher({
    clock: createSystemClock(),
    onChange: () => {
      calls++;
    },
  });
});
afterEach(async () => {
  watcher.close();
  await rm(folder, { recursive: true, force: true });
});

test('a burst of writes is one change; an editor that renames is seen; other files are not', async () => {
  const file = path.join(folder, 'mesh.yaml');
  await writeFile(file, 'a');
  await watcher.watch([file], [file]);
  await writeFile(path.join(folder, 'drydock.db-wal'), 'x');
  for (let i = 0; i < 20; i++) await writeFile(file, String(i));
  await expect.poll(() => calls).toBe(1);
  await writeFile(path.join(folder, '.mesh.yaml.swp'), 'b');
  await rename(path.join(folder, '.mesh.yaml.swp'), file);
  await expect.poll(() => calls).toBe(2);
  await rm(file);
  await expect.poll(() => calls).toBe(3);
});

test('new config files in a watched folder are seen, and the target of a symbolic link', async () => {
  const outside = await mkdtemp(path.join(tmpdir(), 'drydock-watch-target-'));
  const target = path.join(outside, 'real.yaml');
  await writeFile(target, 'a');
  const link = path.join(folder, 'link.yaml');
  await symlink(target, link);
  await watcher.watch([folder], [link]);
  await writeFile(path.join(folder, 'new.yaml'), 'a');
  await expect.poll(() => calls).toBe(1);
  await writeFile(target, 'b');
  await expect.poll(() => calls).toBe(2);
  await rm(outside, { recursive: true });
});
