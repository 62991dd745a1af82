import { messageOf } from '../../../shared/message-of.ts';
import type { ExchangeState } from '../../exchange.ts';
import type { ExtAuthzProvider } from '../../snapshot.ts';
import type { HttpFetch, HttpFetchResponse } from '../http-fetch.ts';
import {
  type AskAuthorizer,
  type CheckBody,
  type HeaderChange,
  partialBodyHeader,
  unreachable,
  type Verdict,
} from './verdict.ts';

/*
 * The HTTP form of a check: the request itself, with the headers the provider lists, is sent to the service; 200 lets it pass.
 * https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-ExtensionProvider-EnvoyExternalAuthorizationHttpProvider
 */

export function askByHttp(fetch: HttpFetch): AskAuthorizer {
  return async (exchange, to, body) => {
    let response: HttpFetchResponse;
    try {
      response = await fetch({
        url: to.url.replace(/\/+$/, '') + to.pathPrefix + exchange.path,
        method: exchange.method,
        headers: checkHeaders(exchange, to, body),
        timeoutMs: to.timeoutMs,
        ...(body === null || body.bytes.length === 0 ? {} : { body: body.bytes }),
      });
    } catch (error) {
      return unreachable(messageOf(error));
    }
    if (response.status >= 500) return unreachable(`it answered ${response.status}`);
    const said = `answered ${response.status}`;
    return response.status === 200 ? allowance(response, to, said) : denial(response, to, said);
  };
}

/** Host, Authorization and what includeRequestHeadersInCheck lists. */
function checkHeaders(exchange: ExchangeState, provider: ExtAuthzProvider, body: CheckBody | null): [string, string][] {
  const pairs: [string, string][] = [['host', exchange.authority]];
  // Repeated headers are one, joined without a blank, as Envoy's check has them.
  const values = new Map<string, string>();
  for (const [name, value] of exchange.headers.toPairs()) {
    if (name === partialBodyHeader || name === 'content-length') continue;
    if (name !== 'authorization' && !listed(name, provider.includeRequestHeadersInCheck)) continue;
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  pairs.push(...values);
  if (body !== null) pairs.push([partialBodyHeader, String(body.partial)]);
  if (body !== null && body.bytes.length > 0) pairs.push(['content-length', String(body.bytes.length)]);
  else if (exchange.method !== 'GET' && exchange.method !== 'HEAD') pairs.push(['content-length', '0']);
  const added = provider.additionalHeadersInCheck ?? [];
  if (added.length === 0) return pairs;
  const names = new Set(added.map(([name]) => name.toLowerCase()));
  return [...pairs.filter(([name]) => !names.has(name)), ...added];
}

/** Of an allowing answer: names of request headers to take off; never passed on. */
const removeHeader = 'x-envoy-auth-headers-to-remove';

function allowance(response: HttpFetchResponse, to: ExtAuthzProvider, said: string): Verdict {
  const change = (action: HeaderChange['action'], patterns: string[]): HeaderChange[] =>
    response.headers.filter(([name]) => listed(name, patterns)).map(([name, value]) => ({ name, value, action }));
  const removed = response.headers.filter(([name]) => name === removeHeader).flatMap(([, value]) => value.split(','));
  return {
    kind: 'allowed',
    said,
    request: change('overwrite', to.headersToUpstreamOnAllow),
    removeFromRequest: removed.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''),
    response: change('add', to.headersToDownstreamOnAllow ?? []),
    setQuery: [],
    removeQuery: [],
  };
}

const notPassedOn = new Set([
  removeHeader,
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'date',
  'server',
  'upgrade',
]);

/** Of a refusal these go down whatever headersToDownstreamOnDeny lists (Envoy: ClientConfig::toClientMatchers). */
const alwaysOnDeny = ['www-authenticate', 'location'];

/** The authorizer's own answer. Without headersToDownstreamOnDeny every header of it goes to the client. */
function denial(response: HttpFetchResponse, provider: ExtAuthzProvider, said: string): Verdict {
  const everything = provider.headersToDownstreamOnDeny.length === 0;
  const wanted = [...provider.headersToDownstreamOnDeny, ...alwaysOnDeny];
  const headers = response.headers
    .filter(([name]) => !notPassedOn.has(name) && (everything || listed(name, wanted)))
    .map(([name, value]) => ({ name, value, action: 'add' as const }));
  return { kind: 'denied', said, status: response.status, body: response.body, headers };
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
