import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { createCertificate, generateKeys, type SubjectAltName } from './certificate.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const caLifetimeMs = 3650 * dayMs;
/** A new CA starts a day in the past, so that a clock set back does not invalidate it. */
const caBackdateMs = dayMs;
/** Leaves live 24 h in all, of which the first minutes lie in the past. */
const leafLifetimeMs = dayMs;
const leafBackdateMs = 5 * minuteMs;
const expiredSinceMs = 60 * minuteMs;
const serverLifetimeMs = 90 * dayMs;

/** What the CA could not do, in words a user can act on. */
export class AuthorityError extends Error {
  override name = 'AuthorityError';
}

export interface IssuedCertificate {
  certificatePem: string;
  privateKeyPem: string;
  /** Epoch milliseconds. */
  notBefore: number;
  notAfter: number;
  serialNumber: string;
  fingerprint256: string;
}

/**
 * What a certificate can be made wrong in, to see how callers bear it: over since an hour ago, for another workload, or by an authority that
 * nobody knows.
 */
export type CertificateFlaw = 'expired' | 'wrong-name' | 'untrusted';

export interface CertificateAuthority {
  readonly trustDomain: string;
  readonly certificatePem: string;
  readonly facts: { subject: string; notAfter: string; fingerprint256: string };
  /** A workload certificate (X.509-SVID): the SPIFFE ID is its only name; the key never leaves memory. */
  issueWorkload(spiffeId: string, flaw?: CertificateFlaw): Promise<IssuedCertificate>;
  /**
   * A certificate for a gateway's HTTPS server without one of its own: self-signed for exactly these hosts, because the CA may not sign
   * host names.
   */
  issueServer(hosts: string[]): Promise<IssuedCertificate>;
}

export interface AuthorityOptions {
  /** `<home>/ca`; made with mode 0700, its files with 0600. */
  folder: string;
  trustDomain: string;
  /** Epoch milliseconds. */
  wallNow: () => number;
}

/** Reads the local CA, or makes it on the first start. Throws AuthorityError when its files are damaged: it is never replaced silently. */
export async function openAuthority(options: AuthorityOptions): Promise<CertificateAuthority> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  await chmod(options.folder, 0o700);
  const files = filesOf(options);
  const [certificatePem, privateKeyPem] = await Promise.all([readIfThere(files.certificate), readIfThere(files.privateKey)]);
  if (certificatePem === null && privateKeyPem === null) return createAuthority(options);
  if (certificatePem === null || privateKeyPem === null) {
    const [missing, present] =
      certificatePem === null ? [files.certificate, files.privateKey] : [files.privateKey, files.certificate];
    throw new AuthorityError(
      `Half of the certificate authority is missing: ${missing} does not exist, but ${present} does. Restore it, or delete ` +
        `${present} and start again for a new authority.`,
    );
  }
  return checkAuthority(options, certificatePem, privateKeyPem);
}

function filesOf({ folder, trustDomain }: AuthorityOptions) {
  // One authority per trust domain: its name constraints bind it to one.
  const name = trustDomain.toLowerCase().replace(/[^a-z0-9.-]/g, '_');
  return { certificate: path.join(folder, `${name}.crt`), privateKey: path.join(folder, `${name}.key`) };
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new AuthorityError(`The certificate authority's file ${file} cannot be read: ${(error as Error).message}`);
  }
}

