import type { CapturedBody, ExchangeDetail } from '../api/exchange.schema.ts';
import { toSummary } from './recent-exchanges.ts';
import { isCall } from './recording-summary.ts';

/** How an exchange lies in a table: JSON without the bodies' content, and the contents as blobs. */
export interface StoredDetail {
  detail: string;
  requestBody: Buffer | null;
  responseBody: Buffer | null;
}

/**
 * An exchange on its way to the store's thread: flat and of strings, since those cross between threads at a tenth of what the object costs. Made once,
 * whatever number of tables it goes to.
 */
export interface EncodedExchange {
  id: string;
  timeMs: number;
  reporter: string;
  source: string;
  sourceNamespace: string;
  destination: string;
  destinationNamespace: string;
  method: string;
  path: string;
  status: number;
  flags: string;
  traceId: string;
  /** The caller's report of a call; see recording-summary.ts. */
  isCall: boolean;
  redacted: readonly string[];
  summary: string;
  detail: string;
  requestBody: EncodedBody;
  responseBody: EncodedBody;
}
export type EncodedBody = { content: string; encoding: CapturedBody['encoding'] } | null;

export function encodeExchange(exchange: ExchangeDetail): EncodedExchange {
  const { request, response, redacted } = exchange;
  const detail = {
    ...exchange,
    request: { ...request, body: withoutContent(request.body) },
    response: { ...response, body: withoutContent(response.body) },
  };
  return {
    id: exchange.id,
    timeMs: Date.parse(exchange.time) || 0,
    reporter: exchange.reporter,
    source: exchange.source,
    sourceNamespace: exchange.sourceNamespace,
    destination: exchange.destination,
    destinationNamespace: exchange.destinationNamespace,
    method: exchange.method,
    path: exchange.path,
    status: exchange.status,
    flags: exchange.flags,
    traceId: exchange.traceId,
    isCall: isCall(exchange),
    redacted,
    summary: JSON.stringify(toSummary(exchange)),
    detail: JSON.stringify(detail),
    requestBody: encodeBody(request.body),
    responseBody: encodeBody(response.body),
  };
}

export function storedDetail({ detail, requestBody, responseBody }: EncodedExchange): StoredDetail {
  return { detail, requestBody: bytesOf(requestBody), responseBody: bytesOf(responseBody) };
}

export function decodeDetail(row: StoredDetail): ExchangeDetail {
  const exchange: ExchangeDetail = JSON.parse(row.detail);
  if (exchange.request.body) exchange.request.body.content = decodeBody(exchange.request.body, row.requestBody);
  if (exchange.response.body) exchange.response.body.content = decodeBody(exchange.response.body, row.responseBody);
  return exchange;
}

/** Parameters of the exchanges table's INSERT, in the order of its columns. */
export function toExchangeRow(x: EncodedExchange): {
  serviceKey: string;
  bytes: number;
  parameters: (string | number | Buffer | null)[];
} {
  const { detail, requestBody, responseBody } = storedDetail(x);
  const bytes = 200 + detail.length + x.summary.length + (requestBody?.length ?? 0) + (responseBody?.length ?? 0);
  return {
    serviceKey: `${x.destinationNamespace}/${x.destination}`,
    bytes,
    parameters: [
      ...[x.id, x.timeMs, x.reporter, x.source, x.sourceNamespace, x.destination, x.destinationNamespace, x.method, x.path],
      ...[x.status, x.flags, x.traceId, bytes, x.summary, detail, requestBody, responseBody],
    ],
  };
}

function withoutContent(body: CapturedBody | null): CapturedBody | null {
  return body === null ? null : { ...body, content: '' };
}

function encodeBody(body: CapturedBody | null): EncodedBody {
  return body === null || body.content === '' ? null : { content: body.content, encoding: body.encoding };
}

function bytesOf(body: EncodedBody): Buffer | null {
  return body === null ? null : Buffer.from(body.content, body.encoding);
}

function decodeBody(body: CapturedBody, blob: Buffer | null): string {
  return blob === null ? '' : blob.toString(body.encoding);
}
