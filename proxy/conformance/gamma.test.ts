import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Apps, startApps } from './apps.ts';
import type { Document } from './case.ts';
import { backend, gatewayApi, path } from './cases/gateway/api.ts';
import { meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';
import { send } from './send.ts';

/*
 * §6 GAMMA: HTTPRoutes whose parent is a Service, for clients of its namespace and of another. Facts of the API's mesh tests
 * MeshConsumerRoute, MeshPorts, MeshTrafficSplit, MeshHTTPRoute{Matching,RedirectHostAndStatus,RewritePath,BackendRequestHeaderModifier,NamedRule}.
 */

let apps: Apps;
let mesh: TestMesh;

const says = (value: string): Document => ({
  type: 'ResponseHeaderModifier',
  responseHeaderModifier: { set: [{ name: 'x-route', value }] },
});
const service = (name: string, namespace = 'default', more: Document = {}): Document => ({
  group: '',
  kind: 'Service',
  name,
  namespace,
  ...more,
});
const route = (name: string, parent: Document, rules: Document[], more: Document = {}): Document => ({
  ...gatewayApi('HTTPRoute', name, { parentRefs: [parent], rules }),
  ...more,
});
const consumer = { metadata: { name: 'consumer', namespace: 'elsewhere' } };

beforeAll(async () => {
  apps = await startApps();
  const app = (name: string, port: number, namespace = 'default'): Document => ({
    name,
    namespace,
    port: 9080,
    workloads: [{ address: `127.0.0.1:${port}` }],
  });
  const { a, b } = apps.ports;
  mesh = await startMesh(
    meshText(
      {
        services: [
          app('near', 9),
          app('far', 9, 'elsewhere'),
          app('third', 9, 'third'),
          ...['one', 'shared', 'split', 'refused', 'again', 'looped'].map((name) => app(name, a)),
          app('two', b),
          {
            name: 'ports',
            ports: [
              { name: 'first', port: 8001, protocol: 'http' },
              { name: 'second', port: 8002, protocol: 'http' },
            ],
            workloads: [{ addresses: { first: `127.0.0.1:${a}`, second: `127.0.0.1:${a}` } }],
          },
        ],
      },
      [
        route('producer', service('shared'), [
          {
            name: 'moved',
            matches: [path('PathPrefix', '/old')],
            filters: [{ type: 'RequestRedirect', requestRedirect: { hostname: 'x.example', statusCode: 301 } }],
          },
          {
            matches: [path('PathPrefix', '/new')],
            filters: [
              { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/v2' } } },
              says('rewritten'),
            ],
            backendRefs: [backend('one')],
          },
          {
            matches: [path('PathPrefix', '/only')],
            filters: [says('producer')],
            backendRefs: [
              backend('two', {
                filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-be', value: 'two' }] } }],
              }),
            ],
          },
        ]),
        route(
          'consumer',
          service('shared'),
          [{ filters: [says('consumer')], backendRefs: [{ ...service('shared'), port: 9080 }] }],
          consumer,
        ),
        // What hostnames say counts for nothing at a Service.
        {
          ...gatewayApi('HTTPRoute', 'split', {
            parentRefs: [service('split')],
            hostnames: ['nobody.example'],
            rules: [{ backendRefs: [backend('one', { weight: 50 }), backend('two', { weight: 50 })] }],
          }),
        },
        route('port', service('ports', 'default', { port: 8002 }), [
          { filters: [says('port')], backendRefs: [{ name: 'ports', port: 8002 }] },
        ]),
        route('refused', service('refused'), [
          {
            filters: [{ type: 'ExtensionRef', extensionRef: { group: 'x.example', kind: 'X', name: 'x' } }, says('never')],
            backendRefs: [backend('two')],
          },
        ]),
        // The backend of a route is reached straight: its own route (to two) does not count again.
        route('again', service('again'), [{ filters: [says('again')], backendRefs: [backend('looped')] }]),
        {
          apiVersion: 'networking.istio.io/v1',
          kind: 'ServiceEntry',
          metadata: { name: 'outside', namespace: 'default' },
          spec: {
            hosts: ['outside.example'],
            resolution: 'STATIC',
            ports: [{ number: 9080, name: 'http', protocol: 'HTTP' }],
            endpoints: [{ address: '127.0.0.1', ports: { http: a } }],
          },
        },
        route('outside', { group: 'networking.istio.io', kind: 'ServiceEntry', name: 'outside' }, [
          { filters: [says('outside')], backendRefs: [backend('two')] },
        ]),
        route('looped', service('looped'), [{ filters: [says('looped')], backendRefs: [backend('two')] }]),
      ],
    ),
  );
});
afterAll(async () => {
  await mesh?.close();
  await apps?.close();
});

let count = 0;
async function call(client: string, host: string, text = '/'): Promise<Observed> {
  const id = `gamma-${count++}`;
  const found = await send(mesh.outbound(client), { name: '', path: text, expect: {} }, host, id);
  const { status, body, headers } = found;
  return { status, body, route: headers['x-route'] ?? '', location: headers.location ?? '', seen: apps.seen.get(id)?.at(-1) };
}
interface Observed {
  status: number;
  body: string;
  route: string;
  location: string;
  seen?: { path: string; headers: Record<string, string> };
}

const [near, far, third] = ['near-x-0', 'far-x-0', 'third-x-0'];

describe('producer routes', () => {
  test.each([near, third])('hold for every client: %s', async (client) => {
    expect(await call(client, 'shared.default:9080', '/only')).toMatchObject({
      status: 200,
      body: 'b',
      route: 'producer',
      seen: { headers: { 'x-be': 'two' } },
    });
    expect(await call(client, 'shared.default:9080', '/new/x')).toMatchObject({
      body: 'a',
      route: 'rewritten',
      seen: { path: '/v2/x' },
    });
    expect(await call(client, 'shared.default:9080', '/old')).toMatchObject({
      status: 301,
      location: 'http://x.example:9080/old',
    });
    expect((await call(client, 'shared.default:9080', '/nothing')).status).toBe(404);
  });
});

describe('consumer routes', () => {
  test('hold for their namespace’s clients, in place of the producer’s', async () => {
    expect(await call(far, 'shared.default:9080', '/only')).toMatchObject({ status: 200, body: 'a', route: 'consumer' });
    expect((await call(near, 'shared.default:9080', '/only')).route).toBe('producer');
  });
});

test('weights divide', async () => {
  const bodies = await Promise.all(Array.from({ length: 60 }, async () => (await call(near, 'split:9080')).body));
  expect(bodies.filter((body) => body === 'b').length).toBeGreaterThan(12);
  expect(bodies.filter((body) => body === 'a').length).toBeGreaterThan(12);
});

test('a parent’s port: the others keep their default route', async () => {
  expect(await call(near, 'ports:8002')).toMatchObject({ status: 200, route: 'port' });
  expect(await call(near, 'ports:8001')).toMatchObject({ status: 200, route: '' });
});

test('a route Istio serves nothing of leaves the Service its default route', async () => {
  expect(await call(near, 'refused:9080')).toMatchObject({ status: 200, body: 'a', route: '' });
});

test('a ServiceEntry as parent, as Istio has it', async () => {
  expect(await call(near, 'outside.example:9080')).toMatchObject({ status: 200, body: 'b', route: 'outside' });
});

test('backends are reached without their own routes', async () => {
  expect(await call(near, 'again:9080')).toMatchObject({ status: 200, body: 'a', route: 'again' });
  expect(await call(near, 'looped:9080')).toMatchObject({ status: 200, body: 'b', route: 'looped' });
});
