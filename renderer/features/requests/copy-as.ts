import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { quoteForShell } from '../../../proxy/api/shell-quote.ts';
import type { Status } from '../../../proxy/api/status.schema.ts';
import { writtenAnew } from './curl.ts';

type Reach = Pick<Status, 'ingress' | 'workloads'> | null;

interface Way {
  url: string;
  /** The proxy of the caller's sidecar, or ''. */
  proxy: string;
  /** Host header where the URL does not carry it, or ''. */
  host: string;
}

/** The same way into the mesh as toCurl takes. */
function wayOf(exchange: ExchangeDetail, status: Reach): Way {
  if (exchange.reporter === 'gateway' && status)
    return { url: `${status.ingress.replace(/\/$/, '')}${exchange.path}`, proxy: '', host: exchange.authority };
  const caller = status?.workloads.find(({ id }) => id === exchange.sourceWorkload);
  return { url: `http://${exchange.authority}${exchange.path}`, proxy: caller?.outbound ?? '', host: '' };
}

/** Headers worth repeating; what was redacted is left to be filled in. */
function headersOf({ request, redacted }: ExchangeDetail): [string, string][] {
  return request.headers
    .filter(([name]) => !writtenAnew.test(name))
    .map(([name, value]) => [name, redacted.includes(`request.headers.${name.toLowerCase()}`) ? '<redacted>' : value]);
}

const textBody = ({ request: { body } }: ExchangeDetail): string => (body && body.encoding === 'utf8' ? body.content : '');

/** For Node: fetch through the caller's sidecar needs undici's ProxyAgent, which the copy says. */
export function toFetch(exchange: ExchangeDetail, status: Reach): string {
  const { url, proxy, host } = wayOf(exchange, status);
  const headers = Object.fromEntries([...(host ? [['host', host] as const] : []), ...headersOf(exchange)]);
  const body = textBody(exchange);
  const options = {
    method: exchange.method,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(body !== '' ? { body } : {}),
  };
  const note = proxy ? `// run with HTTP_PROXY=${proxy} NODE_USE_ENV_PROXY=1, as ${exchange.source} does\n` : '';
  return `${note}await fetch(${JSON.stringify(url)}, ${JSON.stringify(options, null, 2)});`;
}

export function toHttpie(exchange: ExchangeDetail, status: Reach): string {
  const { url, proxy, host } = wayOf(exchange, status);
  const body = textBody(exchange);
  const parts = ['http'];
  if (proxy) parts.push(`--proxy=http:${quoteForShell(proxy)}`);
  if (body !== '') parts.push(`--raw=${quoteForShell(body)}`);
  parts.push(exchange.method, quoteForShell(url));
  if (host) parts.push(quoteForShell(`Host:${host}`));
  for (const [name, value] of headersOf(exchange)) parts.push(quoteForShell(`${name}:${value}`));
  return parts.join(' ');
}

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
