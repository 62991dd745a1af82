import type { ExchangeState, LocalReply } from '../exchange.ts';
import type { DirectResponseAction } from '../snapshot.ts';

/**
 * A response from the route itself. Envoy adds a Location of the request's own URL to 201 and 3xx; response header operations of the route
 * apply (they are registered when the route is selected). LocalReply bodies are text: bytes go through latin1, one char per byte, only when
 * they are not UTF-8.
 */
export function directResponseReply(
  action: DirectResponseAction,
  exchange: Pick<ExchangeState, 'scheme' | 'authority' | 'path'>,
): LocalReply {
  const reply: LocalReply = { status: action.status, body: directBody(action), flag: '', details: 'direct_response' };
  if (action.status === 201 || (action.status >= 300 && action.status < 400)) {
    reply.headers = [['location', `${exchange.scheme}://${exchange.authority}${exchange.path}`]];
  }
  return reply;
}

function directBody(action: DirectResponseAction): string {
  return action.base64 ? Buffer.from(action.body, 'base64').toString('utf8') : action.body;
}
