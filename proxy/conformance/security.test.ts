import http, { type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../testing/listen.ts';
import { unusedPort } from '../testing/unused-port.ts';
import type { Document } from './case.ts';
import { bearer, jwks, part, stranger, token } from './cases/tokens.ts';
import { exchangesOf } from './protocols/kit.ts';
import { customPolicy as custom, policy, SecurityMesh, saysOf } from './security-test-kit.ts';
import { send } from './send.ts';

/*
 * §4 over two sidecars, with what the exchange says about it: ext_authz by a local HTTP service, dry runs, AUDIT, refusals of JWT and of
 * plaintext, opaque ports. One service per behaviour, all of them app a, called from `client`.
 */

let security: SecurityMesh;
let authorizer: http.Server;
/** What the authorizer was asked, by the path it was asked for. */
const checks = new Map<string, IncomingMessage>();

/** Answers as the checked path says: `/deny`, `/boom`, else yes. */
function judge(request: IncomingMessage, response: http.ServerResponse): void {
  checks.set(request.url ?? '', request);
  if (request.url?.includes('/deny')) {
    response
      .writeHead(401, { 'x-reason': 'no badge', 'x-secret': 's', 'www-authenticate': 'Badge', 'content-type': 'text/html' })
      .end('<p>no badge</p>');
  } else if (request.url?.includes('/boom')) response.writeHead(503).end('boom');
  else response.writeHead(200, { 'x-user': 'kim', 'x-secret': 's', 'x-seen': 'yes' }).end();
}

const dryRun = { 'istio.io/dry-run': 'true' };
const paths = (...values: string[]): Document => ({ to: [{ operation: { paths: values } }] });
const methods = (...values: string[]): Document => ({ to: [{ operation: { methods: values } }] });
const client = 'cluster.local/ns/default/sa/client';
const principals = (...values: string[]): Document => ({ from: [{ source: { principals: values } }] });

const httpDocuments: Document[] = [
  custom('asked', 'badges', [paths('/asked*', '/deny*', '/boom*')]),
  custom('filtered', 'filtered'),
  custom('before-jwt', 'badges'),
  policy('before-jwt.deny', { action: 'DENY', rules: [{}] }),
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'before-jwt', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'before-jwt' } }, jwtRules: [{ issuer: 'issuer', jwks }] },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'plaintext', namespace: 'default' },
    spec: { host: 'sealed', trafficPolicy: { tls: { mode: 'DISABLE' } } },
  },
  policy('remote', { rules: [{ from: [{ source: { remoteIpBlocks: ['10.0.0.0/8'] } }] }] }),
  policy('accounts', { rules: [{ from: [{ source: { serviceAccounts: ['default/cli*'] } }] }] }),
  policy('either', {
    rules: [
      { from: [{ source: { namespaces: ['prod'] } }, { source: { serviceAccounts: ['client'], ipBlocks: ['127.0.0.1'] } }] },
    ],
  }),
  custom('down', 'gone'),
  custom('lenient', 'gone-open'),
  custom('unknown', 'nobody'),
  custom('torn', 'badges'),
  custom('torn.b', 'filtered'),
  custom('in-mesh', 'mesh-service'),
  policy('would-deny', { action: 'DENY', rules: [methods('POST'), methods('GET')] }, dryRun),
  policy('would-allow', { rules: [paths('/ok')] }, dryRun),
  policy('audited', { action: 'AUDIT', rules: [methods('POST'), principals(client)] }),
  policy('denied', { action: 'DENY', rules: [methods('POST'), principals(client)] }),
  policy('closed', { rules: [methods('POST'), principals('cluster.local/ns/other/*')] }),
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'tokens', namespace: 'default' },
    spec: {
      selector: { matchLabels: { app: 'tokens' } },
      jwtRules: [
        { issuer: 'other', jwks },
        { issuer: 'issuer', jwks, audiences: ['me'] },
      ],
    },
  },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'only-mtls', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'sealed' } }, mtls: { mode: 'STRICT' } },
  },
];
const tcpDocuments: Document[] = [
  policy('tcp-allowed', { rules: [{ ...principals(client), to: [{ operation: { ports: ['7000'] } }] }] }),
  policy('tcp-other', {
    rules: [principals('cluster.local/ns/default/sa/other'), { from: [{ source: { ipBlocks: ['10.0.0.0/8'] } }] }],
  }),
  policy('tcp-dropped', { rules: [{ ...principals(client), ...methods('GET') }] }),
  policy('tcp-widened', { action: 'DENY', rules: [{ ...principals(client), ...methods('DELETE') }] }),
  policy('tcp-dry', { action: 'DENY', rules: [principals(client)] }, dryRun),
  policy('tcp-audited', { action: 'AUDIT', rules: [principals(client)] }),
  custom('tcp-custom', 'badges'),
  custom('tcp-unknown', 'nobody'),
];
const namesOf = (documents: readonly Document[]): string[] => [
  ...new Set(
    documents
      .map((d) => (d.metadata as { name: string }).name.replace(/\..*/, ''))
      .filter((name) => name !== 'only-mtls' && name !== 'plaintext'),
  ),
];

