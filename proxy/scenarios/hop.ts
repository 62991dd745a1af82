import type { Exchange } from '../api/exchange.schema.ts';
import type { ScenarioExpectation } from '../api/scenario.schema.ts';
import type { Answer, Conduct } from './measure.ts';

type Scope = NonNullable<ScenarioExpectation['of']>;

/** gRPC statuses that are the server's fault: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const grpcServerErrors = new Set([2, 4, 12, 13, 14, 15]);

/** One call inside the mesh that a load's request caused, as its caller's proxy reported it. */
export interface Hop {
  exchange: Exchange;
  load: number;
  number: number;
  isFirstHop: boolean;
}

export function answerOf({ durationMs, status, grpcStatus, flags }: Exchange): Answer {
  const grpcFailed = grpcStatus !== undefined && grpcServerErrors.has(grpcStatus);
  // A client that left was not failed by anybody.
  const noAnswer = status === 0 && flags !== '' && flags !== 'DC';
  return { latencyMs: durationMs, status, failed: grpcFailed || status >= 500 || noAnswer };
}

export function conductOf({ attempts, destinationVersion, flags }: Exchange): Conduct {
  return { attempts: attempts.length, version: destinationVersion, flags };
}

/** Without a filter on calls, a condition counts the load's requests themselves, timed from when they were meant to start. */
export function countsWholeRequests(scope: Scope | undefined): boolean {
  return scope === undefined || Object.keys(scope).every((key) => key === 'load');
}

/** Whether a call belongs to a scope. Without `from` and `to` only a load's own calls do, not those they cause further on. */
export function isInScope({ exchange, isFirstHop }: Hop, scope: Scope): boolean {
  if (scope.from === undefined && scope.to === undefined && !isFirstHop) return false;
  const isFrom =
    scope.from === undefined ||
    (scope.from === 'ingress' && exchange.reporter === 'gateway') ||
    isService(scope.from, exchange.source, exchange.sourceNamespace);
  return (
    isFrom &&
    (scope.to === undefined || isService(scope.to, exchange.destination, exchange.destinationNamespace)) &&
    (scope.version === undefined || exchange.destinationVersion === scope.version) &&
    (scope.method === undefined || exchange.method.toUpperCase() === scope.method.toUpperCase()) &&
    (scope.path === undefined || exchange.path.startsWith(scope.path))
  );
}

/** `reviews`, or `shop/reviews` where two namespaces have one. */
function isService(wanted: string, name: string, namespace: string): boolean {
  return wanted === name || wanted === `${namespace}/${name}`;
}
