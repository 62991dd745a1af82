import type { CapturedBody, ExchangeDetail } from '../api/exchange.schema.ts';
import { toSummary } from './recent-exchanges.ts';

/** How an exchange lies in a table: JSON without the bodies' content, and the contents as blobs. */
export interface StoredDetail {
  detail: string;
  requestBody: Buffer | null;
  responseBody: Buffer | null;
}

export function encodeDetail(exchange: ExchangeDetail): StoredDetail {
  const detail = JSON.stringify({
    ...exchange,
    request: { ...exchange.request, body: withoutContent(exchange.request.body) },
    response: { ...exchange.response, body: withoutContent(exchange.response.body) },
  });
  return { detail, requestBody: encodeBody(exchange.request.body), responseBody: encodeBody(exchange.response.body) };
}

export function decodeDetail(row: StoredDetail): ExchangeDetail {
  const exchange: ExchangeDetail = JSON.parse(row.detail);
  if (exchange.request.body) exchange.request.body.content = decodeBody(exchange.request.body, row.requestBody);
  if (exchange.response.body) exchange.response.body.content = decodeBody(exchange.response.body, row.responseBody);
  return exchange;
}

/** Parameters of the exchanges table's INSERT, in the order of its columns. */
export function toExchangeRow(exchange: ExchangeDetail): {
  serviceKey: string;
  bytes: number;
  parameters: (string | number | Buffer | null)[];
} {
  const { detail, requestBody, responseBody } = encodeDetail(exchange);
  const summary = JSON.stringify(toSummary(exchange));
  const bytes = 200 + detail.length + summary.length + (requestBody?.length ?? 0) + (responseBody?.length ?? 0);
  const x = exchange;
  return {
    serviceKey: `${x.destinationNamespace}/${x.destination}`,
    bytes,
    parameters: [
      x.id,
      Date.parse(x.time) || 0,
      x.reporter,
      x.source,
      x.sourceNamespace,
      x.destination,
      x.destinationNamespace,
      x.method,
      x.path,
      x.status,
      x.flags,
      x.traceId,
      bytes,
      summary,
      detail,
      requestBody,
      responseBody,
    ],
  };
}

function withoutContent(body: CapturedBody | null): CapturedBody | null {
  return body === null ? null : { ...body, content: '' };
}

function encodeBody(body: CapturedBody | null): Buffer | null {
  if (body === null || body.content === '') return null;
  return Buffer.from(body.content, body.encoding);
}

function decodeBody(body: CapturedBody, blob: Buffer | null): string {
  return blob === null ? '' : blob.toString(body.encoding);
}
