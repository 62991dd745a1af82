import type { HeaderOperationsSpec, HttpMatchSpec, StringMatchSpec } from '../../config/kinds/istio-types.ts';
import type { HeaderOperations, NamedMatch, RouteMatch, StringMatch } from '../../data-plane/snapshot.ts';

/** One entry of `match[]`; port and gateways are config-time selectors and are not in the result. */
export function compileHttpMatch(spec: HttpMatchSpec): RouteMatch {
  const claims: RouteMatch['claims'] = [];
  const headers: NamedMatch[] = [];
  for (const [name, value] of Object.entries(spec.headers ?? {})) {
    const match = compileStringMatch(value) ?? present;
    const path = claimPath(name);
    if (path) claims.push({ path, match });
    else headers.push({ name: name.toLowerCase(), match });
  }
  return {
    path: ignoringCase(compileStringMatch(spec.uri), spec.ignoreUriCase),
    method: compileStringMatch(spec.method),
    scheme: compileStringMatch(spec.scheme),
    authority: compileStringMatch(spec.authority),
    headers,
    withoutHeaders: namedMatches(spec.withoutHeaders, true),
    queryParams: namedMatches(spec.queryParams, false),
    sourceLabels: spec.sourceLabels && Object.keys(spec.sourceLabels).length > 0 ? spec.sourceLabels : null,
    sourceNamespace: spec.sourceNamespace || null,
    claims,
    grpc: false,
  };
}

const present: StringMatch = { kind: 'present', value: '' };

function namedMatches(specs: Record<string, StringMatchSpec> | undefined, lowerCase: boolean): NamedMatch[] {
  return Object.entries(specs ?? {}).map(([name, value]) => ({
    name: lowerCase ? name.toLowerCase() : name,
    match: compileStringMatch(value) ?? present,
  }));
}

/** null for an absent match; `{}` and the regex `*` mean "present". */
export function compileStringMatch(spec: StringMatchSpec | null | undefined): StringMatch | null {
  if (spec === undefined || spec === null) return null;
  if (spec.exact !== undefined) return { kind: 'exact', value: spec.exact };
  if (spec.prefix !== undefined) return { kind: 'prefix', value: spec.prefix };
  return spec.regex === undefined || spec.regex === '*' ? present : { kind: 'regex', value: spec.regex };
}

/** ignoreUriCase concerns exact and prefix only. */
function ignoringCase(match: StringMatch | null, ignoreCase: boolean | undefined): StringMatch | null {
  return match && ignoreCase && match.kind !== 'regex' ? { ...match, ignoreCase: true } : match;
}

/** `@request.auth.claims.groups` or `@request.auth.claims[a][b]` → the path of the claim. */
function claimPath(name: string): string[] | null {
  const found = /^@request\.auth\.claims(?:\.(.+)|((?:\[[^\]]+\])+))$/.exec(name);
  if (!found) return null;
  return found[1] !== undefined ? found[1].split('.') : [...found[2]!.matchAll(/\[([^\]]+)\]/g)].map((m) => m[1]!);
}

export interface CompiledHeaders {
  operations: HeaderOperations | null;
  /** `set`/`add` of host or :authority. */
  host: string | null;
}

/** Names in lower case, keys sorted; `host` becomes a host rewrite, other pseudo-headers are ignored. */
export function compileHeaders(spec: HeaderOperationsSpec | undefined): CompiledHeaders {
  if (!spec) return { operations: null, host: null };
  let host: string | null = null;
  const pairs = (record: Record<string, string> | undefined): [string, string][] => {
    const kept: [string, string][] = [];
    for (const [key, value] of Object.entries(record ?? {})) {
      const name = key.toLowerCase();
      if (name === 'host' || name === ':authority') host = value;
      else if (!name.startsWith(':')) kept.push([name, value]);
    }
    return kept.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  };
  const set = pairs(spec.set);
  const setHost = host;
  const add = pairs(spec.add);
  const remove = (spec.remove ?? []).map((n) => n.toLowerCase()).sort();
  const empty = set.length + add.length + remove.length === 0;
  return { operations: empty ? null : { remove, set, add }, host: setHost ?? host };
}

/** Whether Envoy would stop here: any path, no header, method or query condition (Istio's isCatchAllRoute). */
export function isCatchAllMatch(match: RouteMatch): boolean {
  const anyPath =
    match.path === null ||
    (match.path.kind === 'prefix' && match.path.value === '/') ||
    (match.path.kind === 'regex' && match.path.value === '.*');
  return (
    anyPath &&
    !match.method &&
    !match.scheme &&
    !match.authority &&
    !match.sourceLabels &&
    !match.sourceNamespace &&
    match.headers.length + match.withoutHeaders.length + match.queryParams.length + match.claims.length === 0 &&
    !match.grpc
  );
}
