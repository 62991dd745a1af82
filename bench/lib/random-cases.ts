import type { AppName, Case, Document, Group } from '../../proxy/conformance/case.ts';
import { toHost, versionSubsets } from '../../proxy/conformance/documents.ts';
import { seededRandom } from '../../proxy/shared/seeded-random.ts';
import { headerGroup, limitGroup, retryGroup } from './random-rules.ts';
import { pathGroup, wireGroup } from './random-wire.ts';

/*
 * Configurations and requests that nobody thought of, from a seed: rules with every match field and action, and requests near the edges of
 * what those match. They expect nothing of their own; what a real Envoy does with them is the expectation (bench/oracle.ts --random).
 */

export interface Dice {
  pick<T>(values: readonly T[]): T;
  chance(share: number): boolean;
  some<T>(values: readonly T[], most: number): T[];
  int(below: number): number;
}

function dice(seed: number): Dice {
  const random = seededRandom(seed);
  const int = (below: number) => Math.floor(random() * below);
  const pick = <T>(values: readonly T[]): T => values[int(values.length)] as T;
  return {
    int,
    pick,
    chance: (share) => random() < share,
    some: (values, most) => {
      const left = [...values];
      return Array.from({ length: Math.min(left.length, int(most + 1)) }, () => left.splice(int(left.length), 1)[0]!);
    },
  };
}

/** What a group is about; `mixed` is everything of a rule at once. */
const flavours = {
  mixed: randomGroup,
  hash: hashGroup,
  retries: retryGroup,
  headers: headerGroup,
  paths: pathGroup,
  wire: wireGroup,
  limits: limitGroup,
} satisfies Record<string, (index: number, d: Dice) => Group>;

/** `flavour`: one of them only; otherwise half of the groups are mixed. */
export function randomGroups(count: number, seed: number, flavour = ''): Group[] {
  const others = Object.values(flavours);
  return Array.from({ length: count }, (_, index) => {
    const d = dice(seed * 100_003 + index);
    const make = Object.hasOwn(flavours, flavour)
      ? flavours[flavour as keyof typeof flavours]
      : d.chance(0.5)
        ? randomGroup
        : d.pick(others);
    return make(index, d);
  });
}

/** Consistent hashing: the same key goes to the same endpoint as with Envoy. */
function hashGroup(index: number, d: Dice): Group {
  const key = d.pick<Document>([
    { httpHeaderName: 'x-a' },
    { httpQueryParameterName: 'x' },
    { httpCookie: { name: 'k' } },
    { useSourceIp: true },
  ]);
  const algorithm = d.pick<Document>([{}, { ringHash: { minimumRingSize: 64 } }, { maglev: {} }, { maglev: { tableSize: 131 } }]);
  return {
    id: `random-${index}`,
    source: 'random',
    endpoints: d.pick<AppName[]>([
      ['a', 'b', 'c'],
      ['a', 'b'],
    ]),
    trafficPolicy: { loadBalancer: { consistentHash: { ...key, ...algorithm } } },
    http: [{ route: [toHost()] }],
    cases: Array.from({ length: 8 }, () => {
      const value = `${d.pick(strings)}${d.int(1000)}`;
      return {
        name: `${JSON.stringify({ ...key, ...algorithm })} of ${value}`,
        path: `/?x=${value.replaceAll(' ', '')}`,
        headers: { 'x-a': d.chance(0.2) ? [value, 'more'] : value, cookie: `j=1; k=${value.replace(/[, ]/g, '')}` },
        expect: {},
      };
    }),
  };
}

function randomGroup(index: number, d: Dice): Group {
  const rules = Array.from({ length: 1 + d.int(3) }, () => randomRule(d));
  if (d.chance(0.6)) rules.push({ route: [toHost()] });
  const endpoints = d.pick<AppName[]>([['a'], ['a', 'b'], ['a', 'b'], ['dead'], ['a', 'dead']]);
  return {
    id: `random-${index}`,
    source: 'random',
    endpoints,
    subsets: versionSubsets('v1', 'v2', 'v9'),
    http: rules,
    sequential: true,
    cases: Array.from({ length: 8 }, (_, n) => randomCase(n, endpoints, d)),
  };
}

