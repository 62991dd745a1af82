import { expect, test } from 'vitest';
import { withField } from '../settings/mesh-values.ts';
import { outlierPath } from './set-max-ejection.ts';

const rule = `spec:
  host: pay
  trafficPolicy: {outlierDetection: {consecutive5xxErrors: 3}}
  subsets:
    - {name: v1, labels: {version: v1}}
    - {name: v2, labels: {version: v2}, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 2}}}
`;

test('the detector that rules a subset is its own, else the whole rule’s', () => {
  expect(outlierPath(rule, '')).toEqual(['trafficPolicy', 'outlierDetection']);
  expect(outlierPath(rule, 'v1')).toEqual(['trafficPolicy', 'outlierDetection']);
  expect(outlierPath(rule, 'v2')).toEqual(['subsets', 1, 'trafficPolicy', 'outlierDetection']);
  expect(outlierPath('spec: {host: pay}', '')).toBeNull();
});

test('only that one detector is changed', () => {
  const changed = withField(rule, [...(outlierPath(rule, 'v2') ?? []), 'maxEjectionPercent'], 100);
  expect(changed.match(/maxEjectionPercent: 100/g)).toHaveLength(1);
  expect(changed).toContain('consecutive5xxErrors: 2, maxEjectionPercent: 100');
});
