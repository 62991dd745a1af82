export { patchCluster } from './cluster-patches.ts';
export { compileHttpPatches, missingFilters } from './http-patches.ts';
export { filtersOf, type KnownEnvoyFilter, listEnvoyFilters, outboundSide, type PatchedProxy } from './patches.ts';
export { patchInboundRoute, patchVirtualHosts } from './route-patches.ts';
