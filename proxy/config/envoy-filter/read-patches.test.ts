import { describe, expect, test } from 'vitest';
import { parseText } from '../parse.ts';
import { ResourceSet } from '../resource-set.ts';
import { validate } from '../validate.ts';
import { readPatches } from './read-patches.ts';

type Document = Record<string, unknown>;

const limitType = 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';
const bucket = { max_tokens: 4, tokens_per_fill: 4, fill_interval: '60s' };
const text = (...configPatches: Document[]): string =>
  JSON.stringify({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'f', namespace: 'default' },
    spec: { configPatches },
  });
const patch = (applyTo: string, operation: string, value: Document, match: Document = {}): Document => ({
  applyTo,
  match,
  patch: { operation, value },
});
const filterMatch = (subFilter?: string): Document => ({
  context: 'SIDECAR_INBOUND',
  listener: {
    filterChain: {
      filter: { name: 'envoy.filters.network.http_connection_manager', ...(subFilter ? { subFilter: { name: subFilter } } : {}) },
    },
  },
});
const limit = (value: Document): Document => ({
  name: 'envoy.filters.http.local_ratelimit',
  typed_config: {
    '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
    type_url: limitType,
    value: { stat_prefix: 'x', ...value },
  },
});
const read = (...patches: Document[]) => readPatches(parseText(text(...patches), 'f.yaml').documents[0]!);
const told = async (...patches: Document[]): Promise<string[]> => {
  const { documents } = parseText(text(...patches), 'f.yaml');
  const { set } = ResourceSet.empty.apply(documents, { live: false, now: 0 });
  return (await validate(set)).map(({ severity, code, path, message }) => `${severity} ${code} ${path}: ${message}`);
};

describe('local rate limit', () => {
  test('as Istio’s own task writes it', async () => {
    const percent = { runtime_key: 'local_rate_limit_enabled', default_value: { numerator: 100, denominator: 'HUNDRED' } };
    const task = patch(
      'HTTP_FILTER',
      'INSERT_BEFORE',
      limit({
        token_bucket: bucket,
        filter_enabled: percent,
        filter_enforced: percent,
        response_headers_to_add: [{ append: false, header: { key: 'x-local-rate-limit', value: 'true' } }],
      }),
      filterMatch(),
    );
    expect(await told(task)).toEqual([]);
    expect(read(task)).toMatchObject([
      {
        patch: {
          kind: 'insert-rate-limit',
          filter: 'envoy.filters.http.local_ratelimit',
          before: 'first',
          place: { contexts: ['SIDECAR_INBOUND'], port: 0 },
          settings: {
            bucket: { maxTokens: 4, tokensPerFill: 4, fillIntervalMs: 60_000 },
            enabledPercent: 100,
            enforcedPercent: 100,
            status: 429,
            responseHeaders: [{ name: 'x-local-rate-limit', value: 'true', action: 'overwrite' }],
          },
        },
      },
    ]);
  });

  test.each([
    ['INSERT_BEFORE', 'envoy.filters.http.router', 'router'],
    ['INSERT_BEFORE', 'envoy.filters.http.jwt_authn', 'jwt_authn'],
    ['INSERT_AFTER', 'envoy.filters.http.jwt_authn', 'rbac'],
    ['INSERT_AFTER', 'envoy.filters.http.cors', 'router'],
    ['INSERT_BEFORE', 'istio.stats', 'router'],
    ['INSERT_FIRST', undefined, 'first'],
  ])('%s %s stands before %s', (operation, subFilter, before) => {
    expect(read(patch('HTTP_FILTER', operation, limit({}), filterMatch(subFilter)))[0]!.patch).toMatchObject({ before });
  });

  test('camelCase counts too', () => {
    const camel = limit({
      tokenBucket: { maxTokens: 1, fillInterval: '0.5s' },
      filterEnabled: { defaultValue: { numerator: 5, denominator: 'TEN_THOUSAND' } },
    });
    expect(read(patch('HTTP_FILTER', 'INSERT_BEFORE', camel))[0]!.patch).toMatchObject({
      settings: { bucket: { maxTokens: 1, tokensPerFill: 1, fillIntervalMs: 500 }, enabledPercent: 0.05 },
    });
  });

  test.each([
    ['without a stat_prefix', { stat_prefix: '' }, 'stat_prefix is required'],
    ['without tokens', { token_bucket: { fill_interval: '1s' } }, 'max_tokens must be above 0'],
    ['without an interval', { token_bucket: { max_tokens: 1 } }, 'fill_interval is required'],
    ['faster than 50 ms', { token_bucket: { max_tokens: 1, fill_interval: '0.01s' } }, 'at least 50ms'],
  ])('%s Envoy refuses it', async (_name, value, reason) => {
    const [said] = await told(patch('HTTP_FILTER', 'INSERT_BEFORE', limit(value), filterMatch()));
    expect(said).toContain('warning DD4108 spec.configPatches[0].patch.value.typed_config');
    expect(said).toContain(reason);
  });
});