async function createAuthority(options: AuthorityOptions): Promise<CertificateAuthority> {
  const keys = await generateKeys();
  const name = { commonName: `Drydock local CA ${randomBytes(3).toString('hex')}`, organization: options.trustDomain };
  const now = options.wallNow();
  const certificatePem = createCertificate({
    serial: randomSerial(),
    subject: name,
    issuer: name,
    notBefore: now - caBackdateMs,
    notAfter: now + caLifetimeMs,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    authorityFor: { trustDomain: options.trustDomain },
    subjectAltNames: [],
  });
  const files = filesOf(options);
  // The certificate last: both there means both whole.
  await writeDurably(files.privateKey, keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  await writeDurably(files.certificate, certificatePem);
  return authorityFrom(options, certificatePem, keys.privateKey);
}

/** Written, flushed, then renamed: a crash leaves the old file or the new one, never half of one. */
async function writeDurably(file: string, content: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

async function checkAuthority(options: AuthorityOptions, certificatePem: string, keyPem: string): Promise<CertificateAuthority> {
  const files = filesOf(options);
  const repair = `Restore it, or delete ${files.certificate} and ${files.privateKey} and start again for a new authority.`;
  const certificate = parseOrThrow(
    () => new X509Certificate(certificatePem),
    `${files.certificate} is not a certificate`,
    repair,
  );
  const privateKey = parseOrThrow(() => createPrivateKey(keyPem), `${files.privateKey} is not a private key`, repair);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new AuthorityError(`The authority's key ${files.privateKey} does not belong to ${files.certificate}. ${repair}`);
  }
  if (!certificate.ca || !certificate.verify(certificate.publicKey)) {
    throw new AuthorityError(`${files.certificate} is not a self-signed certificate authority. ${repair}`);
  }
  if (certificate.validToDate.getTime() <= options.wallNow()) {
    throw new AuthorityError(`The certificate authority ${files.certificate} expired on ${certificate.validTo}. ${repair}`);
  }
  await chmod(files.privateKey, 0o600);
  return authorityFrom(options, certificatePem, privateKey);
}

function parseOrThrow<T>(parse: () => T, problem: string, repair: string): T {
  try {
    return parse();
  } catch (error) {
    throw new AuthorityError(`The certificate authority is damaged: ${problem} (${(error as Error).message}). ${repair}`);
  }
}

function authorityFrom(options: AuthorityOptions, certificatePem: string, caKey: KeyObject): CertificateAuthority {
  const ca = new X509Certificate(certificatePem);
  const [organization, commonName] = ['O', 'CN'].map((field) => subjectField(ca.subject, field));
  const issuer = { commonName: commonName ?? '', organization: organization ?? '' };

  const sign = async (names: SubjectAltName[], selfSigned: boolean, flaw?: CertificateFlaw): Promise<IssuedCertificate> => {
    const keys = await generateKeys();
    const now = Math.floor(options.wallNow() / 1000) * 1000;
    const notBefore = flaw === 'expired' ? now - leafLifetimeMs - expiredSinceMs : now - leafBackdateMs;
    const issuerKey = flaw === 'untrusted' ? (await generateKeys()).privateKey : caKey;
    const serverName = { commonName: names[0]?.value ?? '', organization: 'Drydock gateway' };
    const pem = createCertificate({
      serial: randomSerial(),
      subject: selfSigned ? serverName : null,
      issuer: selfSigned ? serverName : issuer,
      notBefore,
      notAfter: Math.min(notBefore + (selfSigned ? serverLifetimeMs : leafLifetimeMs), ca.validToDate.getTime()),
      publicKey: keys.publicKey,
      signingKey: selfSigned ? keys.privateKey : issuerKey,
      subjectAltNames: names,
    });
    const made = new X509Certificate(pem);
    return {
      certificatePem: pem,
      privateKeyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      notBefore: made.validFromDate.getTime(),
      notAfter: made.validToDate.getTime(),
      serialNumber: made.serialNumber,
      fingerprint256: made.fingerprint256,
    };
  };

  return {
    trustDomain: options.trustDomain,
    certificatePem,
    facts: {
      subject: ca.subject.replaceAll('\n', ', '),
      notAfter: ca.validToDate.toISOString(),
      fingerprint256: ca.fingerprint256,
    },
    issueWorkload: (spiffeId, flaw) => {
      if (!spiffeId.startsWith(`spiffe://${options.trustDomain}/`)) {
        throw new AuthorityError(`${spiffeId} is outside the trust domain ${options.trustDomain}`);
      }
      const name = flaw === 'wrong-name' ? `spiffe://${options.trustDomain}/ns/nowhere/sa/somebody-else` : spiffeId;
      return sign([{ kind: 'uri', value: name }], false, flaw);
    },
    issueServer: (hosts) => sign(hosts.map(hostName), true),
  };
}

function hostName(host: string): SubjectAltName {
  return { kind: /^[\d.]+$|:/.test(host) ? 'ip' : 'dns', value: host };
}

function subjectField(subject: string, field: string): string | undefined {
  return subject
    .split('\n')
    .find((line) => line.startsWith(`${field}=`))
    ?.slice(field.length + 1);
}

/** 127 random bits, positive and without a leading zero byte (RFC 5280 4.1.2.2 allows up to 20 bytes). */
function randomSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  return serial;
}
