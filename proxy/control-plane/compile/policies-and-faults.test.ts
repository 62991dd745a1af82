import { describe, expect, test } from 'vitest';
import type { InboundPort, MeshSnapshot } from '../../data-plane/snapshot.ts';
import { authorizationPolicy, compileDocuments, fault, requestAuthentication, shop } from './compile-text.test-helper.ts';

function inboundOf(snapshot: MeshSnapshot, id: string): InboundPort {
  const listener = snapshot.proxies.find((p) => p.id === id)!.listeners[0]!;
  expect(listener.role).toBe('inbound');
  return listener.role === 'inbound' ? listener.ports[0]! : (undefined as never);
}

describe('AuthorizationPolicy', () => {
  test('scope is the root namespace and the own one, narrowed by selector', async () => {
    const rules = [{}];
    const { snapshot } = await compileDocuments([
      shop,
      authorizationPolicy('mesh', { action: 'DENY', rules }, { namespace: 'istio-system' }),
      authorizationPolicy('ns', { action: 'AUDIT', rules }),
      authorizationPolicy(
        'v2',
        { rules, selector: { matchLabels: { version: 'v2' } } },
        { annotations: { 'istio.io/dry-run': 'true' } },
      ),
    ]);
    const names = (id: string) => {
      const { deny, audit, allow } = inboundOf(snapshot, id).authorization;
      return [...deny, ...audit, ...allow].map((p) => p.resource.name);
    };
    expect(names('ratings-v1-0')).toEqual(['mesh', 'ns']);
    expect(names('ratings-v2-1')).toEqual(['mesh', 'ns', 'v2']);
    expect(names('client-x-0')).toEqual(['mesh']);
    expect(inboundOf(snapshot, 'ratings-v2-1').authorization.allow[0]!.dryRun).toBe(true);
  });

  test('rules keep their fields; no rules stay no rules', async () => {
    const { snapshot } = await compileDocuments([
      shop,
      authorizationPolicy('a', {
        rules: [
          {
            from: [{ source: { notPrincipals: ['x'] } }],
            to: [{ operation: { paths: ['/a*'] } }],
            when: [{ key: 'request.headers[x]', values: ['1'] }],
          },
        ],
      }),
      authorizationPolicy('nothing', {}),
    ]);
    const { allow } = inboundOf(snapshot, 'ratings-v1-0').authorization;
    expect(allow[0]!.rules[0]).toMatchObject({
      from: [{ principals: [], notPrincipals: ['x'] }],
      to: [{ paths: ['/a*'], methods: [] }],
      when: [{ key: 'request.headers[x]', values: ['1'], notValues: [] }],
    });
    expect(allow[1]!.rules).toEqual([]);
  });

  test('rules keep their numbers on an opaque port: what applies there is decided where it is judged', async () => {
    const rules = [{ to: [{ operation: { methods: ['GET'] } }] }, { from: [{ source: { namespaces: ['other'] } }] }];
    const { snapshot } = await compileDocuments([shop, authorizationPolicy('allow', { rules })]);
    const { allow } = inboundOf(snapshot, 'cache-x-0').authorization;
    expect(allow[0]!.rules).toMatchObject([{ to: [{ methods: ['GET'] }] }, { from: [{ namespaces: ['other'] }] }]);
  });

  test('CUSTOM brings its provider', async () => {
    const provider = {
      name: 'opa',
      envoyExtAuthzHttp: { service: 'opa.default.svc.cluster.local', port: 9191, timeout: '2s', failOpen: true },
    };
    const mesh = { ...shop, spec: { ...(shop.spec as object), extensionProviders: [provider] } };
    const { snapshot } = await compileDocuments([
      mesh,
      authorizationPolicy('c', { action: 'CUSTOM', provider: { name: 'opa' }, rules: [{}] }),
    ]);
    expect(inboundOf(snapshot, 'ratings-v1-0').authorization).toMatchObject({
      custom: [{ provider: 'opa' }],
      providers: {
        opa: { url: 'http://opa.default.svc.cluster.local:9191', timeoutMs: 2000, failOpen: true, statusOnError: 403 },
      },
    });
  });
});

