import http from 'node:http';
import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestAuthority } from '../data-plane/listener/tls-test-kit.ts';
import { listen } from '../testing/listen.ts';
import { unusedPort } from '../testing/unused-port.ts';
import type { Document } from './case.ts';
import { meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';
import { send, type Target } from './send.ts';

/*
 * credentialName: Secrets instead of files. In a DestinationRule gateways take them from their own namespace, sidecars only by a rule with a
 * workloadSelector; at a Gateway's server the Secret also names whose certificates its clients must have. As istiod 1.30 has it
 * (pilot/pkg/networking/core/cluster_tls.go, pkg/security/model/authentication.go, pilot/pkg/credentials/kube).
 */

const authority = new TestAuthority('services');
const clients = new TestAuthority('clients');
const serverPair = authority.issue({ dns: ['mutual', 'simple', 'selected', 'open'].map((name) => `${name}.example`) });
const clientPair = clients.issue({ dns: ['gateway.client'] });
const sidecarPair = clients.issue({ dns: ['sidecar.client'] });

let tlsApp: https.Server;
let plainApp: http.Server;
let mesh: TestMesh;
let edgePort = 0;

const secret = (namespace: string, name: string, stringData: Document): Document => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  stringData,
});
const keyPair = (pair: { certificatePem: string; privateKeyPem: string }): Document => ({
  'tls.crt': pair.certificatePem,
  'tls.key': pair.privateKeyPem,
});
const istio = (kind: string, name: string, spec: Document): Document => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace: 'default' },
  spec,
});
const entry = (name: string, port: number): Document =>
  istio('ServiceEntry', name, {
    hosts: [`${name}.example`],
    resolution: 'STATIC',
    ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
    endpoints: [{ address: '127.0.0.1', ports: { http: port } }],
  });
const rule = (name: string, tls: Document, more: Document = {}): Document =>
  istio('DestinationRule', name, { host: `${name}.example`, trafficPolicy: { tls }, ...more });
const selected: Document = { workloadSelector: { matchLabels: { app: 'caller' } } };

/** Host → the tls of its rule, and what else the rule says. */
const tlsRules: Record<string, [Document, Document?]> = {
  mutual: [{ mode: 'MUTUAL', credentialName: 'client' }],
  simple: [{ mode: 'SIMPLE', credentialName: 'only-ca' }],
  lost: [{ mode: 'SIMPLE', credentialName: 'nowhere' }],
  keyless: [{ mode: 'MUTUAL', credentialName: 'only-ca' }],
  unchecked: [{ mode: 'SIMPLE', credentialName: 'nowhere', insecureSkipVerify: true }],
  selected: [{ mode: 'MUTUAL', credentialName: 'client' }, selected],
  open: [{ mode: 'SIMPLE', credentialName: 'configmap://default/root' }],
};

