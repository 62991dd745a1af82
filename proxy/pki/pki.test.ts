import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listen } from '../testing/listen.ts';
import { patienceMs } from '../testing/patience.ts';
import { openAuthority } from './authority.ts';
import { WorkloadCertificates } from './workload-certificates.ts';

const run = promisify(execFile);
const reviews = 'spiffe://cluster.local/ns/default/sa/reviews';
const ratings = 'spiffe://cluster.local/ns/default/sa/ratings';
const hourMs = 3_600_000;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-pki-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (trustDomain = 'cluster.local', wallNow = Date.now) =>
  openAuthority({ folder: path.join(folder, 'ca'), trustDomain, wallNow });

describe('the local authority', () => {
  test('a workload certificate passes openssl verify in strict mode and carries exactly one SPIFFE ID', async () => {
    const ca = await open();
    const leaf = await ca.issueWorkload(reviews);
    await writeFile(path.join(folder, 'ca.pem'), ca.certificatePem);
    await writeFile(path.join(folder, 'leaf.pem'), leaf.certificatePem);
    const verify = ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', path.join(folder, 'ca.pem')];
    expect((await run('openssl', [...verify, path.join(folder, 'leaf.pem')])).stdout).toContain('OK');
    const { stdout } = await run('openssl', ['x509', '-noout', '-text', '-in', path.join(folder, 'leaf.pem')]);
    expect(stdout).toMatch(
      /X509v3 Subject Alternative Name: critical\s+URI:spiffe:\/\/cluster\.local\/ns\/default\/sa\/reviews\n/,
    );
    expect(stdout).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(stdout).toMatch(/Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
    expect(stdout).toMatch(/TLS Web Server Authentication, TLS Web Client Authentication/);
    expect(leaf.notAfter - leaf.notBefore).toBeLessThanOrEqual(24 * hourMs);
    const caText = await run('openssl', ['x509', '-noout', '-text', '-in', path.join(folder, 'ca.pem')]);
    expect(caText.stdout).toMatch(/Name Constraints: critical\s+Permitted:\s+URI:cluster\.local/);
    expect(caText.stdout).toMatch(/CA:TRUE, pathlen:0/);
  });

  test('it cannot vouch for another trust domain or for a host name', async () => {
    const ca = await open();
    expect(() => ca.issueWorkload('spiffe://evil.example/ns/default/sa/reviews')).toThrow('outside the trust domain');
  });

  test('files are private, a second start reads the same authority, workload keys never reach the disk', async () => {
    const first = await open();
    const leaf = await first.issueWorkload(reviews);
    const again = await open();
    expect(again.facts).toEqual(first.facts);
    expect((await stat(path.join(folder, 'ca'))).mode & 0o777).toBe(0o700);
    for (const file of await readdir(path.join(folder, 'ca'))) {
      expect((await stat(path.join(folder, 'ca', file))).mode & 0o777).toBe(0o600);
      expect(await readFile(path.join(folder, 'ca', file), 'utf8')).not.toContain(leaf.privateKeyPem.split('\n')[1]);
    }
    expect(new X509Certificate(leaf.certificatePem).verify(new X509Certificate(again.certificatePem).publicKey)).toBe(true);
  });

  test('a damaged or half lost authority is told in words and not replaced', async () => {
    await open();
    const key = path.join(folder, 'ca', 'cluster.local.key');
    const good = await readFile(key, 'utf8');
    await writeFile(key, 'garbage');
    await expect(open()).rejects.toThrow(/damaged.*cluster\.local\.key is not a private key/);
    await rm(key);
    await expect(open()).rejects.toThrow(/Half of the certificate authority is missing/);
    await writeFile(key, good);
    await open('other.example');
    await writeFile(key, await readFile(path.join(folder, 'ca', 'other.example.key'), 'utf8'));
    await expect(open()).rejects.toThrow(/does not belong/);
  });

  test('two workloads speak mutual TLS with it', async () => {
    const ca = await open();
    const [server, client] = await Promise.all([ca.issueWorkload(ratings), ca.issueWorkload(reviews)]);
    const listener = createServer(
      { key: server.privateKeyPem, cert: server.certificatePem, ca: ca.certificatePem, requestCert: true, minVersion: 'TLSv1.2' },
      (socket) => socket.end(String(socket.getPeerCertificate().subjectaltname)),
    );
    const port = await listen(listener);
    const socket: TLSSocket = connect({
      port,
      host: '127.0.0.1',
      key: client.privateKeyPem,
      cert: client.certificatePem,
      ca: ca.certificatePem,
      checkServerIdentity: () => undefined,
    });
    let text = '';
    for await (const chunk of socket) text += chunk;
    listener.close();
    expect(text).toBe(`URI:${reviews}`);
  });

  test('a gateway certificate names its hosts and is signed by itself, not by the workload authority', async () => {
    const ca = await open();
    const made = new X509Certificate((await ca.issueServer(['shop.example', '127.0.0.1', '::1'])).certificatePem);
    expect(made.checkHost('shop.example')).toBe('shop.example');
    expect(made.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(made.checkIP('::1')).toBe('::1');
    expect(made.verify(made.publicKey)).toBe(true);
  });
});

describe('rotation', () => {
  async function held(start = Date.now()) {
    const clock = { now: start };
    const authority = await open('cluster.local', () => clock.now);
    const announced: string[][] = [];
    let tick = () => {};
    const certificates = new WorkloadCertificates({
      authority,
      wallNow: () => clock.now,
      random: () => 0.5,
      every: (_period, callback) => {
        tick = callback;
        return { cancel: () => {} };
      },
      onIssued: (identities) => announced.push(identities.map((identity) => identity.spiffeId)),
      onError: (message) => expect.fail(message),
    });
    await certificates.setIdentities([
      { spiffeId: reviews, service: 'reviews' },
      { spiffeId: ratings, service: 'ratings' },
    ]);
    return { clock, certificates, announced, tick: () => tick() };
  }

  test('a certificate is renewed at about half of its life, and not before', async () => {
    const { clock, certificates, announced } = await held();
    const [before] = certificates.facts();
    clock.now += 9 * hourMs;
    await certificates.check();
    expect(announced).toEqual([]);
    clock.now += 3 * hourMs;
    await certificates.check();
    expect(announced).toEqual([[reviews, ratings]]);
    const [after] = certificates.facts();
    expect(after!.rotations).toBe(1);
    expect(after!.serialNumber).not.toBe(before!.serialNumber);
  });

  test('a clock set back a day gets certificates that are valid then', async () => {
    const { clock, certificates, announced } = await held();
    clock.now -= 12 * hourMs;
    await certificates.check();
    expect(announced).toHaveLength(1);
    expect(Date.parse(certificates.facts()[0]!.notBefore)).toBeLessThan(clock.now);
  });

  test('one identity can be rotated by hand; dropped ones are forgotten', async () => {
    const { certificates, announced } = await held();
    const rotated = await certificates.rotate(ratings);
    expect(rotated.map((fact) => [fact.spiffeId, fact.rotations])).toEqual([[ratings, 1]]);
    expect(announced).toEqual([[ratings]]);
    await certificates.setIdentities([{ spiffeId: ratings, service: 'ratings' }]);
    expect(certificates.facts().map((fact) => fact.spiffeId)).toEqual([ratings]);
  });

  test('a certificate made wrong on purpose tells so, and heals when its time is over or somebody heals it', async () => {
    const { clock, certificates, announced } = await held();
    expect(await certificates.breakIdentity('spiffe://cluster.local/ns/default/sa/nobody', 'expired', 600_000)).toBe(false);
    expect(await certificates.breakIdentity(ratings, 'expired', 600_000)).toBe(true);
    const broken = certificates.facts().find((fact) => fact.spiffeId === ratings)!;
    expect(broken).toMatchObject({ flaw: 'expired', healsAt: new Date(clock.now + 600_000).toISOString() });
    expect(Date.parse(broken.notAfter)).toBeLessThan(clock.now);
    clock.now += 500_000;
    await certificates.check();
    expect(announced).toEqual([[ratings]]);
    clock.now += 100_000;
    await certificates.check();
    expect(announced).toEqual([[ratings], [ratings]]);
    expect(certificates.facts().every((fact) => fact.flaw === undefined)).toBe(true);
    await certificates.breakIdentity(reviews, 'wrong-name', 600_000);
    expect(certificates.identities().find((identity) => identity.spiffeId === reviews)!.certificatePem).not.toContain(reviews);
    expect(await certificates.heal()).toEqual([reviews]);
    expect(await certificates.heal()).toEqual([]);
  });

  test('a hundred identities are issued in no time', async () => {
    const { certificates } = await held();
    const started = performance.now();
    await certificates.setIdentities(
      Array.from({ length: 100 }, (_, i) => ({ spiffeId: `spiffe://cluster.local/ns/default/sa/s${i}`, service: `s${i}` })),
    );
    // A tenth of a second on an idle machine; a pair of keys made anew for each would take a minute.
    expect(performance.now() - started).toBeLessThan(patienceMs);
  });
});
