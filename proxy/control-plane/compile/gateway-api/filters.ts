import type { HeaderModifierSpec, PathModifierSpec, RouteFilterSpec } from '../../../config/kinds/istio-types.ts';
import type {
  CorsPolicy,
  ForwardAction,
  HeaderOperations,
  RedirectAction,
  RouteMatch,
  StringMatch,
} from '../../../data-plane/snapshot.ts';

/* Filters of HTTPRoute and GRPCRoute as istiod translates them: pilot/pkg/config/kube/gateway/conversion.go, create…Filter. */

export function compileRewrite(spec: NonNullable<RouteFilterSpec['urlRewrite']>, match: RouteMatch): ForwardAction['rewrite'] {
  return { path: pathModifier(spec.path, match), authority: spec.hostname ?? null };
}

function pathModifier(spec: PathModifierSpec | undefined, match: RouteMatch): NonNullable<ForwardAction['rewrite']>['path'] {
  if (!spec) return null;
  if (spec.type === 'ReplaceFullPath') return { kind: 'full', replacement: spec.replaceFullPath ?? '/' };
  return { kind: 'pathPrefix', matched: match.path?.value ?? '/', replacement: spec.replacePrefixMatch ?? '/' };
}

export function compileRedirect(spec: NonNullable<RouteFilterSpec['requestRedirect']>, match: RouteMatch): RedirectAction {
  const path = pathModifier(spec.path, match);
  const compiled: RedirectAction['path'] =
    path?.kind === 'full'
      ? { kind: 'full', value: path.replacement }
      : path?.kind === 'pathPrefix'
        ? { kind: 'pathPrefix', matched: path.matched, replacement: path.replacement }
        : null;
  // Port: explicit, else the scheme's own when a scheme is given, else the listener's (the request's).
  const port = spec.port ?? (spec.scheme ? 'from-protocol-default' : 'from-request-port');
  return {
    type: 'redirect',
    status: spec.statusCode ?? 302,
    path: compiled,
    authority: spec.hostname ?? null,
    scheme: spec.scheme ?? null,
    port,
  };
}

/** Of a header named twice in one list the first counts, whatever its case. */
export function headerOperations(
  filters: readonly RouteFilterSpec[],
  field: 'requestHeaderModifier' | 'responseHeaderModifier',
): HeaderOperations | null {
  const modifiers = filters.flatMap((f) => (f[field] ? [f[field]] : []));
  if (modifiers.length === 0) return null;
  const pairs = (key: 'set' | 'add'): [string, string][] =>
    modifiers.flatMap((m: HeaderModifierSpec) => {
      const values = new Map<string, string>();
      for (const { name, value } of m[key] ?? []) if (!values.has(name.toLowerCase())) values.set(name.toLowerCase(), value);
      return [...values];
    });
  return { remove: modifiers.flatMap((m) => m.remove ?? []).map((n) => n.toLowerCase()), set: pairs('set'), add: pairs('add') };
}

/** Unmatched preflights are the upstream's no more than matched ones; without maxAge the API's default of 5 s holds. */
export function compileCors(spec: NonNullable<RouteFilterSpec['cors']>): CorsPolicy {
  return {
    allowOrigins: (spec.allowOrigins ?? []).map(originMatch),
    allowMethods: spec.allowMethods ?? [],
    allowHeaders: spec.allowHeaders ?? [],
    exposeHeaders: spec.exposeHeaders ?? [],
    maxAgeSeconds: spec.maxAge ?? 5,
    allowCredentials: spec.allowCredentials || null,
    unmatchedPreflights: 'IGNORE',
  };
}

function originMatch(text: string): StringMatch {
  // Any origin, but only what is one: scheme, host and perhaps a port.
  if (text === '*') return { kind: 'regex', value: '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/\\s?#]+$' };
  if (!text.includes('*')) return { kind: 'exact', value: text };
  if (text.indexOf('*') === text.length - 1) return { kind: 'prefix', value: text.slice(0, -1) };
  return { kind: 'regex', value: text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*') };
}
