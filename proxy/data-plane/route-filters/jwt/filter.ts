import type { Clock } from '../../clock.ts';
import type { ExchangeState, LocalReply, RouteFilter } from '../../exchange.ts';
import type { JwtSnapshot } from '../../snapshot.ts';
import { describeFailure } from './describe-failure.ts';
import type { JwksCache } from './jwks-cache.ts';
import { type FoundToken, locateTokens, stripToken } from './locate-token.ts';
import { type ParsedToken, parseToken } from './parse-token.ts';
import { type JwtFailure, jwtReply } from './status.ts';
import { readKeySet, type VerificationKey, verifySignature } from './verify-signature.ts';

/*
 * RequestAuthentication: a request without a token passes (AuthorizationPolicy may require one), a request with a bad one is refused.
 * Every token a rule finds must be valid for it; of several rules one is enough, and so is it when each token is valid for some rule.
 * CORS preflights are not looked at.
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
  /** Null: it could not be read. */
  token: ParsedToken | null;
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
    const claims = prepared.map((rule) => ({ rule, tokens: locateTokens(rule.rule, exchange).map(readToken) }));
    if (claims.every(({ tokens }) => tokens.length === 0)) return undefined;
    const fetched = claims.flatMap(({ rule, tokens }) => keysToFetch(rule, tokens));
    if (fetched.length === 0) return judge(exchange, claims, new Map());
    return Promise.all(fetched).then((pairs) => judge(exchange, claims, new Map(pairs)));
  };

  /** Keys of a rule that is one token's issuer, where they are not at hand. */
  function keysToFetch(rule: PreparedRule, tokens: ReadToken[]): Promise<[PreparedRule, VerificationKey[]]>[] {
    const concerned = tokens.some(({ parsed }) => typeof parsed !== 'string' && isIssuer(rule.rule, parsed));
    if (rule.inlineKeys !== null || !concerned) return [];
    return [Promise.resolve(deps.jwks.keysOf(rule.rule)).then((keys) => [rule, keys])];
  }

  /** One rule to which every token it finds is good lets the request in; so do rules that together find every token good. */
  function judge(
    exchange: ExchangeState,
    claims: Claimed[],
    fetched: Map<PreparedRule, VerificationKey[]>,
  ): LocalReply | undefined {
    let worst: Failure | null = null;
    const good = new Map<string, Good>();
    const all = new Set<string>();
    let whole: Good[] | null = null;
    for (const { rule, tokens } of claims) {
      const own: Good[] = [];
      let failed = false;
      // The last one first, as Envoy takes them: the first that is bad is the one that is told of.
      for (const found of tokens.toReversed()) {
        const key = locationKey(found);
        all.add(key);
        const why = failureOf(found, rule, rule.inlineKeys ?? fetched.get(rule) ?? []);
        if (why !== null || typeof found.parsed === 'string') {
          const token = typeof found.parsed === 'string' ? null : found.parsed;
          if (!failed) worst = moreTelling(worst, { rule: rule.rule, why: why ?? 'badFormat', token });
          failed = true;
        } else {
          const one = { rule: rule.rule, found, parsed: found.parsed };
          own.push(one);
          good.set(key, one);
        }
      }
      if (whole === null && tokens.length > 0 && own.length === tokens.length) whole = own;
    }
    const accepted = whole ?? (good.size === all.size ? [...good.values()] : null);
    if (accepted === null)
      return refuse(exchange, worst ?? { rule: rules[0]!, why: 'missing', token: null }, deps.clock.wallNow() / 1000);
    for (const { rule, found, parsed } of accepted) accept(exchange, rule, found, parsed);
    return undefined;
  }

  function failureOf({ parsed }: ReadToken, rule: PreparedRule, keys: readonly VerificationKey[]): JwtFailure | null {
    if (typeof parsed === 'string') return parsed;
    return checkClaims(parsed, rule, deps.clock.wallNow() / 1000) ?? verifySignature(parsed, keys);
  }
}

interface ReadToken extends FoundToken {
  parsed: ParsedToken | JwtFailure;
}
interface Claimed {
  rule: PreparedRule;
  tokens: ReadToken[];
}
interface Good {
  rule: JwtSnapshot;
  found: FoundToken;
  parsed: ParsedToken;
}

const readToken = (found: FoundToken): ReadToken => ({ ...found, parsed: parseToken(found.token) });
const locationKey = ({ location }: FoundToken): string => `${location.kind} ${location.name}`;
const isIssuer = (rule: JwtSnapshot, token: ParsedToken): boolean => rule.issuer === '' || token.issuer === rule.issuer;

/** A token of another issuer says less than one that should have been valid. */
function moreTelling(known: Failure | null, other: Failure): Failure {
  return known === null || (known.why === 'unknownIssuer' && other.why !== 'unknownIssuer') ? other : known;
}

function checkClaims(token: ParsedToken, { rule, audiences }: PreparedRule, nowSeconds: number): JwtFailure | null {
  if (!isIssuer(rule, token)) return 'unknownIssuer';
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

function accept(exchange: ExchangeState, rule: JwtSnapshot, found: FoundToken, token: ParsedToken): void {
  const { claims } = token;
  exchange.jwt = {
    issuer: token.issuer,
    subject: token.subject,
    audiences: token.audiences,
    presenter: typeof claims.azp === 'string' ? claims.azp : '',
    claims: divideClaims(claims, rule.spaceDelimitedClaims ?? []),
  };
  if (rule.outputPayloadToHeader !== '') exchange.headers.add(rule.outputPayloadToHeader.toLowerCase(), token.payloadBase64);
  for (const { header, claim } of rule.outputClaimToHeaders) {
    const value = claimAsText(claims, claim);
    if (value !== '') exchange.headers.add(header.toLowerCase(), value);
  }
  if (!rule.forwardOriginalToken) stripToken(exchange, found.location);
  const subject = token.subject === '' ? 'no subject' : `subject ${token.subject}`;
  exchange.policies.push({ resource: rule.resource, outcome: 'authenticated', reason: `JWT of ${token.issuer}, ${subject}` });
}

/** Claims of several values in one text become lists, as Envoy's metadata has them (normalize_payload_in_metadata). */
function divideClaims(claims: Record<string, unknown>, more: readonly string[]): Record<string, unknown> {
  const divided = { ...claims };
  for (const name of ['permission', 'scope', ...more]) {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (typeof value === 'string') divided[name] = value.split(' ').filter((entry) => entry !== '');
  }
  return divided;
}

/** The claim at a path of names with `.` between, as Envoy writes it: fractions with six places, lists and objects as base64 of their JSON. */
function claimAsText(claims: Record<string, unknown>, name: string): string {
  const value = name.split('.').reduce<unknown>((node, key) => {
    const isObject = typeof node === 'object' && node !== null && !Array.isArray(node);
    return isObject && Object.hasOwn(node, key) ? (node as Record<string, unknown>)[key] : undefined;
  }, claims);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(6);
  return typeof value === 'object' && value !== null ? Buffer.from(JSON.stringify(value)).toString('base64') : '';
}

function refuse(exchange: ExchangeState, { rule, why, token }: Failure, nowSeconds: number): LocalReply {
  const reply = jwtReply(why, `${exchange.scheme}://${exchange.authority}${exchange.path.slice(0, 256)}`);
  exchange.policies.push({ resource: rule.resource, outcome: 'denied', reason: describeFailure(why, rule, token, nowSeconds) });
  return reply;
}