beforeAll(async () => {
  authorizer = http.createServer(judge);
  const port = await listen(authorizer);
  const provider = (name: string, more: Document): Document => ({
    name,
    envoyExtAuthzHttp: { service: '127.0.0.1', port, ...more },
  });
  security = await SecurityMesh.start({
    http: [...namesOf(httpDocuments), 'sealed'],
    tcp: namesOf(tcpDocuments),
    services: [{ name: 'badges', port: 9191, workloads: [{ address: `127.0.0.1:${port}` }] }],
    extensionProviders: [
      provider('badges', {
        headersToUpstreamOnAllow: ['x-user'],
        headersToDownstreamOnAllow: ['x-seen'],
        includeRequestHeadersInCheck: ['x-badge'],
        includeAdditionalHeadersInCheck: { 'x-mesh': 'shop' },
      }),
      provider('filtered', { headersToDownstreamOnDeny: ['x-reason'], pathPrefix: '/check' }),
      provider('gone', { port: await unusedPort(), statusOnError: '503' }),
      provider('gone-open', { port: await unusedPort(), failOpen: true }),
      { name: 'nobody', zipkin: { service: 'badges.default.svc.cluster.local', port: 9191 } },
      { name: 'mesh-service', envoyExtAuthzHttp: { service: 'default/badges.default.svc.cluster.local', port: 9191 } },
    ],
    documents: [...httpDocuments, ...tcpDocuments],
  });
});
afterAll(async () => {
  await security?.close();
  authorizer?.close();
});

const nobodyToAsk =
  'no provider nobody can be asked: it needs envoyExtAuthzHttp or envoyExtAuthzGrpc among the Mesh’s extensionProviders';

