import type { ExchangeState, ResponseHead } from '../exchange.ts';

export type ExpandInput = Pick<ExchangeState, 'headers' | 'method' | 'authority' | 'path' | 'scheme' | 'route' | 'downstream'> &
  Partial<Pick<ExchangeState, 'flags' | 'details' | 'endpoint' | 'cluster' | 'originalPath' | 'startedWallMs' | 'attempts'>>;

/** What is known where a header is written; the response on its way back only. */
interface Scene {
  exchange: ExpandInput;
  response: ResponseHead | undefined;
}

/** By command; each gets what stands in its parentheses. What is not known is '', flags that are not there are `-`, as in Envoy. */
const commands: Readonly<Record<string, (argument: string, scene: Scene) => string>> = {
  REQ: (argument, { exchange }) => readRequestHeader(argument, exchange),
  RESP: (argument, { response }) => readResponseHeader(argument, response),
  // Envoy 1.40 edits the headers of its own replies before it notes their status.
  RESPONSE_CODE: (_, { exchange, response }) => (exchange.details === 'via_upstream' ? String(response?.status ?? 0) : '0'),
  RESPONSE_CODE_DETAILS: (_, { exchange }) => exchange.details ?? '',
  RESPONSE_FLAGS: (_, { exchange }) => exchange.flags?.join(',') || '-',
  RESPONSE_FLAGS_LONG: (_, { exchange }) => exchange.flags?.map((flag) => longFlags[flag] ?? flag).join(',') || '-',
  BYTES_RECEIVED: (_, { exchange }) => String(exchange.downstream.bytesReceived),
  // Headers come before the body.
  BYTES_SENT: () => '0',
  UPSTREAM_HOST: (_, { exchange }) => exchange.endpoint ?? '',
  UPSTREAM_REMOTE_ADDRESS: (_, { exchange }) => exchange.endpoint ?? '',
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (_, { exchange }) => withoutPort(exchange.endpoint ?? ''),
  UPSTREAM_REMOTE_PORT: (_, { exchange }) => portOf(exchange.endpoint ?? ''),
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: (_, { exchange }) => (exchange.endpoint ? '127.0.0.1' : ''),
  UPSTREAM_CLUSTER: (_, { exchange }) => exchange.cluster?.name ?? '',
  UPSTREAM_CLUSTER_RAW: (_, { exchange }) => exchange.cluster?.name ?? '',
  UPSTREAM_PROTOCOL: (_, { exchange }) => upstreamProtocol(exchange),
  // Request headers are written once, for the first try.
  UPSTREAM_REQUEST_ATTEMPT_COUNT: (_, { exchange, response }) => String(response ? (exchange.attempts?.length ?? 0) : 1),
  PROTOCOL: (_, { exchange }) => exchange.downstream.protocol,
  ROUTE_NAME: (_, { exchange }) => exchange.route?.name ?? '',
  START_TIME: (format, { exchange }) => formatTime(exchange.startedWallMs ?? 0, format),
  PATH: (argument, { exchange }) => readPath(argument, exchange),
  QUERY_PARAM: (name, { exchange }) => readQuery(name, exchange.path),
  DOWNSTREAM_REMOTE_ADDRESS: (_, { exchange }) => exchange.downstream.connection.remoteAddress,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: (_, { exchange }) => withoutPort(exchange.downstream.connection.remoteAddress),
  DOWNSTREAM_REMOTE_PORT: (_, { exchange }) => portOf(exchange.downstream.connection.remoteAddress),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: (_, { exchange }) => exchange.downstream.connection.remoteAddress,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: (_, { exchange }) => withoutPort(exchange.downstream.connection.remoteAddress),
  DOWNSTREAM_LOCAL_ADDRESS: (_, { exchange }) => exchange.downstream.connection.localAddress,
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: (_, { exchange }) => withoutPort(exchange.downstream.connection.localAddress),
  DOWNSTREAM_LOCAL_PORT: (_, { exchange }) => portOf(exchange.downstream.connection.localAddress),
  DOWNSTREAM_PEER_SUBJECT: (_, { exchange }) => exchange.downstream.connection.peerCertificate?.subject ?? '',
  DOWNSTREAM_PEER_URI_SAN: (_, { exchange }) => exchange.downstream.connection.peerSpiffeId,
  DOWNSTREAM_PEER_DNS_SAN: (_, { exchange }) => exchange.downstream.connection.peerCertificate?.dns.join(',') ?? '',
  DOWNSTREAM_PEER_FINGERPRINT_256: (_, { exchange }) => exchange.downstream.connection.peerCertificate?.sha256Hex ?? '',
  // Between sidecars it is always 1.3; what a gateway's client agreed on is not kept.
  DOWNSTREAM_TLS_VERSION: (_, { exchange }) => {
    const { tls, mtls } = exchange.downstream.connection;
    return mtls ? 'TLSv1.3' : tls ? '-' : '';
  },
  REQUESTED_SERVER_NAME: (_, { exchange }) => exchange.downstream.connection.sni,
  ACCESS_LOG_TYPE: () => 'NotSet',
  ENVIRONMENT: () => '-',
};

