import type { Document, Group } from '../case.ts';
import { toHost } from '../documents.ts';

/* What random requests found (bench/oracle.ts --random … --flavour wire, headers): bytes no client library sends, headers nobody sets. */

const raw = (line: string, ...fields: string[]): string =>
  `${line} HTTP/1.1\r\nhost: $HOST\r\n$ID${fields.map((f) => `${f}\r\n`).join('')}\r\n`;
const route = (path: string, headers: Document, more: Document = {}): Document => ({
  match: [{ uri: { prefix: path } }],
  headers,
  route: [toHost()],
  ...more,
});
/** UTF-8 bytes as an HTTP/1 client reads them: one character each. */
const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export const wireGroups: readonly Group[] = [
  {
    id: 'wire-hop-by-hop',
    source: 'Envoy: mutateResponseHeaders',
    cases: [
      {
        name: 'what a response’s connection nominates passes, and its te',
        app: 'header=connection:x-up,header=x-up:1,header=te:x,header=keep-alive:5,header=proxy-connection:x,header=upgrade:y',
        expect: { status: 200, headers: { 'x-up': '1', te: 'x', 'proxy-connection': null, upgrade: null } },
      },
      {
        name: 'what a request’s nominates does not',
        raw: raw('GET /', 'connection: x-a', 'x-a: 1', 'x-b: 2'),
        expect: { status: 200, seen: { headers: { 'x-a': null, 'x-b': '2' } } },
      },
    ],
  },
  {
    id: 'wire-methods',
    source: 'Envoy: HTTP/1 codec, connection manager',
    cases: [
      {
        name: 'QUERY without content-type',
        raw: raw('QUERY /'),
        expect: { status: 400, body: '', details: 'query_missing_content_type', attempts: 0 },
      },
      {
        name: 'QUERY with one',
        raw: raw('QUERY /', 'content-type: text/plain'),
        expect: { status: 200, seen: { method: 'QUERY' } },
      },
      {
        name: 'M-SEARCH is unknown',
        raw: raw('M-SEARCH /'),
        expect: { status: 400, attempts: 0 },
        differs: 'Envoy’s has no body',
      },
      { name: 'PROPFIND is not', raw: raw('PROPFIND /'), expect: { status: 200, seen: { method: 'PROPFIND' } } },
    ],
  },
  {
    id: 'wire-head',
    source: 'Envoy: host matching, scheme, 100-continue',
    cases: [
      {
        name: 'a Host with a colon and no port',
        raw: 'GET / HTTP/1.1\r\nhost: $HOST:\r\n$ID\r\n',
        expect: { status: 200, seen: { authority: 'wire-head.case:' } },
      },
      {
        name: 'OPTIONS *',
        raw: raw('OPTIONS *'),
        expect: { status: 404, body: '', details: 'absolute_path_rejected', attempts: 0 },
      },
      {
        name: 'a target with a query and no path',
        raw: raw('GET http://$HOST?x=1'),
        expect: { status: 404, body: '', details: 'absolute_path_rejected' },
      },
      {
        name: 'an absolute target without a path',
        raw: raw('OPTIONS http://$HOST'),
        expect: { status: 200, seen: { path: '/' } },
      },
      {
        name: 'an absolute https target over plaintext',
        raw: raw('GET https://$HOST/a'),
        expect: { status: 200, seen: { path: '/a', headers: { 'x-forwarded-proto': 'http' } } },
      },
      {
        name: 'bytes beyond ASCII in the target',
        raw: raw('GET /\xe4'),
        expect: { status: 400, body: 'Bad Request', attempts: 0 },
      },
      {
        name: 'an empty x-forwarded-proto finds no route',
        raw: raw('GET /', 'x-forwarded-proto:'),
        expect: { status: 404, body: '', flags: 'NR', details: 'route_not_found' },
      },
      {
        name: 'expect: 100-continue goes on to the app',
        method: 'POST',
        headers: { expect: '100-continue' },
        body: 'some',
        expect: { status: 200, seen: { body: 'some', headers: { expect: '100-continue' } } },
      },
      {
        name: 'an empty value joins nothing',
        headers: { 'user-agent': ['', '1'], accept: ['a', ''], 'x-other': ['', '1'] },
        expect: { seen: { headers: { 'user-agent': '1', accept: 'a', 'x-other': ', 1' } } },
      },
    ],
  },
  {
    id: 'wire-utf8',
    source: 'Envoy: configuration is UTF-8',
    http: [
      { match: [{ headers: { 'x-name': { exact: 'ünï' } } }], directResponse: { status: 200, body: { string: 'exact' } } },
      { match: [{ headers: { 'x-name': { regex: 'z..n' } } }], directResponse: { status: 200, body: { string: 'regex' } } },
      route('/', { request: { set: { 'x-out': 'ünï' } }, response: { set: { 'x-out': '%REQ(x-a)%ï' } } }),
    ],
    cases: [
      {
        name: 'goes out as UTF-8, beside bytes that came in',
        headers: { 'x-a': bytes('ä') },
        expect: { seen: { headers: { 'x-out': bytes('ünï') } }, headers: { 'x-out': bytes('äï') } },
      },
      { name: 'is matched as UTF-8', headers: { 'x-name': bytes('ünï') }, expect: { body: 'exact' } },
      {
        name: 'a regex sees bytes',
        headers: { 'x-name': bytes('zün') },
        expect: { body: 'regex' },
      },
    ],
  },
  {
    id: 'wire-attempt-count',
    source: 'Envoy: the router stamps before header operations',
    http: [
      route('/add', { request: { add: { 'x-envoy-attempt-count': 'x' } } }),
      route('/set', { request: { set: { 'x-envoy-attempt-count': 'x' } } }),
      route(
        '/remove',
        { request: { remove: ['x-envoy-attempt-count'] } },
        { retries: { attempts: 1, retryOn: '5xx', backoff: '1ms' } },
      ),
    ],
    cases: [
      { name: 'add', path: '/add', expect: { seen: { headers: { 'x-envoy-attempt-count': '1,x' } } } },
      { name: 'set', path: '/set', expect: { seen: { headers: { 'x-envoy-attempt-count': 'x' } } } },
      { name: 'remove', path: '/remove', expect: { seen: { headers: { 'x-envoy-attempt-count': null } } } },
      {
        name: 'a second try has its own',
        path: '/remove',
        app: 'status=503|status=200',
        expect: { attempts: 2, seen: { headers: { 'x-envoy-attempt-count': '2' } } },
      },
    ],
  },
  {
    id: 'wire-weighted-host',
    source: 'Envoy: WeightedClusterEntry::finalizeRequestHeaders',
    http: [
      {
        headers: { request: { set: { 'x-host': '%REQ(host)%' }, add: { 'x-forwarded-proto': 'two', accept: 'b' } } },
        route: [
          toHost(undefined, { weight: 1, headers: { request: { set: { host: 'set.example' } } } }),
          toHost(undefined, { weight: 0 }),
        ],
      },
    ],
    cases: [
      {
        name: 'a destination’s Host comes before the route’s operations; the original is not told; inline headers are appended to',
        headers: { accept: 'a' },
        expect: {
          seen: {
            authority: 'set.example',
            headers: { 'x-host': 'set.example', 'x-envoy-original-host': null, 'x-forwarded-proto': 'http,two', accept: 'a,b' },
          },
        },
      },
    ],
  },
  {
    id: 'wire-commands',
    source: 'Envoy substitution formatter',
    http: [
      route('/', {
        request: {
          set: {
            'x-none': '<%UPSTREAM_HOST%%RESPONSE_CODE_DETAILS%%QUERY_PARAM(no)%>',
            'x-count': '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
          },
        },
        response: {
          set: {
            'x-bytes': '%BYTES_RECEIVED%/%BYTES_SENT%',
            'x-up': '%UPSTREAM_PROTOCOL%',
            'x-empty': '<%DYNAMIC_METADATA(a:b)%%DOWNSTREAM_TLS_CIPHER%%VIRTUAL_CLUSTER_NAME%%FILTER_STATE(x)%>',
            'x-other': '%ACCESS_LOG_TYPE%%ENVIRONMENT(DRYDOCK_NONE)%%UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%',
          },
        },
      }),
    ],
    cases: [
      {
        name: 'what is not known is empty, not a dash',
        method: 'POST',
        body: 'hello',
        expect: {
          seen: { headers: { 'x-none': '<>', 'x-count': '1' } },
          headers: { 'x-bytes': '5/0', 'x-up': 'HTTP/1.1', 'x-empty': '<>', 'x-other': 'NotSet-127.0.0.1' },
        },
      },
    ],
  },
];
