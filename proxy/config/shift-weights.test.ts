import { describe, expect, test } from 'vitest';
import { parseText, ResourceSet } from './index.ts';
import type { VirtualServiceSpec } from './kinds/istio-types.ts';
import { shiftWeights } from './shift-weights.ts';

const mesh = `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
    - {name: reviews, port: 9080}
    - {name: ratings, port: 9080}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews.default.svc.cluster.local
  subsets: [{name: old, labels: {version: v1}}, {name: new, labels: {version: v2}}, {name: v3, labels: {version: v3}}]
---
`;
const virtualService = (http: string) => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
${http}`;
function shift(http: string, weights: Record<string, number>) {
  const { documents } = parseText(mesh + virtualService(http), 'mesh.yaml');
  const { set } = ResourceSet.empty.apply(documents, { live: false, now: 0 });
  const outcome = shiftWeights(set, { service: 'reviews', namespace: 'default', weights });
  if (!outcome.ok) return outcome.message;
  const specs = outcome.documents.map((document) => (document as { spec: VirtualServiceSpec }).spec);
  return specs.map(({ http = [] }) =>
    http.map(({ route = [] }) => route.map((r) => `${r.destination.subset ?? ''} ${r.weight}`)),
  );
}
const split =
  '    - route: [{destination: {host: reviews, subset: old}, weight: 90}, {destination: {host: reviews, subset: new}, weight: 10}]\n';
const everybody = '    - route: [{destination: {host: reviews, subset: old}}]\n';
const jason =
  '    - {match: [{headers: {end-user: {exact: jason}}}], route: [{destination: {host: reviews, subset: v3}, weight: 100}]}\n';

describe('a shift of weights', () => {
  test('goes by version, whatever the subsets are called, and takes the rest away', () => {
    expect(shift(split, { v1: 50, v2: 50 })).toEqual([[['old 50', 'new 50']]]);
    expect(shift(split, { v2: 100 })).toEqual([[['old 0', 'new 100']]]);
  });
  test('adds a version that the rule does not name yet', () => {
    expect(shift(split, { v1: 90, v3: 10 })).toEqual([[['old 90', 'new 0', 'v3 10']]]);
    expect(shift(everybody, { v1: 90, v2: 10 })).toEqual([[['old 90', 'new 10']]]);
  });
  test('leaves rules that send some callers to one version, and other services’, as they are', () => {
    const mirror =
      '    - {match: [{uri: {prefix: /r}}], route: [{destination: {host: ratings}, weight: 1}, {destination: {host: reviews}, weight: 1}]}\n';
    expect(shift(jason + mirror + split, { v1: 50, v2: 50 })).toEqual([[['v3 100'], [' 1', ' 1'], ['old 50', 'new 50']]]);
  });
  test('says what is missing', () => {
    expect(shift(split, { v9: 100 })).toContain('no subset of reviews in a DestinationRule has version v9');
    expect(shift(jason, { v1: 100 })).toContain('no VirtualService splits traffic of reviews');
  });
});
