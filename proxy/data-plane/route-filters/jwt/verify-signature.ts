import { constants, createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import type { ParsedToken } from './parse-token.ts';
import type { JwtFailure } from './status.ts';

export interface VerificationKey {
  kid: string;
  alg: string;
  /** Key types as in JWK: RSA, EC, OKP, oct. */
  type: string;
  publicKey: KeyObject | null;
  secret: Buffer | null;
}

/** Reads a JWKS. Keys that cannot be used are left out, as Envoy does; text that is no key set gives an empty list. */
export function readKeySet(json: string): VerificationKey[] {
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    return [];
  }
  const keys = typeof document === 'object' && document !== null && 'keys' in document ? document.keys : null;
  if (!Array.isArray(keys)) return [];
  return keys.flatMap((entry: unknown) => {
    const key = readKey(entry);
    return key === null ? [] : [key];
  });
}

function readKey(entry: unknown): VerificationKey | null {
  if (typeof entry !== 'object' || entry === null) return null;
  const jwk = entry as Record<string, unknown>;
  const text = (name: string) => (typeof jwk[name] === 'string' ? jwk[name] : '');
  const key: VerificationKey = { kid: text('kid'), alg: text('alg'), type: text('kty'), publicKey: null, secret: null };
  if (key.type === 'oct') return { ...key, secret: Buffer.from(text('k'), 'base64url') };
  try {
    return { ...key, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) };
  } catch {
    return null;
  }
}

/** Null when a key verifies the token. Keys are tried in order; kid and alg must not contradict (jwt_verify_lib's verify.cc). */
export function verifySignature(token: ParsedToken, keys: readonly VerificationKey[]): JwtFailure | null {
  let candidate = false;
  for (const key of keys) {
    if (token.kid !== '' && key.kid !== '' && key.kid !== token.kid) continue;
    if (key.alg !== '' && key.alg !== token.alg) continue;
    candidate = true;
    if (verifyWith(token, key)) return null;
  }
  return candidate ? 'verification' : 'noKey';
}

const curves: Record<string, string> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' };

function verifyWith(token: ParsedToken, key: VerificationKey): boolean {
  const family = token.alg.slice(0, 2);
  const hash = `sha${token.alg.slice(2)}`;
  const data = Buffer.from(token.signed, 'latin1');
  if (family === 'HS') {
    if (key.secret === null || key.secret.length === 0) return false;
    const expected = createHmac(hash, key.secret).update(data).digest();
    return expected.length === token.signature.length && timingSafeEqual(expected, token.signature);
  }
  if (key.publicKey === null) return false;
  const type = key.publicKey.asymmetricKeyType;
  if (token.alg === 'EdDSA') return type === 'ed25519' && verify(null, data, key.publicKey, token.signature);
  if (family === 'RS') return type === 'rsa' && verify(hash, data, key.publicKey, token.signature);
  if (family === 'PS') {
    const options = {
      key: key.publicKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    };
    return type === 'rsa' && verify(hash, data, options, token.signature);
  }
  const curve = key.publicKey.asymmetricKeyDetails?.namedCurve;
  return curve === curves[token.alg] && verify(hash, data, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, token.signature);
}
