import { expect, test } from 'vitest';
import type { ExchangeDetail } from '../../../proxy/api/exchange.schema.ts';
import { makeExchange } from '../../../proxy/api/test-exchange.ts';
import { notesOf, recordedHeaders } from './resend-draft.ts';

const body = {
  ...{ bytes: 99_000, capturedBytes: 65_536, truncated: true, encoding: 'utf8' as const },
  ...{ content: '{"a":', contentType: 'application/json', contentEncoding: '' },
};
const detail: ExchangeDetail = {
  ...makeExchange(),
  ...{ timeline: [], decision: null, peer: { address: '', spiffeId: '' }, redacted: ['request.headers.authorization'] },
  request: {
    headers: [
      ['accept', '*/*'],
      ['traceparent', '00-1-2-01'],
      ['Authorization', 'Bearer redacted-1'],
    ],
    ...{ body, trailers: [] },
  },
  response: { headers: [], body: null, trailers: [] },
};

test('what was taken out before it was written is not offered as if it were the value, and its lack is told', () => {
  expect(recordedHeaders(detail)).toBe('accept: */*');
  expect(notesOf(detail, null)).toEqual([
    'Not sent unless you write it here: Authorization. It was taken out before the request was written down.',
    'Only the first 65,536 of 99,000 bytes of the body were kept; only these are sent.',
  ]);
});

test('a body that is no text is told to be sent as it was, one that is says nothing', () => {
  const whole = { ...detail, redacted: [], request: { ...detail.request, body: { ...body, truncated: false } } };
  expect(notesOf(whole, null)).toEqual(['The body is no text; it is sent as it was.']);
  expect(notesOf(whole, '{}')).toEqual([]);
});
