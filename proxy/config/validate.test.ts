import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../api/diagnostic.schema.ts';
import { parseText } from './parse.ts';
import { ResourceSet } from './resource-set.ts';
import { validate } from './validate.ts';

const shop = `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
  - {name: ratings, port: 9080, workloads: [{version: v1, address: "127.0.0.1:1"}]}
  - {name: reviews, port: 9080, workloads: [{version: v1, address: "127.0.0.1:2"}]}
`;

async function check(text: string, withShop = true): Promise<Diagnostic[]> {
  const parsed = [...(withShop ? parseText(shop, 'shop.yaml').documents : []), ...parseText(text, 'x.yaml').documents];
  const change = ResourceSet.empty.apply(parsed, { live: false, now: 0 });
  return [...change.diagnostics, ...(await validate(change.set))];
}
const vs = (rule: string) =>
  `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: ratings}\nspec:\n  hosts: [ratings]\n  http:\n${rule}`;
const route = '    route: [{destination: {host: ratings}}]\n';
const dr = (policy: string) =>
  `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: ratings}\nspec:\n  host: ratings\n${policy}`;
const fault = (spec: string) => `apiVersion: drydock.dev/v1\nkind: Fault\nmetadata: {name: f}\nspec:\n${spec}`;
const authz = (spec: string) =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p}\nspec:\n${spec}`;

/** [what, yaml, code, line, column, text in the message, text in the suggestion] */
type Case = [string, string, string, number, number, string, string?];

describe('schema and unknown fields', () => {
  const cases: Case[] = [
    ['an unknown field of a rule', vs('  - rout:\n    - destination: {host: ratings}\n'), 'DD1101', 7, 5, '`rout`', 'route'],
    [
      'an unknown field of the mesh',
      'apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: x}\nspec:\n  servces: []\n',
      'DD1101',
      5,
      3,
      'servces',
      'services',
    ],
    [
      'a misspelt kind',
      'apiVersion: networking.istio.io/v1\nkind: VirtualServce\nmetadata: {name: x}\n',
      'DD1006',
      2,
      7,
      'VirtualServce',
      'VirtualService',
    ],
    [
      'a misspelt group',
      'apiVersion: networking.istio.o/v1\nkind: VirtualService\nmetadata: {name: x}\n',
      'DD1006',
      1,
      13,
      'networking.istio.o',
      'networking.istio.io',
    ],
    [
      'a wrong version',
      'apiVersion: networking.istio.io/v7\nkind: VirtualService\nmetadata: {name: x}\n',
      'DD1006',
      1,
      13,
      'v7',
      'v1',
    ],
    ['a wrong type', vs(`  - timeout: 3\n${route}`), 'DD1102', 7, 14, '`timeout` must be string', '3s'],
    ['a wrong type of a fault', fault('  to: ratings\n'), 'DD1102', 5, 7, '`to` must be an object, not "ratings"'],
    ['a wrong enum', dr('  trafficPolicy:\n    loadBalancer: {simple: RANDOMM}\n'), 'DD1104', 7, 28, 'RANDOMM', 'RANDOM'],
    ['a missing spec', 'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: x}\n', 'DD1103', 1, 1, 'spec'],
    [
      'an unknown field of a fault',
      fault('  to: {service: ratings}\n  abort: {httpSatus: 503}\n'),
      'DD1101',
      6,
      11,
      'httpSatus',
      'httpStatus',
    ],
    [
      'a percentage over 100',
      fault('  to: {service: ratings}\n  percentage: 300\n  abort: {reset: true}\n'),
      'DD1104',
      6,
      15,
      'percentage',
    ],
    ['a duration that is none', fault('  to: {service: ratings}\n  delay: {fixed: soon}\n'), 'DD1104', 6, 18, 'duration'],
    [
      'a name Kubernetes refuses',
      fault('  to: {service: ratings}\n  abort: {reset: true}\n').replace('name: f', 'name: F_1'),
      'DD1104',
      3,
      18,
      'F_1',
    ],
    [
      'both port and ports',
      'apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: x}\nspec:\n  services:\n  - {name: a, port: 1, ports: [{port: 2}]}\n',
      'DD1104',
      6,
      5,
      'either port or ports',
    ],
  ];
  test.each(cases)('%s', async (_, text, code, line, column, message, suggestion) => {
    const found = (await check(text, !text.includes('kind: Mesh'))).filter((d) => d.severity === 'error');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ code, line, column, file: 'x.yaml' });
    expect(found[0]!.message).toContain(message);
    if (suggestion) expect(found[0]!.suggestion).toContain(suggestion);
  });

  test.each(['v1', 'v1beta1', 'v1alpha3'])('VirtualService %s is accepted', async (version) => {
    expect(await check(vs(`  - ${route.trim()}\n`).replace('istio.io/v1', `istio.io/${version}`))).toEqual([]);
  });

  test('deprecated aliases are accepted', async () => {
    const text = vs(
      `  - fault: {abort: {percent: 50, httpStatus: 500}}\n    corsPolicy: {allowOrigin: ["*"]}\n    mirror: {host: reviews}\n    mirrorPercent: 10\n${route}`,
    );
    expect(await check(text)).toEqual([]);
    const rule = dr(
      '  trafficPolicy:\n    loadBalancer: {simple: LEAST_CONN, warmupDurationSecs: 10s}\n    outlierDetection: {consecutiveErrors: 5}\n',
    );
    expect(await check(rule)).toEqual([]);
  });

  test('Kubernetes objects beside ours are ignored, inert kinds warned about', async () => {
    expect(await check('apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 1}\n')).toMatchObject([
      { severity: 'info', code: 'DD1009' },
    ]);
    expect(await check('apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: e}\nspec: {}\n')).toMatchObject([
      { severity: 'warning', code: 'DD4101' },
    ]);
  });
});

describe("Istio's own rules", () => {
  const cases: Case[] = [
    ['no action', vs('  - match: [{uri: {prefix: /a}}]\n'), 'DD2001', 7, 5, 'needs one of'],
    [
      'an empty pattern to rewrite',
      vs(`  - rewrite: {uriRegexRewrite: {match: "", rewrite: x}}\n${route}`),
      'DD2001',
      7,
      32,
      'needs a match',
    ],
    ['two actions', vs(`  - redirect: {uri: /x}\n${route}`), 'DD2001', 7, 15, 'exactly one'],
    [
      'a fault with a redirect',
      vs('  - redirect: {uri: /x}\n    fault: {abort: {httpStatus: 500, percentage: {value: 1}}}\n'),
      'DD2001',
      8,
      12,
      'fault',
    ],
    ['a zero timeout of retries', vs(`  - retries: {attempts: 1, backoff: 0s}\n${route}`), 'DD2002', 7, 37, 'too short'],
    ['half a millisecond', vs(`  - timeout: 0.5ms\n${route}`), 'DD2002', 7, 14, 'too short'],
    ['a timeout that is none', vs(`  - timeout: 5x\n${route}`), 'DD2002', 7, 14, '5x'],
    ['a backreference', vs(`  - match: [{uri: {regex: "(a)\\\\1"}}]\n${route}`), 'DD2003', 7, 27, 'RE2'],
    ['retries off with conditions', vs(`  - retries: {attempts: 0, retryOn: 5xx}\n${route}`), 'DD2001', 7, 37, 'attempts: 0'],
    [
      'an unknown retry condition',
      vs(`  - retries: {attempts: 1, retryOn: "5xx,conect-failure"}\n${route}`),
      'DD2001',
      7,
      37,
      'conect-failure',
    ],
    [
      'all weights zero',
      vs('  - route: [{destination: {host: ratings}, weight: 0}, {destination: {host: reviews}, weight: 0}]\n'),
      'DD2001',
      7,
      12,
      'zero',
    ],
    ['an empty header regex', vs(`  - match: [{headers: {a: {regex: ""}}}]\n${route}`), 'DD2001', 7, 35, 'empty regex'],
    ['host * in the mesh', vs(`  -${route.slice(3)}`).replace('[ratings]', '["*"]'), 'DD2001', 5, 11, '`*`'],
    [
      'an unknown fault status',
      vs(`  - fault: {abort: {httpStatus: 99, percentage: {value: 1}}}\n${route}`),
      'DD2001',
      7,
      33,
      '99',
    ],
    [
      'exponentialDelay',
      vs(`  - fault: {delay: {exponentialDelay: 1s, percentage: {value: 1}}}\n${route}`),
      'DD2001',
      7,
      39,
      'not implemented',
    ],
    [
      'two hash keys',
      dr('  trafficPolicy:\n    loadBalancer: {consistentHash: {httpHeaderName: a, useSourceIp: true}}\n'),
      'DD2001',
      7,
      36,
      'exactly one key',
    ],
    ['a subset twice', dr('  subsets:\n  - {name: a}\n  - {name: a}\n'), 'DD2001', 8, 12, 'line 7'],
    [
      'MUTUAL without certificates',
      dr('  trafficPolicy:\n    tls: {mode: MUTUAL, privateKey: k}\n'),
      'DD2001',
      7,
      17,
      'clientCertificate',
    ],
    ['CUSTOM without provider', authz('  action: CUSTOM\n  rules: [{}]\n'), 'DD2001', 5, 11, 'provider'],
    [
      'an unknown condition',
      authz('  rules: [{when: [{key: source.principle, values: [a]}]}]\n'),
      'DD2001',
      5,
      25,
      'source.principle',
      'source.principal',
    ],
    ['an empty fault', fault('  to: {service: ratings}\n'), 'DD2001', 5, 3, 'does something'],
    [
      'a window longer than its period',
      fault('  to: {service: ratings}\n  abort: {reset: true}\n  schedule: {for: 10s, every: 5s}\n'),
      'DD2001',
      7,
      31,
      'overlap',
    ],
  ];
  test.each(cases)('%s', async (_, text, code, line, column, message, suggestion) => {
    const found = (await check(text)).filter((d) => d.severity === 'error');
    expect(found).toMatchObject([{ code, line, column }]);
    expect(found[0]!.message).toContain(message);
    if (suggestion) expect(found[0]!.suggestion).toContain(suggestion);
  });
});

describe('references', () => {
  const cases: Case[] = [
    ['an unknown destination', vs('  - route: [{destination: {host: raitngs}}]\n'), 'DD3001', 7, 34, 'raitngs', 'ratings'],
    [
      'a subset without a rule',
      vs('  - route: [{destination: {host: ratings, subset: v1}}]\n'),
      'DD3002',
      7,
      51,
      'no DestinationRule',
    ],
    [
      'a subset the rule does not define',
      `${vs('  - route: [{destination: {host: ratings, subset: v3}}]\n')}---\n${dr('  subsets: [{name: v1, labels: {version: v1}}]\n')}`,
      'DD3002',
      7,
      51,
      '`v3`',
      'v1',
    ],
    [
      'a port the service lacks',
      vs('  - route: [{destination: {host: ratings, port: {number: 1}}}]\n'),
      'DD3003',
      7,
      58,
      'no port 1',
      '9080',
    ],
    ['a missing gateway', vs(`  -${route.slice(3)}`).replace('hosts:', 'gateways: [edge]\n  hosts:'), 'DD3004', 5, 14, 'edge'],
    ['a missing delegate', vs('  - delegate: {name: nobody}\n'), 'DD3005', 7, 15, 'nobody'],
    ['a cycle', vs('  - delegate: {name: ratings}\n'), 'DD3005', 7, 15, 'ratings → ratings'],
    ['a fault on nobody', fault('  to: {service: rating}\n  abort: {reset: true}\n'), 'DD3006', 5, 17, 'rating', 'ratings'],
    ['a missing ext_authz provider', authz('  action: CUSTOM\n  provider: {name: opa}\n  rules: [{}]\n'), 'DD3007', 6, 20, 'opa'],
    ['a mirror to nobody', vs(`  - mirror: {host: rewiews}\n${route}`), 'DD3001', 7, 20, 'rewiews', 'reviews'],
  ];
  test.each(cases)('%s', async (_, text, code, line, column, message, suggestion) => {
    const found = (await check(text)).filter((d) => d.severity === 'error');
    expect(found).toMatchObject([{ code, line, column, file: 'x.yaml' }]);
    expect(found[0]!.message).toContain(message);
    if (suggestion) expect(found[0]!.suggestion).toContain(suggestion);
  });

  test('hosts outside the mesh are no error', async () => {
    const external = vs('  - route: [{destination: {host: api.example.com}}]\n');
    expect(await check(external)).toMatchObject([{ severity: 'warning', code: 'DD3001' }]);
    const entry =
      'apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e}\nspec:\n  hosts: [api.example.com]\n  ports: [{number: 80, name: http, protocol: HTTP}]\n  resolution: DNS\n';
    expect(await check(`${external}---\n${entry}`)).toEqual([]);
  });

  test('ports fixed twice and services named twice tell both places', async () => {
    const text = `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: m}
spec:
  ingress: {port: 8080}
  services:
  - {name: a, port: 1, workloads: [{address: "127.0.0.1:1", inboundPort: 8080}]}
  - {name: a, port: 2}
`;
    expect(await check(text, false)).toMatchObject([
      { code: 'DD1007', line: 7, message: expect.stringContaining('line 5') },
      { code: 'DD1007', line: 8, message: expect.stringContaining('line 7') },
    ]);
  });
});