describe('§4 CUSTOM', () => {
  test('allowed: the app gets the headers the authorizer adds, the client the listed ones, nobody the others', async () => {
    const { status, headers, seen, policies } = await security.ask('asked', { path: '/asked' });
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'x-seen': 'yes' });
    expect(headers).not.toHaveProperty('x-secret');
    expect(seen[0]!.headers).toMatchObject({ 'x-user': 'kim' });
    expect(seen[0]!.headers).not.toHaveProperty('x-secret');
    expect(policies).toEqual(['AuthorizationPolicy default/asked spec.rules[0] allowed: badges answered 200']);
  });

  test('the check carries method, path, host and listed headers, and no body', async () => {
    await security.ask('asked', {
      path: '/asked/1',
      method: 'POST',
      body: 'secret',
      headers: { 'x-badge': ['7', '8'], 'x-mesh': 'evil', cookie: 'c' },
    });
    const check = [...checks.entries()].find(([url]) => url.startsWith('/asked/1'))![1];
    expect(check.method).toBe('POST');
    expect(check.headers).toMatchObject({ host: 'asked:9080', 'x-badge': '7,8', 'x-mesh': 'shop', 'content-length': '0' });
    expect(check.headers).not.toHaveProperty('cookie');
  });

  test('denied: its status, body and headers go to the client, nothing to the app', async () => {
    const { status, headers, body, seen, callee, policies } = await security.ask('asked', { path: '/deny' });
    expect({ status, body, attempts: seen.length }).toEqual({ status: 401, body: '<p>no badge</p>', attempts: 0 });
    expect(headers).toMatchObject({ 'x-reason': 'no badge', 'x-secret': 's', 'content-type': 'text/html' });
    expect(callee).toMatchObject({ flags: 'UAEX', details: 'ext_authz_denied' });
    expect(policies).toEqual(['AuthorizationPolicy default/asked spec.rules[0] denied: badges answered 401']);
  });

  test('headersToDownstreamOnDeny: only the listed headers, and www-authenticate', async () => {
    const { status, headers } = await security.ask('filtered', { path: '/deny' });
    expect(status).toBe(401);
    expect(headers).toMatchObject({ 'x-reason': 'no badge', 'www-authenticate': 'Badge' });
    expect(headers).not.toHaveProperty('x-secret');
    expect([...checks.keys()].some((url) => url.startsWith('/check/deny'))).toBe(true);
  });

  test('a service that is down refuses, by statusOnError', async () => {
    const { status, body, seen, callee, policies } = await security.ask('down');
    expect({ status, body, attempts: seen.length }).toEqual({ status: 503, body: '', attempts: 0 });
    expect(callee).toMatchObject({ flags: 'UAEX', details: 'ext_authz_error' });
    expect(policies).toEqual([
      expect.stringMatching(
        /^AuthorizationPolicy default\/down spec\.rules\[0\] denied: gone could not be asked: .*ECONNREFUSED/,
      ),
    ]);
  });

  test('a 5xx of the service counts as down: 403', async () => {
    expect(await security.ask('asked', { path: '/boom' })).toMatchObject({
      status: 403,
      body: '',
      policies: ['AuthorizationPolicy default/asked spec.rules[0] denied: badges could not be asked: it answered 503'],
    });
  });

  test('failOpen lets pass, and says so', async () => {
    const { status, policies } = await security.ask('lenient');
    expect(status).toBe(200);
    expect(policies).toEqual([expect.stringMatching(/allowed: gone-open could not be asked .* and failOpen is on$/)]);
  });

  test('requests no rule matches are not put to it', async () => {
    const { status, policies } = await security.ask('asked', { path: '/other' });
    expect({ status, policies }).toEqual({ status: 200, policies: [] });
    expect([...checks.keys()].some((url) => url.startsWith('/other'))).toBe(false);
  });

  test('it comes before JWT, and JWT before DENY', async () => {
    expect(await security.ask('before-jwt', { path: '/deny', ...bearer('abc') })).toMatchObject({
      status: 401,
      body: '<p>no badge</p>',
    });
    expect(await security.ask('before-jwt', bearer('abc'))).toMatchObject({
      status: 401,
      body: expect.stringMatching(/^Jwt is not/),
    });
    expect(await security.ask('before-jwt', { path: '/deny' })).toMatchObject({
      status: 401,
      callee: { details: 'ext_authz_denied' },
    });
    expect(await security.ask('before-jwt')).toMatchObject({ status: 403, body: 'RBAC: access denied' });
  });

  test('a provider nobody can ask, or two on one workload, refuse what they match', async () => {
    expect(await security.ask('unknown')).toMatchObject({
      status: 403,
      body: 'RBAC: access denied',
      callee: { details: 'rbac_access_denied_matched_policy[ns[default]-policy[unknown]-rule[0]-deny-due-to-bad-CUSTOM-action]' },
      policies: [`AuthorizationPolicy default/unknown spec.rules[0] denied: ${nobodyToAsk}`],
    });
    expect(await security.ask('torn')).toMatchObject({
      status: 403,
      policies: [
        'AuthorizationPolicy default/torn.b spec.rules[0] denied: one workload has several providers (badges, filtered): Istio refuses until its CUSTOM policies name only one',
      ],
    });
  });

  test('a service of the mesh is found by its name', async () => {
    expect(await security.ask('in-mesh')).toMatchObject({ status: 200 });
    expect(await security.ask('in-mesh', { path: '/deny' })).toMatchObject({ status: 401, body: '<p>no badge</p>' });
  });
});

