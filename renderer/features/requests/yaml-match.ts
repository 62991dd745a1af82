import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';

type Matched = Pick<ExchangeDetail, 'method' | 'path'>;

/** What a rule's match says of this request: method and path, exactly. */
export function matchOf({ method, path }: Matched): { uri: { exact: string }; method: { exact: string } } {
  return { uri: { exact: path.split('?')[0] || '/' }, method: { exact: method } };
}

/** The match of a VirtualService's rule that this request meets. */
export function toMatch(request: Matched): string {
  const { uri, method } = matchOf(request);
  return `match:
  - uri: { exact: ${JSON.stringify(uri.exact)} }
    method: { exact: ${JSON.stringify(method.exact)} }
`;
}

/** A VirtualService with a rule for requests like this one, before one for all others. */
export function toRule(request: Matched & Pick<ExchangeDetail, 'destination' | 'destinationNamespace'>, name: string): string {
  const { destination, destinationNamespace: namespace } = request;
  const match = toMatch(request).trimEnd().replaceAll('\n', '\n      ');
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  hosts: [${destination}]
  http:
    - name: like-this-request
      ${match}
      timeout: 2s
      route:
        - destination: { host: ${destination} }
    - name: others
      route:
        - destination: { host: ${destination} }
`;
}
