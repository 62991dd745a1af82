import type { ResourceRef } from '../../../api/diagnostic.schema.ts';
import { type EnvoyPatch, type PatchContext, specOf } from '../../../config/envoy-filter/patch.ts';
import { readPatches } from '../../../config/envoy-filter/read-patches.ts';
import { rootNamespace } from '../../../config/hosts.ts';
import { type ParsedResource, type ResourceSet, refOf } from '../../../config/index.ts';

/** A patch that is honoured, with the place it stands in. */
export interface OwnedPatch {
  patch: EnvoyPatch;
  origin: ResourceRef;
}

export interface KnownEnvoyFilter {
  resource: ParsedResource;
  labels: Readonly<Record<string, string>>;
  patches: OwnedPatch[];
}

/** The proxy whose configuration is patched. */
export interface PatchedProxy {
  namespace: string;
  labels: Readonly<Record<string, string>>;
  kind: 'sidecar' | 'gateway';
}

/** EnvoyFilters in the order istiod applies them: priority, then the root namespace's, then the oldest. */
export function listEnvoyFilters(set: ResourceSet): KnownEnvoyFilter[] {
  return set
    .list('EnvoyFilter')
    .map(({ resource }) => resource)
    .filter((resource) => !specOf(resource).targetRefs?.length)
    .map((resource, age) => ({
      resource,
      age,
      priority: specOf(resource).priority ?? 0,
      root: resource.namespace === rootNamespace,
    }))
    .sort((a, b) => a.priority - b.priority || Number(b.root) - Number(a.root) || a.age - b.age)
    .map(({ resource }) => ({
      resource,
      labels: specOf(resource).workloadSelector?.labels ?? {},
      patches: readPatches(resource).flatMap(({ patch, index }) =>
        patch === null ? [] : [{ patch, origin: refOf(resource, `spec.configPatches[${index}]`) }],
      ),
    }));
}

/** Those of its own namespace and the root's that select it. */
export function filtersOf(filters: readonly KnownEnvoyFilter[], proxy: PatchedProxy): KnownEnvoyFilter[] {
  return filters.filter(
    ({ resource, labels }) =>
      (resource.namespace === rootNamespace || resource.namespace === proxy.namespace) &&
      Object.entries(labels).every(([key, value]) => proxy.labels[key] === value),
  );
}

export type PatchOf<K extends EnvoyPatch['kind']> = Extract<EnvoyPatch, { kind: K }>;

/** Patches of one kind that mean a proxy's side, in order. */
export function patchesOf<K extends EnvoyPatch['kind']>(
  filters: readonly KnownEnvoyFilter[],
  proxy: PatchedProxy,
  side: PatchContext,
  kind: K,
): { patch: PatchOf<K>; origin: ResourceRef }[] {
  return filtersOf(filters, proxy).flatMap(({ patches }) =>
    patches.flatMap(({ patch, origin }) =>
      patch.kind === kind && patch.place.contexts.includes(side) ? [{ patch: patch as PatchOf<K>, origin }] : [],
    ),
  );
}

export const outboundSide = ({ kind }: PatchedProxy): PatchContext => (kind === 'gateway' ? 'GATEWAY' : 'SIDECAR_OUTBOUND');
