import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CapturedBody, ExchangeDetail } from '../api/exchange.schema.ts';
import { makeBody, makeExchange } from '../store/fixtures.ts';
import { patienceMs } from '../testing/patience.ts';
import { Redactor } from './redact.ts';

const key = Buffer.alloc(32, 7);
const canary = 'C4n4ry-9f2b71d0';
const redactor = new Redactor({ key });
const hashed = 'redacted-[0-9a-f]{16}';

function withRequest(headers: [string, string][], body: CapturedBody | null = null): ExchangeDetail {
  return makeExchange(1, { request: { headers, body, trailers: [] } });
}
function bytesBody(bytes: Buffer, contentType: string, contentEncoding = ''): CapturedBody {
  const content = bytes.toString('base64');
  return {
    ...{ bytes: bytes.length, capturedBytes: bytes.length, truncated: false, encoding: 'base64', content },
    ...{ contentType, contentEncoding },
  };
}
/** Everything a person could read: as written, and every base64 run decoded. */
function readable(exchange: ExchangeDetail): string {
  const text = JSON.stringify(exchange);
  const decoded = [...text.matchAll(/[A-Za-z0-9+/=]{16,}/g)].map((m) => Buffer.from(m[0], 'base64').toString('latin1'));
  return [text, ...decoded].join('\n');
}

