import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Apps, startApps } from './apps.ts';
import type { Case, Document, Observation } from './case.ts';
import { meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';
import { exchangesOf } from './protocols/kit.ts';
import { send } from './send.ts';

/*
 * EnvoyFilters beyond one outbound hop (cases/envoy-filters.ts): in the callee's sidecar, at the gateway, and of connection managers. One
 * service per behaviour, all of them app a, called from `client`.
 */

let apps: Apps;
let mesh: TestMesh;
let sent = 0;

const always = { default_value: { numerator: 100 } };
const limitType = 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';
const limit = (tokens: number): Document => ({
  '@type': limitType,
  stat_prefix: 'limit',
  token_bucket: { max_tokens: tokens, tokens_per_fill: 1, fill_interval: '1000s' },
  filter_enabled: always,
  filter_enforced: always,
});
const manager = 'envoy.filters.network.http_connection_manager';
const insert = (context: string, config: Document, listener: Document = {}): Document => ({
  applyTo: 'HTTP_FILTER',
  match: { context, listener: { filterChain: { filter: { name: manager } }, ...listener } },
  patch: { operation: 'INSERT_BEFORE', value: { name: 'limit', typed_config: config } },
});
const mergeManager = (context: string, config: Document): Document => ({
  applyTo: 'NETWORK_FILTER',
  match: { context, listener: { filterChain: { filter: { name: manager } } } },
  patch: { operation: 'MERGE', value: { name: manager, typed_config: { '@type': 'x.HttpConnectionManager', ...config } } },
});
const envoyFilter = (name: string, labels: Document, configPatches: Document[], namespace = 'default'): Document => ({
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name, namespace },
  spec: { workloadSelector: { labels }, configPatches },
});

const documents: Document[] = [
  envoyFilter('limited', { app: 'limited' }, [insert('SIDECAR_INBOUND', limit(2))]),
  envoyFilter('route', { app: 'route' }, [
    insert('SIDECAR_INBOUND', { '@type': limitType, stat_prefix: 'limit' }),
    {
      applyTo: 'HTTP_ROUTE',
      match: {
        context: 'SIDECAR_INBOUND',
        routeConfiguration: { vhost: { name: 'inbound|http|9080', route: { action: 'ANY' } } },
      },
      patch: { operation: 'MERGE', value: { typed_per_filter_config: { limit: limit(1) } } },
    },
  ]),
  envoyFilter('elsewhere', { app: 'elsewhere' }, [insert('SIDECAR_INBOUND', limit(1), { portNumber: 9999 })]),
  envoyFilter('idle', { app: 'idle' }, [mergeManager('SIDECAR_INBOUND', { stream_idle_timeout: '0.4s' })]),
  envoyFilter('through', { app: 'through' }, [mergeManager('SIDECAR_INBOUND', { server_header_transformation: 'PASS_THROUGH' })]),
  envoyFilter('caller', { app: 'caller' }, [
    mergeManager('SIDECAR_OUTBOUND', { server_header_transformation: 'APPEND_IF_ABSENT' }),
  ]),
  envoyFilter('named', { app: 'client' }, [mergeManager('SIDECAR_OUTBOUND', { server_name: 'ours' })]),
  envoyFilter('ingress', { istio: 'ingressgateway' }, [insert('GATEWAY', limit(1))], 'istio-system'),
  envoyFilter('slow', { app: 'client' }, [
    {
      applyTo: 'CLUSTER',
      match: { context: 'SIDECAR_OUTBOUND', cluster: { service: 'slow.default.svc.cluster.local' } },
      patch: {
        operation: 'MERGE',
        value: {
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'x.HttpProtocolOptions',
              common_http_protocol_options: { max_stream_duration: '0.4s' },
            },
          },
        },
      },
    },
  ]),
];

beforeAll(async () => {
  apps = await startApps();
  const names = ['client', 'caller', 'limited', 'route', 'elsewhere', 'idle', 'through', 'slow'];
  const services = names.map((name) => ({
    name,
    port: 9080,
    workloads: [{ version: 'v1', address: `127.0.0.1:${apps.ports.a}` }],
  }));
  mesh = await startMesh(meshText({ services }, documents));
}, 60_000);
afterAll(async () => {
  await mesh?.close();
  await apps?.close();
});

/** One request, from a caller's sidecar or at the ingress, and what the app saw of it. */
async function ask(host: string, request: Partial<Case> = {}, from = 'client'): Promise<Observation> {
  const id = `ef-${++sent}`;
  const target = from === 'ingress' ? mesh.ingress() : mesh.outbound(`${from}-v1-0`);
  const seen = await send(target, { name: id, expect: {}, ...request }, host, id);
  return { ...seen, seen: apps.seen.get(id) ?? [] };
}
const times = async (count: number, host: string, from?: string): Promise<number[]> => {
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) statuses.push((await ask(host, {}, from)).status);
  return statuses;
};

describe('local rate limit', () => {
  test('in the callee’s sidecar: whoever calls spends of one bucket, and the exchange names the patch', async () => {
    expect(await times(1, 'limited', 'caller')).toEqual([200]);
    expect(await times(2, 'limited')).toEqual([200, 429]);
    const refused = await ask('limited', { path: '/refused' });
    expect(refused).toMatchObject({ status: 429, body: 'local_rate_limited', seen: [] });
    const hops = await exchangesOf(mesh, 'path=/refused', 2);
    const inbound = hops.find((hop) => hop.reporter === 'destination');
    expect(inbound).toMatchObject({
      flags: 'RL',
      details: 'local_rate_limited',
      decision: {
        policies: [{ resource: { kind: 'EnvoyFilter', name: 'limited', path: 'spec.configPatches[0]' }, outcome: 'denied' }],
      },
    });
  });

  test('the inbound route’s own', async () => {
    expect(await times(2, 'route')).toEqual([200, 429]);
  });

  test('another port is not meant', async () => {
    expect(await times(2, 'elsewhere')).toEqual([200, 200]);
  });

  test('at the gateway', async () => {
    expect(await times(2, 'through.localhost', 'ingress')).toEqual([200, 429]);
  });
});

describe('connection managers', () => {
  test('stream_idle_timeout of the callee: 504 SI, which the caller passes on', async () => {
    const slow = await ask('idle', { path: '/idle', app: 'delay=5000' });
    expect(slow).toMatchObject({ status: 504, body: 'stream timeout' });
    const hops = await exchangesOf(mesh, 'path=/idle', 2);
    expect(hops.find((hop) => hop.reporter === 'destination')).toMatchObject({ flags: 'SI', details: 'stream_idle_timeout' });
  });

  test('server_name, APPEND_IF_ABSENT and PASS_THROUGH', async () => {
    const server = async (host: string, from: string, app: string) => (await ask(host, { app }, from)).headers.server;
    expect(await server('through', 'client', 'status=200')).toBe('ours');
    expect(await server('through', 'caller', 'header=server:app')).toBe('app');
    expect(await server('elsewhere', 'caller', 'header=server:app')).toBe('istio-envoy');
  });
});

test('a cluster’s max_stream_duration, of the callers that were selected', async () => {
  expect(await ask('slow', { app: 'delay=5000' })).toMatchObject({ status: 504, body: 'upstream max stream duration reached' });
  expect(await ask('slow', { app: 'delay=700' }, 'caller')).toMatchObject({ status: 200 });
});
