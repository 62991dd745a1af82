import { describe, expect, test } from 'vitest';
import type { Decision, ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { makeExchange } from '../../../proxy/api/test-exchange.ts';
import { toCurl } from './curl.ts';
import {
  describeDraw,
  describeRetries,
  describeRetrySource,
  describeRule,
  describeTimeout,
  layShares,
} from './decision-words.ts';
import { toHexDump } from './hex-dump.ts';
import { explainFlags } from './response-flags.ts';

const canary: Decision = {
  snapshot: 3,
  virtualHost: 'reviews.default.svc.cluster.local:9080',
  rule: { kind: 'VirtualService', namespace: 'default', name: 'reviews', path: 'spec.http[1]' },
  shares: [
    { cluster: 'outbound|9080|v1|reviews.default.svc.cluster.local', weight: 90 },
    { cluster: 'outbound|9080|v2|reviews.default.svc.cluster.local', weight: 10 },
  ],
  draw: 41.3,
  timeoutMs: 2000,
  retries: { attempts: 2, retryOn: 'connect-failure,503', from: 'default' },
  policies: [],
  notes: [],
};

describe('a decision in words', () => {
  test('names the rule, or says that none matched', () => {
    expect(describeRule(canary)).toBe('VirtualService default/reviews, http[1] matched.');
    expect(describeRule({ ...canary, rule: null })).toBe('No rule matched; the service’s default route applied.');
  });

  test('the draw falls into the share whose range holds it; a range ends where the next begins', () => {
    expect(describeDraw(canary)).toBe('The draw was 41.3 of 100: 0 to 90 goes to v1.');
    expect(layShares({ ...canary, draw: 90 }).map((share) => share.drawn)).toEqual([false, true]);
    expect(
      describeDraw({
        ...canary,
        draw: null,
        shares: [{ cluster: 'outbound|9080||ratings.default.svc.cluster.local', weight: 100 }],
      }),
    ).toBe('All requests go to ratings.');
    expect(describeDraw({ ...canary, draw: null, shares: [{ cluster: 'inbound|9080||', weight: 100 }] })).toBe(
      'All requests go to the process itself.',
    );
  });

  test('timeout and retries say what is in force and whose word it is', () => {
    expect(describeTimeout(canary)).toBe('At most 2.00 s for all attempts together.');
    expect(describeTimeout({ ...canary, timeoutMs: null })).toContain('No timeout');
    expect(describeRetries(canary)).toBe('Up to 2 retries on connect-failure, 503.');
    expect(describeRetrySource(canary)).toContain('default');
  });
});

describe('response flags', () => {
  test('each flag of a list is explained, an unknown one is named as such', () => {
    expect(explainFlags('UF,URX').map(({ title }) => title)).toEqual([
      'Could not connect to the upstream',
      'Retries are used up',
    ]);
    expect(explainFlags('')).toEqual([]);
    expect(explainFlags('ZZ')[0]?.title).toContain('no words');
  });
});

describe('copy as curl', () => {
  const detail = (over: Partial<ExchangeDetail>): ExchangeDetail => ({
    ...makeExchange(),
    request: { headers: [], body: null, trailers: [] },
    response: { headers: [], body: null, trailers: [] },
    timeline: [],
    decision: null,
    peer: { address: '', spiffeId: '' },
    redacted: [],
    ...over,
  });
  const workload = {
    id: 'reviews-v1-0',
    service: 'reviews',
    namespace: 'default',
    version: 'v1',
    app: '',
    inbound: '',
    upstreams: {},
    spiffeId: '',
  };
  const status = { ingress: 'http://127.0.0.1:8080', workloads: [{ ...workload, outbound: 'http://127.0.0.1:41002' }] };

  test('takes the same way into the mesh: the caller’s sidecar, or the ingress', () => {
    expect(toCurl(detail({}), status)).toBe('curl -i \\\n  -x http://127.0.0.1:41002 \\\n  http://ratings:9080/ratings/0');
    expect(toCurl(detail({ reporter: 'gateway', authority: 'shop.localhost', path: '/x?a=1&b=2' }), status)).toBe(
      "curl -i \\\n  -H 'Host: shop.localhost' \\\n  'http://127.0.0.1:8080/x?a=1&b=2'",
    );
  });

  test('nothing in a header or body can break out of its quotes', () => {
    const body = {
      bytes: 9,
      capturedBytes: 9,
      truncated: false,
      encoding: 'utf8' as const,
      content: `{"a":"it's $(id)"}`,
      contentType: '',
      contentEncoding: '',
    };
    const text = toCurl(
      detail({ method: 'POST', request: { headers: [['x-a', `'; rm -rf "$HOME"`]], body, trailers: [] } }),
      status,
    );
    expect(text).toContain(`-H 'x-a: '\\''; rm -rf "$HOME"'`);
    expect(text).toContain(`--data-raw '{"a":"it'\\''s $(id)"}'`);
  });

  test('leaves out what client and proxies write themselves, and asks for what was redacted', () => {
    const headers: [string, string][] = [
      ['Host', 'ratings'],
      ['traceparent', '00-1-2-01'],
      ['content-length', '3'],
      ['Authorization', '[redacted]'],
    ];
    const text = toCurl(
      detail({ request: { headers, body: null, trailers: [] }, redacted: ['request.headers.authorization'] }),
      status,
    );
    expect(text).not.toMatch(/traceparent|content-length|Host:/);
    expect(text).toContain("'Authorization: <redacted>'");
  });
});

describe('a binary body', () => {
  test('is shown as offsets, bytes and the printable ones as text', () => {
    expect(toHexDump(btoa('Hi\u0000!'))).toBe(`000000  ${'48 69 00 21'.padEnd(23)}  Hi·!`);
  });
});
