import { describe, expect, test } from 'vitest';
import type { ExchangeState } from '../exchange.ts';
import { type ExchangeOptions, makeExchange } from '../route/test-exchange.ts';
import type {
  AuthorizationPolicySnapshot,
  AuthorizationRule,
  AuthorizationSnapshot,
  OperationMatch,
  SourceMatch,
} from '../snapshot.ts';
import { createConnectionAuthorizer, createRbacFilter } from './rbac/filter.ts';

const noSource: SourceMatch = {
  principals: [],
  notPrincipals: [],
  requestPrincipals: [],
  notRequestPrincipals: [],
  namespaces: [],
  notNamespaces: [],
  serviceAccounts: [],
  notServiceAccounts: [],
  ipBlocks: [],
  notIpBlocks: [],
  remoteIpBlocks: [],
  notRemoteIpBlocks: [],
};
const noOperation: OperationMatch = {
  hosts: [],
  notHosts: [],
  ports: [],
  notPorts: [],
  methods: [],
  notMethods: [],
  paths: [],
  notPaths: [],
};
const from = (...sources: Partial<SourceMatch>[]): AuthorizationRule => ({
  ...any,
  from: sources.map((s) => ({ ...noSource, ...s })),
});
const to = (...operations: Partial<OperationMatch>[]): AuthorizationRule => ({
  ...any,
  to: operations.map((operation) => ({ ...noOperation, ...operation })),
});
const when = (key: string, values: string[], notValues: string[] = []): AuthorizationRule => ({
  ...any,
  when: [{ key, values, notValues }],
});
const any: AuthorizationRule = { from: [], to: [], when: [] };

function policy(
  action: 'AUDIT' | 'DENY' | 'ALLOW',
  rules: AuthorizationRule[],
  name = 'p',
  dryRun = false,
): AuthorizationPolicySnapshot {
  return { resource: { kind: 'AuthorizationPolicy', namespace: 'default', name }, action, provider: '', dryRun, rules };
}
function snapshot(...policies: AuthorizationPolicySnapshot[]): AuthorizationSnapshot {
  const of = (action: string) => policies.filter((entry) => entry.action === action);
  return { custom: [], audit: of('AUDIT'), deny: of('DENY'), allow: of('ALLOW'), providers: {} };
}
const caller: ExchangeOptions = {
  connection: { peerSpiffeId: 'spiffe://cluster.local/ns/default/sa/reviews', sni: 'outbound_.9080_._.ratings' },
  state: { direction: 'inbound', port: 9080 },
};
async function judge(
  authorization: AuthorizationSnapshot,
  request: ExchangeOptions = caller,
): Promise<ExchangeState & { details: string }> {
  const exchange = makeExchange({ ...caller, ...request, state: { ...caller.state, ...request.state } });
  const reply = await createRbacFilter(authorization)?.(exchange);
  exchange.details = reply?.details ?? 'allowed';
  if (reply !== undefined) expect(reply).toMatchObject({ status: 403, body: 'RBAC: access denied', flag: '' });
  return exchange;
}

const jwt: Partial<ExchangeState> = {
  jwt: {
    issuer: 'https://issuer',
    subject: 'alice',
    audiences: ['shop'],
    presenter: 'web',
    claims: {
      iss: 'https://issuer',
      sub: 'alice',
      azp: ['web', 'phone'],
      groups: ['a', 'b'],
      realm: { role: 'admin' },
      scope: ['read', 'write'],
    },
  },
};

