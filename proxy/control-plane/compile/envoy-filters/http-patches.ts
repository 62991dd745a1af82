import type { ResourceRef } from '../../../api/diagnostic.schema.ts';
import type { FilterPosition, PatchContext, RateLimitSettings } from '../../../config/envoy-filter/patch.ts';
import type {
  AuthorizationSnapshot,
  HttpPatches,
  JwtSnapshot,
  LocalRateLimit,
  RateLimitFilter,
} from '../../../data-plane/snapshot.ts';
import { type KnownEnvoyFilter, type PatchedProxy, patchesOf } from './patches.ts';

export interface ManagerPlace {
  side: PatchContext;
  /** Ports by which a patch may name the listener; none: all of them are kept, told apart when a request comes. */
  ports: number[] | null;
  /** Filters of Istio's chain this listener has not: what should stand before them is not put in (as in istiod). */
  lacks: FilterPosition[];
}

/** What EnvoyFilters change of HTTP connection managers; undefined = nothing. */
export function compileHttpPatches(
  filters: readonly KnownEnvoyFilter[],
  proxy: PatchedProxy,
  { side, ports, lacks }: ManagerPlace,
): HttpPatches | undefined {
  const meant = (port: number): boolean => ports === null || port === 0 || ports.includes(port);
  const portOf = (port: number): number => (ports === null ? port : 0);
  const rateLimits: RateLimitFilter[] = [];
  for (const { patch, origin } of patchesOf(filters, proxy, side, 'insert-rate-limit')) {
    const { filter: name, before, place, settings } = patch;
    if (!meant(place.port) || lacks.includes(before)) continue;
    const inserted = { name, before, port: portOf(place.port), limit: toLimit(settings, '', origin) };
    // Each one goes to the front, or right before its filter: behind what is there already.
    if (before === 'first') rateLimits.unshift(inserted);
    else rateLimits.push(inserted);
  }
  const managers = patchesOf(filters, proxy, side, 'manager').flatMap(({ patch }) =>
    meant(patch.place.port) ? [{ ...patch.settings, port: portOf(patch.place.port) }] : [],
  );
  return rateLimits.length + managers.length > 0 ? { rateLimits, managers } : undefined;
}

export function toLimit(settings: RateLimitSettings, id: string, origin: ResourceRef): LocalRateLimit {
  return { id, ...settings, origin };
}

/** The security filters an inbound listener or gateway has no use for: Istio leaves them out. */
export function missingFilters(
  { custom, audit, deny, allow }: Partial<AuthorizationSnapshot>,
  jwt: readonly JwtSnapshot[],
): ('ext_authz' | 'jwt_authn' | 'rbac')[] {
  const none = (...lists: (readonly unknown[] | undefined)[]): boolean => lists.every((list) => !list?.length);
  return [
    ...(none(custom) ? (['ext_authz'] as const) : []),
    ...(none(jwt) ? (['jwt_authn'] as const) : []),
    ...(none(audit, deny, allow, custom) ? (['rbac'] as const) : []),
  ];
}
