import { expect, test } from 'vitest';
import type { MeshSnapshot } from '../data-plane/snapshot.ts';
import { findIngress } from './ingress.ts';

const server = (protocol: string, tls: unknown = null) => ({ protocol, tls });
const simple = { mode: 'SIMPLE' };
const meshOf = (...listeners: ReturnType<typeof server>[][]) => {
  const snapshot = {
    proxies: [
      { id: 'ingress', listeners: listeners.map((servers, index) => ({ id: `gateway:${index}`, role: 'gateway', servers })) },
    ],
  } as unknown as MeshSnapshot;
  const bound = listeners.map((_, index) => ({
    proxy: 'ingress',
    listener: `gateway:${index}`,
    host: '127.0.0.1',
    port: 8000 + index,
  }));
  return { snapshot, bound: bound.reverse() };
};

test('the ingress is its first plain HTTP port, in whatever order ports were written and bound', () => {
  const mesh = meshOf([server('HTTPS', simple)], [server('TCP')], [server('HTTP')], [server('HTTP')]);
  expect(findIngress(mesh)).toEqual({ scheme: 'http', host: '127.0.0.1', port: 8002 });
});

test('with HTTPS only it is https, with neither it is bytes, without a gateway nothing', () => {
  expect(findIngress(meshOf([server('TCP')], [server('HTTPS', simple)]))).toMatchObject({ scheme: 'https', port: 8001 });
  expect(findIngress(meshOf([server('TLS', { mode: 'PASSTHROUGH' })]))).toMatchObject({ scheme: 'tcp', port: 8000 });
  expect(findIngress({ snapshot: { proxies: [] } as unknown as MeshSnapshot, bound: [] })).toBeNull();
});
