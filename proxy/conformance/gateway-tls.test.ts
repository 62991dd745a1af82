import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestAuthority } from '../data-plane/listener/tls-test-kit.ts';
import { askBytes } from '../testing/ask-bytes.ts';
import { recordClientHello } from '../testing/client-hello.ts';
import { listen } from '../testing/listen.ts';
import { unusedPort } from '../testing/unused-port.ts';
import { type Apps, startApps } from './apps.ts';
import type { Document } from './case.ts';
import { backend, gatewayApi, httpRoute } from './cases/gateway/api.ts';
import { meshText } from './documents.ts';
import { startMesh, type TestMesh } from './mesh.ts';

/* §6 certificateRefs of HTTPS listeners, TLSRoute and TCPRoute: one port with several names, real handshakes, real bytes. */

const authority = new TestAuthority('shop root');
const pairs = {
  a: authority.issue({ dns: ['a.example'] }),
  wild: authority.issue({ dns: ['*.wild.example'] }),
  istio: authority.issue({ dns: ['istio.example', 'bytes.example'] }),
};
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secret = (name: string, pair: { certificatePem: string; privateKeyPem: string }, metadata: Document = {}): Document => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'default', ...metadata },
  type: 'kubernetes.io/tls',
  data: { 'tls.crt': base64(pair.certificatePem), 'tls.key': base64(pair.privateKeyPem) },
});
const https = (name: string, port: number, hostname: string | null, secretName: string, more: Document = {}): Document => ({
  name,
  port,
  protocol: 'HTTPS',
  ...(hostname === null ? {} : { hostname }),
  tls: { certificateRefs: [{ name: secretName, ...more }] },
});

const istio = (kind: string, name: string, spec: Document): Document => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace: 'default' },
  spec,
});
const istioServer = (name: string, protocol: string, host: string, spec: Document): Document => ({
  port: { number: ports.istio, name, protocol },
  hosts: [host],
  tls: spec,
});

let apps: Apps;
let mesh: TestMesh;
const closers: (() => void)[] = [];
const ports = { https: 0, any: 0, tls: 0, tcp: 0, istio: 0 };

/** Says who it is and echoes in hexadecimal. */
async function byteServer(name: string): Promise<number> {
  const server = net.createServer((socket) => {
    socket.write(`${name}:`);
    socket.on('data', (bytes) => socket.write(bytes.toString('hex')));
    socket.on('error', () => socket.destroy());
  });
  closers.push(() => server.close());
  return listen(server);
}

const l4Route = (kind: 'TLSRoute' | 'TCPRoute', name: string, section: string, spec: Document): Document => ({
  ...gatewayApi(kind, name, { parentRefs: [{ name: 'edge', sectionName: section }], ...spec }),
  apiVersion: `gateway.networking.k8s.io/${kind === 'TCPRoute' ? 'v1alpha2' : 'v1'}`,
});
const bytesTo = (...names: string[]): Document[] => names.map((name) => ({ name, port: 7000 }));

