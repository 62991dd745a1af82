import { Redactor } from '../redact.ts';
import { readHoverfly } from './read-hoverfly.ts';
import { redactStubs } from './redact-stubs.ts';
import { type Stubs, stubsSchema } from './stub.ts';
import { StubSet } from './stub-set.ts';

/* For tests: stubs as they are kept and served, requests as they come, and Hoverfly's documents in short. */

export const redactor = new Redactor({ key: Buffer.alloc(32, 3) });

export interface Asked {
  method?: string;
  path?: string;
  host?: string;
  headers?: [string, string][];
  body?: string | Buffer;
  session?: string;
}
export function setOf(stubs: Stubs, hosts: string[] = ['shop', 'shop:9080']): StubSet {
  // As they are kept: redacted, and through the schema.
  const kept = stubsSchema.parse(JSON.parse(JSON.stringify(redactStubs(stubs, redactor))));
  return new StubSet(kept, { hosts, random: () => 0.5, wallNow: () => Date.UTC(2026, 0, 1) });
}
export function requestOf({ method = 'GET', path = '/', host = 'shop:9080', headers = [], body = '', session = '' }: Asked) {
  const bytes = Buffer.from(body);
  const contentType = headers.find(([name]) => name === 'content-type')?.[1] ?? '';
  const captured = {
    bytes: bytes.length,
    capturedBytes: bytes.length,
    truncated: false,
    encoding: 'utf8' as const,
    content: bytes.toString(),
  };
  const redacted = redactor.redactRequest(path, {
    ...{ headers, body: bytes.length === 0 ? null : { ...captured, contentType, contentEncoding: '' }, trailers: [] },
  });
  return {
    ...{ method, path, host, headers, body: bytes, session },
    redacted: { path: redacted.path, headers: redacted.request.headers, body: redacted.request.body?.content ?? '' },
  };
}
export const ask = (set: StubSet, asked: Asked) => set.match(requestOf(asked))?.answer.body.toString() ?? null;

export const simulation = (pairs: unknown[], more: object = {}) => ({
  data: { pairs, ...more },
  meta: { schemaVersion: 'v5.2', hoverflyVersion: 'v1.10.0' },
});
export const pair = (request: object, body: string, response: object = {}) => ({
  request,
  response: { status: 200, body, encodedBody: false, ...response },
});
export const hoverfly = (pairs: unknown[], more: object = {}) => {
  const read = readHoverfly(simulation(pairs, more));
  if (typeof read === 'string') throw new Error(read);
  return { set: setOf(read.stubs), notes: read.notes.list(), stubs: read.stubs };
};
export const m = (matcher: string, value: unknown, more: object = {}) => [{ matcher, value, ...more }];
