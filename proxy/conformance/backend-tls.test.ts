import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ResourceStatus } from '../api/diagnostic.schema.ts';
import { TestAuthority } from '../data-plane/listener/tls-test-kit.ts';
import { listen } from '../testing/listen.ts';
import type { Document } from './case.ts';
import { backend, gatewayApi, httpRoute, path } from './cases/gateway/api.ts';
import { meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';
import { send, type Target } from './send.ts';

/*
 * §6 BackendTLSPolicy: services whose process speaks TLS itself, called through the gateway and from a sidecar. Facts of the API's own
 * conformance tests BackendTLSPolicy{,InvalidCACertificateRef,InvalidKind,SANValidation,ConflictResolution,ObservedGenerationBump}.
 */

const authority = new TestAuthority('backend root');
const stranger = new TestAuthority('another root');
const pair = authority.issue({ dns: ['backend.example', 'other.example'], uris: ['spiffe://backend.example/app'] });

const configMap = (name: string, data: Document): Document => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});
const ca = (name: string): Document => ({ caCertificateRefs: [{ group: '', kind: 'ConfigMap', name }] });
const policy = (name: string, validation: Document, target: Document = { name }, metadata: Document = {}): Document => ({
  ...gatewayApi('BackendTLSPolicy', name, {
    targetRefs: [{ group: '', kind: 'Service', ...target }],
    validation: { hostname: 'backend.example', ...validation },
  }),
  metadata: { name, namespace: 'default', ...metadata },
});

const policies: Document[] = [
  policy('trusted', ca('root')),
  policy('misnamed', { ...ca('root'), hostname: 'nobody.example' }),
  policy('mistrusted', ca('strange-root')),
  policy('missing', ca('nowhere')),
  policy('damaged', ca('no-certificate')),
  policy('foreign', { caCertificateRefs: [{ group: '', kind: 'Secret', name: 'root' }] }),
  policy('system', { wellKnownCACertificates: 'System' }),
  policy('named', { ...ca('root'), hostname: 'sni.example', subjectAltNames: [{ type: 'Hostname', hostname: 'other.example' }] }),
  policy('by-uri', { ...ca('root'), subjectAltNames: [{ type: 'URI', uri: 'spiffe://backend.example/app' }] }),
  policy('by-other-uri', { ...ca('root'), subjectAltNames: [{ type: 'URI', uri: 'spiffe://backend.example/other' }] }),
  // Of two policies for one target the older counts, whatever the order they are written in.
  policy('newer', ca('nowhere'), { name: 'contested' }, { creationTimestamp: '2026-02-01T00:00:00Z' }),
  policy('older', ca('root'), { name: 'contested' }, { creationTimestamp: '2026-01-01T00:00:00Z' }),
  policy('section', ca('root'), { name: 'sectioned', sectionName: 'secure' }),
  policy('no-section', ca('root'), { name: 'trusted', sectionName: 'nothing' }),
  policy('ghost', ca('root'), { name: 'ghost' }),
  policy('outside', ca('root'), { group: 'networking.istio.io', kind: 'ServiceEntry', name: 'outside' }),
  policy('overruled', ca('nowhere')),
];
const services = [
  ...['trusted', 'misnamed', 'mistrusted', 'missing', 'damaged', 'foreign', 'system', 'named', 'by-uri', 'by-other-uri'],
  ...['contested', 'overruled', 'plain'],
];

let app: https.Server;
let mesh: TestMesh;
const seen: { sni: string; host: string }[] = [];