const paths = [
  ...[
    '/',
    '/a',
    '/a/',
    '/a/b',
    '/ab',
    '/A',
    '/A/b',
    '/a/b/c',
    '/a//b',
    '//a',
    '/a/../b',
    '/a/./b',
    '/%61',
    '/a%2Fb',
    '/a%2fb',
    '/a;x=1',
    '/a/b;v=2',
  ],
  ...[
    '/a?',
    '/a?x',
    '/a?x=1',
    '/a?x=1&x=2',
    '/a?x=%31',
    '/a?y=1&x=',
    '/a??x=1',
    '/a/b?x=a+b',
    '/a?X=1',
    '/a&x=1',
    "/a/'b'",
    '/a/b%20c',
    '/a/b,c',
  ],
];
const strings = ['a', 'b', 'A', 'abc', '1', '12', 'x-y', 'a,b', 'a, b'];
const methods = ['GET', 'GET', 'GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH'];
const names = ['x-a', 'x-b', 'X-C', 'cookie', 'user-agent', 'accept'];

function stringMatch(d: Dice, values: readonly string[] = strings): Document {
  const value = d.pick(values);
  return d.pick<Document>([
    { exact: value },
    { exact: value },
    { prefix: value.slice(0, 1 + d.int(value.length)) },
    { regex: d.pick(['a.*', '[a-c]+', '.*', 'a|b', '\\d+', '(?i)A.*', '^a$', 'a?b?', '.+']) },
  ]);
}

function uriMatch(d: Dice): Document {
  const value = d.pick(['/', '/a', '/a/', '/a/b', '/A', '/ab', '/a//b', '/%61', '/a;x=1', '/a/b%20c']);
  return d.pick<Document>([
    { exact: value },
    { prefix: value },
    { prefix: value },
    { regex: d.pick(['/a.*', '/[a-c]/.+', '/.*b', '/a(/.*)?', '/A|/a', '.*', '/a/[^/]+', '(?i)/A/.*']) },
  ]);
}

function randomMatch(d: Dice): Document {
  const match: Document = {};
  if (d.chance(0.7)) {
    match.uri = uriMatch(d);
    if (d.chance(0.2)) match.ignoreUriCase = true;
  }
  if (d.chance(0.25)) match.method = stringMatch(d, ['GET', 'POST', 'get', 'OPTIONS', 'HEAD']);
  if (d.chance(0.1)) match.authority = d.pick<Document>([{ exact: '$HOST' }, { prefix: 'random' }, { regex: '.*case(:\\d+)?' }]);
  if (d.chance(0.1)) match.scheme = { exact: d.pick(['http', 'https', 'HTTP']) };
  if (d.chance(0.35))
    match.headers = Object.fromEntries(d.some(names, 2).map((n) => [n.toLowerCase(), d.chance(0.2) ? {} : stringMatch(d)]));
  if (d.chance(0.2)) match.withoutHeaders = { [d.pick(names).toLowerCase()]: d.chance(0.3) ? {} : stringMatch(d) };
  if (d.chance(0.25))
    match.queryParams = { [d.pick(['x', 'y', 'X'])]: d.chance(0.2) ? {} : stringMatch(d, ['1', '2', 'a', 'a+b', '%31']) };
  if (match.headers && Object.keys(match.headers as object).length === 0) delete match.headers;
  if (Object.keys(match).length === 0) match.uri = { prefix: '/' };
  return match;
}

function randomRule(d: Dice): Document {
  const rule: Document = {};
  if (d.chance(0.85)) rule.match = Array.from({ length: 1 + d.int(2) }, () => randomMatch(d));
  const kind = d.int(10);
  if (kind === 0) rule.redirect = randomRedirect(d);
  else if (kind === 1) {
    rule.directResponse = {
      status: d.pick([200, 204, 301, 403, 404, 418, 503]),
      ...(d.chance(0.7) ? { body: { string: d.pick(['hello', '', '{"a":1}']) } } : {}),
    };
    if (d.chance(0.4)) rule.headers = { response: headerOps(d) };
  } else routeAction(rule, d);
  return rule;
}

