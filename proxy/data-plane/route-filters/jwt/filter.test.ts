import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { listen } from '../../../testing/listen.ts';
import { type ExchangeOptions, HandClock, makeExchange } from '../../route/test-exchange.ts';
import type { JwtSnapshot } from '../../snapshot.ts';
import { fetchOverHttp } from '../http-fetch.ts';
import { createJwtFilter } from './filter.ts';
import { JwksCache } from './jwks-cache.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const ed = generateKeyPairSync('ed25519');
const secret = Buffer.from('a secret of thirty-two bytes len');
const jwk = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid });
const keySet = JSON.stringify({
  keys: [
    jwk(rsa.publicKey, 'rsa'),
    jwk(ec.publicKey, 'ec'),
    jwk(ed.publicKey, 'ed'),
    { kty: 'oct', k: secret.toString('base64url'), kid: 'oct' },
    { kty: 'unheard of' },
  ],
});

/** The hand clock's wall time is 1 000 000 ms: second 1000. */
const nowSeconds = 1000;
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
function signature(alg: string, data: string): Buffer {
  const bytes = Buffer.from(data);
  if (alg === 'HS256') return createHmac('sha256', secret).update(bytes).digest();
  if (alg === 'EdDSA') return sign(null, bytes, ed.privateKey);
  if (alg === 'ES256') return sign('sha256', bytes, { key: ec.privateKey, dsaEncoding: 'ieee-p1363' });
  if (alg === 'PS256') return sign('sha256', bytes, { key: rsa.privateKey, padding: 6, saltLength: 32 });
  return sign('sha256', bytes, rsa.privateKey);
}
function token(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): string {
  const full = { alg: 'RS256', kid: 'rsa', ...header };
  const data = `${encode(full)}.${encode({ iss: 'https://issuer', sub: 'alice', exp: nowSeconds + 600, ...claims })}`;
  return `${data}.${signature(full.alg as string, data).toString('base64url')}`;
}

const rule = (over: Partial<JwtSnapshot> = {}): JwtSnapshot => ({
  resource: { kind: 'RequestAuthentication', namespace: 'default', name: 'jwt' },
  issuer: 'https://issuer',
  audiences: [],
  jwks: keySet,
  jwksUri: '',
  fromHeaders: [],
  fromParams: [],
  fromCookies: [],
  forwardOriginalToken: false,
  outputPayloadToHeader: '',
  outputClaimToHeaders: [],
  ...over,
});
async function run(request: ExchangeOptions, rules: JwtSnapshot[] = [rule()], clock = new HandClock()) {
  const exchange = makeExchange(request);
  const jwks = new JwksCache({ fetch: fetchOverHttp, clock });
  const reply = await createJwtFilter(rules, { clock, jwks })!(exchange);
  return { exchange, reply };
}
const bearer = (text: string): ExchangeOptions => ({ headers: { authorization: `Bearer ${text}` } });

test('no RequestAuthentication: no filter', () => {
  const clock = new HandClock();
  expect(createJwtFilter([], { clock, jwks: new JwksCache({ fetch: fetchOverHttp, clock }) })).toBeNull();
});
test('no token passes', async () => {
  const { exchange, reply } = await run({});
  expect(reply).toBeUndefined();
  expect(exchange.jwt).toBeNull();
});

