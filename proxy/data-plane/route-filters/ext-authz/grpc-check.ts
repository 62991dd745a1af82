import type { GrpcCall } from '../grpc-call.ts';
import { encodeHttpCheck } from './check-request.ts';
import { decodeCheckResponse } from './check-response.ts';
import { type AskAuthorizer, unreachable } from './verdict.ts';

/** Envoy's authorization service. https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/auth/v3/external_auth.proto */
export const checkPath = '/envoy.service.auth.v3.Authorization/Check';

/** The gRPC form of a check. */
export function askByGrpc(call: GrpcCall): AskAuthorizer {
  return async (exchange, to, body) => {
    if (to.grpc === undefined) return unreachable('it has no gRPC address');
    const message = encodeHttpCheck(exchange, body, to.body?.asBytes ?? false);
    const forbidden = exchange.snapshot.forbiddenUpstreams;
    const answer = await call({ ...to.grpc, path: checkPath, message, timeoutMs: to.timeoutMs, forbidden });
    return answer.ok ? decodeCheckResponse(answer.message) : unreachable(answer.why);
  };
}
