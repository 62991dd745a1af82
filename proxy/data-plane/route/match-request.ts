import type { ExchangeState } from '../exchange.ts';
import type { NamedMatch, RouteMatch, StringMatch } from '../snapshot.ts';
import { pathWithoutQuery } from './authority.ts';
import { compileStringMatch, describeMatch, describeMismatch, type RegexCache, type StringMatcher } from './string-match.ts';

/** What a RouteMatch may look at. ExchangeState is one; explain builds another. */
export type MatchInput = Pick<ExchangeState, 'method' | 'scheme' | 'authority' | 'path' | 'headers' | 'grpc' | 'jwt' | 'proxy'>;

/**
 * One field of a match. `holds` decides requests; `explain` says in words why it does not hold, and is called only when somebody asked. Both
 * come from the same compilation, so an explanation cannot disagree with the traffic.
 */
export interface Condition {
  holds(input: MatchInput): boolean;
  explain(input: MatchInput): string;
}

/** AND over the conditions; the first that fails is the reason. Null = all hold. */
export function firstFailure(conditions: readonly Condition[], input: MatchInput): Condition | null {
  for (const condition of conditions) if (!condition.holds(input)) return condition;
  return null;
}

/** Compiles every field of a match that constrains something, cheap and telling ones first. Throws on a regex that is not RE2. */
export function compileRouteMatch(match: RouteMatch, regexes: RegexCache): Condition[] {
  const conditions: Condition[] = [];
  if (match.sourceNamespace !== null) conditions.push(sourceNamespaceCondition(match.sourceNamespace));
  if (match.sourceLabels !== null) conditions.push(...sourceLabelConditions(match.sourceLabels));
  if (match.path !== null && !matchesEveryPath(match.path)) conditions.push(pathCondition(match.path, regexes));
  if (match.method !== null) conditions.push(fieldCondition('method', match.method, (input) => input.method, regexes));
  if (match.scheme !== null) conditions.push(fieldCondition('scheme', match.scheme, (input) => input.scheme, regexes));
  if (match.authority !== null)
    conditions.push(fieldCondition('authority', match.authority, (input) => input.authority, regexes));
  if (match.grpc) conditions.push(grpcCondition);
  for (const header of match.headers) conditions.push(headerCondition(header, regexes));
  for (const header of match.withoutHeaders) conditions.push(withoutHeaderCondition(header, regexes));
  for (const parameter of match.queryParams) conditions.push(queryCondition(parameter, regexes));
  for (const claim of match.claims) conditions.push(claimCondition(claim, regexes));
  return conditions;
}

const grpcCondition: Condition = {
  holds: (input) => input.grpc,
  explain: () => 'content-type is not application/grpc',
};

function matchesEveryPath(match: NonNullable<RouteMatch['path']>): boolean {
  return (match.kind === 'prefix' || match.kind === 'pathPrefix') && (match.value === '/' || match.value === '');
}

function sourceNamespaceCondition(namespace: string): Condition {
  return {
    holds: (input) => input.proxy.workload.namespace === namespace,
    explain: (input) => `source namespace ${input.proxy.workload.namespace} is not ${namespace}`,
  };
}

function sourceLabelConditions(labels: Record<string, string>): Condition[] {
  return Object.entries(labels).map(([name, value]) => ({
    holds: (input) => input.proxy.workload.labels[name] === value,
    explain: (input) => {
      const actual = input.proxy.workload.labels[name];
      return actual === undefined ? `source has no label ${name}` : `source label ${name} is ${actual}, not ${value}`;
    },
  }));
}

/** Path without query. `prefix` is a raw string prefix; `pathPrefix` counts whole path elements (Envoy's path_separated_prefix). */
function pathCondition(match: NonNullable<RouteMatch['path']>, regexes: RegexCache): Condition {
  if (match.kind === 'pathPrefix') {
    const prefix = match.value.replace(/\/+$/, '');
    const starts = compileStringMatch({ kind: 'prefix', value: prefix, ignoreCase: match.ignoreCase === true }, regexes);
    return {
      holds: (input) => {
        const path = pathWithoutQuery(input.path);
        return starts(path) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 47);
      },
      explain: (input) => `uri ${pathWithoutQuery(input.path)} is not under ${prefix}`,
    };
  }
  const matcher = compileStringMatch(match, regexes);
  return {
    holds: (input) => matcher(pathWithoutQuery(input.path)),
    explain: (input) => `uri ${describeMismatch(match, pathWithoutQuery(input.path))}`,
  };
}

function fieldCondition(name: string, match: StringMatch, read: (input: MatchInput) => string, regexes: RegexCache): Condition {
  const matcher = compileStringMatch(match, regexes);
  return {
    holds: (input) => matcher(read(input)),
    explain: (input) => `${name} ${describeMismatch(match, read(input))}`,
  };
}

