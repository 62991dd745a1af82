import type { JwtSnapshot } from '../../snapshot.ts';
import type { ParsedToken } from './parse-token.ts';
import { type JwtFailure, jwtFailures } from './status.ts';

/** What stands in the token and what would have to: beside Envoy's words, for the exchange. Never the token itself. */
export function describeFailure(why: JwtFailure, rule: JwtSnapshot, token: ParsedToken | null, nowSeconds: number): string {
  const more = token === null ? brokenToken(why) : judgedToken(why, rule, token, nowSeconds);
  return more === '' ? jwtFailures[why] : `${jwtFailures[why]}: ${more}`;
}

const brokenToken = (why: JwtFailure): string =>
  why === 'badFormat' ? 'what stands where the rule looks for a token is none, or more than one' : '';

function judgedToken(why: JwtFailure, rule: JwtSnapshot, token: ParsedToken, nowSeconds: number): string {
  switch (why) {
    case 'expired':
      return `it was good until ${timeOf(token.expires)}, ${Math.round(nowSeconds - token.expires)} s ago (60 s are forgiven); the caller needs a new one`;
    case 'notYetValid':
      return `it is good from ${timeOf(token.notBefore)}, in ${Math.round(token.notBefore - nowSeconds)} s`;
    case 'audience':
      return `it is for ${token.audiences.join(', ') || 'nobody in particular'}; the rule wants ${rule.audiences.join(' or ')}`;
    case 'unknownIssuer':
      return `it is of ${token.issuer || 'nobody'}; the rule is for ${rule.issuer}`;
    case 'verification':
      return `its signature is not by a key of ${rule.jwksUri || 'the rule’s jwks'}${token.kid === '' ? '' : ` (kid ${token.kid})`}`;
    case 'noKey':
      return `${rule.jwksUri || 'the rule’s jwks'} has no key for ${token.alg}${token.kid === '' ? '' : ` with kid ${token.kid}`}`;
    default:
      return '';
  }
}

function timeOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `second ${seconds}` : date.toISOString();
}
