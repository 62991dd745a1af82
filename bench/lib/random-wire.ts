import type { Document, Group } from '../../proxy/conformance/case.ts';
import { toHost } from '../../proxy/conformance/documents.ts';
import type { Dice } from './random-cases.ts';

/* Groups of requests written byte by byte: targets, framing and headers no client library sends. */

const targets = [
  ...[
    '/',
    '//',
    '///a',
    '/a//b',
    '/a/./b',
    '/a/../b',
    '/..',
    '/../a',
    '/a/..',
    '/.',
    '/a/.',
    '/./',
    '/a/...',
    '/a/..b',
    '/a/b/../../c',
  ],
  ...[
    '/%2F',
    '/a%2Fb',
    '/a%2fb',
    '/%2e%2e/a',
    '/a/%2E%2E/b',
    '/%41',
    '/%zz',
    '/a%',
    '/a%2',
    '/%00',
    '/a%5Cb',
    '/a\\b',
    '/a\\..\\b',
  ],
  ...[
    '/a;p=1',
    '/a;p=1/b',
    '/a/;/b',
    '/;a',
    '/a?',
    '/a??',
    '/a?x=/../y',
    '/a?x=%2F',
    '/a?#',
    '/a?x y',
    '/a#f',
    '/a%20b',
    '/a b',
    '/ä',
  ],
  ...[
    '/a?x=1&x=2',
    '/a?&&',
    '/a?=1',
    '/a?x',
    '/%C3%A4',
    '/a|b',
    '/a^b',
    '/a`b',
    '/{a}',
    '/"a"',
    '/<a>',
    '/a~b',
    "/a'b",
    '/a:b',
    '/a@b',
  ],
  ...[
    '/a,b',
    '/a*b',
    '/a$b',
    '/a!b',
    '/(a)',
    '/[a]',
    '*',
    'a',
    '',
    '/a%0d%0ab',
    '/a%3Fb',
    '/a%23b',
    '/a%25b',
    '/a/b/',
    '/A',
    '/aB',
  ],
  ...[
    'http://$HOST/a',
    'http://$HOST',
    'http://$HOST/',
    'http://other.case/a',
    'https://$HOST/a',
    'HTTP://$HOST/a',
    'http://$HOST:8000/a',
    'http://$HOST?x=1',
    'http:///a',
    'ftp://$HOST/a',
    'http://u@$HOST/a',
  ],
];
const rewrites: (Document | null)[] = [
  null,
  { uri: '/' },
  { uri: '/n' },
  { uri: '/n/' },
  { uriRegexRewrite: { match: '/+', rewrite: '/' } },
  { uriRegexRewrite: { match: '^/a(.*)$', rewrite: '/z\\1' } },
  { uriRegexRewrite: { match: '%2[fF]', rewrite: '_' } },
  { uriRegexRewrite: { match: '[a-z]*', rewrite: '<\\0>' } },
];

export function pathGroup(index: number, d: Dice): Group {
  const rewrite = () => {
    const picked = d.pick(rewrites);
    return picked === null ? {} : { rewrite: picked };
  };
  const http: Document[] = [
    { match: [{ uri: { exact: d.pick(['/a', '/', '//', '/a/b', '/a%2Fb', '/b']) } }], ...rewrite(), route: [toHost()] },
    {
      match: [{ uri: { prefix: d.pick(['/a', '/a/', '//', '/%', '/A']) }, ignoreUriCase: d.chance(0.3) }],
      ...rewrite(),
      route: [toHost()],
    },
    {
      match: [{ uri: { regex: d.pick(['/[^/]*', '/a.+', '/.*;.*', '.*%.*', '/(a|b)(/.*)?']) } }],
      ...rewrite(),
      route: [toHost()],
    },
    {
      match: [{ uri: { prefix: d.pick(['/%C', '/;', '/.', '/A', '/{']) } }],
      redirect: d.pick<Document>([
        { uri: '/to' },
        { authority: 'other.example' },
        { scheme: 'https' },
        { port: 8443 },
        { uri: '/to?q', scheme: 'https', port: 443 },
      ]),
    },
    ...(d.chance(0.8) ? [{ ...rewrite(), route: [toHost()] }] : []),
  ];
  return {
    id: `random-${index}`,
    source: 'random',
    http,
    cases: Array.from({ length: 12 }, (_, n) => {
      const target = d.pick(targets);
      const method = d.pick(['GET', 'GET', 'GET', 'OPTIONS', 'HEAD', 'POST']);
      const raw = `${method} ${target} HTTP/1.1\r\nhost: $HOST\r\n$ID${method === 'POST' ? 'content-length: 0\r\n' : ''}\r\n`;
      return { name: `${n} ${method} ${target}`, raw, expect: {} };
    }),
  };
}