beforeAll(async () => {
  apps = await startApps();
  for (const key of ['https', 'any', 'tls', 'tcp', 'istio'] as const) ports[key] = await unusedPort();
  const http = (name: string, port: number): Document => ({ name, port: 9080, workloads: [{ address: `127.0.0.1:${port}` }] });
  const bytes = async (name: string): Promise<Document> => ({
    name,
    port: 7000,
    protocol: 'tcp',
    workloads: [{ address: `127.0.0.1:${await byteServer(name)}` }],
  });
  const services = [http('one', apps.ports.a), http('two', apps.ports.b), await bytes('first'), await bytes('second')];
  const tlsListener = (name: string, hostname: string, spec: Document): Document => ({
    name,
    port: ports.tls,
    protocol: 'TLS',
    hostname,
    tls: spec,
  });
  const folder = await mkdtemp(path.join(tmpdir(), 'drydock-certificates-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  const nonsense = path.join(folder, 'nonsense.pem');
  await writeFile(nonsense, 'nothing of the kind');
  mesh = await startMesh(
    meshText(
      { services },
      [
        secret('cert-a', pairs.a, { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': pairs.a.privateKeyPem } }),
        secret('cert-wild', pairs.wild),
        secret('mismatch', { certificatePem: pairs.a.certificatePem, privateKeyPem: 'no key' }),
        gatewayApi('Gateway', 'edge', {
          gatewayClassName: 'istio',
          listeners: [
            https('a', ports.https, 'a.example', 'cert-a'),
            https('wild', ports.https, '*.wild.example', 'cert-wild'),
            https('any', ports.any, null, 'cert-missing'),
            tlsListener('through', '*.through.example', { mode: 'Passthrough' }),
            https('inner', ports.tls, 'inner.through.example', 'cert-a'),
            tlsListener('ended', 'ended.example', { mode: 'Terminate', certificateRefs: [{ name: 'cert-a' }] }),
            { name: 'tcp', port: ports.tcp, protocol: 'TCP' },
          ],
        }),
        // Istio's own: the Secret stands beside the gateway's proxy.
        secret('cert-istio', pairs.istio, { namespace: 'istio-system' }),
        secret('cert-elsewhere', pairs.istio),
        istio('Gateway', 'own', {
          selector: { istio: 'ingressgateway' },
          servers: [
            istioServer('https', 'HTTPS', 'istio.example', { mode: 'SIMPLE', credentialName: 'cert-istio' }),
            istioServer('absent', 'HTTPS', 'absent.example', { mode: 'SIMPLE', credentialName: 'cert-elsewhere' }),
            istioServer('broken', 'HTTPS', 'broken.example', {
              mode: 'SIMPLE',
              serverCertificate: nonsense,
              privateKey: nonsense,
            }),
            istioServer('bytes', 'TLS', 'bytes.example', { mode: 'SIMPLE', credentialName: 'cert-istio' }),
          ],
        }),
        istio('VirtualService', 'own', {
          hosts: ['istio.example'],
          gateways: ['own'],
          http: [{ route: [{ destination: { host: 'two' } }] }],
        }),
        istio('VirtualService', 'own-bytes', {
          hosts: ['bytes.example'],
          gateways: ['own'],
          tcp: [{ match: [{ port: ports.istio }], route: [{ destination: { host: 'first', port: { number: 7000 } } }] }],
        }),
        httpRoute('one', ['a.example'], [{ backendRefs: [backend('one')] }]),
        httpRoute('two', ['*.wild.example'], [{ backendRefs: [backend('two')] }]),
        httpRoute('inner', ['inner.through.example'], [{ backendRefs: [backend('two')] }]),
        httpRoute('any', ['any.example'], [{ backendRefs: [backend('one')] }]),
        l4Route('TLSRoute', 'wide', 'through', { hostnames: ['*.example'], rules: [{ backendRefs: bytesTo('second') }] }),
        l4Route('TLSRoute', 'close', 'through', { hostnames: ['x.through.example'], rules: [{ backendRefs: bytesTo('first') }] }),
        l4Route('TLSRoute', 'ended', 'ended', { hostnames: ['ended.example'], rules: [{ backendRefs: bytesTo('first') }] }),
        l4Route('TCPRoute', 'bytes', 'tcp', {
          rules: [
            {
              backendRefs: [
                { name: 'first', port: 7000, weight: 1 },
                { name: 'second', port: 7000, weight: 1 },
              ],
            },
          ],
        }),
      ].map((document) =>
        document.kind === 'HTTPRoute'
          ? { ...document, spec: { ...(document.spec as Document), parentRefs: [{ name: 'edge' }] } }
          : document,
      ),
    ),
  );
});
afterAll(async () => {
  await mesh?.close();
  await apps?.close();
  for (const close of closers) close();
});

interface Answer {
  status: number;
  body: string;
  /** Names of the certificate shown. */
  names: string;
  error: string;
}

/** One request on a connection of its own; the certificate must be our authority's unless told. */
function get(port: number, servername: string, host = servername, anyone = false): Promise<Answer> {
  return new Promise((resolve) => {
    const answer: Answer = { status: 0, body: '', names: '', error: '' };
    const outgoing = request(
      { host: '127.0.0.1', port, servername, headers: { host }, agent: false, ca: authority.caPem, rejectUnauthorized: !anyone },
      (response) => {
        answer.status = response.statusCode ?? 0;
        answer.names = (response.socket as tls.TLSSocket).getPeerCertificate().subjectaltname ?? '';
        response.setEncoding('utf8').on('data', (text) => (answer.body += text));
        response.on('end', () => resolve(answer));
      },
    );
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve({ ...answer, error: error.code ?? error.message }));
    outgoing.end();
  });
}

describe('certificateRefs', () => {
  test('each listener of a port shows the certificate of its Secret, by server name', async () => {
    expect(await get(ports.https, 'a.example')).toEqual({ status: 200, body: 'a', names: 'DNS:a.example', error: '' });
    expect(await get(ports.https, 'x.wild.example')).toMatchObject({ status: 200, body: 'b', names: 'DNS:*.wild.example' });
  });

  test('a name no listener has finds no certificate: closed', async () => {
    expect((await get(ports.https, 'b.example')).error).toMatch(/ECONNRESET|EPROTO|socket hang up/i);
  });

  test('a Secret that is not there: a generated certificate, told as a note and in the conditions', async () => {
    expect(await get(ports.any, 'any.example')).toMatchObject({ status: 0, error: expect.stringMatching(/SELF_SIGNED|UNABLE/) });
    expect(await get(ports.any, 'any.example', 'any.example', true)).toMatchObject({ status: 200, body: 'a' });
    const { status } = (await mesh.api('/resources/Gateway/default/edge')) as Shown;
    expect(status.diagnostics).toMatchObject(
      [
        {
          code: 'DD4106',
          severity: 'info',
          path: 'spec.listeners[2].tls.certificateRefs',
          message: /no Secret default\/cert-missing/,
        },
      ].map((one) => ({ ...one, message: expect.stringMatching(one.message) })),
    );
    const listener = status.listeners?.find(({ name }) => name === 'any');
    expect(listener?.conditions.map(({ type, status: is, reason }) => `${type}=${is}/${reason}`)).toEqual([
      'Accepted=True/Accepted',
      'Programmed=False/Invalid',
      'Conflicted=False/NoConflicts',
      'ResolvedRefs=False/InvalidCertificateRef',
    ]);
    expect(status.conditions?.[0]).toMatchObject({ type: 'Accepted', status: 'True', reason: 'ListenersNotValid' });
  });

  test('a new certificate is shown from the next connection on', async () => {
    const renewed = authority.issue({ dns: ['a.example', 'renewed.example'] });
    await mesh.apply(JSON.stringify(secret('cert-a', renewed)));
    expect(await get(ports.https, 'a.example')).toMatchObject({ status: 200, names: 'DNS:a.example, DNS:renewed.example' });
    await mesh.apply(JSON.stringify(secret('cert-a', pairs.a)));
  });

  test('no Secret is ever shown: neither its values nor a copy kubectl left of them', async () => {
    const shown = JSON.stringify([
      await mesh.api('/resources'),
      await mesh.api('/resources/Secret/default/cert-a'),
      await mesh.api('/export/istio'),
      await mesh.api('/export/gateway-api'),
      await mesh.api('/export/envoy'),
      await mesh.api('/export/envoy?workload=ingress'),
      await mesh.api('/certificates'),
      await mesh.api('/exchanges?limit=500'),
      await mesh.api('/explain', 'POST', JSON.stringify({ from: 'ingress', to: 'a.example' })),
      await mesh.api('/lint', 'POST', JSON.stringify({ ...secret('cert-a', pairs.a), speck: 1 }), 'application/yaml'),
      await mesh.api('/status'),
    ]);
    const { privateKeyPem } = pairs.a;
    for (const text of [base64(privateKeyPem), privateKeyPem.slice(40, 100).trim(), 'PRIVATE KEY'])
      expect(shown).not.toContain(text);
    expect(shown).toContain('(hidden)');
  });
});

describe('Istio’s Gateway', () => {
  test('credentialName: the Secret of the gateway’s namespace, by server name', async () => {
    expect(await get(ports.istio, 'istio.example')).toMatchObject({
      status: 200,
      body: 'b',
      names: 'DNS:istio.example, DNS:bytes.example',
    });
    expect((await get(ports.istio, 'absent.example')).error).toMatch(/SELF_SIGNED|UNABLE/);
    const { status } = (await mesh.api('/resources/Gateway/default/own')) as Shown;
    expect(status.diagnostics).toMatchObject([{ code: 'DD4106', severity: 'info', path: 'spec.servers[1].tls.credentialName' }]);
  });

  test('a certificate file that is none closes its own connections, and nothing else', async () => {
    expect((await get(ports.istio, 'broken.example')).error).not.toBe('');
    expect((await get(ports.istio, 'istio.example')).status).toBe(200);
  });

  test('a TLS server that ends TLS hands on to the tcp routes', async () => {
    const socket = tls.connect({ port: ports.istio, host: '127.0.0.1', servername: 'bytes.example', ca: authority.caPem });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    expect(await askBytes(socket, Buffer.from('hi'), 10)).toBe('first:6869');
  });
});

interface Shown {
  status: {
    conditions?: { type: string; status: string; reason: string }[];
    listeners?: { name: string; attachedRoutes: number; conditions: { type: string; status: string; reason: string }[] }[];
    diagnostics: unknown[];
  };
}

describe('the Host of another listener', () => {
  test('over a connection whose name is another listener’s it is unknown: 404, as Istio answers, not 421', async () => {
    expect(await get(ports.https, 'a.example', 'x.wild.example')).toMatchObject({ status: 404, body: '' });
    expect(await get(ports.https, 'x.wild.example', 'y.wild.example')).toMatchObject({ status: 200, body: 'b' });
  });
});

const connectTo = (port: number): net.Socket => net.connect(port, '127.0.0.1');

describe('TLSRoute and TCPRoute', () => {
  test.each([
    ['x.through.example', 'first'],
    ['y.through.example', 'second'],
  ])('passthrough: %s goes to %s untouched, the closest hostname first', async (name, server) => {
    const hello = await recordClientHello({ servername: name });
    expect(await askBytes(connectTo(ports.tls), hello, server.length + 1 + hello.length * 2)).toBe(
      `${server}:${hello.toString('hex')}`,
    );
  });

  test('an HTTPS listener that names a host more closely than a passthrough ends its TLS', async () => {
    expect(await get(ports.tls, 'inner.through.example', 'inner.through.example', true)).toMatchObject({
      status: 200,
      body: 'b',
    });
  });

  test('a hostname beyond the listener’s own is not served', async () => {
    expect(await askBytes(connectTo(ports.tls), await recordClientHello({ servername: 'other.example' }), 1)).toBe('');
  });

  test('a listener that ends TLS passes on what is inside', async () => {
    const socket = tls.connect({ port: ports.tls, host: '127.0.0.1', servername: 'ended.example', rejectUnauthorized: false });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    expect(await askBytes(socket, Buffer.from('hi'), 10)).toBe('first:6869');
  });

  test('a TCPRoute divides connections by weight', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => askBytes(connectTo(ports.tcp), Buffer.from('hi'), 10)));
    const firsts = answers.filter((text) => text.startsWith('first:6869')).length;
    const seconds = answers.filter((text) => text.startsWith('second:')).length;
    expect(firsts + seconds).toBe(40);
    expect(firsts).toBeGreaterThan(5);
    expect(seconds).toBeGreaterThan(5);
  });

  test('listeners count them, conditions tell about them', async () => {
    const { status } = (await mesh.api('/resources/Gateway/default/edge')) as Shown;
    expect(status.listeners?.map(({ name, attachedRoutes }) => [name, attachedRoutes])).toEqual([
      ['a', 1],
      ['wild', 1],
      ['any', 4],
      ['through', 2],
      ['inner', 1],
      ['ended', 1],
      ['tcp', 1],
    ]);
    const route = (await mesh.api('/resources/TLSRoute/default/close')) as { status: { parents: Shown['status'][] } };
    expect(route.status.parents[0]?.conditions?.map(({ type, status: is }) => `${type}=${is}`)).toEqual([
      'Accepted=True',
      'ResolvedRefs=True',
    ]);
  });
});
