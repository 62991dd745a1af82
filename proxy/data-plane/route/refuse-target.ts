import type { LocalReply } from '../exchange.ts';
import type { HeaderMap } from '../header-map.ts';

/** Requests Envoy's connection manager refuses before it looks for a route. */
export function refuseTarget(request: {
  method: string;
  path: string;
  headers: HeaderMap;
  pathIsValid: boolean;
}): LocalReply | undefined {
  const { method, path, headers } = request;
  if (method === 'QUERY' && !headers.has('content-type')) return refusal(400, 'query_missing_content_type');
  if (!path.startsWith('/')) return refusal(404, 'absolute_path_rejected');
  return request.pathIsValid ? undefined : refusal(400, 'path_normalization_failed');
}

function refusal(status: number, details: string): LocalReply {
  return { status, body: '', flag: '', details };
}