const extraHeaders = [
  ...[
    'te: trailers',
    'te: gzip, trailers',
    'TE: trailers;q=0.5',
    'x_under: 1',
    'x-empty:',
    'x-spaces:    a  b  ',
    'X-Case-Mix: Yes',
  ],
  ...[
    'keep-alive: timeout=5',
    'proxy-connection: keep-alive',
    'x-dup: 1\r\nx-dup: 2',
    'cookie: a=1\r\ncookie: b=2',
    'accept: a\r\naccept: b',
  ],
  ...[`x-long: ${'v'.repeat(9000)}`, 'upgrade: h2c', 'upgrade: foo', 'expect: 100-continue', 'x-tab: a\tb', 'x-obs: a\x80b'],
  ...[
    'via: 1.0 x',
    'max-forwards: 0',
    'x-forwarded-for: 1.2.3.4',
    'x-forwarded-proto: https',
    'x-forwarded-proto: ftp',
    'forwarded: for=1',
  ],
  ...[
    'x-envoy-internal: true',
    'x-envoy-max-retries: 3',
    'x-envoy-upstream-alt-stat-name: x',
    'x-envoy-expected-rq-timeout-ms: 1',
  ],
  ...[
    'x-envoy-ip-tags: a',
    'x-envoy-decorator-operation: mine',
    'x-envoy-force-trace: 1',
    'x-envoy-hedge-on-per-try-timeout: true',
  ],
  ...['trailer: x-t', 'content-encoding: gzip', 'range: bytes=0-1', 'if-none-match: *', 'date: now', 'server: me'],
  ...[
    'connection: x-a\r\nx-a: 1',
    'connection: te\r\nte: trailers',
    'connection: close, x-b\r\nx-b: 2',
    'connection: keep-alive',
    'connection: upgrade',
  ],
  ...['grpc-timeout: 1S', 'x-client-trace-id: y', 'early-data: 1', 'alt-used: x', 'priority: u=1'],
];
const bodies = [
  ...['content-length: 5\r\n\r\nhello', 'content-length: 0\r\n\r\n', 'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ...[
    'transfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'transfer-encoding: chunked\r\n\r\n2;ext=1\r\nhe\r\n3\r\nllo\r\n0\r\nx-t: 1\r\n\r\n',
  ],
  ...[
    'Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'transfer-encoding: chunked\r\n\r\n00005\r\nhello\r\n0\r\n\r\n',
    '\r\n',
  ],
];
const versions = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'http/1.1'];
const methods = [
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'HEAD',
  'OPTIONS',
  'DELETE',
  'PATCH',
  'TRACE',
  'PROPFIND',
  'M-SEARCH',
  'PURGE',
  'QUERY',
];
const hosts = ['$HOST', '$HOST', '$HOST', '$HOST', '$HOST:8000', '$HOST:', ' $HOST'];

export function wireGroup(index: number, d: Dice): Group {
  const http: Document[] = [
    {
      ...(d.chance(0.3) ? { retries: { attempts: 2, retryOn: '5xx,reset' } } : {}),
      ...(d.chance(0.2) ? { headers: { request: { add: { 'x-added': '%REQ(te)%|%REQ(connection)%|%REQ(x-dup)%' } } } } : {}),
      route: [toHost()],
    },
  ];
  return {
    id: `random-${index}`,
    source: 'random',
    http,
    cases: Array.from({ length: 12 }, (_, n) => {
      const method = d.pick(methods);
      const lines = d.some(extraHeaders, 3);
      const withBody = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'OPTIONS'].includes(method) && d.chance(0.6);
      const body = withBody ? d.pick(bodies) : '\r\n';
      const [version, host] = [d.pick(versions), d.pick(hosts)];
      const head = `${method} /wire?n=${n} ${version}\r\nhost: ${host}\r\n$ID${lines.map((line) => `${line}\r\n`).join('')}`;
      const app = d.pick([
        undefined,
        undefined,
        undefined,
        'chunked',
        'trailer=x-t:1',
        'status=204',
        'status=304',
        'interim',
        'header=connection:x-up,header=x-up:1',
        'header=keep-alive:5',
        'header=transfer-encoding:chunked,chunked',
        'header=te:x',
        'status=503|status=200',
        'header=upgrade:x',
        'header=proxy-connection:x',
        'header=content-length:1',
      ]);
      return {
        name: `${n} ${JSON.stringify(head.replace('$ID', '').slice(0, 300))} ${JSON.stringify(body)} app ${app ?? ''}`,
        raw: head + body,
        ...(app === undefined ? {} : { app }),
        expect: {},
      };
    }),
  };
}
