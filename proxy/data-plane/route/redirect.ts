import type { ExchangeState, LocalReply } from '../exchange.ts';
import type { RedirectAction } from '../snapshot.ts';
import { portStart } from './authority.ts';
import { redirectPathRewrite } from './rewrite.ts';

type RedirectInput = Pick<ExchangeState, 'scheme' | 'authority' | 'path' | 'port' | 'downstream'>;

/** A redirect as Envoy answers it: the status, a Location, no body. https://github.com/envoyproxy/envoy source/common/http/utility.cc newUri */
export function redirectReply(action: RedirectAction, exchange: RedirectInput): LocalReply {
  return {
    status: action.status,
    body: '',
    flag: '',
    details: 'direct_response',
    headers: [['location', composeLocation(action, exchange)]],
  };
}

/** tls.httpsRedirect of a gateway server: 301 to the same host and path under https. */
export function httpsRedirectReply(exchange: Pick<ExchangeState, 'authority' | 'path'>): LocalReply {
  return {
    status: 301,
    body: '',
    flag: '',
    details: 'direct_response',
    headers: [['location', `https://${exchange.authority}${exchange.path}`]],
  };
}

function composeLocation(action: RedirectAction, exchange: RedirectInput): string {
  const scheme = action.scheme ?? exchange.scheme;
  const port = redirectPort(action, exchange);
  const host = action.authority ?? requestHost(exchange, scheme, port);
  return `${scheme}://${host}${port}${redirectPath(action, exchange.path)}`;
}

/**
 * `:8080`, or '' when it goes without saying: no port asked for, or the scheme's own. Istio elides 80 and 443 when it translates, by the
 * listener's scheme where the redirect names none; what x-forwarded-proto says comes too late for that.
 */
function redirectPort(action: RedirectAction, exchange: RedirectInput): string {
  const number = action.port === 'from-request-port' ? exchange.port : action.port;
  if (number === null || number === 'from-protocol-default' || number === 0) return '';
  const scheme = action.scheme ?? (exchange.downstream.connection.tls ? 'https' : 'http');
  return (scheme === 'http' && number === 80) || (scheme === 'https' && number === 443) ? '' : `:${number}`;
}

/** The request's own host. Its port goes when a new one comes, or when the scheme changes and it was the old scheme's default. */
function requestHost(exchange: RedirectInput, scheme: string, newPort: string): string {
  const start = portStart(exchange.authority);
  if (start === -1) return exchange.authority;
  const port = exchange.authority.slice(start);
  const changed = scheme !== exchange.scheme;
  const wasDefault = (exchange.scheme === 'https' && port === ':443') || (exchange.scheme === 'http' && port === ':80');
  return newPort !== '' || (changed && wasDefault) ? exchange.authority.slice(0, start) : exchange.authority;
}

/** A new full path keeps the request's query unless it brings one of its own. */
function redirectPath(action: RedirectAction, path: string): string {
  if (action.path?.kind === 'full') {
    // A path without its slash would run into the host: Envoy puts one there.
    const value = action.path.value.startsWith('/') ? action.path.value : `/${action.path.value}`;
    if (value.includes('?')) return value;
    const query = path.indexOf('?');
    return query === -1 ? value : value + path.slice(query);
  }
  return redirectPathRewrite(action.path)?.(path) ?? path;
}