/** A header by name, same-name values joined by `,` (for showing; matching looks at each); pseudo headers and `host` are the request line's own. */
export function readHeader(input: MatchInput, name: string): string | undefined {
  if (name.charCodeAt(0) === 58 || name === 'host') {
    if (name === ':method') return input.method;
    if (name === ':path') return input.path;
    if (name === ':scheme') return input.scheme;
    if (name === ':authority' || name === 'host') return input.authority;
  }
  return input.headers.getJoined(name);
}

/**
 * Whether one of the header's values matches: repeated headers are judged one by one since Envoy's match_headers_individually. `absent` is
 * the answer when there is none.
 */
function someHeader(input: MatchInput, name: string, matcher: StringMatcher, absent: boolean): boolean {
  if (name.charCodeAt(0) === 58 || name === 'host') {
    const value = readHeader(input, name);
    return value === undefined ? absent : matcher(value);
  }
  const { list } = input.headers;
  let found = false;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] !== name) continue;
    if (matcher(list[i + 1]!)) return true;
    found = true;
  }
  return found ? false : absent;
}

/** An absent header never matches, not even a regex that matches the empty string (istio#51880). */
function headerCondition({ name, match }: NamedMatch, regexes: RegexCache): Condition {
  const matcher = compileStringMatch(match, regexes);
  return {
    holds: (input) => someHeader(input, name, matcher, false),
    explain: (input) => {
      const values = input.headers.getAll(name);
      const value = values.length > 1 ? values.join(' and ') : readHeader(input, name);
      return value === undefined ? `header ${name} is absent` : `header ${name} ${describeMismatch(match, value)}`;
    },
  };
}

/** Negation. Absent counts as the empty string (Envoy's treat_missing_header_as_empty, istio#49537), except for `present`. */
function withoutHeaderCondition({ name, match }: NamedMatch, regexes: RegexCache): Condition {
  if (match.kind === 'present') {
    return {
      holds: (input) => readHeader(input, name) === undefined,
      explain: () => `header ${name} is present, but withoutHeaders forbids it`,
    };
  }
  const matcher = compileStringMatch(match, regexes);
  const matchesEmpty = matcher('');
  return {
    holds: (input) => !someHeader(input, name, matcher, matchesEmpty),
    explain: (input) => {
      const value = readHeader(input, name);
      return `header ${name} ${value === undefined ? '(absent, taken as empty)' : value} ${describeMatch(match)}, which withoutHeaders forbids`;
    },
  };
}

/** First value, not decoded (Envoy's QueryParamsMulti::parseQueryString); `?a` has the value ''. */
export function readQueryParameter(path: string, name: string): string | undefined {
  const start = path.indexOf('?');
  if (start === -1) return undefined;
  const hash = path.indexOf('#', start);
  const end = hash === -1 ? path.length : hash;
  let position = start + 1;
  while (position < end) {
    let next = path.indexOf('&', position);
    if (next === -1 || next > end) next = end;
    const equals = path.indexOf('=', position);
    const keyEnd = equals === -1 || equals > next ? next : equals;
    if (keyEnd - position === name.length && path.startsWith(name, position)) {
      return keyEnd === next ? '' : path.slice(keyEnd + 1, next);
    }
    position = next + 1;
  }
  return undefined;
}

function queryCondition({ name, match }: NamedMatch, regexes: RegexCache): Condition {
  const matcher = compileStringMatch(match, regexes);
  return {
    holds: (input) => {
      const value = readQueryParameter(input.path, name);
      return value !== undefined && matcher(value);
    },
    explain: (input) => {
      const value = readQueryParameter(input.path, name);
      return value === undefined
        ? `query parameter ${name} is absent`
        : `query parameter ${name} ${describeMismatch(match, value)}`;
    },
  };
}

/**
 * A claim of the verified JWT by its path. Lists match when one element does; `scope` and `permission` are space-delimited lists (Istio's
 * normalize_payload_in_metadata).
 */
export function claimValues(claims: Record<string, unknown>, path: readonly string[]): string[] {
  let value: unknown = claims;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) return [];
    value = (value as Record<string, unknown>)[key];
  }
  if (Array.isArray(value)) return value.filter((entry): entry is string => typeof entry === 'string');
  return typeof value === 'string' ? [value] : [];
}

function claimCondition(claim: RouteMatch['claims'][number], regexes: RegexCache): Condition {
  const matcher: StringMatcher = compileStringMatch(claim.match, regexes);
  const name = claim.path.join('.');
  return {
    holds: (input) => input.jwt !== null && claimValues(input.jwt.claims, claim.path).some(matcher),
    explain: (input) => {
      if (input.jwt === null) return `claim ${name} is absent: the request has no verified JWT`;
      const values = claimValues(input.jwt.claims, claim.path);
      return values.length === 0
        ? `claim ${name} is absent`
        : `claim ${name} ${describeMismatch(claim.match, values.join(', '))}`;
    },
  };
}
