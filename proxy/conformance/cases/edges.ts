import type { Group } from '../case.ts';
import { toHost } from '../documents.ts';

/** What random configurations against a real Envoy 1.40 brought up (bench/oracle.ts --random): nobody would have thought of asking. */

const route = (more: Record<string, unknown> = {}) => ({ route: [toHost()], ...more });

export const edgeGroups: Group[] = [
  {
    id: 'edge-inline',
    source: 'Envoy header_map.h: inline headers are appended with `,`, others stay apart',
    http: [
      route({ match: [{ headers: { 'user-agent': { exact: 'a,b' } } }], headers: { response: { set: { 'x-rule': 'joined' } } } }),
      route(),
    ],
    cases: [
      {
        name: 'repeated accept and user-agent become one line',
        headers: { accept: ['a', 'b'], 'user-agent': ['a', 'b'], 'x-custom': ['a', 'b'] },
        expect: {
          status: 200,
          headers: { 'x-rule': 'joined' },
          seen: { headers: { accept: 'a,b', 'user-agent': 'a,b', 'x-custom': 'a, b' } },
        },
      },
      {
        name: 'so do cache-control and vary of a response',
        app: 'header=vary:a,header=vary:b,header=cache-control:x,header=cache-control:y,header=x-own:a,header=x-own:b',
        expect: { status: 200, headers: { vary: 'a,b', 'cache-control': 'x,y', 'x-own': 'a, b' } },
      },
    ],
  },
  {
    id: 'edge-head',
    source: 'Envoy http1 codec_impl.cc: a HEAD response is framed as GET would be',
    http: [route()],
    cases: [
      {
        name: 'without content-length it says chunked',
        method: 'HEAD',
        app: 'chunked',
        expect: { headers: { 'transfer-encoding': 'chunked' } },
      },
      {
        name: 'a 304 says nothing',
        method: 'HEAD',
        app: 'status=304',
        expect: { status: 304, headers: { 'transfer-encoding': null } },
      },
    ],
  },
  {
    id: 'edge-empty-upload',
    source: 'Envoy http1 codec_impl.cc: a chunked request stays chunked though no byte comes',
    http: [route({ retries: { attempts: 1, retryOn: '503' } })],
    cases: [
      {
        name: 'also when it is tried again',
        method: 'POST',
        headers: { 'transfer-encoding': 'chunked' },
        app: 'status=503|status=200',
        expect: { status: 200, attempts: 2, seen: { headers: { 'transfer-encoding': 'chunked', 'content-length': null } } },
      },
    ],
  },
  {
    id: 'edge-own-replies',
    source: 'Envoy Utility::encodeLocalReply: header operations first, then what the body and gRPC need',
    http: [
      {
        match: [{ uri: { prefix: '/direct' } }],
        directResponse: { status: 404 },
        headers: { response: { set: { 'content-type': 'text/html', 'x-code': '%RESPONSE_CODE%' } } },
      },
      {
        match: [{ uri: { prefix: '/body' } }],
        directResponse: { status: 404, body: { string: '<p>' } },
        headers: { response: { set: { 'content-type': 'text/html' } } },
      },
      {
        match: [{ uri: { prefix: '/down' } }],
        route: [toHost('none')],
        headers: { response: { set: { 'content-type': 'x/y' } } },
      },
    ],
    subsets: [{ name: 'none', labels: { version: 'v9' } }],
    cases: [
      {
        name: 'an empty one has no content-type whatever was set, and its own status is not known yet',
        path: '/direct',
        expect: { status: 404, body: '', headers: { 'content-type': null, 'x-code': '0' } },
      },
      {
        name: 'one with a body keeps the content-type that was set',
        path: '/body',
        expect: { status: 404, body: '<p>', headers: { 'content-type': 'text/html' } },
      },
      {
        name: 'gRPC gets its content-type back',
        path: '/down',
        headers: { 'content-type': 'application/grpc' },
        expect: {
          status: 200,
          headers: { 'content-type': 'application/grpc', 'grpc-status': '14', 'grpc-message': 'no healthy upstream' },
        },
      },
      {
        name: 'gRPC asked by HEAD gets no grpc-message',
        method: 'HEAD',
        path: '/down',
        headers: { 'content-type': 'application/grpc' },
        expect: { status: 200, headers: { 'grpc-status': '14', 'grpc-message': null } },
      },
    ],
  },
  {
    id: 'edge-preflight',
    source: 'Envoy cors_filter.cc: a preflight is answered past the route’s header operations',
    http: [
      route({
        match: [{ uri: { prefix: '/any' } }],
        corsPolicy: { allowOrigins: [{ exact: '*' }], allowHeaders: ['*'] },
      }),
      route({
        corsPolicy: { allowOrigins: [{ exact: '*' }] },
        headers: { response: { set: { 'x-up': '1' } } },
      }),
    ],
    cases: [
      {
        name: 'a preflight has none of them, also one that looks like gRPC',
        method: 'OPTIONS',
        headers: { origin: 'https://a.example', 'access-control-request-method': 'PUT', 'content-type': 'application/grpc' },
        expect: {
          status: 200,
          attempts: 0,
          headers: { 'x-up': null, 'grpc-status': null, 'access-control-allow-origin': 'https://a.example' },
        },
      },
      {
        name: 'headers `*` answers with an empty list when none was asked for',
        method: 'OPTIONS',
        path: '/any',
        headers: { origin: 'https://a.example', 'access-control-request-method': 'PUT' },
        expect: { status: 200, headers: { 'access-control-allow-headers': '' } },
      },
      {
        name: 'an actual request has them',
        headers: { origin: 'https://a.example' },
        expect: { status: 200, headers: { 'x-up': '1' } },
      },
    ],
  },
  {
    id: 'edge-operators',
    source: 'Envoy substitution formatter: %REQ(x)% is the first value',
    http: [route({ headers: { response: { set: { 'x-back': '%REQ(x-a)%' } } } })],
    cases: [
      { name: 'of a repeated header', headers: { 'x-a': ['1', '2'] }, expect: { status: 200, headers: { 'x-back': '1' } } },
    ],
  },
  {
    id: 'edge-regex-groups',
    source: 'RE2::GlobalReplace: a substitution with a group that the pattern lacks replaces nothing',
    http: [route({ rewrite: { uriRegexRewrite: { match: '^/a', rewrite: '/\\2/\\1' } } })],
    cases: [{ name: 'the path stays', path: '/a/b?x=1', expect: { status: 200, seen: { path: '/a/b?x=1' } } }],
  },
  {
    id: 'edge-scheme',
    source: 'Envoy conn_manager_utility.cc getScheme: x-forwarded-proto is the scheme of an HTTP/1 request',
    http: [
      { match: [{ uri: { prefix: '/r' } }], redirect: { uri: '/to' } },
      { match: [{ uri: { prefix: '/port' } }], redirect: { port: 443 } },
      route({ match: [{ scheme: { exact: 'https' } }], headers: { response: { set: { 'x-scheme': 'https' } } } }),
      route(),
    ],
    cases: [
      {
        name: 'in a match',
        headers: { 'x-forwarded-proto': 'https' },
        expect: { status: 200, headers: { 'x-scheme': 'https' } },
      },
      {
        name: 'not where Istio leaves out the port of a redirect',
        path: '/port',
        headers: { 'x-forwarded-proto': 'https' },
        expect: { status: 301, headers: { location: 'https://edge-scheme.case:443/port' } },
      },
      {
        name: 'in a redirect',
        path: '/r',
        headers: { 'x-forwarded-proto': 'https' },
        expect: { status: 301, headers: { location: 'https://edge-scheme.case/to' } },
      },
      {
        name: 'not when it is neither http nor https',
        headers: { 'x-forwarded-proto': 'wss' },
        expect: { status: 200, headers: { 'x-scheme': null } },
      },
    ],
  },
];