function routeAction(rule: Document, d: Dice): void {
  const subset = d.pick([undefined, undefined, undefined, 'v1', 'v2', 'v9', 'nosuch']);
  rule.route = [
    toHost(
      subset === 'nosuch' ? undefined : subset,
      d.chance(0.25) ? { headers: { request: headerOps(d), response: headerOps(d) } } : {},
    ),
  ];
  if (d.chance(0.3))
    rule.headers = { ...(d.chance(0.7) ? { request: headerOps(d) } : {}), ...(d.chance(0.7) ? { response: headerOps(d) } : {}) };
  if (d.chance(0.1))
    (rule.route as Document[])[0]!.headers = { request: { set: { host: d.pick(['set.example', 'Set.Example:1']) } } };
  if (d.chance(0.3)) rule.rewrite = randomRewrite(d);
  if (d.chance(0.35)) rule.retries = randomRetries(d);
  if (d.chance(0.2)) rule.timeout = d.pick(['0s', '150ms', '400ms']);
  if (d.chance(0.12))
    rule.fault = {
      abort: {
        percentage: { value: 100 },
        ...d.pick<Document>([{ httpStatus: 503 }, { httpStatus: 418 }, { grpcStatus: 'UNAVAILABLE' }]),
      },
    };
  if (d.chance(0.2)) rule.corsPolicy = randomCors(d);
}

function headerOps(d: Dice): Document {
  return {
    ...(d.chance(0.6)
      ? {
          set: {
            [d.pick(['x-a', 'x-new', 'X-Up', 'content-type', 'x-q'])]: d.pick([
              '1',
              'a b',
              '',
              '%PROTOCOL%',
              '100%%',
              '%REQ(x-a)%',
            ]),
          },
        }
      : {}),
    ...(d.chance(0.5) ? { add: { [d.pick(['x-a', 'x-new', 'x-list'])]: d.pick(['2', 'b', '%RESPONSE_CODE%']) } } : {}),
    ...(d.chance(0.3) ? { remove: [d.pick(['x-a', 'x-b', 'x-none', 'server', 'user-agent'])] } : {}),
  };
}

function randomRewrite(d: Dice): Document {
  return d.pick<Document>([
    { uri: d.pick(['/', '/new', '/new/', '/n?q=1']) },
    { uri: '/x', authority: 'other.example' },
    { authority: d.pick(['other.example', 'other.example:81']) },
    { uri: d.pick(['/%20', '/x;y']), authority: 'UP.example' },
    { uriRegexRewrite: { match: d.pick(['/([a-z])/(.*)', 'b', '^/a', '/+']), rewrite: d.pick(['/\\2/\\1', '/z', 'q', '\\0']) } },
  ]);
}

function randomRedirect(d: Dice): Document {
  const scheme = d.chance(0.3);
  return {
    ...(!scheme || d.chance(0.5) ? { uri: d.pick(['/to', '/to?z=1', '/']) } : {}),
    ...(d.chance(0.4) ? { authority: d.pick(['other.example', 'other.example:8080']) } : {}),
    ...(scheme ? { scheme: d.pick(['https', 'http']) } : {}),
    ...(d.chance(0.3) ? { port: d.pick([80, 443, 8080]) } : {}),
    ...(d.chance(0.4) ? { redirectCode: d.pick([301, 302, 303, 307, 308]) } : {}),
  };
}

function randomRetries(d: Dice): Document {
  const attempts = d.int(4);
  if (attempts === 0) return { attempts: 0 };
  const on = d.some(
    [
      '5xx',
      'gateway-error',
      'reset',
      'connect-failure',
      'retriable-4xx',
      '503',
      '418',
      'reset-before-request',
      'unavailable',
      'retriable-status-codes',
    ],
    3,
  );
  return {
    attempts,
    ...(on.length > 0 ? { retryOn: on.join(',') } : {}),
    ...(d.chance(0.4) ? { perTryTimeout: d.pick(['80ms', '120ms']) } : {}),
    ...(d.chance(0.3) ? { backoff: '5ms' } : {}),
  };
}

