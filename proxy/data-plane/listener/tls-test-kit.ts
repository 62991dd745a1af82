import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';
import type { IdentityMaterial } from '../messages.ts';

export interface TestCertificate {
  certificatePem: string;
  privateKeyPem: string;
}
export interface LeafOptions {
  uris?: string[];
  dns?: string[];
  ca?: boolean;
  keyUsage?: Record<string, boolean> | null;
  notBefore?: Date;
  notAfter?: Date;
  /** Signs instead of the CA. */
  issuer?: TestCertificate;
}

const day = 86_400_000;

function makeKeys(): forge.pki.rsa.KeyPair {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = forge.pki.privateKeyFromPem(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
  return { privateKey: key, publicKey: forge.pki.setRsaPublicKey(key.n, key.e) };
}

/** A certificate authority for tests, able to make certificates that a good one never would. */
export class TestAuthority {
  readonly caPem: string;
  readonly #keys = makeKeys();
  readonly #leafKeys = makeKeys();
  readonly #name: string;
  #serial = 1;

  constructor(name = 'test root') {
    this.#name = name;
    const certificate = forge.pki.createCertificate();
    certificate.publicKey = this.#keys.publicKey;
    certificate.serialNumber = '01';
    certificate.validity.notBefore = new Date(Date.now() - day);
    certificate.validity.notAfter = new Date(Date.now() + day);
    certificate.setSubject([{ name: 'commonName', value: name }]);
    certificate.setIssuer([{ name: 'commonName', value: name }]);
    certificate.setExtensions([
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ]);
    certificate.sign(this.#keys.privateKey, forge.md.sha256.create());
    this.caPem = forge.pki.certificateToPem(certificate);
  }

  issue(options: LeafOptions): TestCertificate {
    const certificate = forge.pki.createCertificate();
    certificate.publicKey = this.#leafKeys.publicKey;
    certificate.serialNumber = `0${++this.#serial}`;
    certificate.validity.notBefore = options.notBefore ?? new Date(Date.now() - day);
    certificate.validity.notAfter = options.notAfter ?? new Date(Date.now() + day);
    certificate.setSubject([{ name: 'commonName', value: 'leaf' }]);
    const { issuer } = options;
    const issuerName = issuer === undefined ? this.#name : 'leaf';
    certificate.setIssuer([{ name: 'commonName', value: issuerName }]);
    const altNames = [
      ...(options.uris ?? []).map((value) => ({ type: 6, value })),
      ...(options.dns ?? []).map((value) => ({ type: 2, value })),
    ];
    const usage = options.keyUsage === undefined ? { digitalSignature: true } : options.keyUsage;
    certificate.setExtensions([
      { name: 'basicConstraints', cA: options.ca ?? false },
      ...(usage === null ? [] : [{ name: 'keyUsage', ...usage }]),
      ...(altNames.length === 0 ? [] : [{ name: 'subjectAltName', altNames }]),
    ]);
    const key = issuer === undefined ? this.#keys.privateKey : forge.pki.privateKeyFromPem(issuer.privateKeyPem);
    certificate.sign(key, forge.md.sha256.create());
    return {
      certificatePem: forge.pki.certificateToPem(certificate),
      privateKeyPem: forge.pki.privateKeyToPem(this.#leafKeys.privateKey),
    };
  }

  identity(spiffeId: string, options: LeafOptions = {}): IdentityMaterial {
    return { spiffeId, ...this.issue({ uris: [spiffeId], ...options }), caPem: this.caPem };
  }
}
