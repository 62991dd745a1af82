import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';

/** The match of a VirtualService's rule that this request meets: method and path, exactly. */
export function toMatch(exchange: Pick<ExchangeDetail, 'method' | 'path'>): string {
  const path = exchange.path.split('?')[0] ?? '/';
  return `match:
  - uri: { exact: ${JSON.stringify(path)} }
    method: { exact: ${JSON.stringify(exchange.method)} }
`;
}

/** A VirtualService with a rule for requests like this one, before one for all others. */
export function toRule(exchange: Pick<ExchangeDetail, 'method' | 'path' | 'destination' | 'destinationNamespace'>): string {
  const { destination, destinationNamespace: namespace } = exchange;
  const match = toMatch(exchange).trimEnd().replaceAll('\n', '\n      ');
  return `# Of two VirtualServices for one host the older counts: if ${destination} has one, put the first rule into it instead.
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ${destination}
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
