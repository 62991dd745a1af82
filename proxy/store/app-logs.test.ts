import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { LogRecord } from '../api/log.schema.ts';
import { hex, makeFolder, realClock } from './fixtures.ts';
import { Store } from './store.ts';

const opened: { store: Store; remove: () => void }[] = [];
afterEach(async () => {
  for (const { store, remove } of opened.splice(0)) {
    await store.close();
    remove();
  }
});

async function openStore(maxAppLogs: number): Promise<Store> {
  const folder = makeFolder();
  const store = await Store.open({ path: join(folder.path, 'drydock.db'), clock: realClock, limits: { maxAppLogs } });
  opened.push({ store, remove: () => folder.remove() });
  return store;
}

function makeLog(n: number, trace: number): LogRecord {
  const kind = { severity: 9, severityText: 'INFO', attributes: { n } };
  const time = new Date(n).toISOString();
  return { time, traceId: hex(trace, 32), spanId: hex(n, 16), service: 'orders', body: `line ${n}`, ...kind };
}

test('logs are found by their trace the moment they were given, in the order they came', async () => {
  const store = await openStore(1000);
  store.insertAppLogs([makeLog(2, 1), makeLog(1, 1), makeLog(3, 2)]);
  expect((await store.appLogsOfTrace(hex(1, 32))).map(({ body }) => body)).toEqual(['line 2', 'line 1']);
  expect(await store.appLogsOfTrace(hex(2, 32))).toEqual([makeLog(3, 2)]);
  expect(await store.appLogsOfTrace(hex(9, 32))).toEqual([]);
});

test('of more logs than are kept, the oldest go', async () => {
  const store = await openStore(100);
  for (let n = 0; n < 1000; n += 50) store.insertAppLogs(Array.from({ length: 50 }, (_, i) => makeLog(n + i, 1)));
  await store.flush();
  const kept = await store.appLogsOfTrace(hex(1, 32));
  expect(kept).toHaveLength(100);
  expect(kept[0]?.body).toBe('line 900');
});
