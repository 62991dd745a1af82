import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { LintContext } from './lint/lint-context.ts';
import { lintMesh } from './lint/mesh.ts';
import { lint, lintDocuments } from './lint.ts';
import { loadFiles } from './load.ts';
import { parseText } from './parse.ts';
import { ResourceSet } from './resource-set.ts';

const shop = `apiVersion: drydock.dev/v1
kind: Mesh
metadata: {name: shop}
spec:
  services:
  - {name: ratings, port: 9080, workloads: [{version: v1, address: "127.0.0.1:1"}, {version: v2, address: "127.0.0.1:2"}]}
  - {name: reviews, port: 9080, workloads: [{version: v1, address: "127.0.0.1:3"}]}
  - {name: cache, port: 6379, protocol: tcp, workloads: [{address: "127.0.0.1:4"}]}
`;
const object = (apiVersion: string, kind: string, name: string, spec: string) =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: default}\nspec:\n${spec}`;
const vs = (http: string, hosts = 'hosts: [ratings]', name = 'ratings') =>
  object('networking.istio.io/v1', 'VirtualService', name, `  ${hosts}\n  http:\n${http}`);
const dr = (policy: string, host = 'ratings', name = 'ratings') =>
  object('networking.istio.io/v1', 'DestinationRule', name, `  host: ${host}\n${policy}`);
const authz = (spec: string) => object('security.istio.io/v1', 'AuthorizationPolicy', 'p', spec);
const peer = (name: string, spec: string) => object('security.istio.io/v1', 'PeerAuthentication', name, spec);
const fault = (spec: string) => object('drydock.dev/v1', 'Fault', 'f', spec);
const scenario = (load: string) => object('drydock.dev/v1', 'Scenario', 's', `  load:\n${load}`);
const to = '    route: [{destination: {host: ratings}}]\n';

const check = (text: string) =>
  lintDocuments([...parseText(shop, 'shop.yaml').documents, ...parseText(text, 'x.yaml').documents]);

/** [code, yaml, line, text in the message] */
const cases: [string, string, number, string][] = [
  ['DD4001', vs(`  -${to.slice(3)}  - match: [{uri: {prefix: /dead}}]\n${to}`), 8, 'line 7'],
  ['DD4002', vs(`  -${to.slice(3)}`, 'hosts: [raitngs]'), 5, 'raitngs'],
  ['DD4003', `${vs(`  -${to.slice(3)}`)}---\n${vs(`  -${to.slice(3)}`, 'hosts: [ratings]', 'second')}`, 13, 'default/ratings'],
  ['DD4005', dr('  subsets: [{name: v9, labels: {version: v9}}]\n'), 6, 'v9'],
  ['DD4006', dr('  trafficPolicy: {}\n', 'rattings'), 5, 'rattings'],
  [
    'DD4007',
    `${vs('  - route: [{destination: {host: ratings}, weight: 50}, {destination: {host: reviews}, weight: 50}]\n')}---\n${dr('  trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true}}}\n')}`,
    7,
    'split',
  ],
  ['DD4010', dr('  trafficPolicy:\n    outlierDetection: {consecutive5xxErrors: 3}\n'), 7, '10 % of 2 hosts'],
  ['DD4012', vs(`  - fault: {abort: {httpStatus: 500}}\n${to}`), 7, 'never'],
  ['DD4013', vs(`  - fault: {abort: {httpStatus: 500, percentage: {value: 1}}}\n    timeout: 1s\n${to}`), 7, 'timeout'],
  ['DD4014', vs(`  - timeout: 1s\n    retries: {attempts: 2, perTryTimeout: 1s, retryOn: reset}\n${to}`), 8, 'ignored'],
  ['DD4015', vs(`  - retries: {attempts: 2, perTryTimeout: 1s, retryOn: connect-failure}\n${to}`), 7, '504'],
  ['DD4016', vs(`  - retries: {attempts: 2}\n${to}`), 7, '5xx responses are not'],
  ['DD4017', vs('  - route: [{destination: {host: ratings}, weight: 10}]\n'), 7, 'ignored'],
  [
    'DD4018',
    vs('  - route: [{destination: {host: ratings}, weight: 1}, {destination: {host: reviews}, weight: 2}]\n'),
    7,
    '33.3%',
  ],
  [
    'DD4019',
    vs('  - route: [{destination: {host: ratings}, weight: 100}, {destination: {host: reviews}, weight: 0}]\n'),
    7,
    'never',
  ],
  ['DD4020', authz('  selector: {matchLabels: {app: nobody}}\n  rules: [{}]\n'), 5, 'nothing'],
  ['DD4021', authz('  {}\n'), 5, 'denied'],
  ['DD4022', authz('  rules: [{from: [{source: {principals: ["spiffe://cluster.local/ns/a/sa/b"]}}]}]\n'), 5, 'spiffe'],
  ['DD4023', vs(`  - match: [{uri: {prefix: /api}}]\n    rewrite: {uri: /}\n${to}`), 8, '//x'],
  ['DD4024', authz('  rules: [{to: [{operation: {methods: [GET]}}]}]\n'), 5, 'cache'],
  [
    'DD4025',
    `${dr('  trafficPolicy: {}\n')}---\n${dr('  trafficPolicy: {}\n', 'ratings.default.svc.cluster.local', 'theirs').replace('namespace: default', 'namespace: other')}`,
    12,
    'other',
  ],
  [
    'DD4027',
    dr(
      '  trafficPolicy:\n    outlierDetection: {maxEjectionPercent: 100}\n    portLevelSettings: [{port: {number: 9080}, loadBalancer: {simple: RANDOM}}]\n',
    ),
    8,
    'outlierDetection',
  ],
  ['DD4028', `${peer('a', '  mtls: {mode: STRICT}\n')}---\n${peer('b', '  mtls: {mode: DISABLE}\n')}`, 9, 'older'],
  [
    'DD4029',
    `${dr('  trafficPolicy: {loadBalancer: {simple: RANDOM}}\n')}---\n${dr('  trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}\n', 'ratings', 'two')}`,
    13,
    'ignored',
  ],
  ['DD4030', fault('  to: {service: ratings, version: v9}\n  abort: {reset: true}\n'), 5, 'v9'],
  [
    'DD4053',
    scenario(
      "    - {name: l, rate: 1, for: 1s, requests: [{url: 'http://ratings.localhost/'}, {url: 'http://ratings:9080/'}]}\n",
    ),
    6,
    '404',
  ],
  ['DD4031', vs('  - route: [{destination: {host: cache}}]\n', 'hosts: [cache]'), 7, 'tcp'],
  ['DD4032', vs(`  -${to.slice(3)}`, 'hosts: [ratings.default]'), 5, 'as it stands'],
  ['DD4033', dr('  workloadSelector: {matchLabels: {app: nobody}}\n'), 6, 'No workload'],
  ['DD4055', authz('  rules: [{to: [{operation: {methods: [get]}}]}]\n'), 5, 'case-sensitive'],
  ['DD4055', authz("  rules: [{to: [{operation: {paths: ['/a?b']}}]}]\n"), 5, 'query'],
  ['DD4055', authz('  rules: [{to: [{operation: {paths: [admin]}}]}]\n'), 5, 'slash'],
  ['DD4056', authz('  rules: [{from: [{source: {principals: [cluster.local/ns/default/sa/reviws]}}]}]\n'), 5, 'reviws'],
  ['DD4056', authz('  rules: [{from: [{source: {namespaces: [prod]}}]}]\n'), 5, 'prod'],
  ['DD4057', authz("  rules: [{from: [{source: {serviceAccounts: ['default/rev*']}}]}]\n"), 5, 'wildcards'],
  ['DD4058', authz("  rules: [{from: [{source: {requestPrincipals: ['*']}}]}]\n"), 5, 'RequestAuthentication'],
  ['DD4058', authz("  rules: [{when: [{key: 'request.auth.claims[a]', values: [b]}]}]\n"), 5, 'RequestAuthentication'],
  ['DD4061', authz("  selector: {matchLabels: {app: ratings}}\n  rules: [{to: [{operation: {ports: ['81']}}]}]\n"), 6, 'port 81'],
  ['DD4024', authz("  rules: [{when: [{key: 'request.headers[a]', values: [b]}]}]\n"), 5, 'cache'],
  ['DD4022', authz("  rules: [{when: [{key: source.principal, values: ['spiffe://a/b']}]}]\n"), 5, 'spiffe'],
  [
    'DD4062',
    'apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: more}\nspec:\n  extensionProviders:\n  - {name: a, envoyExtAuthzGrpc: {service: ratngs.default.svc.cluster.local, port: 1}}\n',
    6,
    'ratngs',
  ],
  ['DD4054', dr('  trafficPolicy:\n    tls: {mode: SIMPLE, credentialName: certs}\n'), 7, 'plaintext'],
  ['DD4034', dr('  trafficPolicy:\n    outlierDetection: {consecutive5xxErrors: 0, maxEjectionPercent: 100}\n'), 7, 'off'],
  ['DD4035', authz('  action: AUDIT\n  rules: [{}]\n'), 5, 'AUDIT'],
  [
    'DD4039',
    object(
      'gateway.networking.k8s.io/v1',
      'HTTPRoute',
      'r',
      '  parentRefs: [{kind: Service, group: "", name: nobody}]\n  rules: [{backendRefs: [{name: ratings, port: 9080}]}]\n',
    ),
    5,
    'nobody',
  ],
  ['DD4040', `${peer('a', '  mtls: {mode: STRICT}\n')}---\n${dr('  trafficPolicy:\n    tls: {mode: DISABLE}\n')}`, 13, 'STRICT'],
  [
    'DD4041',
    object('security.istio.io/v1', 'RequestAuthentication', 'j', '  jwtRules: [{issuer: me}]\n'),
    5,
    'without a token pass',
  ],
  ['DD4042', vs(`  - match: [{uri: {prefix: /api}}]\n${to}  - match: [{uri: {prefix: /api/v2}}]\n${to}`), 9, '/api/v2'],
  ['DD4044', 'apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: more}\nspec:\n  trustDomain: other\n', 5, 'trustDomain'],
  [
    'DD4045',
    'apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: more}\nspec:\n  services: [{name: empty, port: 1}]\n',
    5,
    'empty',
  ],
  ['DD4050', vs(`  - rewrite: {uriRegexRewrite: {match: "/a/(.*)", rewrite: '/\\2'}}\n${to}`), 7, '(it has 1)'],
  ['DD4051', vs('  - directResponse: {status: 204, body: {string: hello}}\n'), 7, 'has no body'],
];

describe('valid but inert', () => {
  test.each(cases)('%s', async (code, text, line, message) => {
    const found = await check(text);
    expect(found.filter((d) => d.severity === 'error')).toEqual([]);
    const own = found.find((d) => d.code === code);
    expect(own, JSON.stringify(found)).toMatchObject({ file: 'x.yaml', line });
    expect(own!.message).toContain(message);
  });

  test('DD4053 is silent where the ingress serves the name, or a service of the mesh calls', async () => {
    const load = (from: string) =>
      scenario(`    - {name: l, ${from}rate: 1, for: 1s, requests: [{url: 'http://ratings:9080/'}]}\n`);
    expect(await check(load('from: {service: reviews}, '))).toEqual([]);
    expect(await check(`${load('')}---\n${vs(`  -${to.slice(3)}`)}`)).toEqual([]);
  });
  test('DD4052: more workers than processors', () => {
    const text = 'apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: m}\nspec: {services: [], dataPlane: {workers: 4}}\n';
    const found = (cores: number) => {
      const context = new LintContext(ResourceSet.empty.apply(parseText(text, 'x.yaml').documents, { live: false, now: 0 }).set);
      lintMesh(context, cores);
      return context.diagnostics;
    };
    expect(found(2)).toMatchObject([{ code: 'DD4052', severity: 'warning', line: 4, path: 'spec.dataPlane.workers' }]);
    expect(found(4)).toEqual([]);
  });

  test('DD4004: gateways without mesh', async () => {
    const edge = object(
      'networking.istio.io/v1',
      'Gateway',
      'edge',
      '  selector: {istio: ingressgateway}\n  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]\n',
    );
    const found = await check(`${edge}---\n${vs(`  -${to.slice(3)}`, 'gateways: [edge]\n  hosts: [ratings]')}`);
    expect(found).toMatchObject([{ code: 'DD4004', severity: 'warning' }]);
  });

  test('a sound configuration has nothing to say', async () => {
    const text = [
      dr(
        '  trafficPolicy:\n    outlierDetection: {maxEjectionPercent: 100}\n  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]\n',
      ),
      vs(
        '  - match: [{headers: {x: {exact: "1"}}}]\n    route: [{destination: {host: ratings, subset: v2}}]\n  - route: [{destination: {host: ratings, subset: v1}}]\n    retries: {attempts: 2, retryOn: 5xx}\n',
      ),
      peer('default', '  mtls: {mode: STRICT}\n'),
      fault('  to: {service: ratings, version: v1}\n  delay: {fixed: 1s}\n'),
    ].join('---\n');
    expect(await check(text)).toEqual([]);
  });

  test('every code that can be said has its entry in docs/lint.md, and no entry is about nothing', () => {
    const root = path.join(import.meta.dirname, '..');
    const sources = ['config', 'control-plane', 'data-plane', 'cli', '.'].flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: folder !== '.', encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
        .map((file) => readFileSync(path.join(root, folder, file), 'utf8')),
    );
    const said = new Set(sources.join('').match(/DD\d{4}/g));
    const docs = readFileSync(path.join(root, '../docs/lint.md'), 'utf8');
    expect([...docs.matchAll(/^## (DD\d{4})$/gm)].map((m) => m[1]).sort()).toEqual([...said].sort());
  });
});

describe('files', () => {
  const folders: string[] = [];
  const folder = () => {
    const made = mkdtempSync(path.join(tmpdir(), 'drydock-lint-'));
    folders.push(made);
    return made;
  };
  afterEach(() => {
    for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
  });

  test('folders are read in name order; every diagnostic names its file', async () => {
    const dir = folder();
    writeFileSync(path.join(dir, 'b.yaml'), vs(`  -${to.slice(3)}  - match: [{uri: {prefix: /dead}}]\n${to}`));
    writeFileSync(path.join(dir, 'a.yml'), shop);
    writeFileSync(path.join(dir, 'notes.txt'), 'not yaml: [');
    const { files } = await loadFiles([dir]);
    expect(files.map((f) => path.basename(f))).toEqual(['a.yml', 'b.yaml']);
    expect(await lint([dir])).toMatchObject([{ code: 'DD4001', file: path.join(dir, 'b.yaml') }]);
  });

  test('what cannot be read is an error', async () => {
    const dir = folder();
    expect(await lint([path.join(dir, 'none.yaml')])).toMatchObject([{ severity: 'error', code: 'DD1008' }]);
    expect(await lint([dir])).toMatchObject([{ severity: 'error', code: 'DD1008' }]);
  });

  test('the same file given twice is read once', async () => {
    const dir = folder();
    const file = path.join(dir, 'a.yaml');
    writeFileSync(file, shop);
    expect((await loadFiles([file, dir])).documents).toHaveLength(1);
  });
});

describe('policies beside each other', () => {
  const policy = (name: string, spec: string, metadata = '') =>
    `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: ${name}, namespace: default${metadata}}\nspec:\n${spec}`;
  const mesh = `apiVersion: drydock.dev/v1\nkind: Mesh\nmetadata: {name: more}\nspec:\n  extensionProviders:\n${['a', 'b']
    .map((name) => `  - {name: ${name}, envoyExtAuthzGrpc: {service: ratings, port: 9080}}\n`)
    .join('')}`;
  const custom = (name: string, provider: string) =>
    policy(name, `  action: CUSTOM\n  provider: {name: ${provider}}\n  rules: [{}]\n`);
  const codes = async (text: string) => (await check(text)).map(({ code }) => code);

  test('two authorizers for one workload: told at the second', async () => {
    const found = (await check(`${mesh}---\n${custom('one', 'a')}---\n${custom('two', 'b')}`)).filter((d) => d.code === 'DD4059');
    expect(found).toMatchObject([{ resource: 'AuthorizationPolicy/default/two', suggestion: expect.stringContaining('Use a') }]);
    expect(await codes(`${mesh}---\n${custom('one', 'a')}---\n${custom('two', 'a')}`)).not.toContain('DD4059');
  });

  test('dry-run is told', async () => {
    const dry = policy('p', '  action: DENY\n  rules: [{}]\n', ", annotations: {istio.io/dry-run: 'true'}");
    expect(await codes(dry)).toContain('DD4060');
    expect(await codes(policy('p', '  action: DENY\n  rules: [{}]\n'))).not.toContain('DD4060');
  });

  test('a token is asked for where it is read, and read where it is asked for', async () => {
    const jwt = (app: string) =>
      object(
        'security.istio.io/v1',
        'RequestAuthentication',
        'j',
        `  selector: {matchLabels: {app: ${app}}}\n  jwtRules: [{issuer: me}]\n`,
      );
    const asks = policy(
      'p',
      "  selector: {matchLabels: {app: ratings}}\n  rules: [{from: [{source: {requestPrincipals: ['*']}}]}]\n",
    );
    expect(await codes(`${jwt('ratings')}---\n${asks}`)).toEqual([]);
    expect(await codes(`${jwt('reviews')}---\n${asks}`)).toEqual(expect.arrayContaining(['DD4041', 'DD4058']));
  });
});
