import type { Exchange } from '../../../proxy/api/exchange.schema.ts';
import { templateOf } from '../../../proxy/api/filter/path-template.ts';
import { termOf } from '../../../proxy/api/filter/request-filter.ts';

/** Requests of one caller to one callee for one route, in numbers. */
export interface RouteGroup {
  key: string;
  /** null: all routes of the edge together. */
  route: { method: string; template: string } | null;
  source: string;
  destination: string;
  count: number;
  failed: number;
  /** Sent more than once. */
  retried: number;
  p50: number;
  p95: number;
  slowest: number;
  /** Of the newest, as the engine wrote it. */
  latest: string;
}

/** More different last parts than this under one path are names of things, as ids are. */
const maxSiblings = 6;

interface Gathered {
  source: string;
  destination: string;
  method: string;
  template: string;
  durations: number[];
  failed: number;
  retried: number;
  latest: string;
}

/**
 * Requests by edge and route, the busiest first: under each edge, whose numbers are those of all its requests, its routes. Open requests have
 * no duration yet and wait until they have ended.
 */
export function groupRequests(exchanges: Iterable<Exchange>): RouteGroup[] {
  const edges = new Map<string, Map<string, Gathered>>();
  for (const exchange of exchanges) {
    if (exchange.open) continue;
    const edgeKey = `${exchange.source}\n${exchange.destination}`;
    const routes = edges.get(edgeKey) ?? new Map<string, Gathered>();
    edges.set(edgeKey, routes);
    const template = templateOf(exchange.path);
    const key = `${exchange.method} ${template}`;
    const known = routes.get(key);
    const route = known ?? { ...emptyOf(exchange), template };
    if (!known) routes.set(key, route);
    add(route, exchange);
  }
  return [...edges.values()]
    .map((routes) => mergeSiblings([...routes.values()]))
    .map((routes) => ({ whole: summarize(routes), routes: routes.map((one) => summarize([one])) }))
    .sort((a, b) => b.whole.count - a.whole.count || a.whole.key.localeCompare(b.whole.key))
    .flatMap(({ whole, routes }) => [
      { ...whole, route: null, key: `${whole.source}→${whole.destination}` },
      ...routes.sort((a, b) => b.count - a.count || a.key.localeCompare(b.key)),
    ]);
}

/** The groups in the order they were in: what is new stands at the end of its edge, a new edge at the end of all. Nothing moves under the cursor. */
export function keepOrder(groups: readonly RouteGroup[], before: readonly string[]): RouteGroup[] {
  const place = new Map(before.map((key, index) => [key, index]));
  const placeOf = ({ key }: RouteGroup) => place.get(key) ?? before.length;
  const edges: RouteGroup[][] = [];
  for (const group of groups) {
    if (group.route === null) edges.push([group]);
    else edges.at(-1)?.push(group);
  }
  const byPlace = (a: RouteGroup, b: RouteGroup) => placeOf(a) - placeOf(b);
  return edges
    .map(([head, ...routes]) => ({ head: head as RouteGroup, routes: routes.sort(byPlace) }))
    .sort((a, b) => byPlace(a.head, b.head))
    .flatMap(({ head, routes }) => [head, ...routes]);
}

/** The filter that shows a group's requests. */
export function filterOf({ source, destination, route }: Pick<RouteGroup, 'source' | 'destination' | 'route'>): string {
  const terms = [termOf('src', source), termOf('dest', destination)];
  if (route?.method) terms.push(termOf('method', route.method));
  if (route?.template) terms.push(termOf('template', route.template));
  return terms.join(' ');
}

const emptyOf = ({ source, destination, method }: Exchange): Omit<Gathered, 'template'> => ({
  ...{ source, destination, method, durations: [], failed: 0, retried: 0, latest: '' },
});

function add(route: Gathered, { durationMs, status, flags, grpcStatus, attempts, time }: Exchange): void {
  route.durations.push(durationMs);
  if (status >= 500 || (status === 0 && flags !== '') || (grpcStatus ?? 0) !== 0) route.failed++;
  if (attempts.length > 1) route.retried++;
  if (time > route.latest) route.latest = time;
}

/** `/products/sextant`, `/products/rope` and five more are one route. */
function mergeSiblings(routes: readonly Gathered[]): Gathered[] {
  const byParent = new Map<string, Gathered[]>();
  for (const route of routes) {
    const key = `${route.method} ${parentOf(route.template)}`;
    byParent.set(key, [...(byParent.get(key) ?? []), route]);
  }
  return [...byParent.values()].flatMap((siblings) => {
    const [first] = siblings;
    // Methods of a gRPC service and paths at the root are different things, however many.
    const parent = first ? parentOf(first.template) : '';
    const apart = !first || siblings.length <= maxSiblings || parent === '' || parent.includes('.');
    return apart ? siblings : [{ ...merge(siblings), template: `${parent}/*` }];
  });
}

const parentOf = (template: string) => template.slice(0, Math.max(0, template.lastIndexOf('/')));

function merge(routes: readonly Gathered[]): Gathered {
  const [first] = routes as [Gathered];
  return {
    ...first,
    durations: routes.flatMap(({ durations }) => durations),
    failed: routes.reduce((sum, { failed }) => sum + failed, 0),
    retried: routes.reduce((sum, { retried }) => sum + retried, 0),
    latest:
      routes
        .map(({ latest }) => latest)
        .sort()
        .at(-1) ?? '',
  };
}

function summarize(routes: readonly Gathered[]): RouteGroup {
  const { source, destination, method, template, durations, failed, retried, latest } = merge(routes);
  const sorted = Float64Array.from(durations).sort();
  const rank = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return {
    key: `${source}→${destination} ${method} ${template}`,
    route: { method, template },
    ...{ source, destination, failed, retried, latest },
    count: durations.length,
    p50: rank(0.5),
    p95: rank(0.95),
    slowest: sorted.at(-1) ?? 0,
  };
}
