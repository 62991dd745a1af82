import type { JwtFailure } from './status.ts';

export interface ParsedToken {
  alg: string;
  /** '' when the header names none. */
  kid: string;
  issuer: string;
  subject: string;
  audiences: string[];
  /** Seconds since the epoch; 0 = not given. */
  notBefore: number;
  expires: number;
  claims: Record<string, unknown>;
  /** As it stands in the token, for outputPayloadToHeader. */
  payloadBase64: string;
  /** `header.payload`, what the signature is over. */
  signed: string;
  signature: Buffer;
}

const supported = new Set([
  ...['RS', 'PS', 'ES', 'HS'].flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`)),
  'EdDSA',
]);

/** Takes a compact JWT apart, checking in Envoy's order so that a broken token gets Envoy's text. Verifies nothing. */
export function parseToken(token: string): ParsedToken | JwtFailure {
  const sections = token.split('.');
  const [headerText = '', payloadText = '', signatureText = ''] = sections;
  if (sections.length !== 3 || sections.includes('')) return 'badFormat';
  const header = decodeSection(headerText);
  if (header === 'base64') return 'headerBase64';
  if (header === 'json') return 'headerJson';
  if (typeof header.alg !== 'string') return 'headerAlg';
  if (!supported.has(header.alg)) return 'algUnsupported';
  if (header.kid !== undefined && typeof header.kid !== 'string') return 'headerKid';
  const claims = decodeSection(payloadText);
  if (claims === 'base64') return 'payloadBase64';
  if (claims === 'json') return 'payloadJson';
  const wrong = checkClaimTypes(claims);
  if (wrong !== null) return wrong;
  if (!isBase64Url(signatureText)) return 'signatureBase64';
  const { aud } = claims;
  return {
    alg: header.alg,
    kid: header.kid ?? '',
    issuer: (claims.iss as string | undefined) ?? '',
    subject: (claims.sub as string | undefined) ?? '',
    audiences: aud === undefined ? [] : ((Array.isArray(aud) ? aud : [aud]) as string[]),
    notBefore: (claims.nbf as number | undefined) ?? 0,
    expires: (claims.exp as number | undefined) ?? 0,
    claims,
    payloadBase64: payloadText,
    signed: `${headerText}.${payloadText}`,
    signature: Buffer.from(signatureText, 'base64url'),
  };
}

function checkClaimTypes(claims: Record<string, unknown>): JwtFailure | null {
  if (claims.iss !== undefined && typeof claims.iss !== 'string') return 'issNotString';
  if (claims.sub !== undefined && typeof claims.sub !== 'string') return 'subNotString';
  const integers = [
    ['iat', 'iatNotInteger', 'iatNegative'],
    ['nbf', 'nbfNotInteger', 'nbfNegative'],
    ['exp', 'expNotInteger', 'expNegative'],
  ] as const;
  for (const [name, notInteger, negative] of integers) {
    const value = claims[name];
    if (value === undefined) continue;
    if (typeof value !== 'number') return notInteger;
    if (value < 0) return negative;
  }
  const { aud } = claims;
  const audiencesOk =
    aud === undefined || typeof aud === 'string' || (Array.isArray(aud) && aud.every((one) => typeof one === 'string'));
  return audiencesOk ? null : 'audNotString';
}

/** Blanks are skipped, padding must be right where there is any (absl::WebSafeBase64Unescape). */
function isBase64Url(text: string): boolean {
  const [, digits, padding = ''] = /^([A-Za-z0-9_-]*)(={0,2})$/.exec(text.replace(/\s/g, '')) ?? [];
  if (digits === undefined || digits.length % 4 === 1) return false;
  return padding === '' || (digits.length + padding.length) % 4 === 0;
}

function decodeSection(text: string): Record<string, unknown> | 'base64' | 'json' {
  if (!isBase64Url(text)) return 'base64';
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : 'json';
  } catch {
    return 'json';
  }
}
