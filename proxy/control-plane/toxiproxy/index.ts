export { ToxiproxyApi } from './toxiproxy-api.ts';
export { type ProxyState, type ToxicDataPlane, type ToxicTypeInfo, ToxiproxyState } from './toxiproxy-state.ts';
