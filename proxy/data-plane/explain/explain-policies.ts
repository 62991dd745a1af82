import type { Explanation } from '../../api/explain.schema.ts';
import type { RoutableExchange } from '../route/route-request.ts';
import { brokenCustom, brokenCustomReason } from '../route-filters/custom-providers.ts';
import { type AuthorizationInput, ruleMatch } from '../route-filters/rbac/compile-rule.ts';
import { authorize, firstMatch, prepareAction, prepareAuthorization } from '../route-filters/rbac/filter.ts';
import type {
  AuthorizationPolicySnapshot,
  AuthorizationSnapshot,
  GatewayListener,
  InboundListener,
  InboundPort,
  MeshSnapshot,
  ProxySnapshot,
} from '../snapshot.ts';

/** mTLS mode and authorization at every callee a request may reach, judged with the caller's identity; each object once. */
export function explainInboundPolicies(
  snapshot: MeshSnapshot,
  caller: ProxySnapshot,
  exchange: RoutableExchange,
  clusters: Explanation['clusters'],
): Explanation['policies'] {
  const found = new Map<string, Explanation['policies'][number]>();
  const keep = (policy: Explanation['policies'][number]) => {
    const { kind, namespace, name, path } = policy.resource;
    const key = `${kind}/${namespace}/${name}/${path ?? ''}/${policy.outcome}`;
    if (!found.has(key)) found.set(key, policy);
  };
  for (const policy of explainOwnPolicies(caller, exchange)) keep(policy);
  const view = snapshot.views[caller.view];
  for (const { cluster, endpoints } of clusters) {
    const target = view?.clusters[cluster];
    if (target === undefined) continue;
    for (const { workload } of endpoints) {
      const port = findInboundPort(snapshot, workload, target.port);
      if (port === undefined) continue;
      const mtls = target.tls.mode === 'mutual' && port.mtls !== 'DISABLE';
      for (const policy of explainPort(port, caller, exchange, mtls)) keep(policy);
    }
  }
  return [...found.values()];
}

/** A gateway judges requests itself before it routes them; callers from outside have no identity. */
function explainOwnPolicies(caller: ProxySnapshot, exchange: RoutableExchange): Explanation['policies'] {
  const listener = caller.listeners.find((candidate): candidate is GatewayListener => candidate.role === 'gateway');
  if (listener === undefined) return [];
  const jwt = (listener.jwt ?? []).map(({ resource }) => ({ resource, outcome: 'not-matched' as const, reason: jwtReason }));
  return listener.authorization === undefined
    ? jwt
    : [...jwt, ...explainAuthorization(listener.authorization, exchange, '', exchange.port)];
}

const jwtReason = 'a request without a token passes; a bad token is refused';

function explainAuthorization(
  authorization: AuthorizationSnapshot,
  exchange: RoutableExchange,
  peerSpiffeId: string,
  port: number,
): Explanation['policies'] {
  const connection = { peerSpiffeId, remoteAddress: '127.0.0.1:0', localAddress: '127.0.0.1:0', sni: '' };
  const input = { connection, port, http: exchange, jwt: exchange.jwt };
  const asked = authorization.custom.map((policy) => explainCustom(policy, authorization, input));
  return [...asked, ...authorize(prepareAuthorization(authorization, false), input, true).outcomes];
}

/** Whether the authorizer would be asked; what it says only it knows. */
function explainCustom(
  policy: AuthorizationPolicySnapshot,
  authorization: AuthorizationSnapshot,
  input: AuthorizationInput,
): Explanation['policies'][number] {
  const matched = firstMatch(prepareAction([policy], false), input);
  if (matched === undefined) {
    return { resource: policy.resource, outcome: 'not-matched', reason: `${policy.provider} is not asked: no rule matches` };
  }
  const { resource } = matched;
  if (policy.dryRun) return { resource, outcome: 'not-matched', reason: `dry-run: ${policy.provider} is not asked` };
  if (brokenCustom(authorization).includes(policy))
    return { resource, outcome: 'denied', reason: brokenCustomReason(authorization) };
  return {
    resource,
    outcome: 'not-matched',
    reason: `${policy.provider} is asked, and decides: ${ruleMatch(matched.rule, input)}`,
  };
}

function findInboundPort(snapshot: MeshSnapshot, workload: string, servicePort: number): InboundPort | undefined {
  const proxy = snapshot.proxies.find(({ id }) => id === workload);
  const listener = proxy?.listeners.find((candidate): candidate is InboundListener => candidate.role === 'inbound');
  return listener?.ports.find(({ port }) => port === servicePort);
}

function explainPort(
  port: InboundPort,
  caller: ProxySnapshot,
  exchange: RoutableExchange,
  mtls: boolean,
): Explanation['policies'] {
  const policies: Explanation['policies'] = [];
  if (port.mtlsFrom !== null) {
    const refused = port.mtls === 'STRICT' && !mtls;
    const reason = refused
      ? 'mTLS is STRICT and the caller sends plaintext'
      : `mTLS mode is ${port.mtls}; this call uses ${mtls ? 'mTLS' : 'plaintext'}`;
    policies.push({ resource: port.mtlsFrom, outcome: refused ? 'denied' : 'allowed', reason });
  }
  for (const { resource } of port.jwt) {
    policies.push({ resource, outcome: 'not-matched', reason: jwtReason });
  }
  const identity = mtls ? caller.workload.spiffeId : '';
  return [...policies, ...explainAuthorization(port.authorization, exchange, identity, port.port)];
}
