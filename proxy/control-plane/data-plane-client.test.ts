import { afterEach, expect, test } from 'vitest';
import type { BoundListener, MeshSnapshot } from '../data-plane/snapshot.ts';
import { createSystemClock } from '../data-plane/system-clock.ts';
import { DataPlaneClient, DataPlaneGone } from './data-plane-client.ts';

let client: DataPlaneClient;
afterEach(() => client.close());

test('a crashed worker is started again with its identities and on the ports it had; who waited is told', async () => {
  const crashes: string[] = [];
  const recovered: BoundListener[][] = [];
  client = new DataPlaneClient({
    entry: new URL('./fixtures/crashing-worker.ts', import.meta.url),
    clock: createSystemClock(),
    onExchanges: () => {},
    onOpen: () => {},
    onEvents: () => {},
    onCrash: (message) => crashes.push(message),
    onRecovered: (bound) => recovered.push(bound),
  });
  client.setIdentities([{ spiffeId: 'spiffe://a/b', certificatePem: '', privateKeyPem: '', caPem: '' }]);
  const listeners = [{ id: 'inbound', host: '127.0.0.1', port: 0, fixed: false, role: 'outbound' }];
  const snapshot = { version: 1, proxies: [{ id: 'a-x-0', listeners }] } as unknown as MeshSnapshot;
  expect(await client.apply(snapshot)).toMatchObject({ ok: true, bound: [{ port: 40_001 }] });
  const request = { from: 'a', to: 'b', method: 'GET', path: '/', headers: {} };
  await expect(client.explain(request)).rejects.toBeInstanceOf(DataPlaneGone);
  await expect(client.clusters()).rejects.toThrow('being restarted');
  await expect.poll(() => recovered).toEqual([[{ proxy: 'a-x-0', listener: 'inbound', host: '127.0.0.1', port: 40_001 }]]);
  expect(crashes[0]).toContain('asked to die');
  expect(await client.clusters()).toEqual([]);
});