beforeAll(async () => {
  tlsApp = https.createServer(
    {
      cert: serverPair.certificatePem,
      key: serverPair.privateKeyPem,
      ca: clients.caPem,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const { authorized } = request.socket as TLSSocket;
      response.end(authorized ? (request.socket as TLSSocket).getPeerCertificate().subjectaltname : 'nobody');
    },
  );
  plainApp = http.createServer((_request, response) => response.end('plaintext'));
  const [tlsPort, plainPort] = [await listen(tlsApp), await listen(plainApp)];
  const hosts = [...Object.keys(tlsRules), 'plain'];
  edgePort = await unusedPort();
  mesh = await startMesh(
    meshText({ services: [{ name: 'caller', port: 9080, workloads: [{ address: '127.0.0.1:9' }] }] }, [
      secret('istio-system', 'client', { ...keyPair(clientPair), 'ca.crt': authority.caPem }),
      secret('default', 'client', { ...keyPair(sidecarPair), 'ca.crt': authority.caPem }),
      secret('istio-system', 'only-ca-cacert', { cacert: authority.caPem }),
      secret('istio-system', 'edge', { ...keyPair(serverPair), 'ca.crt': clients.caPem }),
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'root', namespace: 'default' },
        data: { 'ca.crt': authority.caPem },
      },
      ...Object.entries(tlsRules).map(([name, [tls, more]]) => rule(name, tls, more)),
      ...Object.keys(tlsRules).map((name) => entry(name, tlsPort)),
      rule('plain', { mode: 'SIMPLE', credentialName: 'only-ca' }),
      entry('plain', plainPort),
      istio('Gateway', 'edge', {
        selector: { istio: 'ingressgateway' },
        servers: [
          { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] },
          {
            port: { number: edgePort, name: 'https', protocol: 'HTTPS' },
            hosts: ['*'],
            tls: { mode: 'MUTUAL', credentialName: 'edge' },
          },
        ],
      }),
      istio('VirtualService', 'out', {
        hosts: hosts.map((name) => `${name}.example`),
        gateways: ['edge'],
        http: hosts.map((name) => ({
          match: [{ authority: { prefix: `${name}.` } }],
          route: [{ destination: { host: `${name}.example`, port: { number: 80 } } }],
        })),
      }),
    ]),
  );
}, 30_000);
afterAll(async () => {
  await mesh?.close();
  for (const app of [tlsApp, plainApp]) {
    app?.close();
    app?.closeAllConnections();
  }
});

async function get(target: Target, name: string): Promise<string> {
  const { status, body } = await send(target, { name, expect: {} }, `${name}.example`, `c-${name}`);
  return status === 200 ? body : String(status);
}
const gateway = (name: string) => get(mesh.ingress(), name);
const sidecar = (name: string) => get(mesh.outbound('caller-x-0'), name);

describe('a DestinationRule’s credentialName at a gateway', () => {
  test('MUTUAL: certificate, key and CA of the Secret in its own namespace', async () => {
    expect(await gateway('mutual')).toBe('DNS:gateway.client');
  });
  test('SIMPLE: the CA of NAME-cacert, no certificate', async () => {
    expect(await gateway('simple')).toBe('nobody');
  });
  test('a Secret that is missing, or lacks what is needed: every handshake fails', async () => {
    expect(await gateway('lost')).toBe('503');
    expect(await gateway('keyless')).toBe('503');
  });
  test('insecureSkipVerify needs no CA', async () => {
    expect(await gateway('unchecked')).toBe('nobody');
  });
  test('TLS to a process that has none fails', async () => {
    expect(await gateway('plain')).toBe('503');
  });
});

describe('a DestinationRule’s credentialName at a sidecar', () => {
  test('without a workloadSelector it does not count: plaintext', async () => {
    expect(await sidecar('plain')).toBe('plaintext');
    expect(await sidecar('simple')).not.toBe('nobody');
  });
  test('by a rule that selects it: the Secret of its own namespace', async () => {
    expect(await sidecar('selected')).toBe('DNS:sidecar.client');
  });
  test('a ConfigMap is anybody’s', async () => {
    expect(await sidecar('open')).toBe('nobody');
  });
});

describe('a Gateway server’s credentialName with MUTUAL', () => {
  const get = (tls: https.RequestOptions) =>
    new Promise<string>((resolve) => {
      const options = {
        host: '127.0.0.1',
        port: edgePort,
        servername: 'simple.example',
        ca: authority.caPem,
        agent: false,
        ...tls,
      };
      https
        .get({ ...options, headers: { host: 'simple.example' } }, (response) => {
          response.resume().on('end', () => resolve(String(response.statusCode)));
        })
        .on('error', () => resolve('refused'));
    });

  test('clients must have a certificate of the Secret’s ca.crt', async () => {
    expect(await get({ cert: clientPair.certificatePem, key: clientPair.privateKeyPem })).toBe('200');
    const stranger = authority.issue({ dns: ['x'] });
    expect(await get({ cert: stranger.certificatePem, key: stranger.privateKeyPem })).toBe('refused');
    expect(await get({})).toBe('refused');
  });
});
