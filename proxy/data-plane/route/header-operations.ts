import { toWireText } from '../../shared/wire-text.ts';
import type { ResponseHead } from '../exchange.ts';
import { addHeader, type HeaderMap } from '../header-map.ts';
import type { HeaderOperations, Route, WeightedCluster } from '../snapshot.ts';
import { type ExpandInput, expandCommands } from './expand-commands.ts';

/** How many tries this is, which the router stamps. */
export const attemptCount = 'x-envoy-attempt-count';

/** One evaluation of Envoy's HeaderParser: all removals, then all overwrites, then all additions. */
export interface HeaderEdit {
  remove: string[];
  set: HeaderValue[];
  add: HeaderValue[];
}
export interface HeaderValue {
  name: string;
  value: string;
  /** The value has `%…%` commands to fill in per request. */
  formatted: boolean;
}

/** Edits in the order they run, and the Host that results. */
export interface HeaderPlan {
  edits: HeaderEdit[];
  authority: string | null;
  /** The Host a weighted destination sets, after its own edits (so many) and before the route's: nobody is told the one before it. */
  destination: { edits: number; host: string } | null;
  /** The edits touch x-envoy-attempt-count, which Envoy has written before them. */
  countsFirst: boolean;
}

/**
 * Who wins when route and destination touch the same header. One destination: Istio appends its operations to the route's, one evaluation,
 * the destination wins. Several: Envoy evaluates the chosen destination's first and the route's on top, the route wins.
 * (istio pilot/pkg/networking/core/route/route.go processDestination, envoy WeightedClusterEntry::finalizeRequestHeaders.)
 */
function planEdits(route: HeaderOperations | null, destination: HeaderOperations | null, weighted: boolean): HeaderEdit[] {
  if (weighted) return [destination, route].filter((operations) => operations !== null).map((operations) => toEdit([operations]));
  const levels = [route, destination].filter((operations) => operations !== null);
  return levels.length === 0 ? [] : [toEdit(levels)];
}

/** Host: `rewrite.authority` wins over a destination's `headers.request.set.host`. */
export function planRequestHeaders(route: Route, cluster: WeightedCluster | null, weighted: boolean): HeaderPlan {
  const rewritten = route.action.type === 'forward' ? (route.action.rewrite?.authority ?? null) : null;
  const own = cluster?.hostRewrite ? toWireText(cluster.hostRewrite) : null;
  const authority = rewritten === null ? null : toWireText(rewritten);
  const edits = planEdits(route.requestHeaders, cluster?.requestHeaders ?? null, weighted);
  return {
    edits,
    authority: weighted ? authority : (authority ?? own),
    destination: weighted && own !== null ? { edits: cluster?.requestHeaders ? 1 : 0, host: own } : null,
    countsFirst: edits.some(({ remove, set, add }) =>
      [...remove, ...[...set, ...add].map(({ name }) => name)].includes(attemptCount),
    ),
  };
}

export function planResponseHeaders(route: Route, cluster: WeightedCluster | null, weighted: boolean): HeaderEdit[] {
  return planEdits(route.responseHeaders, cluster?.responseHeaders ?? null, weighted);
}

function toEdit(levels: HeaderOperations[]): HeaderEdit {
  const values = (pairs: [string, string][]) =>
    pairs.filter(([name]) => !name.startsWith(':') && name !== 'host').map(([name, value]) => toValue(name, value));
  return {
    remove: levels.flatMap((level) => level.remove).filter((name) => !name.startsWith(':') && name !== 'host'),
    set: levels.flatMap((level) => values(level.set)),
    add: levels.flatMap((level) => values(level.add)),
  };
}

function toValue(name: string, value: string): HeaderValue {
  return { name, value: toWireText(value), formatted: value.includes('%') };
}

/** Values are all computed from the headers as they were before this edit's overwrites; an empty value changes nothing (keep_empty_value off). */
export function applyEdit(edit: HeaderEdit, headers: HeaderMap, exchange: ExpandInput, response?: ResponseHead): void {
  for (const name of edit.remove) headers.remove(name);
  const set = edit.set.map((value) => computeValue(value, exchange, response));
  const add = edit.add.map((value) => computeValue(value, exchange, response));
  edit.set.forEach(({ name }, index) => {
    if (set[index] !== '') headers.set(name, set[index]!);
  });
  edit.add.forEach(({ name }, index) => {
    if (add[index] !== '') addHeader(headers, name, add[index]!, response === undefined ? 'request' : 'response');
  });
}

function computeValue(value: HeaderValue, exchange: ExpandInput, response: ResponseHead | undefined): string {
  return value.formatted ? expandCommands(value.value, exchange, response) : value.value;
}
