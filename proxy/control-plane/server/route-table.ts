import type { z } from 'zod';
import { type ApiResponse, type ApiRoute, type ApiRouteName, apiRoutes } from '../../api/routes.ts';
import type { Reply } from './api-error.ts';
import type { FileReply } from './file-reply.ts';

/** `/resources/:kind/:name` → {kind: string, name: string} */
type PathParams<P extends string> = P extends `${string}:${infer Name}/${infer Rest}`
  ? Record<Name, string> & PathParams<`/${Rest}`>
  : P extends `${string}:${infer Name}`
    ? Record<Name, string>
    : Record<never, string>;

export interface YamlBody {
  yaml: string;
  /** Name the diagnostics give for the text. */
  file: string;
}
type Table = typeof apiRoutes;
type Query<R> = R extends { query: infer Q extends z.ZodType } ? z.output<Q> : Record<never, string>;
type Body<R> = R extends { body: 'yaml' }
  ? YamlBody
  : R extends { body: 'bytes' }
    ? AsyncIterable<Uint8Array>
    : R extends { body: infer B extends z.ZodType }
      ? z.output<B>
      : undefined;

export interface RouteInput<K extends ApiRouteName> {
  params: PathParams<Table[K]['path']>;
  query: Query<Table[K]>;
  body: Body<Table[K]>;
}
type Answer<T> = T | Reply<T> | FileReply;

/** One handler per operation of the API table; a missing one does not compile. */
export type ApiHandlers = {
  [K in ApiRouteName]: (input: RouteInput<K>) => Answer<ApiResponse<K>> | Promise<Answer<ApiResponse<K>>>;
};

export interface MatchedRoute {
  name: ApiRouteName;
  route: ApiRoute;
  params: Record<string, string>;
}

export type RouteMatch = { found: MatchedRoute } | { allowed: string[] };

/** Finds the operation for a method and a path below /api/v1. `allowed` is empty when no operation has this path. */
export function matchRoute(method: string, path: string): RouteMatch {
  const segments = path.split('/');
  const allowed: string[] = [];
  for (const entry of compiled) {
    const params = matchSegments(entry.segments, segments);
    if (!params) continue;
    if (entry.route.method === method) return { found: { name: entry.name, route: entry.route, params } };
    allowed.push(entry.route.method);
  }
  return { allowed: [...new Set(allowed)] };
}

/** Literal paths before parameters, so that `/recordings/import` is not taken for a recording's id. */
const compiled = (Object.entries(apiRoutes) as [ApiRouteName, ApiRoute][])
  .map(([name, route]) => ({ name, route, segments: route.path.split('/') }))
  .sort((a, b) => parameterCount(a.segments) - parameterCount(b.segments));

function parameterCount(segments: string[]): number {
  return segments.filter((segment) => segment.startsWith(':')).length;
}

function matchSegments(pattern: string[], actual: string[]): Record<string, string> | null {
  if (pattern.length !== actual.length) return null;
  const params: Record<string, string> = {};
  for (const [i, part] of pattern.entries()) {
    const value = actual[i]!;
    if (!part.startsWith(':')) {
      if (part !== value) return null;
      continue;
    }
    const decoded = decodeSegment(value);
    if (decoded === null || decoded === '') return null;
    params[part.slice(1)] = decoded;
  }
  return params;
}

function decodeSegment(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null; // a stray % is a path no route has
  }
}
