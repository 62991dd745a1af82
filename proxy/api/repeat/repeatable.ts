import type { ExchangeDetail } from '../exchange.schema.ts';
import type { Status } from '../status.schema.ts';

/** Headers that the client or a proxy writes itself; repeating them would lie about the new request. */
export const writtenAnew =
  /^(host|:.*|content-length|connection|transfer-encoding|keep-alive|te|trailer|upgrade|proxy-.*|x-envoy-.*|x-forwarded-.*|x-request-id|traceparent|tracestate|b3|x-b3-.*|sec-websocket-.*)$/i;

/** A request as somebody else's client can send it once more. */
export interface Repeatable {
  method: string;
  /** The way into the mesh that the original took: the ingress, or the outbound port of the caller's sidecar; '' when nobody listens there now. */
  entry: string;
  /** Through the ingress, as somebody outside; else as the service itself would. */
  outside: boolean;
  /** `Host` of the request. */
  authority: string;
  /** With the query. */
  path: string;
  headers: readonly (readonly [string, string])[];
  /** Bytes as base64 where they are no text. */
  body: { text: string } | { base64: string } | null;
  /** How the answer is read: `stream` comes bit by bit, `packed` was asked for compressed. */
  answer: { stream: boolean; packed: boolean };
  protocol: string;
  /** What of the original is not in it; whole sentences. */
  notes: readonly string[];
}

export type Reach = Pick<Status, 'ingress' | 'workloads'> | null;

export function toRepeatable(exchange: ExchangeDetail, status: Reach): Repeatable {
  const { request, response, redacted, protocol } = exchange;
  const headers = request.headers.filter(([name]) => !writtenAnew.test(name));
  const isRedacted = (name: string) => redacted.includes(`request.headers.${name.toLowerCase()}`);
  const taken = [...new Set(headers.map(([name]) => name).filter(isRedacted))];
  const { body } = request;
  const headerOf = (wanted: string, list: readonly (readonly [string, string])[]) =>
    list.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? '';
  return {
    method: exchange.method,
    entry: entryOf(exchange, status),
    outside: exchange.reporter === 'gateway',
    authority: exchange.authority,
    path: exchange.path,
    headers: headers.map(([name, value]) => [name, isRedacted(name) ? '<redacted>' : value] as const),
    body: !body || body.content === '' ? null : body.encoding === 'utf8' ? { text: body.content } : { base64: body.content },
    answer: {
      stream: /event-stream|ndjson/i.test(headerOf('content-type', response.headers)),
      packed: /gzip|deflate|br|zstd/i.test(headerOf('accept-encoding', headers)),
    },
    protocol,
    notes: [
      ...(taken.length > 0 ? [`Fill in ${taken.join(', ')}: it was taken out before it was written.`] : []),
      ...(body?.truncated ? [`Of the body, only the first ${body.capturedBytes} of ${body.bytes} bytes were captured.`] : []),
    ],
  };
}

function entryOf(exchange: ExchangeDetail, status: Reach): string {
  if (!status) return '';
  if (exchange.reporter === 'gateway') return status.ingress.replace(/\/$/, '');
  return status.workloads.find(({ id }) => id === exchange.sourceWorkload)?.outbound ?? '';
}

/** Nobody can send a connection's bytes again by one command. */
export const canRepeat = ({ protocol }: Pick<ExchangeDetail, 'protocol'>): boolean => protocol !== 'TCP';

export const hasHeader = ({ headers }: Repeatable, wanted: string): boolean =>
  headers.some(([name]) => name.toLowerCase() === wanted);
