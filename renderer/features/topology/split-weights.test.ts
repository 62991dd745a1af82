import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Resource } from '../../../proxy/api/diagnostic.schema.ts';
import { findWeightRule, rebalance, toPercent, writeWeights } from './split-weights.ts';

const text = `# the canary
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
    - match: [{ headers: { end-user: { exact: jason } } }]
      route:
        - destination: { host: reviews, subset: v2 }
    - route:
        - destination: { host: reviews, subset: v1 }
          weight: 90 # most
        - destination: { host: reviews, subset: v2 }
          weight: 10
`;
const resource = (yaml: string): Resource => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  namespace: 'default',
  name: 'reviews',
  yaml,
  spec: parse(yaml).spec,
  source: { file: 'reviews.yaml', line: 1, live: false },
  status: { state: 'accepted', matched: 0, usedBy: [], diagnostics: [] },
});

describe('the weights of a split', () => {
  test('are found in the rule that has several destinations of the service', () => {
    const rule = findWeightRule([resource(text)], { name: 'reviews', namespace: 'default' });
    expect(rule).toMatchObject({
      rule: 1,
      destinations: [
        { label: 'v1', weight: 90 },
        { label: 'v2', weight: 10 },
      ],
    });
    expect(findWeightRule([resource(text)], { name: 'ratings', namespace: 'default' })).toBeNull();
    expect(findWeightRule([resource(text)], { name: 'reviews', namespace: 'other' })).toBeNull();
  });

  test('are written into the text as the user wrote it: comments and other rules stay', () => {
    const rule = findWeightRule([resource(text)], { name: 'reviews', namespace: 'default' });
    if (!rule) throw new Error('no rule');
    const written = writeWeights(rule, [50, 50]);
    expect(written).toBe(text.replace('weight: 90', 'weight: 50').replace('weight: 10', 'weight: 50'));
    const unsaid = { ...rule, resource: resource(text.replace('          weight: 10\n', '')) };
    expect(parse(writeWeights(unsaid, [40, 60])).spec.http[1].route[1].weight).toBe(60);
    expect(parse(written).spec.http[1].route.map((route: { weight: number }) => route.weight)).toEqual([50, 50]);
    expect(parse(written).spec.http[0]).toEqual(parse(text).spec.http[0]);
    expect(() => writeWeights(rule, [1, 2, 3])).toThrow('has changed meanwhile');
  });

  test('always add up to 100 when one is moved, and the others keep their proportions', () => {
    expect(rebalance([90, 10], 0, 50)).toEqual([50, 50]);
    expect(rebalance([50, 35, 15], 0, 80)).toEqual([80, 14, 6]);
    expect(rebalance([100, 0], 0, 0)).toEqual([0, 100]);
    expect(rebalance([100, 0, 0], 0, 40)).toEqual([40, 30, 30]);
    for (let value = -5; value <= 105; value++)
      for (const index of [0, 1, 2]) expect(rebalance([33, 33, 34], index, value).reduce((a, b) => a + b)).toBe(100);
  });

  test('that do not add up to 100 are shown as shares', () => {
    expect(toPercent([3, 1])).toEqual([75, 25]);
    expect(toPercent([0, 0])).toEqual([0, 0]);
  });
});