describe('what is not acted on is told, by patch and place', () => {
  test('a filter that is none of ours, a descriptor, an unknown field', async () => {
    const lua = {
      name: 'lua',
      typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua', inlineCode: 'x' },
    };
    expect(
      await told(
        patch('HTTP_FILTER', 'INSERT_BEFORE', lua, filterMatch()),
        patch(
          'HTTP_FILTER',
          'INSERT_BEFORE',
          limit({ token_bucket: bucket, descriptors: [{ entries: [] }], token_bukket: 1 }),
          filterMatch(),
        ),
      ),
    ).toEqual([
      'warning DD4108 spec.configPatches[0].patch.value: configPatches[0] (HTTP_FILTER INSERT_BEFORE): the HTTP filter lua is not one of ours; only LocalRateLimit is understood; the patch is not acted on.',
      expect.stringMatching(
        /^warning DD4108 spec\.configPatches\[1\].*descriptors: .*limits by descriptor.*the rest of the patch is\.$/,
      ),
      expect.stringMatching(/token_bukket: .*`token_bukket` is not acted on/),
    ]);
  });

  test.each([
    ['CLUSTER', 'ADD', { name: 'x' }, {}, 'only MERGE'],
    ['CLUSTER', 'MERGE', { circuit_breakers: { thresholds: [{ max_requests: 1 }] } }, {}, 'no effect in a cluster either'],
    ['LISTENER', 'MERGE', { per_connection_buffer_limit_bytes: 1 }, {}, 'LISTENER is not understood'],
    ['HTTP_ROUTE', 'INSERT_FIRST', { name: 'x' }, {}, 'only MERGE'],
    ['HTTP_FILTER', 'ADD', limit({}), filterMatch(), 'behind the router'],
    ['NETWORK_FILTER', 'INSERT_FIRST', { name: 'x' }, {}, 'only a MERGE'],
    ['HTTP_ROUTE', 'MERGE', { route: { cluster_header: 'x' } }, {}, '`cluster_header` is not acted on'],
    ['HTTP_FILTER', 'INSERT_BEFORE', limit({}), { listener: { name: '0.0.0.0_80' } }, 'picked by portNumber'],
    ['CLUSTER', 'MERGE', {}, {}, 'changes nothing'],
  ])('%s %s %j', async (applyTo, operation, value, match, message) => {
    const said = await told(patch(applyTo, operation, value, match));
    expect(said.length).toBeGreaterThan(0);
    expect(said.join('\n')).toContain(message);
    for (const line of said) expect(line).toMatch(/^warning DD4108 spec\.configPatches\[0\]/);
  });

  test.each([
    ['no patch', { applyTo: 'CLUSTER' }, 'A patch is missing'],
    ['no operation', { applyTo: 'CLUSTER', patch: { value: {} } }, 'needs an operation'],
    ['no value', { applyTo: 'CLUSTER', patch: { operation: 'MERGE' } }, 'MERGE needs a value'],
    ['the wrong match', patch('CLUSTER', 'MERGE', {}, { listener: {} }), 'takes match.cluster'],
  ])('istiod refuses %s', async (_name, broken, message) => {
    const [said] = await told(broken);
    expect(said).toMatch(/^error DD2001/);
    expect(said).toContain(message);
  });
});

test('cluster, route and connection manager: their fields, wrapped or not', async () => {
  const patches = [
    patch(
      'CLUSTER',
      'MERGE',
      {
        connect_timeout: '0.25s',
        outlier_detection: { consecutive_5xx: { value: 3 }, enforcing_success_rate: 100, interval: '1s' },
        upstream_connection_options: { tcp_keepalive: { keepalive_probes: 3, keepalive_time: 300, keepalive_interval: 10 } },
      },
      { context: 'SIDECAR_OUTBOUND', cluster: { service: 'ratings.default.svc.cluster.local', portNumber: 9080 } },
    ),
    patch('HTTP_ROUTE', 'MERGE', { route: { max_stream_duration: { max_stream_duration: '2s' }, idle_timeout: '1s' } }),
    patch('NETWORK_FILTER', 'MERGE', {
      name: 'envoy.filters.network.http_connection_manager',
      typed_config: {
        '@type': 'type.googleapis.com/x.HttpConnectionManager',
        stream_idle_timeout: '5s',
        server_header_transformation: 'PASS_THROUGH',
      },
    }),
  ];
  expect(await told(...patches)).toEqual([]);
  expect(read(...patches).map(({ patch: one }) => one)).toMatchObject([
    {
      kind: 'cluster',
      place: { service: 'ratings.default.svc.cluster.local', port: 9080, name: '', subset: '' },
      settings: {
        connectTimeoutMs: 250,
        outlier: { consecutive5xx: 3, enforcingSuccessRate: 100, intervalMs: 1000 },
        keepalive: { probes: 3, timeMs: 300_000, intervalMs: 10_000 },
      },
    },
    { kind: 'route', settings: { maxStreamDurationMs: 2000, idleTimeoutMs: 1000 } },
    { kind: 'manager', settings: { streamIdleTimeoutMs: 5000, serverHeader: 'PASS_THROUGH' } },
  ]);
});
