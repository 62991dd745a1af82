import type { ExchangeState, LocalReply, RouteFilter } from '../../exchange.ts';
import type { AuthorizationPolicySnapshot, AuthorizationSnapshot, ExtAuthzProvider } from '../../snapshot.ts';
import { brokenCustom, brokenCustomReason } from '../custom-providers.ts';
import type { GrpcCall } from '../grpc-call.ts';
import type { HttpFetch } from '../http-fetch.ts';
import { applyAllowance, denialReply } from './apply-verdict.ts';
import { askByGrpc } from './grpc-check.ts';
import { askByHttp } from './http-check.ts';
import type { AskAuthorizer, CheckBody, Verdict } from './verdict.ts';

/*
 * AuthorizationPolicy action CUSTOM: requests that match a rule are put to a local service first, by HTTP or gRPC, before JWT and the other
 * actions. It lets them pass, with changes, or its refusal is passed on to the client (UAEX). When it cannot be asked, failOpen decides, else
 * statusOnError (403). Policies that name an unknown provider, or several providers on one workload, refuse what they match, as Istio does.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/ext_authz_filter
 */

export interface ExtAuthzDeps {
  fetch: HttpFetch;
  grpc: GrpcCall;
  /** The rule id (`ns[..]-policy[..]-rule[n]`) of the first rule of `policies` that matches, '' when none does. */
  matchPolicies: (policies: AuthorizationPolicySnapshot[]) => (exchange: ExchangeState) => string;
}

/** Null when the port has no CUSTOM policy. */
export function createExtAuthzFilter(authorization: AuthorizationSnapshot, deps: ExtAuthzDeps): RouteFilter | null {
  const dryRun = authorization.custom.filter((policy) => policy.dryRun);
  const enforced = authorization.custom.filter((policy) => !policy.dryRun);
  if (authorization.custom.length === 0) return null;
  const provider = brokenCustom(authorization).length > 0 ? undefined : authorization.providers[enforced[0]?.provider ?? ''];
  const ask = provider?.grpc === undefined ? askByHttp(deps.fetch) : askByGrpc(deps.grpc);
  const match = deps.matchPolicies(enforced);
  const matchDryRun = deps.matchPolicies(dryRun);
  return (exchange) => {
    const shadow = matchDryRun(exchange);
    if (shadow !== '')
      note(exchange, dryRun, shadow, 'shadow-denied', 'a dry-run CUSTOM rule matches; the service was not asked');
    const rule = match(exchange);
    if (rule === '') return undefined;
    if (provider === undefined) {
      note(exchange, enforced, rule, 'denied', brokenCustomReason(authorization));
      const details = `rbac_access_denied_matched_policy[${rule}-deny-due-to-bad-CUSTOM-action]`;
      return { status: 403, body: 'RBAC: access denied', flag: '', details };
    }
    return check(exchange, provider, ask, (outcome, reason) => note(exchange, enforced, rule, outcome, reason));
  };
}

type Note = (outcome: 'allowed' | 'denied', reason: string) => void;

async function check(
  exchange: ExchangeState,
  to: ExtAuthzProvider,
  ask: AskAuthorizer,
  tell: Note,
): Promise<LocalReply | undefined> {
  const body = await readBody(exchange, to);
  if (body === 'gone') return undefined;
  if (body === 'too-large') {
    const limit = to.body?.maxBytes ?? 0;
    tell(
      'denied',
      `the body is longer than the ${limit} bytes ${to.name} may see (maxRequestBytes), and allowPartialMessage is off`,
    );
    return { status: 413, body: 'Payload Too Large', flag: '', details: 'request_payload_too_large' };
  }
  return conclude(exchange, to, await ask(exchange, to, body), tell);
}

/** Null when no body goes with the question. A WebSocket has none yet. */
async function readBody(exchange: ExchangeState, { body }: ExtAuthzProvider): Promise<CheckBody | null | 'gone' | 'too-large'> {
  const { downstream } = exchange;
  if (body === undefined || downstream.readAhead === undefined) return null;
  if (downstream.body.empty || downstream.upgrade !== '') return null;
  const read = await downstream.readAhead(body.allowPartial ? body.maxBytes : body.maxBytes + 1);
  if (read === null) return 'gone';
  const bytes = Buffer.concat(read.chunks);
  if (!body.allowPartial && bytes.length > body.maxBytes) return 'too-large';
  return { bytes: bytes.subarray(0, body.maxBytes), partial: bytes.length > body.maxBytes || !read.complete };
}

function conclude(exchange: ExchangeState, to: ExtAuthzProvider, verdict: Verdict, tell: Note): LocalReply | undefined {
  switch (verdict.kind) {
    case 'allowed':
      tell('allowed', `${to.name} ${verdict.said}`);
      applyAllowance(exchange, verdict);
      return undefined;
    case 'denied':
      tell('denied', `${to.name} ${verdict.said}`);
      return denialReply(verdict, 'ext_authz_denied');
    case 'error':
      if (to.failOpen) {
        tell('allowed', `${to.name} could not be asked (${verdict.said}) and failOpen is on`);
        return undefined;
      }
      tell('denied', `${to.name} could not be asked: ${verdict.said}`);
      return denialReply({ ...verdict, status: verdict.status || to.statusOnError }, 'ext_authz_error');
  }
}

function note(
  exchange: ExchangeState,
  policies: AuthorizationPolicySnapshot[],
  rule: string,
  outcome: 'allowed' | 'denied' | 'shadow-denied',
  reason: string,
): void {
  const policy = policies.find(({ resource }) => rule.startsWith(`ns[${resource.namespace}]-policy[${resource.name}]-`));
  if (policy === undefined) return;
  const index = /-rule\[(\d+)\]$/.exec(rule)?.[1] ?? '0';
  exchange.policies.push({ resource: { ...policy.resource, path: `spec.rules[${index}]` }, outcome, reason });
}
