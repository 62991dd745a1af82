import type { GatewayApiMatchSpec } from '../../../config/kinds/istio-types.ts';
import { anyRequest } from '../../../data-plane/snapshot/plain.ts';
import type { RouteMatch, StringMatch } from '../../../data-plane/snapshot.ts';

/** A match and its rank among those of one host: smaller comes first, number by number. */
export interface RankedMatch {
  match: RouteMatch;
  rank: number[];
}

/** Istio's order: exact, longer prefix, longer regex; then method, more headers, more query parameters. */
export function httpMatch(spec: GatewayApiMatchSpec): RankedMatch {
  const value = spec.path?.value ?? '/';
  const path: NonNullable<RouteMatch['path']> =
    spec.path?.type === 'Exact' || spec.path?.type === 'RegularExpression'
      ? valueMatch(spec.path.type, value)
      : { kind: 'pathPrefix', value: value.length > 1 ? value.replace(/\/+$/, '') || '/' : value };
  const match: RouteMatch = {
    ...anyRequest,
    path,
    method: typeof spec.method === 'string' ? { kind: 'exact', value: spec.method } : null,
    headers: (spec.headers ?? []).map((h) => ({ name: h.name.toLowerCase(), match: valueMatch(h.type, h.value) })),
    queryParams: (spec.queryParams ?? []).map((q) => ({ name: q.name, match: valueMatch(q.type, q.value) })),
  };
  const kind = path.kind === 'exact' ? 0 : path.kind === 'regex' ? 2 : 1;
  return {
    match,
    rank: [kind, -path.value.length, match.method ? 0 : 1, -match.headers.length, -match.queryParams.length],
  };
}

/**
 * Kinds of path in Istio's order, then Gateway API's: the longer service, the longer method, more headers. A match without service and
 * method comes last.
 */
export function grpcMatch(spec: GatewayApiMatchSpec): RankedMatch {
  const method = typeof spec.method === 'object' ? spec.method : undefined;
  const path = grpcPath(method);
  const headers = (spec.headers ?? []).map((h) => ({ name: h.name.toLowerCase(), match: valueMatch(h.type, h.value) }));
  const kind = path === null ? 3 : path.kind === 'exact' ? 0 : path.kind === 'regex' ? 2 : 1;
  return {
    match: { ...anyRequest, path, headers, grpc: true },
    rank: [kind, -(method?.service?.length ?? 0), -(method?.method?.length ?? 0), -headers.length, 0],
  };
}

function grpcPath(method: Exclude<GatewayApiMatchSpec['method'], string>): RouteMatch['path'] {
  if (!method?.service && !method?.method) return null;
  const regex = method.type === 'RegularExpression';
  if (method.service && method.method && !regex) return { kind: 'exact', value: `/${method.service}/${method.method}` };
  if (method.service && !regex) return { kind: 'prefix', value: `/${method.service}/` };
  const literal = (text: string): string => (regex ? text : text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return {
    kind: 'regex',
    value: `/${method.service ? literal(method.service) : '[^/]+'}/${method.method ? literal(method.method) : '.+'}`,
  };
}

export function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [i, x] of a.entries()) if (x !== b[i]) return x - b[i]!;
  return 0;
}

function valueMatch(type: string | undefined, value: string): StringMatch {
  return { kind: type === 'RegularExpression' ? 'regex' : 'exact', value };
}
