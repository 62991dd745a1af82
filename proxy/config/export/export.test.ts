import { expect, test } from 'vitest';
import { lintDocuments } from '../lint.ts';
import { parseText } from '../parse.ts';
import { ResourceSet } from '../resource-set.ts';
import { validate } from '../validate.ts';
import { exportGatewayApi } from './gateway-api.ts';
import { exportIstio } from './istio.ts';

const text = `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  namespace: shop
  services:
  - {name: ratings, port: 9080, workloads: [{version: v1, address: "127.0.0.1:1"}]}
  - {name: reviews, port: 9080, workloads: [{version: v1, address: "127.0.0.1:2"}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ratings} # as written
spec:
  hosts: [ratings]
  http:
  - match: [{uri: {prefix: /a/}, headers: {x: {exact: "1"}}}]
    rewrite: {uri: /b/}
    timeout: 2s
    retries: {attempts: 3, retryOn: "503,reset", perTryTimeout: 1s}
    route: [{destination: {host: ratings}, weight: 90}, {destination: {host: reviews}, weight: 10}]
  - route: [{destination: {host: ratings}}]
---
apiVersion: drydock.dev/v1
kind: Fault
metadata: {name: slow}
spec: {side: client, from: {service: reviews}, to: {service: ratings}, percentage: 10, delay: {fixed: 2s}}
---
apiVersion: drydock.dev/v1
kind: Fault
metadata: {name: gone}
spec: {to: {service: reviews}, abort: {reset: true}}
`;
const set = ResourceSet.empty.apply(parseText(text, 'x.yaml').documents, { live: false, now: 0 }).set;

test('Istio: services, documents with their namespace, caller faults before the rules they narrow', async () => {
  const { yaml, notes } = exportIstio(set);
  const { documents, diagnostics } = parseText(yaml, 'out.yaml');
  expect(diagnostics).toEqual([]);
  expect(documents.map((d) => [d.kind, d.namespace, d.name])).toEqual([
    ['Service', 'shop', 'ratings'],
    ['Service', 'shop', 'reviews'],
    ['VirtualService', 'shop', 'ratings'],
  ]);
  const { http } = documents[2]!.spec as { http: { fault?: unknown; match?: unknown[] }[] };
  expect(http).toHaveLength(4);
  expect(http[1]).toMatchObject({
    match: [{ sourceLabels: { app: 'reviews' } }],
    fault: { delay: { fixedDelay: '2s', percentage: { value: 10 } } },
  });
  expect(http[2]!.fault).toBeUndefined();
  expect(notes.join()).toContain('gone');
  const again = ResourceSet.empty.apply([...parseText(text, 'x.yaml').documents.slice(0, 1), ...documents.slice(2)], {
    live: false,
    now: 0,
  });
  expect((await validate(again.set)).filter((d) => d.severity === 'error')).toEqual([]);
});

test('Istio: a fault on a service without a VirtualService brings one', () => {
  const only = text
    .split('---\n')
    .filter((_, i) => i === 0 || i === 2)
    .join('---\n');
  const { yaml } = exportIstio(ResourceSet.empty.apply(parseText(only, 'x.yaml').documents, { live: false, now: 0 }).set);
  const made = parseText(yaml, 'out.yaml').documents.at(-1)!;
  expect(made).toMatchObject({ kind: 'VirtualService', name: 'fault-slow' });
  expect((made.spec as { http: object[] }).http).toHaveLength(2);
});

test('Gateway API: rules, weights, rewrites, timeouts and retries carry over, and the result is valid', async () => {
  const { yaml } = exportGatewayApi(set);
  const { documents } = parseText(yaml, 'out.yaml');
  expect(documents.map((d) => d.kind)).toEqual(['HTTPRoute']);
  expect((documents[0]!.spec as { rules: object[] }).rules[0]).toEqual({
    matches: [{ path: { type: 'PathPrefix', value: '/a/' }, headers: [{ name: 'x', value: '1' }] }],
    filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/b/' } } }],
    backendRefs: [
      { name: 'ratings', port: 9080, weight: 90 },
      { name: 'reviews', port: 9080, weight: 10 },
    ],
    timeouts: { request: '2s', backendRequest: '1s' },
    retry: { attempts: 3, codes: [503] },
  });
  expect(await lintDocuments([...parseText(text, 'x.yaml').documents.slice(0, 1), ...documents])).toEqual([]);
});

test('CA certificates go along, Secrets never', () => {
  const core = `apiVersion: v1
kind: ConfigMap
metadata: {name: root}
data: {ca.crt: "-----BEGIN"}
---
apiVersion: v1
kind: Secret
metadata: {name: edge}
stringData: {tls.crt: shown, tls.key: never-shown}
`;
  const { set } = ResourceSet.empty.replaceFiles(parseText(`${text}---\n${core}`, 'x.yaml').documents, { now: 0 });
  for (const { yaml, notes } of [exportIstio(set), exportGatewayApi(set)]) {
    expect(yaml).toContain('ca.crt');
    expect(yaml).not.toMatch(/kind: Secret|never-shown/);
    expect(notes.join()).toContain('Secret edge is left out');
  }
});
