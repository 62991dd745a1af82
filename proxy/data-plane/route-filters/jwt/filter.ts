import type { Clock } from '../../clock.ts';
import type { ExchangeState, LocalReply, RouteFilter } from '../../exchange.ts';
import type { JwtSnapshot } from '../../snapshot.ts';
import type { JwksCache } from './jwks-cache.ts';
import { type FoundToken, locateTokens, stripToken } from './locate-token.ts';
import { type ParsedToken, parseToken } from './parse-token.ts';
import { type JwtFailure, jwtReply } from './status.ts';
import { readKeySet, type VerificationKey, verifySignature } from './verify-signature.ts';

/*
 * RequestAuthentication: a request without a token passes (AuthorizationPolicy may require one), a request with a bad one is refused.
 * Several rules: one valid token is enough; otherwise every token there is must be valid. CORS preflights are not looked at.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/jwt_authn_filter
 */

export interface JwtDeps {
  clock: Clock;
  jwks: JwksCache;
}

/** Allowed difference between the issuer's clock and ours (jwt_verify_lib kClockSkewInSecond). */
const clockSkewSeconds = 60;

interface PreparedRule {
  rule: JwtSnapshot;
  /** Null: fetched. */
  inlineKeys: VerificationKey[] | null;
  audiences: Set<string>;
}

/** Which rule refused a token, and why. */
interface Failure {
  rule: JwtSnapshot;
  why: JwtFailure;
}

/** Null when the port has no RequestAuthentication. */
export function createJwtFilter(rules: JwtSnapshot[], deps: JwtDeps): RouteFilter | null {
  if (rules.length === 0) return null;
  const prepared = rules.map(
    (rule): PreparedRule => ({
      rule,
      inlineKeys: rule.jwks === '' ? null : readKeySet(rule.jwks),
      audiences: new Set(rule.audiences.map(bareAudience)),
    }),
  );
  return (exchange) => {
    if (isPreflight(exchange)) return undefined;
    removeOutputHeaders(exchange, rules);
    const found = prepared.flatMap((rule) => locateTokens(rule.rule, exchange).map((token) => ({ rule, token })));
    if (found.length === 0) return undefined;
    return judge(exchange, found, 0, null);
  };

  /** Goes through rule and token pairs; turns into a promise only where a key set has to be fetched. */
  function judge(
    exchange: ExchangeState,
    found: { rule: PreparedRule; token: FoundToken }[],
    from: number,
    failure: Failure | null,
  ): LocalReply | undefined | Promise<LocalReply | undefined> {
    let worst = failure;
    for (let index = from; index < found.length; index += 1) {
      const { rule, token } = found[index]!;
      const parsed = parseToken(token.token);
      if (typeof parsed === 'string') {
        worst = moreTelling(worst, rule.rule, parsed);
        continue;
      }
      const early = checkClaims(parsed, rule, deps.clock.wallNow() / 1000);
      if (early !== null) {
        worst = moreTelling(worst, rule.rule, early);
        continue;
      }
      const keys = rule.inlineKeys ?? deps.jwks.keysOf(rule.rule);
      if (keys instanceof Promise) {
        return keys.then((fetched) => {
          const wrong = verifySignature(parsed, fetched);
          if (wrong === null) return accept(exchange, rule.rule, token, parsed);
          return judge(exchange, found, index + 1, moreTelling(worst, rule.rule, wrong));
        });
      }
      const wrong = verifySignature(parsed, keys);
      if (wrong === null) return accept(exchange, rule.rule, token, parsed);
      worst = moreTelling(worst, rule.rule, wrong);
    }
    return refuse(exchange, worst ?? { rule: rules[0]!, why: 'missing' });
  }
}

/** A token of another issuer says less than one that should have been valid. */
function moreTelling(known: Failure | null, rule: JwtSnapshot, why: JwtFailure): Failure {
  return known === null || (known.why === 'unknownIssuer' && why !== 'unknownIssuer') ? { rule, why } : known;
}

function checkClaims(token: ParsedToken, { rule, audiences }: PreparedRule, nowSeconds: number): JwtFailure | null {
  if (token.issuer !== rule.issuer && rule.issuer !== '') return 'unknownIssuer';
  const now = Math.floor(nowSeconds);
  if (token.notBefore > now + clockSkewSeconds) return 'notYetValid';
  if (token.expires !== 0 && now > token.expires + clockSkewSeconds) return 'expired';
  if (audiences.size > 0 && !token.audiences.some((audience) => audiences.has(bareAudience(audience)))) return 'audience';
  return null;
}

/** Envoy compares audiences without scheme and trailing slash. */
function bareAudience(audience: string): string {
  return audience.replace(/^https?:\/\//, '').replace(/\/$/, '');
}

function isPreflight(exchange: ExchangeState): boolean {
  if (exchange.method !== 'OPTIONS') return false;
  const { headers } = exchange;
  return (headers.get('origin') ?? '') !== '' && (headers.get('access-control-request-method') ?? '') !== '';
}

/** Nobody outside may set the headers in which the claims travel. */
function removeOutputHeaders(exchange: ExchangeState, rules: JwtSnapshot[]): void {
  for (const rule of rules) {
    if (rule.outputPayloadToHeader !== '') exchange.headers.remove(rule.outputPayloadToHeader.toLowerCase());
    for (const { header } of rule.outputClaimToHeaders) exchange.headers.remove(header.toLowerCase());
  }
}

function accept(exchange: ExchangeState, rule: JwtSnapshot, found: FoundToken, token: ParsedToken): undefined {
  const { claims } = token;
  exchange.jwt = {
    issuer: token.issuer,
    subject: token.subject,
    audiences: token.audiences,
    presenter: typeof claims.azp === 'string' ? claims.azp : '',
    claims,
  };
  if (rule.outputPayloadToHeader !== '') exchange.headers.add(rule.outputPayloadToHeader.toLowerCase(), token.payloadBase64);
  for (const { header, claim } of rule.outputClaimToHeaders) {
    const value = claimAsText(claims, claim);
    if (value !== '') exchange.headers.add(header.toLowerCase(), value);
  }
  if (!rule.forwardOriginalToken) stripToken(exchange, found.location);
  const subject = token.subject === '' ? 'no subject' : `subject ${token.subject}`;
  exchange.policies.push({ resource: rule.resource, outcome: 'authenticated', reason: `JWT of ${token.issuer}, ${subject}` });
  return undefined;
}

/** Nested claims by `.`; lists and objects as base64url JSON, as Envoy forwards them. */
function claimAsText(claims: Record<string, unknown>, name: string): string {
  let value: unknown = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (value === undefined) {
    value = name.split('.').reduce<unknown>((node, key) => {
      return typeof node === 'object' && node !== null && Object.hasOwn(node, key)
        ? (node as Record<string, unknown>)[key]
        : undefined;
    }, claims);
  }
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'object' && value !== null ? Buffer.from(JSON.stringify(value)).toString('base64url') : '';
}

function refuse(exchange: ExchangeState, { rule, why }: Failure): LocalReply {
  const reply = jwtReply(why, `${exchange.scheme}://${exchange.authority}${exchange.path.slice(0, 256)}`);
  exchange.policies.push({ resource: rule.resource, outcome: 'denied', reason: reply.body });
  return reply;
}
