import { createServer, connect as netConnect, type Server } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../shared/system-clock.ts';
import { listen } from '../../testing/listen.ts';
import type { IdentityMaterial } from '../messages.ts';
import type { ConnectionInfo } from '../stream.ts';
import { type DialResult, dial } from '../upstream/connect.ts';
import { detect } from './accept.ts';
import { plainInfo } from './http1-test-kit.ts';
import { TlsListener } from './tls.ts';
import { type LeafOptions, TestAuthority } from './tls-test-kit.ts';

const systemClock = createSystemClock();
const authority = new TestAuthority();
const stranger = new TestAuthority('another root');
const reviews = 'spiffe://cluster.local/ns/default/sa/reviews';
const ratings = 'spiffe://cluster.local/ns/default/sa/ratings';
const server = authority.identity(ratings);
const client = authority.identity(reviews);

let listener: TlsListener;
let tcp: Server;
let port: number;
const secured: ConnectionInfo[] = [];
const errors: string[] = [];

beforeEach(async () => {
  secured.length = 0;
  errors.length = 0;
  listener = new TlsListener({
    mode: { kind: 'istio-mutual', identity: server, trustDomain: 'cluster.local' },
    onSecure: (socket, info) => {
      secured.push(info);
      socket.on('data', (chunk: Buffer) => socket.write(chunk));
      socket.on('end', () => socket.end());
      socket.write('hello');
    },
    onTlsError: (reason) => errors.push(reason),
  });
  tcp = createServer({ allowHalfOpen: true }, (socket) => {
    detect(socket, {}, (protocol) => {
      if (protocol === 'tls') listener.accept(socket, { ...plainInfo });
      else socket.destroy();
    });
  });
  await listen(tcp);
  const address = tcp.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterEach(() => {
  listener.close();
  tcp.close();
});

function dialAs(identity: IdentityMaterial, expected = [ratings]): Promise<DialResult> {
  return dial({
    host: '127.0.0.1',
    port,
    timeoutMs: 5000,
    clock: systemClock,
    forbidden: new Set(),
    tls: {
      identity,
      expectedSpiffeIds: expected,
      sni: 'outbound_.9080_._.ratings.default.svc.cluster.local',
      alpn: ['istio-http/1.1'],
    },
  });
}
/** What the client sees first: data, or how the connection ended. TLS 1.3 refuses a client after its own handshake is done. */
async function outcome(identity: IdentityMaterial): Promise<string> {
  const result = await dialAs(identity);
  if (!result.ok) return result.reset.detail;
  return new Promise((resolve) => {
    result.socket.on('data', (chunk: Buffer) => {
      resolve(chunk.toString());
      result.socket.destroy();
    });
    result.socket.on('error', (error) => resolve(error.message));
    result.socket.on('end', () => resolve('ended'));
    result.socket.on('close', () => resolve('closed'));
  });
}

describe('Istio mutual TLS', () => {
  it('joins two workloads of the mesh and tells each who the other is', async () => {
    const result = await dialAs(client);
    if (!result.ok) throw new Error(result.reset.detail);
    expect(result.alpn).toBe('istio-http/1.1');
    expect(result.peerSpiffeId).toBe(ratings);
    await new Promise((resolve) => result.socket.once('data', resolve));
    result.socket.destroy();
    expect(secured[0]).toMatchObject({
      mtls: true,
      tls: true,
      peerSpiffeId: reviews,
      sni: 'outbound_.9080_._.ratings.default.svc.cluster.local',
      alpn: 'istio-http/1.1',
    });
    expect(secured[0]?.peerCertificate).toMatchObject({ subject: 'CN=leaf', uris: [reviews] });
    expect(secured[0]?.peerCertificate?.sha256Hex).toMatch(/^[0-9a-f]{64}$/);
  });

  const bad: [string, () => IdentityMaterial, RegExp][] = [
    ['75 another CA', () => ({ ...stranger.identity(reviews), caPem: authority.caPem }), /./],
    ['76 expired', () => authority.identity(reviews, { notAfter: new Date(Date.now() - 1000) }), /./],
    ['76 not yet valid', () => authority.identity(reviews, { notBefore: new Date(Date.now() + 3_600_000) }), /./],
    ['77 signed by a leaf', () => signedByLeaf(), /./],
    ['78 no URI SAN', () => authority.identity(reviews, { uris: [], dns: ['reviews'] }), /0 URI SANs/],
    ['78 two URI SANs', () => authority.identity(reviews, { uris: [reviews, ratings] }), /2 URI SANs/],
    ['78 other trust domain', () => authority.identity('spiffe://evil.local/ns/default/sa/reviews'), /trust domain/],
    ['78 no path', () => authority.identity('spiffe://cluster.local'), /without a path/],
    ['78 not a SPIFFE ID', () => authority.identity('https://cluster.local/x'), /not a SPIFFE ID/],
    ['78 CA:true', () => authority.identity(reviews, { ca: true }), /CA certificate/],
    ['78 keyCertSign', () => authority.identity(reviews, usage({ digitalSignature: true, keyCertSign: true })), /keyCertSign/],
    ['78 no digitalSignature', () => authority.identity(reviews, usage({ keyAgreement: true })), /digitalSignature|./],
    ['78 no key usage', () => authority.identity(reviews, { keyUsage: null }), /key usage/],
  ];
  it.each(bad)('refuses a client certificate: %s', async (_, identity, reason) => {
    expect(await outcome(identity())).not.toBe('hello');
    expect(secured).toEqual([]);
    while (errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(errors[0]).toMatch(reason);
  });

  it('74 refuses a client without a certificate, and shows why', async () => {
    const socket = tlsConnect({ port, host: '127.0.0.1', ca: authority.caPem, checkServerIdentity: () => undefined });
    const error = await new Promise<Error>((resolve) => socket.on('error', resolve));
    expect(error.message).toMatch(/certificate required/i);
    expect(errors).toEqual(['peer did not return a certificate']);
  });

  it('82 refuses TLS 1.2', async () => {
    const socket = tlsConnect({ port, host: '127.0.0.1', maxVersion: 'TLSv1.2', rejectUnauthorized: false });
    expect((await new Promise<Error>((resolve) => socket.on('error', resolve))).message).toMatch(/protocol version/i);
  });

  it('81 never resumes a session: another identity is verified in full', async () => {
    const options = { port, host: '127.0.0.1', ca: authority.caPem, checkServerIdentity: () => undefined };
    const first = tlsConnect({ ...options, cert: client.certificatePem, key: client.privateKeyPem });
    const session = await new Promise<Buffer>((resolve) => {
      first.on('session', resolve);
      first.resume();
    });
    const other = authority.identity(ratings);
    const second = tlsConnect({ ...options, cert: other.certificatePem, key: other.privateKeyPem, session });
    await new Promise((resolve) => second.once('data', resolve));
    expect(second.isSessionReused()).toBe(false);
    expect(secured.map((info) => info.peerSpiffeId)).toEqual([reviews, ratings]);
    first.destroy();
    second.destroy();
  });

  it('84 a rotated certificate serves new connections, the old connections go on', async () => {
    const before = await dialAs(client);
    if (!before.ok) throw new Error(before.reset.detail);
    await new Promise((resolve) => before.socket.once('data', resolve));
    const rotated = authority.identity('spiffe://cluster.local/ns/default/sa/rotated');
    listener.setMode({ kind: 'istio-mutual', identity: rotated, trustDomain: 'cluster.local' });
    const after = await dialAs(client, [rotated.spiffeId]);
    expect(after.ok && after.peerSpiffeId).toBe(rotated.spiffeId);
    before.socket.write('still here');
    expect(String(await new Promise((resolve) => before.socket.once('data', resolve)))).toBe('still here');
    before.socket.destroy();
    if (after.ok) after.socket.destroy();
  });

  it('85 a key that does not fit throws and leaves the old one in force', async () => {
    const mismatch = { ...server, privateKeyPem: stranger.identity(ratings).privateKeyPem };
    expect(() => listener.setMode({ kind: 'istio-mutual', identity: mismatch, trustDomain: 'cluster.local' })).toThrow();
    expect(await outcome(client)).toBe('hello');
  });
});

describe('dialling', () => {
  it('refuses a server that is not who it should be', async () => {
    const result = await dialAs(client, ['spiffe://cluster.local/ns/default/sa/other']);
    expect(result).toMatchObject({ ok: false, reset: { kind: 'tls-failure', phase: 'connect', nothingSent: true } });
    expect(!result.ok && result.reset.detail).toContain('CERTIFICATE_VERIFY_FAILED');
  });

  it('refuses a server of another CA', async () => {
    const result = await dialAs({ ...client, caPem: stranger.caPem });
    expect(result).toMatchObject({ ok: false, reset: { kind: 'tls-failure' } });
  });

  const plain = { timeoutMs: 1000, clock: systemClock, forbidden: new Set<string>() };
  it('38 says Connection refused', async () => {
    const free = createServer();
    await listen(free);
    const address = free.address();
    await new Promise((resolve) => free.close(resolve));
    const closedPort = typeof address === 'object' && address !== null ? address.port : 0;
    const result = await dial({ ...plain, host: '127.0.0.1', port: closedPort });
    expect(result).toEqual({
      ok: false,
      reset: { kind: 'connect-failure', phase: 'connect', nothingSent: true, detail: 'Connection refused' },
    });
  });

  it('38 says that a name does not resolve, and times out', async () => {
    const unknown = await dial({
      ...plain,
      host: 'nowhere',
      port: 1,
      resolve: (_, done) => done(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), []),
    });
    expect(unknown).toMatchObject({ ok: false, reset: { kind: 'connect-failure', detail: 'DNS resolution failed' } });
    const slow = await dial({ ...plain, host: 'slow', port: 1, timeoutMs: 20, resolve: () => {} });
    expect(slow).toMatchObject({ ok: false, reset: { kind: 'connect-timeout' } });
  });

  it('83 plaintext behind a TLS dial is a clear failure', async () => {
    const echo = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const echoPort = await listen(echo);
    const result = await dial({ ...plain, host: '127.0.0.1', port: echoPort, tls: { identity: client, sni: '', alpn: [] } });
    expect(result).toMatchObject({ ok: false, reset: { kind: 'tls-failure' } });
    expect(!result.ok && result.reset.detail).toMatch(/^TLS_error/);
    echo.close();
  });

  it.each(['127.0.0.1', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1', '[::1]', '127.0.0.2', 'localhost', 'rebound.example'])(
    'T5 never reaches the control API, spelled %s',
    async (host) => {
      const result = await dial({
        ...plain,
        host,
        port,
        forbidden: new Set([`127.0.0.1:${port}`]),
        resolve: (_, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
      });
      expect(result).toMatchObject({
        ok: false,
        reset: { kind: 'connect-failure', detail: 'the control API is never an upstream' },
      });
    },
  );

  it('83 STRICT: plaintext is closed without an answer', async () => {
    const socket = netConnect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    expect(answer).toBe('');
  });
});

function usage(keyUsage: Record<string, boolean>): LeafOptions {
  return { keyUsage };
}
function signedByLeaf(): IdentityMaterial {
  const leaf = authority.issue({ uris: [ratings] });
  const forged = authority.identity(reviews, { issuer: leaf });
  return { ...forged, certificatePem: forged.certificatePem + leaf.certificatePem };
}
