import { addFlag, type ExchangeState } from '../exchange.ts';
import type { AuthorizationSnapshot, ExtAuthzProvider, InboundPort } from '../snapshot.ts';
import { brokenCustom } from './custom-providers.ts';
import { encodeTcpCheck } from './ext-authz/check-request.ts';
import { decodeCheckResponse } from './ext-authz/check-response.ts';
import { checkPath } from './ext-authz/grpc-check.ts';
import { unreachable } from './ext-authz/verdict.ts';
import type { GrpcCall } from './grpc-call.ts';
import { createConnectionAuthorizer, firstMatch, prepareAction } from './rbac/filter.ts';

/*
 * Who is let in to an opaque port: CUSTOM by gRPC first (Envoy's network filter ext_authz; an HTTP service is not asked about connections),
 * then AUDIT, DENY and ALLOW. We ask when the connection arrives, Envoy at its first byte.
 */

/** '' lets the connection in, otherwise the details of the refusal. */
export type AuthorizeConnection = (exchange: ExchangeState, port: InboundPort) => string | Promise<string>;

export function createConnectionGuard(grpc: GrpcCall): AuthorizeConnection {
  const prepared = new WeakMap<AuthorizationSnapshot, AuthorizeConnection>();
  return (exchange, port) => {
    let guard = prepared.get(port.authorization);
    if (guard === undefined) {
      guard = prepareGuard(port.authorization, grpc);
      prepared.set(port.authorization, guard);
    }
    return guard(exchange, port);
  };
}

function prepareGuard(authorization: AuthorizationSnapshot, grpc: GrpcCall): AuthorizeConnection {
  const authorizer = createConnectionAuthorizer(authorization);
  const judge = (exchange: ExchangeState, port: InboundPort): string => {
    if (authorizer === null) return '';
    const decision = authorizer(exchange.downstream.connection, port.port);
    exchange.policies.push(...decision.outcomes);
    return decision.allowed ? '' : decision.details;
  };
  const enforced = authorization.custom.filter((policy) => !policy.dryRun);
  const provider = authorization.providers[enforced[0]?.provider ?? ''];
  if (provider?.grpc === undefined || brokenCustom(authorization).length > 0) return judge;
  const custom = prepareAction(enforced, true);
  return async (exchange, port) => {
    const { connection } = exchange.downstream;
    const rule = firstMatch(custom, { connection, port: port.port, http: null, jwt: null });
    if (rule === undefined) return judge(exchange, port);
    const { details, reason } = await ask(exchange, provider, grpc);
    exchange.policies.push({ resource: rule.resource, outcome: details === '' ? 'allowed' : 'denied', reason });
    if (details === '') return judge(exchange, port);
    addFlag(exchange, 'UAEX');
    return details;
  };
}

async function ask(
  exchange: ExchangeState,
  { name, grpc: address, timeoutMs, failOpen }: ExtAuthzProvider,
  call: GrpcCall,
): Promise<{ details: string; reason: string }> {
  if (address === undefined) return { details: 'ext_authz_error', reason: `${name} has no gRPC address` };
  const message = encodeTcpCheck(exchange.downstream.connection, exchange.proxy.workload.spiffeId);
  const forbidden = exchange.snapshot.forbiddenUpstreams;
  const answer = await call({ ...address, path: checkPath, message, timeoutMs, forbidden });
  const verdict = answer.ok ? decodeCheckResponse(answer.message) : unreachable(answer.why);
  if (verdict.kind !== 'error') {
    return { details: verdict.kind === 'allowed' ? '' : 'ext_authz_denied', reason: `${name} ${verdict.said}` };
  }
  if (failOpen) return { details: '', reason: `${name} could not be asked (${verdict.said}) and failOpen is on` };
  return { details: 'ext_authz_error', reason: `${name} could not be asked: ${verdict.said}` };
}
