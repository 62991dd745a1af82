import type { BoundListener, MeshSnapshot } from '../../data-plane/snapshot.ts';

/** The same snapshot asking for exactly the ports it got, so that a restarted worker takes them again. */
export function withBoundPorts(snapshot: MeshSnapshot, bound: readonly BoundListener[]): MeshSnapshot {
  const ports = new Map(bound.map((listener) => [`${listener.proxy}/${listener.listener}`, listener.port]));
  return {
    ...snapshot,
    proxies: snapshot.proxies.map((proxy) => ({
      ...proxy,
      listeners: proxy.listeners.map((listener) => ({
        ...listener,
        port: ports.get(`${proxy.id}/${listener.id}`) ?? listener.port,
      })),
    })),
  };
}