beforeAll(async () => {
  app = https.createServer({ cert: pair.certificatePem, key: pair.privateKeyPem }, (request, response) => {
    const { servername } = request.socket as TLSSocket;
    seen.push({ sni: typeof servername === 'string' ? servername : '', host: request.headers.host ?? '' });
    response.end('over tls');
  });
  const address = `127.0.0.1:${await listen(app)}`;
  const port = Number(address.split(':')[1]);
  const to = (name: string): Document => ({ matches: [path('PathPrefix', `/${name}`)], backendRefs: [backend(name)] });
  mesh = await startMesh(
    meshText(
      {
        services: [
          { name: 'caller', port: 9080, workloads: [{ address: '127.0.0.1:9' }] },
          ...services.map((name) => ({ name, port: 9080, workloads: [{ address }] })),
          {
            name: 'sectioned',
            ports: [{ name: 'secure', port: 9443, protocol: 'http' }],
            workloads: [{ addresses: { secure: address } }],
          },
        ],
      },
      [
        configMap('root', { 'ca.crt': authority.caPem }),
        configMap('strange-root', { 'ca.crt': stranger.caPem }),
        configMap('no-certificate', { 'ca.crt': 'nothing of the kind' }),
        ...policies,
        {
          apiVersion: 'networking.istio.io/v1',
          kind: 'DestinationRule',
          metadata: { name: 'overruled', namespace: 'default' },
          spec: {
            host: 'overruled',
            trafficPolicy: { tls: { mode: 'SIMPLE', sni: 'rule.example', insecureSkipVerify: true } },
          },
        },
        {
          apiVersion: 'networking.istio.io/v1',
          kind: 'ServiceEntry',
          metadata: { name: 'outside', namespace: 'default' },
          spec: {
            hosts: ['outside.example'],
            resolution: 'STATIC',
            ports: [{ number: 443, name: 'http', protocol: 'HTTP' }],
            endpoints: [{ address: '127.0.0.1', ports: { http: port } }],
          },
        },
        gatewayApi('Gateway', 'api', {
          gatewayClassName: 'istio',
          listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
        }),
        httpRoute(
          'all',
          ['tls.example'],
          [
            ...services.map(to),
            { matches: [path('PathPrefix', '/sectioned')], backendRefs: [{ name: 'sectioned', port: 9443 }] },
            {
              matches: [path('PathPrefix', '/outside')],
              backendRefs: [{ group: 'networking.istio.io', kind: 'Hostname', name: 'outside.example', port: 443 }],
            },
          ],
        ),
      ],
    ),
  );
});
afterAll(async () => {
  await mesh?.close();
  app?.close();
  app?.closeAllConnections();
});

async function get(target: Target, host: string, text: string): Promise<{ status: number; body: string }> {
  const { status, body } = await send(target, { name: '', path: text, expect: {} }, host, 'backend-tls');
  return { status, body };
}
const through = (name: string) => get(mesh.ingress(), 'tls.example', `/${name}`);
const fails = { status: 503, body: /^upstream connect error .*remote connection failure$/ };
const failed = { status: 503, body: expect.stringMatching(fails.body) };

describe('through the gateway', () => {
  test('a trusted certificate for the hostname: 200, the hostname is the server name, the Host stays', async () => {
    expect(await through('trusted')).toEqual({ status: 200, body: 'over tls' });
    expect(seen.at(-1)).toEqual({ sni: 'backend.example', host: 'tls.example' });
  });

  test.each([
    ['without a policy the process gets what a mesh sends, which is no TLS', 'plain'],
    ['the certificate is for another hostname', 'misnamed'],
    ['the certificate is another authority’s', 'mistrusted'],
    ['the system does not trust it', 'system'],
    ['no ConfigMap of that name', 'missing'],
    ['a ConfigMap without a certificate', 'damaged'],
    ['a reference of another kind', 'foreign'],
    ['none of the names is the URI asked for', 'by-other-uri'],
  ])('%s: calls fail with 5xx', async (_, name) => {
    const { status } = await through(name);
    expect(status).toBeGreaterThanOrEqual(500);
    if (name !== 'plain') expect(await through(name)).toEqual(failed);
  });

  test('subjectAltNames take the place of the hostname in the check, not in the server name', async () => {
    expect(await through('named')).toEqual({ status: 200, body: 'over tls' });
    expect(seen.at(-1)?.sni).toBe('sni.example');
    expect((await through('by-uri')).status).toBe(200);
  });

  test('the older of two policies for one target', async () => expect((await through('contested')).status).toBe(200));
  test('a port by its name', async () => expect((await through('sectioned')).status).toBe(200));
  test('the hosts of a ServiceEntry', async () => expect((await through('outside')).status).toBe(200));
  test('a DestinationRule that sets tls wins', async () => {
    expect((await through('overruled')).status).toBe(200);
    expect(seen.at(-1)?.sni).toBe('rule.example');
  });
});

