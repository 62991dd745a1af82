import { expect } from 'vitest';
import { parseText, ResourceSet, validate } from '../../config/index.ts';
import type { ForwardAction, MeshSnapshot, Route } from '../../data-plane/snapshot.ts';
import { type CompileOptions, type CompileResult, compile } from './index.ts';

type Document = Record<string, unknown>;

/** Validates and compiles documents as a file would hold them; an error in them fails the test. */
export async function compileDocuments(documents: Document[], options: Partial<CompileOptions> = {}): Promise<CompileResult> {
  const parsed = parseText(documents.map((d) => JSON.stringify(d)).join('\n---\n'), 'mesh.yaml');
  const change = ResourceSet.empty.apply(parsed.documents, { live: false, now: 1000 });
  const diagnostics = [...parsed.diagnostics, ...change.diagnostics, ...(await validate(change.set))];
  expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  return compile(change.set, { version: 1, now: 2000, ...options });
}

/** reviews → ratings (v1, v2) in namespace default, a tcp cache, and `other/client`. */
export const shop: Document = {
  apiVersion: 'drydock.dev/v1',
  kind: 'Mesh',
  metadata: { name: 'shop' },
  spec: {
    services: [
      { name: 'reviews', port: 9080, workloads: [{ version: 'v1', address: '127.0.0.1:9001' }] },
      {
        name: 'ratings',
        port: 9080,
        workloads: [
          { version: 'v1', address: '127.0.0.1:9002' },
          { version: 'v2', address: '127.0.0.1:9003' },
        ],
      },
      { name: 'cache', port: 6379, protocol: 'tcp', workloads: [{ address: '127.0.0.1:9004' }] },
      { name: 'client', namespace: 'other', port: 80, workloads: [{ address: '127.0.0.1:9005' }] },
    ],
  },
};

const object =
  (apiVersion: string, kind: string) =>
  (name: string, spec: Document, metadata: Document = {}): Document => ({
    apiVersion,
    kind,
    metadata: { name, namespace: 'default', ...metadata },
    spec,
  });
export const virtualService = object('networking.istio.io/v1', 'VirtualService');
export const destinationRule = object('networking.istio.io/v1', 'DestinationRule');
export const serviceEntry = object('networking.istio.io/v1', 'ServiceEntry');
export const gateway = object('networking.istio.io/v1', 'Gateway');
export const peerAuthentication = object('security.istio.io/v1', 'PeerAuthentication');
export const authorizationPolicy = object('security.istio.io/v1', 'AuthorizationPolicy');
export const requestAuthentication = object('security.istio.io/v1', 'RequestAuthentication');
export const httpRoute = object('gateway.networking.k8s.io/v1', 'HTTPRoute');
export const grpcRoute = object('gateway.networking.k8s.io/v1', 'GRPCRoute');
export const fault = object('drydock.dev/v1', 'Fault');

/** Routes of a host at a port, as one namespace sees them. */
export function routesOf(snapshot: MeshSnapshot, host = 'ratings', port = 9080, view = 'default'): Route[] {
  const found = snapshot.views[view]!.routeTables[port]?.find((v) => v.domains.includes(host));
  expect(found, `${host}:${port} in ${view}`).toBeDefined();
  return found!.routes;
}

export function forwardOf(route: Route | undefined): ForwardAction {
  expect(route?.action.type).toBe('forward');
  return route!.action as ForwardAction;
}

export const toRatings = [{ destination: { host: 'ratings' } }];
export const cluster = (subset = '', name = 'ratings', port = 9080): string =>
  `outbound|${port}|${subset}|${name}.default.svc.cluster.local`;
export const versions = (...names: string[]): Document[] => names.map((v) => ({ name: v, labels: { version: v } }));