describe('a secret does not get through', () => {
  test.each([
    ['authorization', `Bearer ${canary}`],
    ['authorization', `Basic ${Buffer.from(`user:${canary}`).toString('base64')}`],
    ['proxy-authorization', canary],
    ['cookie', `theme=dark; session=${canary}`],
    ['set-cookie', `sid=${canary}; Path=/; HttpOnly`],
    ['x-api-key', canary],
    ['api-key', canary],
    ['x-auth-token', canary],
    ['x-vault-token', canary],
    ['x-amz-security-token', canary],
    ['my-client-secret', canary],
    ['referer', `http://shop/login?access_token=${canary}`],
    ['location', `http://shop/cb#id_token=${canary}&state=1`],
    ['location', `http://user:${canary}@shop/`],
  ])('in the header %s', (name, value) => {
    for (const side of ['request', 'response'] as const) {
      const [clean] = redactor.redact([
        makeExchange(1, { [side]: { headers: [[name, value]], body: null, trailers: [[name, value]] } }),
      ]);
      expect(readable(clean!)).not.toContain(canary);
      expect(clean!.redacted.some((path) => path.startsWith(`${side}.headers.${name}`))).toBe(true);
    }
  });

  const json = { user: 'ann', password: canary };
  test.each<[string, CapturedBody]>([
    ['JSON', makeBody(JSON.stringify(json), 'application/json')],
    ['JSON called text', makeBody(JSON.stringify(json, null, 2), 'text/plain')],
    ['JSON deep down', makeBody(JSON.stringify({ a: [{ b: { clientSecret: canary } }] }), 'application/json')],
    [
      'a list under a secret name',
      makeBody(JSON.stringify({ access_token: [1, canary, { x: canary }], b: 1 }), 'application/json'),
    ],
    ['an object under a secret name', makeBody(JSON.stringify({ credentials: { user: canary } }), 'application/json')],
    ['JSON in a JSON string', makeBody(JSON.stringify({ Message: JSON.stringify(json) }), 'application/json')],
    ['an escaped member name', makeBody(`{"p\\u0061ssword": "${canary}"}`, 'application/json')],
    ['JSON cut off in the secret', makeBody(`{"a":1,"refresh_token":"${canary}`, 'application/json')],
    ['JSON cut off in a secret object', makeBody(`{"a":1,"credentials":{"u":"x","p":"${canary}`, 'application/json')],
    ['lines of JSON', makeBody(`{"a":1}\n{"id_token":"${canary}"}\n`, 'application/x-ndjson')],
    ['an event stream', makeBody(`event: x\ndata: {"access_token":"${canary}"}\n\n`, 'text/event-stream')],
    [
      'a form',
      makeBody(`grant_type=authorization_code&code=${canary}&code_verifier=${canary}`, 'application/x-www-form-urlencoded'),
    ],
    ['a form called text', makeBody(`user=a&password=${canary}`, 'text/plain')],
    ['a form with an escaped name', makeBody(`p%61ssword=${canary}`, 'application/x-www-form-urlencoded')],
    ['SAML', makeBody(`SAMLResponse=${canary}`, 'application/x-www-form-urlencoded')],
    [
      'multipart',
      makeBody(
        `--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n${canary}\r\n--b\r\nContent-Disposition: form-data; name="f"\r\n\r\nkept\r\n--b--\r\n`,
        'multipart/form-data; boundary=b',
      ),
    ],
    ['gzip', bytesBody(gzipSync(JSON.stringify(json)), 'application/json', 'gzip')],
    [
      'gzip cut off',
      bytesBody(gzipSync(JSON.stringify({ ...json, z: randomBytes(900).toString('hex') })).subarray(0, 400), '', 'gzip'),
    ],
    ['deflate', bytesBody(deflateSync(JSON.stringify(json)), 'application/json', 'deflate')],
    ['bare deflate', bytesBody(deflateRawSync(JSON.stringify(json)), 'application/json', 'deflate')],
    ['brotli', bytesBody(brotliCompressSync(JSON.stringify(json)), 'application/json', 'br')],
    ['zstd', bytesBody(zstdCompressSync(JSON.stringify(json)), 'application/json', 'zstd')],
    ['two encodings', bytesBody(gzipSync(gzipSync(JSON.stringify(json))), 'application/json', 'gzip, gzip')],
    [
      'binary around it',
      bytesBody(Buffer.concat([Buffer.from([255, 0, 254]), Buffer.from(JSON.stringify(json))]), 'application/x'),
    ],
  ])('in a body: %s', (_name, body) => {
    for (const side of ['request', 'response'] as const) {
      const [clean] = redactor.redact([makeExchange(1, { [side]: { headers: [], body, trailers: [] } })]);
      expect(readable(clean!)).not.toContain(canary);
      const kept = clean![side].body!;
      if (kept.contentEncoding !== '') expect(kept.content).not.toBe(body.content);
      expect(clean!.redacted.length).toBeGreaterThan(0);
      expect(clean!.redacted[0]).toMatch(new RegExp(`^${side}\\.body\\.`));
    }
  });

  test('in the path, while the rest of it stays', () => {
    const [clean] = redactor.redact([makeExchange(1, { path: `/login?user=ann&access_token=${canary}&next=%2Fa` })]);
    expect(clean!.path).toMatch(new RegExp(`^/login\\?user=ann&access_token=${hashed}&next=%2Fa$`));
    expect(clean!.redacted).toEqual(['request.query.access_token']);
  });

  test('under any name the mesh adds', () => {
    const own = new Redactor({ key, names: ['X-Internal', 'pinNumber'] });
    const [clean] = own.redact([
      withRequest([['x-internal', canary]], makeBody(`{"pinNumber":"${canary}","pin":1}`, 'application/json')),
    ]);
    expect(readable(clean!)).not.toContain(canary);
    expect(clean!.request.body!.content).toContain('"pin":1');
  });

  test('whatever stands around it in JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 2 }), fc.boolean(), (before, after, pretty) => {
        const text = JSON.stringify({ before, inner: [{ client_secret: canary }], after }, null, pretty ? 2 : 0);
        const [clean] = redactor.redact([withRequest([], makeBody(text, 'application/json'))]);
        expect(readable(clean!)).not.toContain(canary);
        expect(() => JSON.parse(clean!.request.body!.content)).not.toThrow();
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});

describe('what is left', () => {
  test('equal secrets stay equal, unequal ones unequal, and another key gives other hashes', () => {
    const header = (r: Redactor, value: string) => r.redact([withRequest([['x-api-key', value]])])[0]!.request.headers[0]![1];
    expect(header(redactor, canary)).toBe(header(redactor, canary));
    expect(header(redactor, canary)).not.toBe(header(redactor, `${canary}2`));
    expect(header(redactor, canary)).not.toBe(header(new Redactor({ key: Buffer.alloc(32, 8) }), canary));
  });

  test('a JSON web token keeps its claims and loses its signature', () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = `${part({ alg: 'RS256' })}.${part({ sub: 'ann' })}`;
    const [clean] = redactor.redact([withRequest([['authorization', `Bearer ${claims}.c2lnbmF0dXJl`]])]);
    expect(clean!.request.headers[0]![1]).toMatch(new RegExp(`^Bearer ${claims.replaceAll('.', '\\.')}\\.${hashed}$`));
  });

  test('what holds no secret is the very same object', () => {
    const exchange = withRequest([['accept', '*/*']], makeBody('{"code":404,"usage":{"max_tokens":12}}', 'application/json'));
    expect(redactor.redact([exchange])[0]).toBe(exchange);
  });

  test('redacting twice changes nothing more', () => {
    const [once] = redactor.redact([
      withRequest([['x-api-key', canary]], makeBody(`{"password":"${canary}"}`, 'application/json')),
    ]);
    const [twice] = redactor.redact([once!]);
    expect({ ...twice, redacted: [] }).toEqual({ ...once, redacted: [] });
  });

  test('cookies keep their names and attributes', () => {
    const [clean] = redactor.redact([withRequest([['set-cookie', `sid=${canary}; Path=/; Secure`]])]);
    expect(clean!.request.headers[0]![1]).toMatch(new RegExp(`^sid=${hashed}; Path=/; Secure$`));
  });

  test('a megabyte of anything takes no long time', () => {
    for (const text of [
      '"'.repeat(1e6),
      `"token":${'['.repeat(1e6)}`,
      '=&'.repeat(5e5),
      '\\"'.repeat(5e5),
      `name="token"${'\n'.repeat(1e6)}`,
    ]) {
      const started = performance.now();
      redactor.redact([
        withRequest([], makeBody(text, 'multipart/form-data')),
        withRequest([], makeBody(text, 'application/json')),
      ]);
      expect(performance.now() - started).toBeLessThan(patienceMs);
    }
  });
});