describe('a rule matches', () => {
  const cases: [name: string, rule: AuthorizationRule, request: ExchangeOptions, matches: boolean][] = [
    ['rules: [{}] matches all', any, {}, true],
    ['principal without spiffe://', from({ principals: ['cluster.local/ns/default/sa/reviews'] }), {}, true],
    ['principal prefix', from({ principals: ['cluster.local/ns/default/*'] }), {}, true],
    ['principal suffix', from({ principals: ['*/sa/reviews'] }), {}, true],
    ['principal * means any identity', from({ principals: ['*'] }), {}, true],
    ['principal * without mTLS', from({ principals: ['*'] }), { connection: {} }, false],
    ['principal other', from({ principals: ['cluster.local/ns/default/sa/x'] }), {}, false],
    ['notPrincipals hit', from({ notPrincipals: ['*/sa/reviews'] }), {}, false],
    ['notPrincipals without mTLS passes', from({ notPrincipals: ['*'] }), { connection: {} }, true],
    ['namespace', from({ namespaces: ['default'] }), {}, true],
    ['namespace prefix', from({ namespaces: ['def*'] }), {}, true],
    ['namespace other', from({ namespaces: ['prod'] }), {}, false],
    ['notNamespaces', from({ notNamespaces: ['default'] }), {}, false],
    ['serviceAccounts ns/sa', from({ serviceAccounts: ['default/reviews'] }), {}, true],
    ['serviceAccounts in the own namespace', from({ serviceAccounts: ['reviews'] }), {}, true],
    ['serviceAccounts know no wildcards', from({ serviceAccounts: ['default/*'] }), {}, false],
    ['from is OR', from({ namespaces: ['prod'] }, { namespaces: ['default'] }), {}, true],
    ['fields of a source are AND', from({ namespaces: ['default'], principals: ['x'] }), {}, false],
    ['ipBlocks: direct peer', from({ ipBlocks: ['127.0.0.0/8'] }), {}, true],
    ['ipBlocks: single address', from({ ipBlocks: ['127.0.0.1'] }), {}, true],
    ['ipBlocks ignore XFF', from({ ipBlocks: ['10.0.0.0/8'] }), { headers: { 'x-forwarded-for': '10.1.1.1' } }, false],
    [
      'remoteIpBlocks: last of XFF',
      from({ remoteIpBlocks: ['10.0.0.0/8'] }),
      { headers: { 'x-forwarded-for': '1.1.1.1, 10.1.1.1' } },
      true,
    ],
    ['remoteIpBlocks without XFF: the peer', from({ remoteIpBlocks: ['127.0.0.1'] }), {}, true],
    ['requestPrincipals iss/sub', from({ requestPrincipals: ['https://issuer/alice'] }), { state: jwt }, true],
    ['requestPrincipals *', from({ requestPrincipals: ['*'] }), { state: jwt }, true],
    ['requestPrincipals * without JWT', from({ requestPrincipals: ['*'] }), {}, false],
    ['notRequestPrincipals * without JWT', from({ notRequestPrincipals: ['*'] }), {}, true],
    ['hosts: case-insensitive', to({ hosts: ['RATINGS:9080'] }), {}, true],
    ['hosts: the port is part', to({ hosts: ['ratings'] }), {}, false],
    ['hosts: prefix', to({ hosts: ['ratings*'] }), {}, true],
    ['methods', to({ methods: ['GET'] }), {}, true],
    ['methods: case-sensitive', to({ methods: ['get'] }), {}, false],
    ['notMethods', to({ notMethods: ['POST'] }), {}, true],
    ['ports', to({ ports: ['9080'] }), {}, true],
    ['ports other', to({ ports: ['9081'] }), {}, false],
    ['paths exact', to({ paths: ['/ratings/1'] }), {}, true],
    ['paths exclude the query', to({ paths: ['/a'] }), { path: '/a?b' }, true],
    ['paths prefix', to({ paths: ['/rat*'] }), {}, true],
    ['paths suffix', to({ paths: ['*/1'] }), {}, true],
    ['paths are normalised', to({ paths: ['/admin'] }), { path: '/x/../%61dmin' }, true],
    ['notPaths', to({ notPaths: ['/ratings/*'] }), {}, false],
    ['{*} is one segment', to({ paths: ['/a/{*}/c'] }), { path: '/a/b/c' }, true],
    ['{*} is not two segments', to({ paths: ['/a/{*}'] }), { path: '/a/b/c' }, false],
    ['{*} is not an empty segment', to({ paths: ['/a/{*}'] }), { path: '/a/' }, false],
    ['{**} spans segments', to({ paths: ['/a/{**}'] }), { path: '/a/b/c' }, true],
    ['{**} wants the slash before it', to({ paths: ['/a/{**}'] }), { path: '/a' }, false],
    ['{**} may be empty', to({ paths: ['/a/{**}'] }), { path: '/a/' }, true],
    ['{**} in the middle', to({ paths: ['/a/{**}/z'] }), { path: '/a/b/c/z' }, true],
    ['{**} has to end right', to({ paths: ['/a/{**}/z'] }), { path: '/a/b/c' }, false],
    ['namespaces with * inside', from({ namespaces: ['d*t'] }), {}, true],
    ['requestPrincipals without a slash: the issuer’s beginning', from({ requestPrincipals: ['https:*'] }), { state: jwt }, true],
    ['requestPrincipals of any issuer', from({ requestPrincipals: ['*/alice'] }), { state: jwt }, true],
    ['requestPrincipals: a subject’s end', from({ requestPrincipals: ['*ice'] }), { state: jwt }, true],
    ['requestPrincipals: a subject’s beginning', from({ requestPrincipals: ['https://issuer/al*'] }), { state: jwt }, true],
    [
      'requestPrincipals: an issuer’s beginning before the last slash',
      from({ requestPrincipals: ['https://iss*'] }),
      { state: jwt },
      false,
    ],
    ['when request.headers', when('request.headers[X-Team]', ['blue']), { headers: { 'x-team': 'blue' } }, true],
    ['when request.headers absent', when('request.headers[X-Team]', ['*']), {}, false],
    ['when request.headers notValues, absent', when('request.headers[X-Team]', [], ['red']), {}, true],
    ['when source.namespace', when('source.namespace', ['default']), {}, true],
    ['when source.principal', when('source.principal', ['*/sa/reviews']), {}, true],
    ['when source.serviceAccount', when('source.serviceAccount', ['default/reviews']), {}, true],
    ['when source.ip', when('source.ip', ['127.0.0.0/8']), {}, true],
    ['when remote.ip', when('remote.ip', ['10.0.0.0/8']), {}, false],
    [
      'remote.ip: an x-forwarded-for that is no address counts nothing',
      when('remote.ip', ['127.0.0.1']),
      { headers: { 'x-forwarded-for': '[::1]:5' } },
      true,
    ],
    ['when destination.port', when('destination.port', ['9080']), {}, true],
    ['when destination.ip', when('destination.ip', ['127.0.0.1']), {}, true],
    ['when connection.sni', when('connection.sni', ['outbound_*']), {}, true],
    ['when claims list', when('request.auth.claims[groups]', ['b']), { state: jwt }, true],
    ['when claims nested', when('request.auth.claims[realm][role]', ['admin']), { state: jwt }, true],
    ['when claims scope', when('request.auth.claims[scope]', ['write']), { state: jwt }, true],
    ['when claims without JWT', when('request.auth.claims[groups]', ['b']), {}, false],
    ['when audiences', when('request.auth.audiences', ['shop']), { state: jwt }, true],
    ['when presenter', when('request.auth.presenter', ['web']), { state: jwt }, true],
    ['when principal', when('request.auth.principal', ['https://issuer/*']), { state: jwt }, true],
    ['when unknown key never matches', when('nobody.knows', ['x']), {}, false],
  ];
  test.each(cases)('%s', async (_name, rule, request, matches) => {
    const { details } = await judge(snapshot(policy('DENY', [rule])), request);
    expect(details).toBe(matches ? 'rbac_access_denied_matched_policy[ns[default]-policy[p]-rule[0]]' : 'allowed');
  });
});