test('the record says that the CA never came, in Envoy’s words', async () => {
  await through('missing');
  await expect
    .poll(async () => {
      const { exchanges } = (await mesh.api('/exchanges?limit=50')) as {
        exchanges: { path: string; flags: string; details: string }[];
      };
      return exchanges.find((one) => one.path === '/missing' && one.flags !== '');
    })
    .toMatchObject({
      flags: 'URX,UF',
      details: 'upstream_reset_before_response_started{remote_connection_failure|TLS_error:_Secret_is_not_supplied_by_SDS}',
    });
});

describe('from a sidecar', () => {
  test('the same policy, through the callee’s sidecar untouched', async () => {
    const outbound = mesh.outbound('caller-x-0');
    expect(await get(outbound, 'trusted:9080', '/')).toEqual({ status: 200, body: 'over tls' });
    expect(await get(outbound, 'missing:9080', '/')).toEqual(failed);
  });

  test('a callee that requires mutual TLS refuses it', async () => {
    const strict = {
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name: 'strict', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'by-uri' } }, mtls: { mode: 'STRICT' } },
    };
    await mesh.apply(JSON.stringify(strict));
    expect(await get(mesh.outbound('caller-x-0'), 'by-uri:9080', '/')).toEqual(failed);
    await mesh.api('/resources/PeerAuthentication/default/strict', 'DELETE');
    expect((await get(mesh.outbound('caller-x-0'), 'by-uri:9080', '/')).status).toBe(200);
  });
});

async function ancestorsOf(name: string): Promise<Record<string, string>> {
  const { status } = (await mesh.api(`/resources/BackendTLSPolicy/default/${name}`)) as { status: ResourceStatus };
  return Object.fromEntries(
    (status.ancestors ?? []).map(({ ancestorRef, conditions }) => [
      `${ancestorRef.kind}/${ancestorRef.name}`,
      conditions.map(({ type, status: is, reason }) => `${type}=${is}/${reason}`).join(' '),
    ]),
  );
}

describe('conditions', () => {
  const fine = 'Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs';
  const unread = (reason: string) => `Accepted=False/NoValidCACertificate ResolvedRefs=False/${reason}`;
  test.each([
    ['trusted', fine],
    ['system', fine],
    ['missing', unread('InvalidCACertificateRef')],
    ['damaged', unread('InvalidCACertificateRef')],
    ['foreign', unread('InvalidKind')],
  ])('%s: told to the Service and to the Gateway whose route leads there', async (name, expected) => {
    expect(await ancestorsOf(name)).toEqual({ [`Service/${name}`]: expected, 'Gateway/api': expected });
  });

  test('a conflict, a target and a port that are not there', async () => {
    const refused = (reason: string) => fine.replace('True/Accepted', `False/${reason}`);
    expect((await ancestorsOf('newer'))['Service/contested']).toMatch(/^Accepted=False\/Conflicted/);
    expect((await ancestorsOf('older'))['Service/contested']).toBe(fine);
    expect((await ancestorsOf('ghost'))['Service/ghost']).toBe(refused('TargetNotFound'));
    expect((await ancestorsOf('no-section'))['Service/trusted']).toBe(refused('TargetNotFound'));
  });

  test('explain and the policy itself tell where it counts', async () => {
    const { objects } = (await mesh.api('/explain', 'POST', JSON.stringify({ from: 'caller-x-0', to: 'trusted:9080' }))) as {
      objects: { role: string; resource: { kind: string; name: string } }[];
    };
    expect(objects.find(({ role }) => role === 'TLS')?.resource).toMatchObject({ kind: 'BackendTLSPolicy', name: 'trusted' });
    const { status } = (await mesh.api('/resources/BackendTLSPolicy/default/trusted')) as { status: ResourceStatus };
    expect(status.usedBy).toContain('cluster outbound|9080||trusted.default.svc.cluster.local');
  });

  test('observedGeneration counts the changes of the policy', async () => {
    const generations = async () => {
      const found = (await mesh.api('/resources/BackendTLSPolicy/default/system')) as {
        generation: number;
        status: ResourceStatus;
      };
      const observed = (found.status.ancestors ?? []).flatMap(({ conditions }) =>
        conditions.map((one) => one.observedGeneration),
      );
      return [found.generation, ...new Set(observed)];
    };
    expect(await generations()).toEqual([1, 1]);
    await mesh.apply(JSON.stringify(policy('system', { wellKnownCACertificates: 'System', hostname: 'changed.example' })));
    expect(await generations()).toEqual([2, 2]);
  });
});