describe('valid tokens', () => {
  test.each([
    ['RS256', 'rsa'],
    ['PS256', 'rsa'],
    ['ES256', 'ec'],
    ['EdDSA', 'ed'],
    ['HS256', 'oct'],
  ])('%s', async (alg, kid) => {
    const { exchange, reply } = await run(bearer(token({}, { alg, kid })));
    expect(reply).toBeUndefined();
    expect(exchange.jwt).toMatchObject({ issuer: 'https://issuer', subject: 'alice' });
  });
  test('without kid every key is tried', async () => {
    expect((await run(bearer(token({}, { kid: undefined })))).reply).toBeUndefined();
  });
  test('the token is stripped', async () => {
    expect((await run(bearer(token()))).exchange.headers.has('authorization')).toBe(false);
  });
  test('forwardOriginalToken keeps it', async () => {
    const { exchange } = await run(bearer(token()), [rule({ forwardOriginalToken: true })]);
    expect(exchange.headers.has('authorization')).toBe(true);
  });
  test('query access_token, stripped', async () => {
    const { exchange, reply } = await run({ path: `/a?x=1&access_token=${token()}&y=2` });
    expect(reply).toBeUndefined();
    expect(exchange.path).toBe('/a?x=1&y=2');
  });
  test('fromHeaders with a prefix replaces the default places', async () => {
    const only = rule({ fromHeaders: [{ name: 'X-Token', prefix: 'T ' }] });
    expect((await run({ headers: { 'x-token': `T ${token()}` } }, [only])).exchange.jwt).not.toBeNull();
    expect((await run(bearer(token()), [only])).exchange.jwt).toBeNull();
  });
  test('fromCookies', async () => {
    const { exchange } = await run({ headers: { cookie: `a=b; session=${token()}` } }, [rule({ fromCookies: ['session'] })]);
    expect(exchange.jwt?.subject).toBe('alice');
  });
  test('claims go into headers that nobody outside can set', async () => {
    const output = rule({ outputPayloadToHeader: 'X-Payload', outputClaimToHeaders: [{ header: 'X-Sub', claim: 'realm.role' }] });
    const forged = await run({ headers: { 'x-sub': 'root', 'x-payload': 'e30' } }, [output]);
    expect(forged.exchange.headers.list).toEqual([]);
    const { exchange } = await run(bearer(token({ realm: { role: 'admin' } })), [output]);
    expect(exchange.headers.get('x-sub')).toBe('admin');
    expect(JSON.parse(Buffer.from(exchange.headers.get('x-payload')!, 'base64url').toString()).sub).toBe('alice');
  });
  test('audience without scheme and trailing slash', async () => {
    expect((await run(bearer(token({ aud: ['https://shop/'] })), [rule({ audiences: ['shop'] })])).reply).toBeUndefined();
  });
  test('several rules: one valid is enough', async () => {
    expect((await run(bearer(token()), [rule({ issuer: 'other' }), rule()])).reply).toBeUndefined();
  });
  test('every token a rule finds must be good', async () => {
    const both = (header: string, query: string) => run({ ...bearer(header), path: `/?access_token=${query}` });
    expect((await both(token(), token())).exchange.jwt).not.toBeNull();
    expect((await both(token(), 'abc')).reply).toMatchObject({ status: 401 });
    expect((await both('abc', token())).reply).toMatchObject({ status: 401 });
  });
  test('rules that together find every token good are enough', async () => {
    const request = { ...bearer(token()), path: `/?access_token=${token({ iss: 'other' })}` };
    expect((await run(request, [rule(), rule({ issuer: 'other' })])).reply).toBeUndefined();
    expect((await run(request, [rule(), rule({ issuer: 'third' })])).reply).toMatchObject({
      body: 'Jwt issuer is not configured',
    });
  });
  test('an escaped token in the query is read', async () => {
    expect((await run({ path: `/?access_token=${token().replaceAll('.', '%2E')}` })).exchange.jwt).not.toBeNull();
  });
  test('expiry and start have a minute of grace', async () => {
    expect((await run(bearer(token({ exp: nowSeconds - 60, nbf: nowSeconds + 60 })))).reply).toBeUndefined();
  });
});