function randomCors(d: Dice): Document {
  return {
    allowOrigins: [
      d.pick<Document>([
        { exact: 'https://app.example' },
        { prefix: 'https://' },
        { regex: 'https://.*\\.example' },
        { exact: '*' },
      ]),
    ],
    ...(d.chance(0.6) ? { allowMethods: d.pick([['GET', 'POST'], ['*']]) } : {}),
    ...(d.chance(0.5) ? { allowHeaders: d.pick([['x-a', 'content-type'], ['*']]) } : {}),
    ...(d.chance(0.4) ? { exposeHeaders: ['x-server'] } : {}),
    ...(d.chance(0.4) ? { maxAge: '10m' } : {}),
    ...(d.chance(0.4) ? { allowCredentials: d.chance(0.5) } : {}),
    ...(d.chance(0.2) ? { unmatchedPreflights: d.pick(['FORWARD', 'IGNORE']) } : {}),
  };
}

const steps = [
  '',
  '',
  '',
  '',
  'status=503|status=200',
  'status=503',
  'status=418|status=200',
  'status=404',
  'reset|status=200',
  'reset',
  'half',
  'halfend',
];
const moreSteps = [
  'delay=250',
  'delay=100|status=200',
  'status=204',
  'status=304',
  'status=201,body=made',
  'header=x-a:up,header=x-a:up2',
  'grpc=14|grpc=0',
  'chunked',
  'garbage',
  'interim',
];

function randomCase(n: number, endpoints: readonly AppName[], d: Dice): Case {
  const headers: Record<string, string | string[]> = {};
  for (const name of d.some(names, 3)) headers[name] = d.chance(0.15) ? [d.pick(strings), d.pick(strings)] : d.pick(strings);
  const method = d.pick(methods);
  if (d.chance(0.25)) {
    headers.origin = d.pick(['https://app.example', 'http://evil.test', 'https://sub.example']);
    if (method === 'OPTIONS') {
      headers['access-control-request-method'] = d.pick(['GET', 'PUT']);
      if (d.chance(0.5)) headers['access-control-request-headers'] = 'x-a, x-z';
    }
  }
  if (d.chance(0.08)) headers['content-type'] = 'application/grpc';
  if (d.chance(0.05)) headers['x-empty'] = '';
  if (d.chance(0.05)) headers.te = d.pick(['trailers', 'gzip', 'trailers, deflate']);
  if (d.chance(0.03)) headers['proxy-connection'] = 'keep-alive';
  if (d.chance(0.05)) headers['x-envoy-retry-on'] = '5xx';
  if (d.chance(0.05)) headers['x-envoy-original-path'] = '/mine';
  if (d.chance(0.05)) headers['x-envoy-attempt-count'] = '7';
  if (d.chance(0.05)) headers.via = '1.1 other';
  if (d.chance(0.04)) headers['grpc-timeout'] = d.pick(['100m', '1S', 'x']);
  if (d.chance(0.08)) headers['x-envoy-max-retries'] = '5';
  if (d.chance(0.05)) headers['x-envoy-upstream-rq-timeout-ms'] = '50';
  if (d.chance(0.05)) headers['x-forwarded-for'] = '10.1.2.3';
  if (d.chance(0.05)) headers['x-forwarded-proto'] = 'https';
  const path = d.pick(paths);
  const body = ['POST', 'PUT', 'PATCH'].includes(method) && d.chance(0.7) ? d.pick(['', 'x', 'some body']) : undefined;
  // With two live endpoints the one that answers is chance, and what it does is not.
  const app = endpoints.includes('dead') && endpoints.length > 1 ? '' : d.pick([...steps, ...moreSteps]);
  const host = d.pick<string | undefined>([undefined, undefined, undefined, undefined, '$HOST:8000']);
  return {
    name: `${n} ${method} ${path} ${JSON.stringify(headers)}${host ? ` to ${host}` : ''}${app ? ` app ${app}` : ''}${body === undefined ? '' : ` body ${JSON.stringify(body)}`}`,
    method,
    path,
    headers,
    ...(body === undefined ? {} : { body }),
    ...(app === '' ? {} : { app }),
    ...(host === undefined ? {} : { host }),
    expect: {},
  };
}
