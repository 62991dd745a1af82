import { createHash, createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import type { asn1 as Asn1 } from 'node-forge';
import asn1 from 'node-forge/lib/asn1.js';

/*
 * X.509 v3 certificates with P-256 keys. node-forge writes the ASN.1; it cannot sign with elliptic curves, so node:crypto makes the keys
 * and the signatures.
 *
 *   Certificate ::= SEQUENCE { TBSCertificate, ecdsa-with-SHA256, BIT STRING signature over DER(TBSCertificate) }
 *
 * RFC 5280 for the fields; the SPIFFE X.509-SVID document for what a workload certificate may and may not say.
 */

export interface KeyPair {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** P-256 keys, generated on the libuv pool. */
export function generateKeys(): Promise<KeyPair> {
  return promisify(generateKeyPair)('ec', { namedCurve: 'prime256v1' });
}

export type SubjectAltName = { kind: 'uri' | 'dns' | 'ip'; value: string };

export interface CertificateProfile {
  /** 16 random bytes. */
  serial: Buffer;
  subject: { commonName: string; organization: string } | null;
  issuer: { commonName: string; organization: string };
  /** Epoch milliseconds. */
  notBefore: number;
  notAfter: number;
  publicKey: KeyObject;
  /** Key that signs; its public half names the issuer. */
  signingKey: KeyObject;
  /** Present: a certificate authority, constrained to URIs of this trust domain. */
  authorityFor?: { trustDomain: string };
  /** Critical when there is no subject, as RFC 5280 asks. */
  subjectAltNames: SubjectAltName[];
}

const { Class, Type } = asn1;
const oids = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;
/** Bits of KeyUsage, most significant first; the first number is how many trailing bits are unused. */
const keyUsage = { authority: [1, 0b0000_0110], leaf: [5, 0b1010_0000] } as const;

/** Signs a certificate; PEM. */
export function createCertificate(profile: CertificateProfile): string {
  const tbs = sequence([
    tagged(0, [integer(Buffer.from([2]))]),
    integer(profile.serial),
    algorithm(),
    nameOf(profile.issuer),
    sequence([time(profile.notBefore), time(profile.notAfter)]),
    profile.subject ? nameOf(profile.subject) : sequence([]),
    asn1.fromDer(binary(publicKeyDer(profile.publicKey)), { strict: true, decodeBitStrings: false } as never),
    tagged(3, [sequence(extensionsOf(profile))]),
  ]);
  const signature = sign('sha256', toBuffer(tbs), profile.signingKey);
  return pem(toBuffer(sequence([tbs, algorithm(), bitString(0, signature)])));
}

function extensionsOf(profile: CertificateProfile): Asn1.Asn1[] {
  const isAuthority = profile.authorityFor !== undefined;
  const extensions = [
    extension(oids.basicConstraints, true, sequence(isAuthority ? [boolean(true), integer(Buffer.from([0]))] : [])),
    extension(oids.keyUsage, true, bitString(...usageBits(isAuthority ? keyUsage.authority : keyUsage.leaf))),
    extension(oids.subjectKeyIdentifier, false, octets(keyIdentifier(profile.publicKey))),
    extension(oids.authorityKeyIdentifier, false, sequence([primitive(0, keyIdentifier(createPublicKey(profile.signingKey)))])),
  ];
  if (!isAuthority)
    extensions.push(extension(oids.extendedKeyUsage, false, sequence([oid(oids.serverAuth), oid(oids.clientAuth)])));
  if (profile.subjectAltNames.length > 0) {
    extensions.push(extension(oids.subjectAltName, profile.subject === null, sequence(profile.subjectAltNames.map(generalName))));
  }
  if (profile.authorityFor)
    extensions.push(extension(oids.nameConstraints, true, nameConstraints(profile.authorityFor.trustDomain)));
  return extensions;
}

/**
 * Only URIs of the trust domain; no host name and no address at all. A stolen CA key, even one a user has trusted by hand, can
 * therefore not impersonate a web site.
 */
function nameConstraints(trustDomain: string): Asn1.Asn1 {
  const anyAddress = [Buffer.alloc(8), Buffer.alloc(32)];
  return sequence([
    tagged(0, [sequence([primitive(6, Buffer.from(trustDomain, 'ascii'))])]),
    tagged(1, [sequence([primitive(2, Buffer.alloc(0))]), ...anyAddress.map((any) => sequence([primitive(7, any)]))]),
  ]);
}

function generalName(name: SubjectAltName): Asn1.Asn1 {
  if (name.kind === 'ip') return primitive(7, addressBytes(name.value));
  return primitive(name.kind === 'uri' ? 6 : 2, Buffer.from(name.value, 'ascii'));
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const words = (text: string) => (text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16)));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** SHA-1 of the public key bits (RFC 5280 4.2.1.2, method 1): an identifier, not a security property. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return createHash('sha1').update(point).digest();
}

function publicKeyDer(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' });
}

/** node-forge carries bytes in "binary" strings. */
const binary = (bytes: Buffer): string => bytes.toString('latin1');
const toBuffer = (value: Asn1.Asn1): Buffer => Buffer.from(asn1.toDer(value).getBytes(), 'latin1');

const sequence = (values: Asn1.Asn1[]) => asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, values);
const tagged = (tag: number, values: Asn1.Asn1[]) => asn1.create(Class.CONTEXT_SPECIFIC, tag as never, true, values);
const primitive = (tag: number, bytes: Buffer) => asn1.create(Class.CONTEXT_SPECIFIC, tag as never, false, binary(bytes));
const integer = (bytes: Buffer) => asn1.create(Class.UNIVERSAL, Type.INTEGER, false, binary(bytes));
const boolean = (value: boolean) => asn1.create(Class.UNIVERSAL, Type.BOOLEAN, false, value ? '\xff' : '\x00');
const oid = (dotted: string) => asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(dotted).getBytes());
const octets = (bytes: Buffer) => asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, binary(bytes));
const bitString = (unusedBits: number, bytes: Buffer) =>
  asn1.create(Class.UNIVERSAL, Type.BITSTRING, false, String.fromCharCode(unusedBits) + binary(bytes));
const usageBits = ([unused, bits]: readonly [number, number]): [number, Buffer] => [unused, Buffer.from([bits])];
const algorithm = () => sequence([oid(oids.ecdsaWithSha256)]);

function extension(id: string, critical: boolean, value: Asn1.Asn1): Asn1.Asn1 {
  return sequence([oid(id), ...(critical ? [boolean(true)] : []), octets(toBuffer(value))]);
}

function nameOf(name: { commonName: string; organization: string }): Asn1.Asn1 {
  const part = (id: string, text: string) =>
    asn1.create(Class.UNIVERSAL, Type.SET, true, [
      sequence([oid(id), asn1.create(Class.UNIVERSAL, Type.UTF8, false, binary(Buffer.from(text, 'utf8')))]),
    ]);
  return sequence([part(oids.organization, name.organization), part(oids.commonName, name.commonName)]);
}

/** UTCTime until 2049, GeneralizedTime after, as RFC 5280 4.1.2.5 wants. */
function time(epochMs: number): Asn1.Asn1 {
  const date = new Date(Math.floor(epochMs / 1000) * 1000);
  return date.getUTCFullYear() < 2050
    ? asn1.create(Class.UNIVERSAL, Type.UTCTIME, false, asn1.dateToUtcTime(date) as string)
    : asn1.create(Class.UNIVERSAL, Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date) as string);
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
