export { ToxiproxyApi } from './toxiproxy-api.ts';
export { createToxiproxyHandlers, type ToxicTypes, type ToxiproxyHandlers } from './toxiproxy-handlers.ts';
export { type ProxyState, type ToxicDataPlane, type ToxicTypeInfo, ToxiproxyState } from './toxiproxy-state.ts';
