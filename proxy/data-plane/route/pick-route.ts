import type { VirtualHost } from '../snapshot.ts';
import { firstFailure, type MatchInput } from './match-request.ts';
import type { PreparedRoute, PreparedVirtualHost } from './prepare-view.ts';

/** Collects what routing looked at, in order. Requests run without one. */
export interface RouteTrace {
  virtualHost: VirtualHost | null;
  rules: { route: PreparedRoute; matched: boolean; reason: string }[];
}

/** Top-down, first match wins, never the longest. Null: the virtual host has no route for this request. */
export function pickRoute(host: PreparedVirtualHost, input: MatchInput, trace?: RouteTrace): PreparedRoute | null {
  for (const route of host.routes) {
    const failure = firstFailure(route.conditions, input);
    if (failure === null) {
      trace?.rules.push({ route, matched: true, reason: '' });
      return route;
    }
    trace?.rules.push({ route, matched: false, reason: failure.explain(input) });
  }
  return null;
}
