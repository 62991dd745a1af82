import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Shape, specShape } from '../../config/fields/shape.ts';
import { hasErrors, lintDocuments, parseText, ResourceSet, validate } from '../../config/index.ts';
import { gatewayConditions, StatusFacts } from '../gateway-status/index.ts';
import { shop } from './compile-text.test-helper.ts';
import { compile } from './index.ts';

const kinds: [string, string, string][] = [
  ['networking.istio.io', 'VirtualService', 'v1'],
  ['networking.istio.io', 'DestinationRule', 'v1'],
  ['networking.istio.io', 'Gateway', 'v1'],
  ['networking.istio.io', 'ServiceEntry', 'v1'],
  ['networking.istio.io', 'EnvoyFilter', 'v1alpha3'],
  ['security.istio.io', 'PeerAuthentication', 'v1'],
  ['security.istio.io', 'AuthorizationPolicy', 'v1'],
  ['security.istio.io', 'RequestAuthentication', 'v1'],
  ['gateway.networking.k8s.io', 'HTTPRoute', 'v1'],
  ['gateway.networking.k8s.io', 'GRPCRoute', 'v1'],
  ['gateway.networking.k8s.io', 'Gateway', 'v1'],
  ['gateway.networking.k8s.io', 'TLSRoute', 'v1'],
  ['gateway.networking.k8s.io', 'TCPRoute', 'v1alpha2'],
  ['gateway.networking.k8s.io', 'BackendTLSPolicy', 'v1'],
];

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    'ratings',
    'v1',
    '/a',
    '1s',
    '*',
    'GET',
    'mesh',
    '',
    'http',
    'STRICT',
    'ALLOW',
    'Service',
    'PathPrefix',
    'RequestRedirect',
    'HTTP',
    'DNS',
  ),
  fc.integer({ min: -1, max: 10_000 }),
  fc.boolean(),
  fc.constant(null),
);

/** Values with the field names of a shape and anything in them: what a hurried hand might write. */
function arbitraryOf(shape: Shape): fc.Arbitrary<unknown> {
  if (shape === 0) return leaf;
  if (Array.isArray(shape))
    return fc.oneof({ weight: 8, arbitrary: fc.array(arbitraryOf(shape[0]), { maxLength: 2 }) }, { weight: 1, arbitrary: leaf });
  const fields = Object.fromEntries(
    Object.entries(shape).map(([name, inner]) => [name === '*' ? 'any' : name, arbitraryOf(inner)]),
  );
  return fc.oneof({ weight: 12, arbitrary: fc.record(fields, { requiredKeys: [] }) }, { weight: 1, arbitrary: leaf });
}

test.each(kinds)('any %s %s is refused or compiles, and never throws', async (group, kind, version) => {
  const shape = specShape(group, kind)!;
  const mesh = JSON.stringify(shop);
  await fc.assert(
    fc.asyncProperty(arbitraryOf(shape), async (spec) => {
      const document = { apiVersion: `${group}/${version}`, kind, metadata: { name: 'x', namespace: 'default' }, spec };
      const { documents } = parseText(`${mesh}\n---\n${JSON.stringify(document)}`, 'x.yaml');
      const { set } = ResourceSet.empty.apply(documents, { live: false, now: 0 });
      const diagnostics = await validate(set);
      for (const d of diagnostics) expect(d.line).toBeGreaterThan(0);
      await lintDocuments(documents);
      if (hasErrors(diagnostics)) return;
      structuredClone(compile(set, { version: 1, now: 0 }).snapshot);
      for (const entry of set.list()) gatewayConditions(entry, new StatusFacts(set));
    }),
    { numRuns: 60, seed: 7 },
  );
});