/** Envoy knows them; here, or where headers are written, nothing ever sets them. */
const empty: ReadonlySet<string> = new Set([
  ...['TRAILER', 'UPSTREAM_TRANSPORT_FAILURE_REASON', 'DOWNSTREAM_TRANSPORT_FAILURE_REASON', 'CONNECTION_TERMINATION_DETAILS'],
  ...[
    'VIRTUAL_CLUSTER_NAME',
    'DYNAMIC_METADATA',
    'CLUSTER_METADATA',
    'UPSTREAM_METADATA',
    'FILTER_STATE',
    'UPSTREAM_FILTER_STATE',
  ],
  ...[
    'PER_REQUEST_STATE',
    'RESPONSE_TX_DURATION',
    'DOWNSTREAM_TLS_SESSION_ID',
    'DOWNSTREAM_TLS_CIPHER',
    'DOWNSTREAM_LOCAL_SUBJECT',
  ],
  ...[
    'DOWNSTREAM_LOCAL_URI_SAN',
    'DOWNSTREAM_PEER_CERT',
    'DOWNSTREAM_PEER_ISSUER',
    'DOWNSTREAM_PEER_SERIAL',
    'UPSTREAM_PEER_SUBJECT',
  ],
  ...['UPSTREAM_TLS_VERSION'],
]);

const pattern = /%%|%([A-Z_0-9]+)(?:\(([^)]*)\))?(?::(\d+))?%/g;

/**
 * Fills in Envoy's command operators, cut to a length where one is given (`%REQ(x):3%`); `%%` is a percent sign. Commands that are not in
 * the tables above stay as written. https://www.envoyproxy.io/docs/envoy/latest/configuration/advanced/substitution_formatter
 */
export function expandCommands(template: string, exchange: ExpandInput, response?: ResponseHead): string {
  const scene: Scene = { exchange, response };
  return template.replace(pattern, (whole, command?: string, argument?: string, length?: string) => {
    if (whole === '%%') return '%';
    if (command !== undefined && empty.has(command)) return '';
    if (command === undefined || !Object.hasOwn(commands, command)) return whole;
    const value = commands[command]!(argument ?? '', scene);
    return length === undefined ? value : value.slice(0, Number(length));
  });
}

/** `name?other`: the first that is there and not empty. */
function readRequestHeader(argument: string, exchange: ExpandInput): string {
  for (const name of argument.split('?')) {
    const lower = name.trim().toLowerCase();
    const pseudo: Record<string, string> = {
      ':method': exchange.method,
      ':authority': exchange.authority,
      host: exchange.authority,
      ':path': exchange.path,
      ':scheme': exchange.scheme,
    };
    const value = Object.hasOwn(pseudo, lower) ? pseudo[lower] : exchange.headers.get(lower);
    if (value !== undefined && value !== '') return value;
  }
  return '';
}

function readResponseHeader(argument: string, response: ResponseHead | undefined): string {
  if (response === undefined) return '';
  for (const name of argument.split('?')) {
    const lower = name.trim().toLowerCase();
    const value = lower === ':status' ? String(response.status) : response.headers.get(lower);
    if (value !== undefined && value !== '') return value;
  }
  return '';
}

/** `WQ` with the query, `NQ` without; `:ORIG` is what a rewrite left in x-envoy-original-path. */
function readPath(argument: string, exchange: ExpandInput): string {
  const [query = '', which = ''] = argument.split(':');
  const original = exchange.headers.get('x-envoy-original-path') ?? '';
  const path = which === 'ORIG' ? original : which === 'PATH' ? exchange.path : original || exchange.path;
  return query === 'NQ' ? path.replace(/\?.*$/s, '') : path;
}

/** As it stands in the path, not decoded; the first of several. */
function readQuery(name: string, path: string): string {
  const start = path.indexOf('?');
  for (const pair of start < 0 ? [] : path.slice(start + 1).split('&')) {
    const equals = pair.indexOf('=');
    if (equals >= 0 && pair.slice(0, equals) === name) return pair.slice(equals + 1);
  }
  return '';
}

/** ISO 8601 with milliseconds without a format, else strftime's with `%3f`, `%6f`, `%9f` for parts of a second. UTC. */
function formatTime(epochMs: number, format: string): string {
  const iso = new Date(epochMs).toISOString();
  if (format === '') return iso;
  const fraction = `${iso.slice(20, 23)}000000`;
  const fields: Record<string, string> = {
    Y: iso.slice(0, 4),
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    H: iso.slice(11, 13),
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    F: iso.slice(0, 10),
    T: iso.slice(11, 19),
    s: String(Math.floor(epochMs / 1000)),
    f: fraction,
  };
  return format.replace(/%(?:([1-9])f|([YmdHMSFTsf]))/g, (_, digits?: string, field?: string) =>
    digits === undefined ? fields[field!]! : fraction.slice(0, Number(digits)),
  );
}

function portOf(address: string): string {
  return /:(\d+)$/.exec(address)?.[1] ?? '';
}

/** Known once a host was reached. */
function upstreamProtocol({ cluster, endpoint, downstream }: ExpandInput): string {
  if (!endpoint || !cluster) return '';
  if (cluster.useClientProtocol) return downstream.protocol === 'HTTP/2' ? 'HTTP/2' : 'HTTP/1.1';
  return cluster.http2 ? 'HTTP/2' : 'HTTP/1.1';
}

function withoutPort(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}

const longFlags: Readonly<Record<string, string>> = {
  UH: 'NoHealthyUpstream',
  UF: 'UpstreamConnectionFailure',
  UO: 'UpstreamOverflow',
  NR: 'NoRouteFound',
  NC: 'NoClusterFound',
  URX: 'UpstreamRetryLimitExceeded',
  UT: 'UpstreamRequestTimeout',
  UR: 'UpstreamRemoteReset',
  UC: 'UpstreamConnectionTermination',
  LR: 'LocalReset',
  UPE: 'UpstreamProtocolError',
  DC: 'DownstreamConnectionTermination',
  DPE: 'DownstreamProtocolError',
  DI: 'DelayInjected',
  FI: 'FaultInjected',
  RL: 'RateLimited',
  UAEX: 'UnauthorizedExternalService',
  DT: 'DurationTimeout',
};
