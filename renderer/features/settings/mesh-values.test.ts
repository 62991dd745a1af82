import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { bodyLimits, otherValues, readNames, withField } from './mesh-values.ts';

const yaml = `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  # who is there
  services: [{name: a, port: 1}]
  tracing: {sampling: 50}
`;

test('a field is set, made with what it needs, or left out; comments and the rest stay', () => {
  const spec = (text: string) => (parse(text) as { spec: unknown }).spec;
  const services = [{ name: 'a', port: 1 }];
  expect(spec(withField(yaml, ['tracing', 'sampling'], 10))).toEqual({ services, tracing: { sampling: 10 } });
  const captured = withField(yaml, ['capture', 'redact'], ['x-session']);
  expect(spec(captured)).toEqual({ services, tracing: { sampling: 50 }, capture: { redact: ['x-session'] } });
  expect(captured).toContain('# who is there');
  expect(spec(withField(yaml, ['tracing', 'sampling'], undefined))).toEqual({ services, tracing: {} });
});

test('names are read as people write lists', () => {
  expect(readNames(' x-session, $..iban  x-session,')).toEqual(['x-session', '$..iban']);
  expect(readNames('')).toEqual([]);
});

test('every value of a mesh has words, with its default where the file says nothing', () => {
  const words = (spec: Parameters<typeof otherValues>[0]) =>
    Object.fromEntries(otherValues(spec).map(({ field, words }) => [field, words]));
  expect(words({})).toMatchObject({
    trustDomain: 'cluster.local',
    'dataPlane.workers': '1',
    outlierDetection: 'off, as in Istio',
  });
  expect(
    words({
      defaultInboundHttpRetryPolicy: {},
      defaultHttpRetryPolicy: { attempts: 3, retryOn: '5xx' },
      accessLog: { file: '/tmp/log', encoding: 'JSON' },
    }),
  ).toMatchObject({
    defaultInboundHttpRetryPolicy: 'off',
    defaultHttpRetryPolicy: '3 on 5xx',
    'accessLog.file': '/tmp/log (JSON)',
  });
});

test('the size that is set is among those to choose from', () => {
  expect(bodyLimits(1000).map(({ value }) => value)).toContain('1000');
  expect(bodyLimits(65_536).filter(({ value }) => value === '65536')).toHaveLength(1);
});
