import type { EndpointSnapshot } from './clusters.ts';
import type { ForwardAction, Route, RouteMatch } from './routes.ts';

/* Parts of a snapshot that say nothing special: what compilers start from, and what the data plane adds of its own. */

export const anyRequest: RouteMatch = {
  path: null,
  method: null,
  scheme: null,
  authority: null,
  headers: [],
  withoutHeaders: [],
  queryParams: [],
  sourceLabels: null,
  sourceNamespace: null,
  claims: [],
  grpc: false,
};

/** Every request, nothing changed. */
export function plainRoute(name: string, action: Route['action']): Route {
  return {
    name,
    origin: null,
    match: anyRequest,
    action,
    requestHeaders: null,
    responseHeaders: null,
    fault: null,
    cors: null,
    decorator: '',
  };
}

/** To one cluster, without timeout, retries and rewrites. */
export function forwardTo(cluster: string): ForwardAction {
  return {
    type: 'forward',
    clusters: [{ cluster, weight: 100, requestHeaders: null, responseHeaders: null, hostRewrite: null }],
    totalWeight: 100,
    rewrite: null,
    timeoutMs: null,
    timeoutFrom: 'default',
    retry: null,
    mirrors: [],
    clusterNotFoundStatus: 503,
  };
}

/** A host without a sidecar, of which nothing but the address is known. */
export function plainEndpoint(host: string, port: number): EndpointSnapshot {
  return { host, port, workload: '', version: '', labels: {}, weight: 1, locality: '', spiffeId: '', priority: 0 };
}
