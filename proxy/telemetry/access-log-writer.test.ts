import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeExchange } from '../store/fixtures.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { AccessLog } from './access-log-writer.ts';

let folder: string;
let clock: ManualClock;
let told: { type: string; message: string }[];
let log: AccessLog;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-access-log-'));
  clock = new ManualClock();
  told = [];
  log = new AccessLog({ clock, onEvent: ({ type, message }) => told.push({ type, message }) });
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true, force: true });
});
const lines = async (file: string) => (await readFile(file, 'utf8')).trimEnd().split('\n');

describe('the access log', () => {
  test('writes nothing until it is turned on, then a line per request, readable by its owner only', async () => {
    log.record([makeExchange(1)]);
    const file = path.join(folder, 'logs', 'access.log');
    log.set({ file, encoding: 'TEXT' });
    log.record([makeExchange(2), makeExchange(3)]);
    await log.flush();
    expect(await lines(file)).toHaveLength(2);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('collects lines for a tenth of a second', async () => {
    const file = path.join(folder, 'access.log');
    log.set({ file, encoding: 'JSON' });
    log.record([makeExchange(1)]);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(100);
    expect(clock.pendingTimers).toBe(0);
    await log.flush();
    expect(JSON.parse((await lines(file))[0]!)).toMatchObject({ method: 'GET' });
  });

  test('follows a file that was rotated away, and a setting that changed', async () => {
    const first = path.join(folder, 'first.log');
    log.set({ file: first, encoding: 'TEXT' });
    log.record([makeExchange(1)]);
    await log.flush();
    await rename(first, `${first}.1`);
    log.record([makeExchange(2)]);
    log.set({ file: path.join(folder, 'second.log'), encoding: 'TEXT' });
    log.record([makeExchange(3)]);
    await log.flush();
    for (const name of ['first.log.1', 'first.log', 'second.log']) {
      expect(await lines(path.join(folder, name)), name).toHaveLength(1);
    }
  });

  test('tells once that it cannot be written, and once how much was lost when it can be again', async () => {
    const file = path.join(folder, 'access.log');
    await mkdir(file);
    log.set({ file, encoding: 'TEXT' });
    for (const n of [1, 2]) {
      log.record([makeExchange(n)]);
      await log.flush();
    }
    expect(told.map(({ type }) => type)).toEqual(['access-log.failed']);
    await rm(file, { recursive: true });
    log.record([makeExchange(3)]);
    await log.flush();
    expect(told.at(-1)).toEqual({ type: 'access-log.recovered', message: 'The access log is written again; 2 lines were lost' });
    expect(await lines(file)).toHaveLength(1);
  });

  test('says that it is incomplete when requests came without a record, at most once a minute', () => {
    log.set({ file: path.join(folder, 'access.log'), encoding: 'TEXT' });
    log.noteDropped(5);
    log.noteDropped(7);
    expect(told).toHaveLength(1);
    clock.advance(60_000);
    log.noteDropped(1);
    expect(told[1]?.message).toContain('8 requests');
  });
});
