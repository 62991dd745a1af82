import { expect, test } from 'vitest';
import { cluster, compileDocuments, destinationRule, shop, toRatings, virtualService } from './compile-text.test-helper.ts';
import { exportEnvoyBootstrap } from './export-envoy.ts';

test('one proxy’s outbound side as a bootstrap: hosts, matches, retries, limits, endpoints with their bound ports', async () => {
  const { snapshot } = await compileDocuments([
    shop,
    destinationRule('ratings', {
      host: 'ratings',
      trafficPolicy: { connectionPool: { http: { http2MaxRequests: 3 } }, outlierDetection: { interval: '1s' } },
    }),
    virtualService('ratings', {
      hosts: ['ratings'],
      http: [
        {
          name: 'slow',
          match: [{ uri: { prefix: '/a' }, withoutHeaders: { x: { exact: '1' } } }],
          fault: { delay: { fixedDelay: '2s', percentage: { value: 0.1 } } },
          timeout: '1s',
          rewrite: { uri: '/b' },
          route: toRatings,
        },
        { match: [{ sourceLabels: { app: 'cache' } }], redirect: { uri: '/never' } },
        { redirect: { uri: '/x', redirectCode: 308 } },
      ],
    }),
  ]);
  const bootstrap = exportEnvoyBootstrap(snapshot, 'reviews-v1-0', {
    ports: { 'ratings-v1-0/inbound': 4001, 'ratings-v2-1/inbound': 4002 },
  });
  const { listeners, clusters } = bootstrap!.static_resources as { listeners: object[]; clusters: { name: string }[] };
  const text = JSON.stringify(listeners);
  expect(listeners).toMatchObject([{ name: '127.0.0.1_80' }, { name: '127.0.0.1_9080' }]);
  expect(text).toContain('"domains":["ratings","ratings.default","ratings.default.svc","ratings.default.svc.cluster.local"]');
  expect(text).toContain(
    '{"prefix":"/a","headers":[{"name":"x","string_match":{"exact":"1"},"invert_match":true,"treat_missing_header_as_empty":true}]}',
  );
  expect(text).toContain('"fixed_delay":"2s","percentage":{"numerator":1000,"denominator":"MILLION"}');
  expect(text).toContain('"prefix_rewrite":"/b"');
  expect(text).toContain('"response_code":"PERMANENT_REDIRECT"');
  expect(text).not.toContain('/never');
  expect(clusters.find((c) => c.name === cluster())).toMatchObject({
    type: 'STATIC',
    lb_policy: 'LEAST_REQUEST',
    circuit_breakers: { thresholds: [{ max_requests: 3, max_retries: 4_294_967_295 }] },
    outlier_detection: { interval: '1s', max_ejection_percent: 10 },
    load_assignment: {
      endpoints: [
        {
          lb_endpoints: [
            { endpoint: { address: { socket_address: { port_value: 4001 } } } },
            { endpoint: { address: { socket_address: { port_value: 4002 } } } },
          ],
        },
      ],
    },
  });
  expect(exportEnvoyBootstrap(snapshot, 'nobody', { ports: {} })).toBeNull();
});