const to = [
  {
    destination: { host: 'ratings', subset: 'v1', port: { number: 9080 } },
    weight: 1,
    headers: { request: { set: { a: 'b' } } },
  },
];
const toL4 = [{ destination: { host: 'ratings' }, weight: 1 }];
const policy = {
  loadBalancer: {
    consistentHash: { httpCookie: { name: 'c', ttl: '1s' } },
    localityLbSetting: { failover: [{ from: 'a', to: 'b' }] },
    warmup: { duration: '1s' },
  },
  connectionPool: { tcp: { maxConnections: 1, connectTimeout: '1s' }, http: { http2MaxRequests: 1, idleTimeout: '1s' } },
  outlierDetection: { interval: '1s' },
  tls: { mode: 'ISTIO_MUTUAL' },
};
const rich: Record<string, unknown>[] = [
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'x', namespace: 'default', labels: { a: 'b' } },
    spec: {
      hosts: ['ratings', 'x.example.com'],
      exportTo: ['*'],
      http: [
        {
          name: 'n',
          match: [
            {
              uri: { prefix: '/a' },
              headers: { a: { regex: 'b' } },
              withoutHeaders: { c: {} },
              queryParams: { d: { exact: '' } },
              sourceLabels: { a: 'b' },
              gateways: ['mesh'],
            },
          ],
          rewrite: { uri: '/', authority: 'h' },
          timeout: '1s',
          retries: { attempts: 1, perTryTimeout: '1s', retryOn: '5xx' },
          fault: { delay: { fixedDelay: '1s', percentage: { value: 1 } }, abort: { httpStatus: 500, percentage: { value: 1 } } },
          mirrors: [{ destination: { host: 'reviews' }, percentage: { value: 1 } }],
          corsPolicy: { allowOrigins: [{ exact: 'a' }], allowMethods: ['GET'], maxAge: '1s' },
          headers: { request: { remove: ['x'] }, response: { add: { y: 'z' } } },
          route: to,
        },
        { match: [{ method: { exact: 'PUT' } }], redirect: { uri: '/x', port: 1 } },
        { directResponse: { status: 200, body: { string: 'x' } } },
      ],
      tcp: [{ match: [{ port: 1, sourceLabels: { a: 'b' } }], route: toL4 }],
      tls: [{ match: [{ port: 1, sniHosts: ['x.example.com'] }], route: toL4 }],
    },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'ratings', namespace: 'default' },
    spec: {
      host: 'ratings',
      trafficPolicy: { ...policy, portLevelSettings: [{ port: { number: 9080 }, ...policy }] },
      subsets: [{ name: 'v1', labels: { version: 'v1' }, trafficPolicy: policy }],
    },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name: 'g', namespace: 'default' },
    spec: {
      selector: { istio: 'ingressgateway' },
      servers: [{ port: { number: 80, name: 'p', protocol: 'HTTP' }, hosts: ['*'], tls: { httpsRedirect: true } }],
    },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: 'e', namespace: 'default' },
    spec: {
      hosts: ['e.test'],
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      resolution: 'STATIC',
      endpoints: [{ address: '127.0.0.1', ports: { http: 1 }, labels: { a: 'b' } }],
    },
  },
  {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'f', namespace: 'default' },
    spec: {
      workloadSelector: { labels: { app: 'reviews' } },
      priority: 1,
      configPatches: [
        {
          applyTo: 'HTTP_FILTER',
          match: {
            context: 'SIDECAR_INBOUND',
            listener: {
              portNumber: 9080,
              filterChain: { filter: { name: 'x', subFilter: { name: 'envoy.filters.http.router' } } },
            },
          },
          patch: {
            operation: 'INSERT_BEFORE',
            value: {
              name: 'limit',
              typed_config: {
                '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
                type_url: 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
                value: {
                  stat_prefix: 's',
                  token_bucket: { max_tokens: 1, tokens_per_fill: 1, fill_interval: '1s' },
                  filter_enabled: { default_value: { numerator: 1, denominator: 'MILLION' } },
                  response_headers_to_add: [{ header: { key: 'a', value: 'b' }, append: false }],
                  status: { code: 503 },
                },
              },
            },
          },
        },
        {
          applyTo: 'CLUSTER',
          match: { context: 'SIDECAR_OUTBOUND', cluster: { service: 'ratings.default.svc.cluster.local', portNumber: 9080 } },
          patch: {
            operation: 'MERGE',
            value: {
              outlier_detection: { success_rate_minimum_hosts: 3, interval: '5s' },
              upstream_connection_options: { tcp_keepalive: { keepalive_time: 5 } },
            },
          },
        },
        {
          applyTo: 'HTTP_ROUTE',
          match: { routeConfiguration: { vhost: { name: 'x', route: { name: 'y', action: 'ROUTE' } } } },
          patch: { operation: 'MERGE', value: { route: { max_stream_duration: { max_stream_duration: '1s' } } } },
        },
      ],
    },
  },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'p', namespace: 'default' },
    spec: {
      selector: { matchLabels: { app: 'ratings' } },
      mtls: { mode: 'STRICT' },
      portLevelMtls: { 9080: { mode: 'DISABLE' } },
    },
  },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'a', namespace: 'default', annotations: { 'istio.io/dry-run': 'true' } },
    spec: {
      rules: [
        {
          from: [{ source: { principals: ['a'], ipBlocks: ['10.0.0.0/8'] } }],
          to: [{ operation: { methods: ['GET'], paths: ['/{*}'] } }],
          when: [{ key: 'source.ip', values: ['1.1.1.1'] }],
        },
      ],
    },
  },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'r', namespace: 'default' },
    spec: {
      selector: { matchLabels: { app: 'ratings' } },
      jwtRules: [
        {
          issuer: 'i',
          jwks: '{"keys":[]}',
          fromHeaders: [{ name: 'h', prefix: 'p' }],
          audiences: ['a'],
          outputClaimToHeaders: [{ header: 'h', claim: 'c' }],
        },
      ],
    },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'h', namespace: 'default' },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'reviews', port: 9080 }],
      hostnames: ['h.test'],
      rules: [
        {
          matches: [
            {
              path: { type: 'PathPrefix', value: '/a' },
              headers: [{ name: 'a', value: 'b' }],
              queryParams: [{ name: 'a', value: 'b' }],
              method: 'GET',
            },
          ],
          filters: [
            { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b' }], remove: ['c'] } },
            { type: 'URLRewrite', urlRewrite: { hostname: 'h', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } },
            { type: 'RequestMirror', requestMirror: { backendRef: { name: 'ratings', port: 9080 }, percent: 1 } },
          ],
          backendRefs: [{ name: 'ratings', port: 9080, weight: 1 }],
          timeouts: { request: '1s', backendRequest: '1s' },
        },
      ],
    },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'edge', namespace: 'default' },
    spec: {
      gatewayClassName: 'istio',
      listeners: [
        {
          name: 'https',
          port: 443,
          protocol: 'HTTPS',
          hostname: '*.test',
          tls: { mode: 'Terminate', certificateRefs: [{ kind: 'Secret', name: 'cert', namespace: 'default' }] },
          allowedRoutes: {
            namespaces: { from: 'Selector', selector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } },
            kinds: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }],
          },
        },
        { name: 'tls', port: 443, protocol: 'TLS', hostname: 'x.test', tls: { mode: 'Passthrough' } },
        { name: 'tcp', port: 81, protocol: 'TCP' },
      ],
    },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'TLSRoute',
    metadata: { name: 't', namespace: 'default' },
    spec: {
      parentRefs: [{ name: 'edge', sectionName: 'tls' }],
      hostnames: ['x.test'],
      rules: [{ backendRefs: [{ name: 'ratings', namespace: 'default', port: 9080, weight: 1 }] }],
    },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1alpha2',
    kind: 'TCPRoute',
    metadata: { name: 't', namespace: 'default' },
    spec: {
      parentRefs: [
        { name: 'edge', port: 81 },
        { group: '', kind: 'Service', name: 'ratings', port: 9080 },
      ],
      rules: [{ backendRefs: [{ name: 'ratings', port: 9080 }] }],
    },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'BackendTLSPolicy',
    metadata: { name: 'b', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      targetRefs: [{ group: '', kind: 'Service', name: 'ratings', sectionName: 'http' }],
      validation: {
        hostname: 'h.test',
        caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'root' }],
        subjectAltNames: [{ type: 'URI', uri: 'spiffe://a/b' }],
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'root', namespace: 'default' },
    data: { 'ca.crt': 'x' },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'cert', namespace: 'default' },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' },
  },
  {
    apiVersion: 'drydock.dev/v1',
    kind: 'Fault',
    metadata: { name: 'f', namespace: 'default' },
    spec: {
      to: { service: 'ratings' },
      match: [{ uri: { prefix: '/a' }, headers: { a: {} } }],
      delay: { uniform: { min: '1s', max: '2s' } },
      abort: { httpStatus: 503 },
      only: { skip: 1 },
      schedule: { for: '1s', every: '2s' },
    },
  },
];

