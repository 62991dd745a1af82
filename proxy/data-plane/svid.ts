import { X509Certificate } from 'node:crypto';

/*
 * What OpenSSL does not check for us: that a certificate whose chain is good is also an X.509-SVID of our trust domain
 * (SPIFFE X509-SVID §§2–5): exactly one URI SAN, spiffe scheme, our domain, a path; a leaf that may sign handshakes and nothing else.
 */

export type SvidCheck = { ok: true; spiffeId: string; uris: string[]; dns: string[] } | { ok: false; reason: string };

/** Checks a leaf certificate (DER). The chain must have been verified already. */
export function checkSvid(der: Buffer, trustDomain: string): SvidCheck {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch (error) {
    return { ok: false, reason: `certificate cannot be read: ${(error as Error).message}` };
  }
  const { uris, dns } = parseSubjectAltName(certificate.subjectAltName ?? '');
  if (uris.length !== 1) return { ok: false, reason: `certificate has ${uris.length} URI SANs, an SVID has exactly one` };
  const spiffeId = uris[0]!;
  const parts = /^spiffe:\/\/([a-z0-9._-]+)(\/[A-Za-z0-9._/-]+)?$/.exec(spiffeId);
  if (parts === null) return { ok: false, reason: `${JSON.stringify(spiffeId)} is not a SPIFFE ID` };
  if (parts[1] !== trustDomain) return { ok: false, reason: `trust domain ${parts[1]} is not ${trustDomain}` };
  const segments = parts[2]?.slice(1).split('/') ?? [];
  if (segments.length === 0) return { ok: false, reason: 'SPIFFE ID without a path' };
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return { ok: false, reason: 'SPIFFE ID path has an empty or relative segment' };
  if (certificate.ca || saysAuthority(der)) return { ok: false, reason: 'a CA certificate is not a leaf SVID' };
  const usage = keyUsageBits(der);
  if (usage === null) return { ok: false, reason: 'certificate has no key usage' };
  if ((usage & 0x80) === 0) return { ok: false, reason: 'key usage lacks digitalSignature' };
  if ((usage & 0x06) !== 0) return { ok: false, reason: 'key usage allows keyCertSign or cRLSign' };
  return { ok: true, spiffeId, uris, dns };
}

/** Node prints SANs as `URI:…, DNS:…`, with JSON quoting around values that hold special characters. */
export function parseSubjectAltName(text: string): { uris: string[]; dns: string[] } {
  const uris: string[] = [];
  const dns: string[] = [];
  for (const match of text.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)) {
    const raw = match[2]!;
    const value = raw.startsWith('"') ? String(JSON.parse(raw)) : raw;
    if (match[1] === 'URI') uris.push(value);
    else if (match[1] === 'DNS') dns.push(value);
  }
  return { uris, dns };
}

interface DerItem {
  tag: number;
  start: number;
  end: number;
}

/** One DER tag-length-value at `at`, or null when it does not fit below `limit`. */
function readDer(der: Buffer, at: number, limit: number): DerItem | null {
  if (at + 2 > limit) return null;
  const tag = der[at]!;
  let length = der[at + 1]!;
  let start = at + 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4 || start + count > limit) return null;
    length = der.readUIntBE(start, count);
    start += count;
  }
  return start + length <= limit ? { tag, start, end: start + length } : null;
}

function* children(der: Buffer, parent: DerItem): Generator<DerItem> {
  let at = parent.start;
  while (at < parent.end) {
    const item = readDer(der, at, parent.end);
    if (item === null) return;
    yield item;
    at = item.end;
  }
}

const keyUsageOid = Buffer.from([0x55, 0x1d, 0x0f]);
const basicConstraintsOid = Buffer.from([0x55, 0x1d, 0x13]);

/** The value inside an extension's OCTET STRING: Certificate → tbsCertificate → [3] extensions → {OID, critical?, OCTET STRING}. */
function extensionValue(der: Buffer, wanted: Buffer): DerItem | null {
  const certificate = readDer(der, 0, der.length);
  const tbs = certificate === null ? null : readDer(der, certificate.start, certificate.end);
  if (tbs === null) return null;
  for (const field of children(der, tbs)) {
    if (field.tag !== 0xa3) continue;
    const list = readDer(der, field.start, field.end);
    if (list === null) return null;
    for (const extension of children(der, list)) {
      const parts = [...children(der, extension)];
      const [oid] = parts;
      const value = parts.at(-1);
      if (oid === undefined || value === undefined || !der.subarray(oid.start, oid.end).equals(wanted)) continue;
      return readDer(der, value.start, value.end);
    }
  }
  return null;
}

/**
 * First byte of the key usage bit string (0x80 digitalSignature, 0x04 keyCertSign, 0x02 cRLSign); null when absent. Node's
 * X509Certificate.keyUsage is the *extended* key usage, so the extension is read from the DER.
 */
function keyUsageBits(der: Buffer): number | null {
  const bits = extensionValue(der, keyUsageOid);
  return bits !== null && bits.tag === 0x03 && bits.end - bits.start >= 2 ? der[bits.start + 1]! : null;
}

/** basicConstraints with cA TRUE. X509Certificate.ca says false for it when key usage contradicts; an SVID may not even claim it. */
function saysAuthority(der: Buffer): boolean {
  const constraints = extensionValue(der, basicConstraintsOid);
  if (constraints === null) return false;
  for (const item of children(der, constraints)) if (item.tag === 0x01) return der[item.start] !== 0;
  return false;
}
