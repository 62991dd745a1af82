import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { listen } from '../../../testing/listen.ts';
import { type ExchangeOptions, makeExchange } from '../../route/test-exchange.ts';
import type { AuthorizationPolicySnapshot, ExtAuthzProvider } from '../../snapshot.ts';
import { fetchOverHttp } from '../http-fetch.ts';
import { authorizationInput, firstMatch, prepareAction } from '../rbac/filter.ts';
import { createExtAuthzFilter } from './filter.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handler);
  servers.push(server);
  return `http://127.0.0.1:${await listen(server)}`;
}
const provider = (url: string, over: Partial<ExtAuthzProvider> = {}): ExtAuthzProvider => ({
  name: 'authz',
  url,
  pathPrefix: '',
  timeoutMs: 2000,
  failOpen: false,
  statusOnError: 403,
  includeRequestHeadersInCheck: [],
  headersToUpstreamOnAllow: [],
  headersToDownstreamOnDeny: [],
  ...over,
});
const policy = (over: Partial<AuthorizationPolicySnapshot> = {}): AuthorizationPolicySnapshot => ({
  resource: { kind: 'AuthorizationPolicy', namespace: 'default', name: 'custom' },
  action: 'CUSTOM',
  provider: 'authz',
  dryRun: false,
  rules: [{ from: [], to: [], when: [] }],
  ...over,
});
async function run(providers: ExtAuthzProvider[], policies = [policy()], request: ExchangeOptions = {}) {
  const exchange = makeExchange(request);
  const filter = createExtAuthzFilter(
    { custom: policies, audit: [], deny: [], allow: [], providers: Object.fromEntries(providers.map((p) => [p.name, p])) },
    {
      fetch: fetchOverHttp,
      grpc: () => Promise.reject(new Error('nobody is asked by gRPC here')),
      matchPolicies: (entries) => {
        const action = prepareAction(entries, false);
        return (state) => firstMatch(action, authorizationInput(state))?.id ?? '';
      },
    },
  )!;
  return { exchange, reply: await filter(exchange) };
}

test('200 lets pass; listed headers go upstream, others do not', async () => {
  const url = await serve((_request, response) => response.writeHead(200, { 'x-user': 'alice', 'x-other': 'no' }).end());
  const { exchange, reply } = await run([provider(url, { headersToUpstreamOnAllow: ['x-user'] })]);
  expect(reply).toBeUndefined();
  expect(exchange.headers.toPairs()).toEqual([['x-user', 'alice']]);
  expect(exchange.policies).toMatchObject([{ outcome: 'allowed' }]);
});
test('the check has method, path with prefix, Host, Authorization and listed headers only', async () => {
  let seen: IncomingMessage | undefined;
  const url = await serve((request, response) => {
    seen = request;
    response.end();
  });
  const headers = { authorization: 'Bearer t', 'x-in': '1', cookie: 'secret' };
  await run([provider(url, { pathPrefix: '/check', includeRequestHeadersInCheck: ['x-*'] })], [policy()], {
    headers,
    path: '/a?b',
  });
  expect(seen).toMatchObject({ method: 'GET', url: '/check/a?b' });
  expect(seen?.headers).toMatchObject({ host: 'ratings:9080', authorization: 'Bearer t', 'x-in': '1' });
  expect(seen?.headers).not.toHaveProperty('cookie');
});
test('another answer is the answer: status, body, UAEX', async () => {
  const url = await serve((_request, response) => response.writeHead(401, { 'x-why': 'no' }).end('who are you'));
  const { reply } = await run([provider(url)]);
  expect(reply).toMatchObject({ status: 401, body: 'who are you', flag: 'UAEX', details: 'ext_authz_denied' });
  expect(reply?.headers).toContainEqual(['x-why', 'no']);
});
test('headersToDownstreamOnDeny filters', async () => {
  const url = await serve((_request, response) => response.writeHead(403, { 'x-why': 'no', 'x-b': '1' }).end());
  const { reply } = await run([provider(url, { headersToDownstreamOnDeny: ['x-b'] })]);
  expect(reply?.headers).toEqual([['x-b', '1']]);
});
test('an authorizer that is down: statusOnError, ext_authz_error', async () => {
  const { reply } = await run([provider('http://127.0.0.1:1', { statusOnError: 503 })]);
  expect(reply).toMatchObject({ status: 503, body: '', flag: 'UAEX', details: 'ext_authz_error' });
});
test('failOpen lets pass', async () => {
  expect((await run([provider('http://127.0.0.1:1', { failOpen: true })])).reply).toBeUndefined();
});
test('a 5xx counts as an error', async () => {
  const url = await serve((_request, response) => response.writeHead(500).end());
  expect((await run([provider(url)])).reply).toMatchObject({ status: 403, details: 'ext_authz_error' });
});
test('requests no rule matches are not put to it', async () => {
  const none = policy({ rules: [{ from: [], to: [], when: [{ key: 'source.namespace', values: ['x'], notValues: [] }] }] });
  expect((await run([provider('http://127.0.0.1:1')], [none])).reply).toBeUndefined();
});
test('two providers on one workload: denied', async () => {
  const { reply } = await run([provider('http://127.0.0.1:1')], [policy(), policy({ provider: 'other' })]);
  expect(reply).toMatchObject({ status: 403, body: 'RBAC: access denied' });
});
test('an unknown provider: denied', async () => {
  const { reply } = await run([]);
  expect(reply?.details).toBe(
    'rbac_access_denied_matched_policy[ns[default]-policy[custom]-rule[0]-deny-due-to-bad-CUSTOM-action]',
  );
});
test('dry run asks nobody', async () => {
  const { reply, exchange } = await run([provider('http://127.0.0.1:1')], [policy({ dryRun: true })]);
  expect(reply).toBeUndefined();
  expect(exchange.policies).toMatchObject([{ outcome: 'shadow-denied' }]);
});