describe('refused tokens', () => {
  const tampered = () => {
    const [header, , mac] = token().split('.');
    return `${header}.${encode({ iss: 'https://issuer', sub: 'root', exp: nowSeconds + 600 })}.${mac}`;
  };
  test.each<[string, () => string, number, string]>([
    ['expired', () => token({ exp: nowSeconds - 61 }), 401, 'Jwt is expired'],
    ['not yet valid', () => token({ nbf: nowSeconds + 61 }), 401, 'Jwt not yet valid'],
    ['issuer', () => token({ iss: 'x' }), 401, 'Jwt issuer is not configured'],
    ['tampered', tampered, 401, 'Jwt verification fails'],
    ['kid unknown', () => token({}, { kid: 'zz' }), 401, "Jwks doesn't have key to match kid or alg from Jwt"],
    ['key of another kind', () => token({}, { kid: 'ec' }), 401, 'Jwt verification fails'],
    ['alg none', () => token({}, { alg: 'none' }), 401, 'Jwt header [alg] is not supported'],
    ['HS256 signed with the public key', () => token({}, { alg: 'HS256', kid: 'rsa' }), 401, 'Jwt verification fails'],
    ['not three sections', () => 'a.b', 401, 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'],
    ['something behind the token', () => `${token()},x`, 401, 'Jwt signature is an invalid Base64url encoded'],
    ['a word behind the token', () => `${token()} x`, 401, 'Jwt verification fails'],
    [
      'no signature',
      () => token().replace(/[^.]*$/, ''),
      401,
      'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
    ],
    ['exp is text', () => token({ exp: 'soon' }), 401, 'Jwt payload [exp] field is not an integer'],
    ['exp is negative', () => token({ exp: -1 }), 401, 'Jwt payload [exp] field is not a positive 64 bit integer'],
    ['payload no base64', () => token().replace(/\.[^.]*\./, '.!!.'), 401, 'Jwt payload is an invalid Base64url encoded'],
    ['header no JSON', () => 'YQ.YQ.YQ', 401, 'Jwt header is an invalid JSON'],
    ['audience: 403', () => token({ aud: 'x' }), 403, 'Audiences in Jwt are not allowed'],
  ])('%s', async (_name, make, status, body) => {
    const { reply, exchange } = await run(bearer(make()), [rule({ audiences: body.startsWith('Audiences') ? ['shop'] : [] })]);
    expect(reply).toEqual({
      status,
      body,
      flag: '',
      details: `jwt_authn_access_denied{${body.replaceAll(' ', '_')}}`,
      headers: [['www-authenticate', 'Bearer realm="http://ratings:9080/ratings/1", error="invalid_token"']],
    });
    expect(exchange.jwt).toBeNull();
  });
  test('CORS preflights are not looked at', async () => {
    const headers = { authorization: 'Bearer x', origin: 'o', 'access-control-request-method': 'GET' };
    expect((await run({ method: 'OPTIONS', headers })).reply).toBeUndefined();
  });
});

describe('jwksUri', () => {
  async function serve(answer: () => [number, string]) {
    let requests = 0;
    const server = createServer((_request, response) => {
      requests += 1;
      const [status, body] = answer();
      response.writeHead(status).end(body);
    });
    servers.push(server);
    return { uri: `http://127.0.0.1:${await listen(server)}/keys`, count: () => requests };
  }
  test('fetched once and kept', async () => {
    const { uri, count } = await serve(() => [200, keySet]);
    const clock = new HandClock();
    const filter = createJwtFilter([rule({ jwks: '', jwksUri: uri })], {
      clock,
      jwks: new JwksCache({ fetch: fetchOverHttp, clock }),
    })!;
    for (let i = 0; i < 3; i += 1) expect(await filter(makeExchange(bearer(token())))).toBeUndefined();
    expect(count()).toBe(1);
  });
  test('one that does not answer: no key matches, as in Istio', async () => {
    const { uri } = await serve(() => [500, '']);
    const { reply } = await run(bearer(token()), [rule({ jwks: '', jwksUri: uri })]);
    expect(reply?.body).toBe("Jwks doesn't have key to match kid or alg from Jwt");
  });
});

describe('as Envoy 1.40 has it, seen in random comparison', () => {
  test.each([
    ['text', 'name', 'kim'],
    ['an integer', 'count', '5'],
    ['a fraction, with six places', 'share', '-0.100000'],
    ['a boolean', 'flag', 'true'],
    ['a list, as base64 of its JSON', 'groups', 'W10='],
    ['nothing', 'nil', undefined],
    ['a name with a point is a path', 'realm.role', 'nested'],
  ])('a claim in a header: %s', async (_what, claim, expected) => {
    const claims = {
      name: 'kim',
      count: 5,
      share: -0.1,
      flag: true,
      groups: [],
      nil: null,
      'realm.role': 'flat',
      realm: { role: 'nested' },
    };
    const { exchange } = await run(bearer(token(claims)), [rule({ outputClaimToHeaders: [{ header: 'x-out', claim }] })]);
    expect(exchange.headers.get('x-out')).toBe(expected);
  });

  test('an empty cookie, an empty header without a prefix are bad tokens', async () => {
    const words = { status: 401, body: expect.stringMatching(/^Jwt is not in the form/) };
    expect((await run({ headers: { cookie: 'session=' } }, [rule({ fromCookies: ['session'] })])).reply).toMatchObject(words);
    const bare = rule({ fromHeaders: [{ name: 'x-jwt', prefix: '' }] });
    expect((await run({ headers: { 'x-jwt': '' } }, [bare])).reply).toMatchObject(words);
  });

  test('of several bad tokens the last one by kind and name is told of', async () => {
    const places = rule({
      fromHeaders: [
        { name: 'x-jwt', prefix: '' },
        { name: 'authorization', prefix: 'Bearer ' },
      ],
    });
    const headers = { authorization: `Bearer ${token({ exp: 1 })}`, 'x-jwt': token({ iss: 'nobody' }) };
    expect((await run({ headers }, [places])).reply?.body).toBe('Jwt issuer is not configured');
    const cookies = rule({ fromCookies: ['b', 'a'] });
    expect((await run({ headers: { cookie: `b=${token({ exp: 1 })}; a=x` } }, [cookies])).reply?.body).toBe('Jwt is expired');
  });

  test('what stays of the query when a token is taken off is written anew', async () => {
    const { exchange } = await run({ path: `/a?x&access_token=${token()}&b=1` });
    expect(exchange.path).toBe('/a?b=1&x=');
  });

  test('scope, permission and spaceDelimitedClaims are lists to policies', async () => {
    const claims = { scope: 'read write', permission: ['a'], custom: 'a b', other: 'a b' };
    const { exchange } = await run(bearer(token(claims)), [rule({ spaceDelimitedClaims: ['custom'] })]);
    expect(exchange.jwt?.claims).toMatchObject({ scope: ['read', 'write'], permission: ['a'], custom: ['a', 'b'], other: 'a b' });
  });
});
