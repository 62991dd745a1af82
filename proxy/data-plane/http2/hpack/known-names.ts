import { staticNames, staticValues } from './static-table.ts';

/**
 * What becomes of a header on its way out.
 *
 *   indexed   remembered in the dynamic table: a byte or two the next time
 *   literal   written out each time: its value is another one in nearly every message, and would only push others out of the table
 *   never     written out and marked so that nobody further on remembers it either (RFC 7541 §6.2.3, §7.1.3): credentials
 *   omitted   belongs to an HTTP/1 connection or to the codec (RFC 9113 §8.2.2)
 */
export type HeaderTreatment = 'indexed' | 'literal' | 'never' | 'omitted';

export interface KnownName {
  readonly treatment: HeaderTreatment;
  /** Of the name in the static table; 0: none. */
  readonly staticIndex: number;
  /** Value → index in the static table. */
  readonly staticValues: ReadonlyMap<string, number> | null;
}

const literal = [
  ...[':path', 'age', 'content-length', 'content-range', 'date', 'etag', 'if-modified-since', 'if-none-match', 'if-range'],
  ...['last-modified', 'location', 'referer', 'grpc-timeout', 'grpc-message', 'x-request-id', 'traceparent', 'tracestate'],
  ...['x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-envoy-expected-rq-timeout-ms', 'x-envoy-upstream-service-time'],
];
const never = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-api-key'];
const omitted = [
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings', 'host', 'expect'],
];

function build(): Map<string, KnownName> {
  const treatments = new Map<string, HeaderTreatment>();
  for (const name of staticNames.slice(1)) treatments.set(name, 'indexed');
  for (const name of literal) treatments.set(name, 'literal');
  for (const name of never) treatments.set(name, 'never');
  for (const name of omitted) treatments.set(name, 'omitted');
  const known = new Map<string, KnownName>();
  for (const [name, treatment] of treatments) {
    const values = new Map<string, number>();
    for (const [index, value] of staticValues.entries()) {
      if (index > 0 && staticNames[index] === name && value !== '') values.set(value, index);
    }
    const staticIndex = Math.max(0, staticNames.indexOf(name));
    known.set(name, { treatment, staticIndex, staticValues: values.size === 0 ? null : values });
  }
  return known;
}

/** Every name of the static table and every one that is treated otherwise than a name nobody knows, which is `indexed`. */
export const knownNames: ReadonlyMap<string, KnownName> = build();