describe('§4 what is said and not enforced', () => {
  test('dry-run DENY: served, and the exchange names policy and rule', async () => {
    expect(await security.ask('would-deny')).toMatchObject({
      status: 200,
      policies: ['AuthorizationPolicy default/would-deny spec.rules[1] shadow-denied: a dry-run DENY rule matches: method GET'],
    });
  });

  test('dry-run ALLOW: nobody is shut out, and the exchange says who would be', async () => {
    const allowed = 'AuthorizationPolicy default/would-allow spec.rules[0] shadow-allowed: a dry-run ALLOW rule matches';
    expect(await security.ask('would-allow', { path: '/ok' })).toMatchObject({ status: 200, policies: [allowed] });
    const { status, policies } = await security.ask('would-allow', { path: '/no' });
    expect(status).toBe(200);
    expect(policies).toEqual(['AuthorizationPolicy default/would-allow shadow-denied: rules[0]: path /no is not among /ok']);
  });

  test('AUDIT: served, and the exchange names the rule', async () => {
    expect(await security.ask('audited')).toMatchObject({
      status: 200,
      policies: ['AuthorizationPolicy default/audited spec.rules[1] audited: an AUDIT rule matches'],
    });
  });
});

describe('§4 a refusal is told', () => {
  test('DENY: details and decision name policy and rule', async () => {
    expect(await security.ask('denied')).toMatchObject({
      status: 403,
      body: 'RBAC: access denied',
      callee: { details: 'rbac_access_denied_matched_policy[ns[default]-policy[denied]-rule[1]]', flags: '' },
      policies: [
        'AuthorizationPolicy default/denied spec.rules[1] denied: a DENY rule matches: principal cluster.local/ns/default/sa/client',
      ],
    });
  });

  test('no ALLOW rule matches: the decision says why each did not', async () => {
    expect(await security.ask('closed')).toMatchObject({
      status: 403,
      callee: { details: 'rbac_access_denied_matched_policy[none]' },
      policies: [
        `AuthorizationPolicy default/closed denied: rules[0]: method GET is not among POST; rules[1]: principal ${client} is not among cluster.local/ns/other/*`,
      ],
    });
  });

  test('remoteIpBlocks look at x-forwarded-for, serviceAccounts know no wildcards, one of several sources is enough', async () => {
    expect(await security.ask('remote', { headers: { 'x-forwarded-for': '10.1.2.3' } })).toMatchObject({ status: 200 });
    expect(await security.ask('remote')).toMatchObject({
      status: 403,
      policies: [expect.stringContaining('remote IP 127.0.0.1 is not among')],
    });
    expect(await security.ask('accounts')).toMatchObject({
      status: 403,
      policies: [expect.stringContaining('service account default/client')],
    });
    expect(await security.ask('either')).toMatchObject({ status: 200 });
  });

  test.each([
    ['expired', token({ aud: 'me', exp: 1_000_000_000 }), 401, 'Jwt is expired', 1, 'it was good until 2001-09-09T01:46:40.000Z'],
    ['the wrong audience', token({ aud: 'you' }), 403, 'Audiences in Jwt are not allowed', 1, 'it is for you; the rule wants me'],
    [
      'a stranger’s signature',
      token({ aud: 'me' }, {}, stranger),
      401,
      'Jwt verification fails',
      1,
      'its signature is not by a key',
    ],
    [
      'an issuer no rule has',
      token({ iss: 'evil' }),
      401,
      'Jwt issuer is not configured',
      0,
      'it is of evil; the rule is for other',
    ],
    ['alg none', `${part({ alg: 'none' })}.${part({ iss: 'issuer' })}.AAAA`, 401, 'Jwt header [alg] is not supported', 0, ''],
  ])('JWT %s: the decision names the rule and Envoy’s words', async (_, text, status, body, rule, more) => {
    const told = await security.ask('tokens', bearer(text));
    expect(told).toMatchObject({ status, body });
    expect(told.callee.details).toBe(`jwt_authn_access_denied{${body.replaceAll(' ', '_')}}`);
    expect(told.policies).toEqual([
      expect.stringContaining(`RequestAuthentication default/tokens spec.jwtRules[${rule}] denied: ${body}`),
    ]);
    expect(told.policies[0]).toContain(more);
  });

  test('a token that is good names who it is', async () => {
    expect(await security.ask('tokens', bearer(token({ aud: 'me' })))).toMatchObject({
      status: 200,
      policies: ['RequestAuthentication default/tokens spec.jwtRules[1] authenticated: JWT of issuer, subject kim'],
    });
  });

  test('STRICT: plaintext is closed without a status, and the record names the PeerAuthentication', async () => {
    const target = security.mesh.inbound('sealed-x-0');
    expect(await send(target, { name: 'plain', expect: {} }, 'sealed:9080', 'plain')).toMatchObject({ status: 0, cut: true });
    const [record] = await exchangesOf(security.mesh, 'to=sealed&reporter=destination', 1);
    expect(record).toMatchObject({ status: 0, protocol: 'TCP', flags: 'NR', details: 'filter_chain_not_found' });
    expect(saysOf(record!)).toEqual([
      'PeerAuthentication default/only-mtls denied: mTLS is STRICT and the caller sent plaintext: it has to come through a sidecar, or the mode to be PERMISSIVE',
    ]);
  });
});