/** Every path into a document. */
function pathsOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value) ? value.map((v, i) => [i, v] as const) : Object.entries(value);
  return [path, ...entries.flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

function replaced(value: unknown, path: readonly (string | number)[], by: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return by;
  if (Array.isArray(value))
    return value.flatMap((v, i) => (i !== head ? [v] : rest.length === 0 && by === undefined ? [] : [replaced(v, rest, by)]));
  return { ...(value as object), [head]: replaced((value as Record<string, unknown>)[head], rest, by) };
}

test('a rich configuration compiles as it stands', async () => {
  const { documents } = parseText([shop, ...rich].map((d) => JSON.stringify(d)).join('\n---\n'), 'x.yaml');
  const { set } = ResourceSet.empty.apply(documents, { live: false, now: 0 });
  expect((await validate(set)).filter((d) => d.severity === 'error')).toEqual([]);
});

test.each(rich.map((d, i) => [d.kind, i] as const))(
  '%s with any one part missing, null or of another type is refused or compiles',
  async (_, index) => {
    const rest = [shop, ...rich.filter((_, i) => i !== index && (i < 2 || index === 1))];
    const others = parseText(rest.map((d) => JSON.stringify(d)).join('\n---\n'), 'x.yaml').documents;
    for (const path of pathsOf(rich[index]).filter((p) => p.length > 1)) {
      for (const by of [undefined, null, [], {}, [null], '', -1]) {
        const documents = [...others, ...parseText(JSON.stringify(replaced(rich[index], path, by)), 'x.yaml').documents];
        const { set } = ResourceSet.empty.apply(documents, { live: false, now: 0 });
        const diagnostics = await validate(set).catch((error: unknown) => {
          throw new Error(`validate: ${path.join('.')} = ${JSON.stringify(by)}`, { cause: error });
        });
        if (hasErrors(diagnostics)) continue;
        try {
          await lintDocuments(documents);
          compile(set, { version: 1, now: 0 });
          for (const entry of set.list()) gatewayConditions(entry, new StatusFacts(set));
        } catch (error) {
          throw new Error(`compile: ${path.join('.')} = ${JSON.stringify(by)}`, { cause: error });
        }
      }
    }
  },
  60_000,
);

test('any text is parsed or refused, and never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 200 }), fc.json()), (text) => {
      const { documents, diagnostics } = parseText(text, 'x.yaml');
      for (const d of diagnostics) expect(d.line).toBeGreaterThan(0);
      expect(Array.isArray(documents)).toBe(true);
    }),
    { numRuns: 500, seed: 7 },
  );
});