test('RequestAuthentication reaches HTTP ports of the workloads it selects', async () => {
  const { snapshot } = await compileDocuments([
    shop,
    requestAuthentication('jwt', {
      selector: { matchLabels: { app: 'ratings' } },
      jwtRules: [{ issuer: 'me', jwks: '{"keys":[]}', fromHeaders: [{ name: 'X-Token', prefix: 'T ' }] }],
    }),
  ]);
  expect(inboundOf(snapshot, 'ratings-v1-0').jwt).toMatchObject([
    {
      issuer: 'me',
      jwks: '{"keys":[]}',
      jwksUri: '',
      fromHeaders: [{ name: 'x-token', prefix: 'T ' }],
      forwardOriginalToken: false,
    },
  ]);
  expect(inboundOf(snapshot, 'reviews-v1-0').jwt).toEqual([]);
});

describe('Fault', () => {
  const one = async (spec: object, now = 2000) =>
    (await compileDocuments([shop, fault('f', { to: { service: 'ratings' }, ...spec })], { now })).snapshot.faults;

  test('decodes to milliseconds and bytes, armed when it was applied', async () => {
    const [found] = await one({
      from: { service: 'reviews' },
      to: { service: 'ratings', version: 'v1' },
      match: [{ uri: { prefix: '/a' } }],
      percentage: 0.5,
      delay: { uniform: { min: '100ms', max: '1.5s' } },
      abort: { grpcStatus: 'UNAVAILABLE' },
      response: { truncateAfter: '1KiB', corrupt: '1%' },
      only: { skip: 2 },
      per: 'trace',
      schedule: { after: '10s', for: '30s', every: '60s' },
      expires: '10m',
      seed: 42,
    });
    expect(found).toMatchObject({
      id: 'default/f',
      side: 'server',
      toService: 'ratings.default.svc.cluster.local',
      toVersion: 'v1',
      fromService: 'default/reviews',
      match: [{ path: { kind: 'prefix', value: '/a' } }],
      percentage: 0.5,
      delay: { kind: 'uniform', minMs: 100, maxMs: 1500 },
      abort: { kind: 'grpc', status: 14 },
      response: { truncateAfterBytes: 1024, bytesPerSecond: null, corruptPercent: 1 },
      only: { skip: 2, first: null },
      per: 'trace',
      schedule: { afterMs: 10_000, forMs: 30_000, everyMs: 60_000 },
      armedAt: 1000,
      expiresAt: 601_000,
      seed: 42,
      enabled: true,
    });
  });

  test.each([
    [{ delay: { fixed: '1s' } }, { delay: { kind: 'fixed', ms: 1000 } }],
    [{ delay: { normal: { mean: '1s', stddev: '10ms' } } }, { delay: { kind: 'normal', meanMs: 1000, stddevMs: 10 } }],
    [{ delay: { pareto: { scale: '10ms', shape: 1.5 } } }, { delay: { kind: 'pareto', scaleMs: 10, shape: 1.5 } }],
    [{ abort: { httpStatus: 503 } }, { abort: { kind: 'http', status: 503 } }],
    [{ abort: { reset: true } }, { abort: { kind: 'reset' } }],
    [{ abort: { hang: true } }, { abort: { kind: 'hang' } }],
  ])('%j', async (spec, compiled) => expect(await one(spec)).toMatchObject([{ ...compiled, percentage: 100, expiresAt: null }]));

  test('is gone once expired', async () => {
    expect(await one({ abort: { reset: true }, expires: '1s' }, 1999)).toHaveLength(1);
    expect(await one({ abort: { reset: true }, expires: '1s' }, 2000)).toHaveLength(0);
  });
});
