import type { ExchangeState, LocalReply, RouteFilter } from '../../exchange.ts';
import { HeaderMap } from '../../header-map.ts';
import type { AuthorizationPolicySnapshot, AuthorizationSnapshot, ExtAuthzProvider } from '../../snapshot.ts';
import { brokenCustom, brokenCustomReason } from '../custom-providers.ts';
import type { HttpFetch, HttpFetchResponse } from '../http-fetch.ts';

/*
 * AuthorizationPolicy action CUSTOM: requests that match a rule are put to a local HTTP service first, before JWT and the other actions.
 * 200 lets them pass; any other answer is passed on to the client (UAEX). When the service cannot be asked, failOpen decides, else
 * statusOnError (403). Policies that name an unknown provider, or several providers on one workload, refuse what they match, as Istio does.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider-EnvoyExternalAuthorizationHttpProvider
 */

export interface ExtAuthzDeps {
  fetch: HttpFetch;
  /** The rule id (`ns[..]-policy[..]-rule[n]`) of the first rule of `policies` that matches, '' when none does. */
  matchPolicies: (policies: AuthorizationPolicySnapshot[]) => (exchange: ExchangeState) => string;
}

/** Null when the port has no CUSTOM policy. */
export function createExtAuthzFilter(authorization: AuthorizationSnapshot, deps: ExtAuthzDeps): RouteFilter | null {
  const dryRun = authorization.custom.filter((policy) => policy.dryRun);
  const enforced = authorization.custom.filter((policy) => !policy.dryRun);
  if (authorization.custom.length === 0) return null;
  const provider = brokenCustom(authorization).length > 0 ? undefined : authorization.providers[enforced[0]?.provider ?? ''];
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
    return ask(exchange, provider, rule);
  };

  async function ask(exchange: ExchangeState, to: ExtAuthzProvider, rule: string): Promise<LocalReply | undefined> {
    let response: HttpFetchResponse;
    try {
      response = await deps.fetch({
        url: to.url.replace(/\/+$/, '') + to.pathPrefix + exchange.path,
        method: exchange.method,
        headers: checkHeaders(exchange, to),
        timeoutMs: to.timeoutMs,
      });
    } catch (error) {
      return authorizerUnreachable(exchange, to, rule, error instanceof Error ? error.message : String(error));
    }
    if (response.status >= 500) return authorizerUnreachable(exchange, to, rule, `it answered ${response.status}`);
    if (response.status !== 200) {
      note(exchange, enforced, rule, 'denied', `${to.name} answered ${response.status}`);
      return denial(response, to);
    }
    note(exchange, enforced, rule, 'allowed', `${to.name} answered 200`);
    for (const [header, value] of response.headers)
      if (listed(header, to.headersToUpstreamOnAllow)) exchange.headers.set(header, value);
    const onResponse = response.headers.filter(([header]) => listed(header, to.headersToDownstreamOnAllow ?? []));
    if (onResponse.length > 0)
      exchange.responseHeaderFilters.push(({ headers }) => {
        for (const [header, value] of onResponse) headers.add(header, value);
      });
    return undefined;
  }

  function authorizerUnreachable(
    exchange: ExchangeState,
    to: ExtAuthzProvider,
    rule: string,
    why: string,
  ): LocalReply | undefined {
    if (to.failOpen) {
      note(exchange, enforced, rule, 'allowed', `${to.name} could not be asked (${why}) and failOpen is on`);
      return undefined;
    }
    note(exchange, enforced, rule, 'denied', `${to.name} could not be asked: ${why}`);
    return { status: to.statusOnError, body: '', flag: 'UAEX', details: 'ext_authz_error' };
  }
}

/** Host, Authorization and what includeRequestHeadersInCheck lists; never a body. */
function checkHeaders(exchange: ExchangeState, provider: ExtAuthzProvider): [string, string][] {
  const pairs: [string, string][] = [['host', exchange.authority]];
  // Repeated headers are one, joined without a blank, as Envoy's check has them.
  const values = new Map<string, string>();
  for (const [name, value] of exchange.headers.toPairs()) {
    if (name !== 'authorization' && !listed(name, provider.includeRequestHeadersInCheck)) continue;
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  pairs.push(...values);
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') pairs.push(['content-length', '0']);
  const added = provider.additionalHeadersInCheck ?? [];
  if (added.length === 0) return pairs;
  const names = new Set(added.map(([name]) => name.toLowerCase()));
  return [...pairs.filter(([name]) => !names.has(name)), ...added];
}

const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'date', 'server', 'upgrade']);

/** Of a refusal these go down whatever headersToDownstreamOnDeny lists (Envoy: ClientConfig::toClientMatchers). */
const alwaysOnDeny = ['www-authenticate', 'location'];

/** The authorizer's own answer. Without headersToDownstreamOnDeny every header of it goes to the client. */
function denial(response: HttpFetchResponse, provider: ExtAuthzProvider): LocalReply {
  const everything = provider.headersToDownstreamOnDeny.length === 0;
  const wanted = [...provider.headersToDownstreamOnDeny, ...alwaysOnDeny];
  const headers = HeaderMap.from(
    response.headers.filter(([name]) => !hopByHop.has(name) && (everything || listed(name, wanted))),
  );
  return { status: response.status, body: response.body, flag: 'UAEX', details: 'ext_authz_denied', headers: headers.toPairs() };
}

/** Names as Istio lists them: exact, `x-*`, `*-id`, `*`. */
function listed(name: string, patterns: string[]): boolean {
  return patterns.some((raw) => {
    const pattern = raw.toLowerCase();
    if (pattern === '*') return true;
    if (pattern.startsWith('*')) return name.endsWith(pattern.slice(1));
    return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
  });
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
