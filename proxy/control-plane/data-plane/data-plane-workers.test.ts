import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BoundListener, MeshSnapshot } from '../../data-plane/snapshot.ts';
import { createSystemClock } from '../../shared/system-clock.ts';
import { DataPlaneGone } from './data-plane-thread.ts';
import { DataPlaneWorkers, type WorkerCrash } from './data-plane-workers.ts';

let plane: DataPlaneWorkers;
let crashes: WorkerCrash[];
let recovered: { worker: number; bound: BoundListener[] }[];

beforeEach(() => {
  crashes = [];
  recovered = [];
  plane = new DataPlaneWorkers({
    entry: new URL('./crashing-worker.test-helper.ts', import.meta.url),
    clock: createSystemClock(),
    onExchanges: () => {},
    onOpen: () => {},
    onEvents: () => {},
    onCrash: (crash) => crashes.push(crash),
    onRecovered: ({ worker, bound }) => recovered.push({ worker, bound }),
  });
  plane.setIdentities([{ spiffeId: 'spiffe://a/b', certificatePem: '', privateKeyPem: '', caPem: '' }]);
});
afterEach(() => plane.close());

const listeners = [{ id: 'inbound', host: '127.0.0.1', port: 0, fixed: false, role: 'outbound' }];
const snapshotOf = (version: number, workers: number, ids: string[]) => {
  const proxies = ids.map((id) => ({ id, listeners, workload: { service: `${id}-service`, namespace: 'default' } }));
  return { version, workers, proxies, faults: [] } as unknown as MeshSnapshot;
};
const serving = async () => (await plane.clusters()).map(({ cluster }) => cluster);
const explain = (from: string) => plane.explain({ from, to: 'b', method: 'GET', path: '/', headers: {} });

test('a crashed worker is started again with its identities and on the ports it had; who waited is told', async () => {
  expect(await plane.apply(snapshotOf(1, 1, ['a']))).toMatchObject({ ok: true, bound: [{ port: 40_001 }] });
  await expect(explain('a')).rejects.toBeInstanceOf(DataPlaneGone);
  await expect(plane.clusters()).rejects.toThrow('being restarted');
  const bound = [{ proxy: 'a', listener: 'inbound', host: '127.0.0.1', port: 40_001 }];
  await expect.poll(() => recovered).toEqual([{ worker: 1, bound }]);
  expect(crashes[0]).toMatchObject({ worker: 1, workers: 1, proxies: ['a'] });
  expect(crashes[0]?.reason).toContain('asked to die');
  expect(await serving()).toEqual(['a at version 1']);
});

test('proxies are spread over the workers asked for and stay where they are', async () => {
  await plane.apply(snapshotOf(1, 2, ['a', 'b', 'c']));
  expect(await serving()).toEqual(['a at version 1', 'c at version 1', 'b at version 1']);
  await plane.apply(snapshotOf(2, 2, ['b', 'c', 'd']));
  expect(await serving()).toEqual(['c at version 2', 'd at version 2', 'b at version 2']);
});

test('what one worker refuses none takes, and all go on with what they had', async () => {
  await plane.apply(snapshotOf(1, 3, ['a', 'b', 'c']));
  const before = await serving();
  expect((await plane.apply(snapshotOf(2, 3, ['a', 'b', 'c', 'refused']))).ok).toBe(false);
  expect(await serving()).toEqual(before);
  expect((await plane.apply(snapshotOf(3, 3, ['a', 'b', 'c', 'd']))).ok).toBe(true);
  expect(await serving()).toEqual(['a at version 3', 'd at version 3', 'b at version 3', 'c at version 3']);
});

test('a worker that dies takes nobody else along: the others answer, and it comes back with its own proxies', async () => {
  await plane.apply(snapshotOf(1, 3, ['a', 'b', 'c']));
  await expect(explain('b-service')).rejects.toBeInstanceOf(DataPlaneGone);
  expect(await serving()).toEqual(['a at version 1', 'c at version 1']);
  await expect(plane.apply(snapshotOf(2, 3, ['a', 'b', 'c', 'd']))).rejects.toBeInstanceOf(DataPlaneGone);
  await expect.poll(() => recovered.map(({ worker }) => worker)).toEqual([2]);
  expect(crashes).toMatchObject([{ worker: 2, workers: 3, proxies: ['b'] }]);
  expect(await serving()).toEqual(['a at version 1', 'b at version 1', 'c at version 1']);
});

test('another number of workers waits for the next start, and the apply says so', async () => {
  await plane.apply(snapshotOf(1, 2, ['a', 'b']));
  const { ok, diagnostics } = await plane.apply(snapshotOf(2, 4, ['a', 'b']));
  expect(ok).toBe(true);
  expect(diagnostics).toMatchObject([{ severity: 'warning', code: 'DD1207', message: expect.stringContaining('is 4 now') }]);
});