describe('§4 STRICT', () => {
  test('a caller told to speak plaintext reports 503 UC', async () => {
    const answer = await send(
      security.mesh.outbound('client-x-0'),
      { name: 'plain', expect: {}, path: '/strict' },
      'sealed:9080',
      'strict',
    );
    expect(answer).toMatchObject({
      status: 503,
      body: 'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
    });
    const [caller] = await exchangesOf(security.mesh, 'reporter=source&path=/strict', 1);
    expect(caller).toMatchObject({ flags: 'UC', details: 'upstream_reset_before_response_started{connection_termination}' });
  });
});

describe('§4 opaque ports', () => {
  const name = (service: string): string => `AuthorizationPolicy default/${service}`;

  test('ALLOW by principal and port lets the caller in', async () => {
    const { answered, policies } = await security.connect('tcp-allowed');
    expect({ answered, policies }).toEqual({
      answered: true,
      policies: [`${name('tcp-allowed')} spec.rules[0] allowed: an ALLOW rule matches`],
    });
  });

  test('nobody else is let in: the connection is closed, and each rule says why', async () => {
    const { answered, policies, callee } = await security.connect('tcp-other');
    expect(answered).toBe(false);
    expect(callee.details).toBe('rbac_access_denied_matched_policy[none]');
    expect(policies).toEqual([expect.stringContaining(`rules[0]: principal ${client} is not among`)]);
    expect(policies[0]).toContain('rules[1]: source IP 127.0.0.1 is not among 10.0.0.0/8');
  });

  test('an ALLOW rule with an HTTP field is dropped: it denies, and says so', async () => {
    const { answered, policies } = await security.connect('tcp-dropped');
    expect(answered).toBe(false);
    expect(policies).toEqual([expect.stringMatching(/denied: its rules do not apply to TCP: they have HTTP fields/)]);
  });

  test('a DENY rule loses its HTTP field and widens', async () => {
    const { answered, policies, callee } = await security.connect('tcp-widened');
    expect(answered).toBe(false);
    expect(callee.details).toBe('rbac_access_denied_matched_policy[ns[default]-policy[tcp-widened]-rule[0]]');
    expect(policies).toEqual([`${name('tcp-widened')} spec.rules[0] denied: a DENY rule matches: principal ${client}`]);
  });

  test('dry-run and AUDIT let connections through and tell', async () => {
    const dry = await security.connect('tcp-dry');
    expect({ answered: dry.answered, policies: dry.policies }).toEqual({
      answered: true,
      policies: [`${name('tcp-dry')} spec.rules[0] shadow-denied: a dry-run DENY rule matches: principal ${client}`],
    });
    const audited = await security.connect('tcp-audited');
    expect({ answered: audited.answered, policies: audited.policies }).toEqual({
      answered: true,
      policies: [`${name('tcp-audited')} spec.rules[0] audited: an AUDIT rule matches`],
    });
  });

  test('CUSTOM by an HTTP service is not asked about connections; a provider without one refuses them', async () => {
    expect((await security.connect('tcp-custom')).answered).toBe(true);
    const unknown = await security.connect('tcp-unknown');
    expect(unknown.answered).toBe(false);
    expect(unknown.policies).toEqual([`${name('tcp-unknown')} spec.rules[0] denied: ${nobodyToAsk}`]);
  });
});