describe('order of actions', () => {
  test('no policy: no filter at all', () => {
    expect(createRbacFilter(snapshot())).toBeNull();
  });
  test('DENY beats ALLOW', async () => {
    const { details } = await judge(snapshot(policy('ALLOW', [any], 'a'), policy('DENY', [any], 'd')));
    expect(details).toContain('policy[d]');
  });
  test('one ALLOW policy applies and none matches: none', async () => {
    const exchange = await judge(snapshot(policy('ALLOW', [to({ methods: ['POST'] })])));
    expect(exchange.details).toBe('rbac_access_denied_matched_policy[none]');
    expect(exchange.policies[0]).toMatchObject({ outcome: 'denied', reason: 'rules[0]: method GET is not among POST' });
  });
  test('ALLOW without rules denies all', async () => {
    expect((await judge(snapshot(policy('ALLOW', [])))).details).toBe('rbac_access_denied_matched_policy[none]');
  });
  test('DENY without rules denies nothing', async () => {
    expect((await judge(snapshot(policy('DENY', [])))).details).toBe('allowed');
  });
  test('AUDIT notes and lets pass', async () => {
    const exchange = await judge(snapshot(policy('AUDIT', [any])));
    expect(exchange.policies.map((entry) => entry.outcome)).toEqual(['audited']);
  });
  test('dry-run DENY is a shadow', async () => {
    const exchange = await judge(snapshot(policy('DENY', [any], 'p', true)));
    expect(exchange).toMatchObject({ details: 'allowed', policies: [{ outcome: 'shadow-denied' }] });
  });
  test('dry-run ALLOW does not make the rest denied', async () => {
    const exchange = await judge(snapshot(policy('ALLOW', [to({ methods: ['POST'] })], 'p', true)));
    expect(exchange).toMatchObject({ details: 'allowed', policies: [{ outcome: 'shadow-denied' }] });
  });
  test('the matched rule is named by its index', async () => {
    const { details } = await judge(snapshot(policy('DENY', [to({ methods: ['POST'] }), any])));
    expect(details).toBe('rbac_access_denied_matched_policy[ns[default]-policy[p]-rule[1]]');
  });
});

describe('on a TCP port', () => {
  const connection = makeExchange(caller).downstream.connection;
  test('an ALLOW rule with an HTTP field is dropped, so it denies', () => {
    const authorizer = createConnectionAuthorizer(snapshot(policy('ALLOW', [to({ methods: ['GET'], ports: ['9080'] })])));
    expect(authorizer!(connection, 9080)).toMatchObject({ allowed: false });
  });
  test('a DENY rule loses the HTTP field and widens', () => {
    const authorizer = createConnectionAuthorizer(snapshot(policy('DENY', [to({ methods: ['POST'], ports: ['9080'] })])));
    expect(authorizer!(connection, 9080).allowed).toBe(false);
    expect(authorizer!(connection, 9081).allowed).toBe(true);
  });
  test('identities work as for HTTP', () => {
    const authorizer = createConnectionAuthorizer(snapshot(policy('ALLOW', [from({ namespaces: ['default'] })])));
    expect(authorizer!(connection, 9080).allowed).toBe(true);
  });
});
