import https from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ResourceStatus } from '../api/diagnostic.schema.ts';
import { TestAuthority } from '../data-plane/listener/tls-test-kit.ts';
import { unusedPort } from '../testing/unused-port.ts';
import { type Apps, startApps } from './apps.ts';
import type { Document } from './case.ts';
import { backend, gatewayApi, httpRoute } from './cases/gateway/api.ts';
import { meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';

/*
 * §6 spec.tls.frontend: whose certificates clients of a Gateway's HTTPS listeners must have, for all ports or one. Facts of the API's
 * conformance tests GatewayFrontendClientCertificateValidation and …InsecureFallback; reasons are istiod's (conversion.go).
 */

const authority = new TestAuthority('edge');
const clients = new TestAuthority('clients');
const serverPair = authority.issue({ dns: ['web.example'] });
const known = clients.issue({ dns: ['known.client'] });
const stranger = authority.issue({ dns: ['stranger.client'] });
const names = ['strict', 'lenient', 'secret', 'nowhere', 'two', 'kind', 'foreign', 'broken'] as const;
const ports = {} as Record<(typeof names)[number], number>;

let apps: Apps;
let mesh: TestMesh;

const core = (kind: string, name: string, more: Document, namespace = 'default'): Document => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace },
  ...more,
});
const validation = (refs: Document[], mode?: string): Document => ({
  validation: { caCertificateRefs: refs.map((ref) => ({ group: '', kind: 'ConfigMap', ...ref })), ...(mode ? { mode } : {}) },
});

beforeAll(async () => {
  apps = await startApps();
  for (const name of names) ports[name] = await unusedPort();
  const perPort: Record<string, Document> = {
    lenient: validation([{ name: 'clients' }], 'AllowInsecureFallback'),
    secret: validation([{ kind: 'Secret', name: 'clients' }]),
    nowhere: validation([{ name: 'nowhere' }]),
    two: validation([{ name: 'clients' }, { name: 'nowhere' }]),
    kind: validation([{ kind: 'Service', name: 'clients' }]),
    foreign: validation([{ name: 'clients', namespace: 'elsewhere' }]),
    broken: validation([{ name: 'broken' }]),
  };
  mesh = await startMesh(
    meshText(
      { services: [{ name: 'web', port: 9080, workloads: [{ address: `127.0.0.1:${apps.ports.a}` }] }] },
      [
        core('Secret', 'server', { stringData: { 'tls.crt': serverPair.certificatePem, 'tls.key': serverPair.privateKeyPem } }),
        core('ConfigMap', 'clients', { data: { 'ca.crt': clients.caPem } }),
        core('ConfigMap', 'clients', { data: { 'ca.crt': clients.caPem } }, 'elsewhere'),
        core('ConfigMap', 'broken', { data: { 'ca.crt': 'nothing of the kind' } }),
        core('Secret', 'clients', { stringData: { 'ca.crt': clients.caPem } }),
        gatewayApi('Gateway', 'edge', {
          gatewayClassName: 'istio',
          listeners: names.map((name) => ({
            name,
            port: ports[name],
            protocol: 'HTTPS',
            tls: { certificateRefs: [{ name: 'server' }] },
          })),
          tls: {
            frontend: {
              default: validation([{ name: 'clients' }]),
              perPort: Object.entries(perPort).map(([name, tls]) => ({ port: ports[name as (typeof names)[number]], tls })),
            },
          },
        }),
        { ...httpRoute('web', ['web.example'], [{ backendRefs: [backend('web')] }]) },
      ].map((document) =>
        document.kind === 'HTTPRoute'
          ? { ...document, spec: { ...(document.spec as Document), parentRefs: [{ name: 'edge' }] } }
          : document,
      ),
    ),
  );
}, 30_000);
afterAll(async () => {
  await mesh?.close();
  await apps?.close();
});

/** The status, or `refused` when there is no connection to speak over. */
function get(port: number, pair?: { certificatePem: string; privateKeyPem: string }): Promise<number | 'refused'> {
  return new Promise((resolve) => {
    const certificate = pair === undefined ? {} : { cert: pair.certificatePem, key: pair.privateKeyPem };
    const options = { host: '127.0.0.1', port, servername: 'web.example', ca: authority.caPem, agent: false, ...certificate };
    https
      .get({ ...options, headers: { host: 'web.example' } }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      })
      .on('error', () => resolve('refused'));
  });
}

describe('spec.tls.frontend', () => {
  test('default: a certificate of the ConfigMap’s CA, or no connection', async () => {
    expect(await get(ports.strict, known)).toBe(200);
    expect(await get(ports.strict, stranger)).toBe('refused');
    expect(await get(ports.strict)).toBe('refused');
  });

  test('perPort takes the default’s place; a Secret’s ca.crt will do', async () => {
    expect(await get(ports.secret, known)).toBe(200);
    expect(await get(ports.secret)).toBe('refused');
  });

  test('AllowInsecureFallback: anybody, and the Gateway says so', async () => {
    expect(await get(ports.lenient, known)).toBe(200);
    expect(await get(ports.lenient, stranger)).toBe(200);
    expect(await get(ports.lenient)).toBe(200);
    const { conditions } = await statusOf();
    expect(conditions).toContainEqual(
      expect.objectContaining({ type: 'InsecureFrontendValidationMode', status: 'True', reason: 'ConfigurationChanged' }),
    );
  });

  test.each([
    ['nowhere', 'InvalidCACertificateRef'],
    ['two', 'InvalidCACertificateRef'],
    ['broken', 'InvalidCACertificateRef'],
    ['kind', 'InvalidCACertificateKind'],
    ['foreign', 'RefNotPermitted'],
  ] as const)('%s: whom to trust cannot be said, so nobody is served, and the listener says why', async (name, reason) => {
    expect(await get(ports[name], known)).toBe('refused');
    const { listeners } = await statusOf();
    const told = listeners?.find((listener) => listener.name === name)?.conditions.filter(({ status }) => status === 'False');
    expect(told?.map((condition) => `${condition.type}/${condition.reason}`).sort()).toEqual(
      ['Accepted/NoValidCACertificate', 'Conflicted/NoConflicts', 'Programmed/Invalid', `ResolvedRefs/${reason}`].sort(),
    );
  });
});

async function statusOf(): Promise<ResourceStatus> {
  return ((await mesh.api('/resources/Gateway/default/edge')) as { status: ResourceStatus }).status;
}
